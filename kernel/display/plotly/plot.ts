import type { Layout } from "plotly.js";
import type { PlotView, Series } from "../../../sim/core/index.js";
import { translucent } from "../picture/palette.js";
import { bound, height, plotScale, position, type PlotScale } from "../picture/scale.js";
import { captionOf, legendName, needsLegend, styles, type Marker, type Style } from "../picture/style.js";
import { config, frame, plainText, type Figure, type Trace } from "./figure.js";

const symbols: Readonly<Record<Marker, string>> = {
  circle: "circle",
  square: "square",
  triangle: "triangle-up",
  diamond: "diamond",
  inverted: "triangle-down",
};

/** Markers that tell a dense line apart without burying it. */
const markersPerLine = 15;

/** A plot as a figure: a trace for each series, and below the lines one filled trace for each band. */
export function plotFigure(view: PlotView): Figure {
  const scale = plotScale(view);
  const look = styles(view);
  const data = view.series.flatMap((series, i): Trace[] => {
    const style = look[i];
    if (style === undefined) return [];
    const group = { legendgroup: String(i) };
    const traces = [{ ...trace(view, series, style, scale), ...group }];
    const filled = series.band !== undefined && (series.mark === "line" || series.mark === "steps");
    return filled ? [{ ...area(view, series, style, scale), ...group }, ...traces] : traces;
  });
  const names = needsLegend(view) ? view.series.map(legendName) : [];
  const layout = frame({ ...view, caption: captionOf(view), names, extents: scale });
  const yaxis = scale.fromZero ? { ...layout.yaxis, rangemode: "tozero" as const } : layout.yaxis;
  return {
    data,
    layout: {
      ...layout,
      ...(yaxis && { yaxis }),
      xaxis: { ...layout.xaxis, ...across(view, scale) },
      barmode: "group",
      bargap: 0.3,
    },
    config,
  };
}

/** What x needs beyond its title: its names, or ticks at powers of two. */
function across({ x }: PlotView, { categories, base, x: [low, high] }: PlotScale): Partial<Layout["xaxis"]> {
  if (categories !== undefined) {
    return { type: "category", categoryorder: "array", categoryarray: [...categories], showgrid: false };
  }
  if (x.scale !== "log" || base !== 2) return {};
  const every = Math.max(1, Math.ceil(Math.log2(high / low) / 12));
  return { tickmode: "linear", tick0: Math.log10(low), dtick: every * Math.log10(2) };
}

function trace(view: PlotView, series: Series, style: Style, scale: PlotScale): Trace {
  const unit = view.y.unit === "" ? "" : ` ${plainText(view.y.unit)}`;
  const xUnit = view.x.unit === "" ? "" : ` ${plainText(view.x.unit)}`;
  const shared: Trace = {
    name: plainText(legendName(series)),
    x: series.x.map((value) => position(view.x, scale, value)),
    y: series.x.map((_, i) => height(view.y, series.y[i])),
    hovertemplate: `%{y}${unit} at %{x}${xUnit}<extra>${plainText(legendName(series))}</extra>`,
  };
  const bars = series.band && (series.mark === "bars" || series.mark === "points");
  const errors: Trace = bars ? { error_y: errorBars(series, style) } : {};
  if (series.mark === "bars") {
    const marker = style.hollow
      ? {
          color: "rgba(0,0,0,0)",
          line: { color: style.colour, width: 2 },
          pattern: { shape: "/" as const, fgcolor: style.colour, size: 6 },
        }
      : { color: style.colour };
    return { ...shared, ...errors, type: "bar", marker };
  }
  const marker: Trace["marker"] = {
    symbol: `${symbols[style.marker]}${style.hollow ? "-open" : ""}`,
    color: style.colour,
    size: style.size - 1,
    ...(series.mark === "line" && series.x.length > 3 * markersPerLine && { maxdisplayed: markersPerLine }),
    ...(style.hollow && { line: { color: style.colour, width: 1.5 } }),
  };
  const line: Trace["line"] = {
    color: style.colour,
    width: 2,
    dash: style.dash,
    shape: series.mark === "steps" ? "hv" : "linear",
  };
  if (series.mark === "points") return { ...shared, ...errors, type: "scatter", mode: "markers", marker };
  if (series.mark === "steps") return { ...shared, type: "scatter", mode: "lines", line };
  return { ...shared, type: "scatter", mode: "lines+markers", line, marker };
}

/** Error bars cross from a bar to the page behind it: a grey seen on the palette, on white and on black. */
const overBars = "#999999";

function errorBars({ y, band, mark }: Series, { colour }: Style): NonNullable<Trace["error_y"]> {
  const apart = (bounds: readonly number[] | undefined): number[] =>
    y.map((value, i) => Math.abs((bounds?.[i] ?? value ?? 0) - (value ?? 0)));
  return {
    type: "data",
    symmetric: false,
    array: apart(band?.high),
    arrayminus: apart(band?.low),
    color: mark === "bars" ? overBars : colour,
    thickness: 1.5,
    width: 4,
  };
}

/** A band as one closed outline: along the upper bound and back along the lower. */
function area(view: PlotView, series: Series, style: Style, scale: PlotScale): Trace {
  const corners = series.x.flatMap((value, i) => {
    const x = position(view.x, scale, value);
    const low = bound(view.y, scale, series.band?.low[i]);
    const high = bound(view.y, scale, series.band?.high[i]);
    return x === null || low === null || high === null ? [] : [{ x, low, high }];
  });
  const steps = series.mark === "steps";
  const path = (side: "low" | "high"): { x: number | string; y: number }[] =>
    corners.flatMap((corner, i) => {
      const held = corners[i - 1];
      const here = { x: corner.x, y: corner[side] };
      return steps && held !== undefined ? [{ x: corner.x, y: held[side] }, here] : [here];
    });
  const outline = [...path("high"), ...path("low").reverse()];
  return {
    name: `${plainText(legendName(series))}: ${plainText(series.band?.meaning ?? "")}`,
    type: "scatter",
    mode: "lines",
    x: outline.map(({ x }) => x),
    y: outline.map(({ y }) => y),
    fill: "toself",
    fillcolor: translucent(style.colour, 0.2),
    line: { width: 0 },
    hoverinfo: "skip",
    showlegend: false,
  };
}
