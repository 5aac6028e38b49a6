import type {
  BarSeriesOption,
  CustomSeriesOption,
  CustomSeriesRenderItemAPI,
  LineSeriesOption,
  ScatterSeriesOption,
} from "echarts";
import type { PlotView, Series } from "../../../sim/core/index.js";
import { translucent } from "../picture/palette.js";
import { bound, height, plotScale, position, type PlotScale } from "../picture/scale.js";
import { captionOf, legendName, needsLegend, styles, type Style } from "../picture/style.js";
import { axisTitle } from "../text/number.js";
import { plotSummary } from "../text/plot.js";
import { chart, nameAxis, numberAxis, type ToPixel } from "./chart.js";
import { dashes, pictureWidth, svgDocument, symbolPath, type Key } from "./document.js";

const plotHeight = 360;

/** Markers that tell a dense line apart without burying it. */
const markersPerLine = 15;

type Drawn = LineSeriesOption | BarSeriesOption | ScatterSeriesOption | CustomSeriesOption;

/** Points from this many on are drawn as dots of one path, those that share a pixel once. */
const dotsFrom = 2000;

/** A plot as a static picture. */
export function plotSvg(view: PlotView): string {
  const scale = plotScale(view);
  const look = styles(view);
  const bars = view.series.filter(({ mark }) => mark === "bars");
  const series = view.series.flatMap((one, i): Drawn[] => {
    const style = look[i];
    if (style === undefined) return [];
    const place = { index: bars.indexOf(one), count: bars.length };
    return [...band(view, one, style, scale, place), ...mark(view, one, style, scale)];
  });
  const { categories, base, fromZero } = scale;
  const xAxis =
    categories === undefined
      ? numberAxis(view.x, "x", { extent: scale.x, base, room: roomFor(view) })
      : nameAxis(axisTitle(view.x), "x", categories, pictureWidth - 90);
  return svgDocument({
    title: view.title,
    caption: captionOf(view),
    legend: needsLegend(view) ? view.series.flatMap((one, i) => key(one, look[i])) : [],
    description: plotSummary(view),
    height: plotHeight,
    body: chart(
      { xAxis, yAxis: numberAxis(view.y, "y", { extent: scale.y, fromZero }), series: [corners(scale), ...series] },
      plotHeight,
      (toPixel) => view.series.map((one, i) => dots(view, one, look[i], scale, toPixel)).join(""),
    ),
  });
}

/** The share of x that marks at its ends stick out: half a bar, or a marker. */
function roomFor({ series }: PlotView): number {
  const shares = series.map(({ mark, x }) =>
    mark === "bars" ? 0.6 / Math.max(1, x.length - 1) : mark === "steps" ? 0 : 0.015,
  );
  return Math.max(0, ...shares);
}

/** ECharts learns the extent of what is drawn without it from two unseen points. */
const corners = ({ x, y, categories }: PlotScale): ScatterSeriesOption => ({
  type: "scatter",
  symbol: "none",
  silent: true,
  data:
    categories === undefined
      ? [
          [x[0], y[0]],
          [x[1], y[1]],
        ]
      : [
          [categories[0] ?? "", y[0]],
          [categories[0] ?? "", y[1]],
        ],
});

function dots(view: PlotView, series: Series, style: Style | undefined, scale: PlotScale, toPixel: ToPixel): string {
  if (series.mark !== "points" || series.x.length <= dotsFrom || style === undefined) return "";
  const places = series.x.map((value, i) => {
    const [x, y] = [position(view.x, scale, value), height(view.y, series.y[i])];
    return x === null || y === null ? "" : toPixel(x, y).map(Math.round).join(" ");
  });
  const d = [...new Set(places)].filter((place) => place !== "").map((place) => `M${place}h0`);
  return `<path d="${d.join("")}" fill="none" stroke="${style.colour}" stroke-width="4" stroke-linecap="round"/>`;
}

function key(series: Series, style: Style | undefined): Key[] {
  if (style === undefined) return [];
  const name = legendName(series);
  const { colour, dash, marker, hollow } = style;
  if (series.mark === "bars") return [{ name, colour, hollow, shape: "box" }];
  if (series.mark === "points") return [{ name, colour, hollow, marker, shape: "marker" }];
  return [{ name, colour, hollow, dash, shape: "line", ...(series.mark === "line" && { marker }) }];
}

function mark(view: PlotView, series: Series, style: Style, scale: PlotScale): Drawn[] {
  const { colour, hollow } = style;
  const points = series.x
    .map((x, i) => [position(view.x, scale, x), height(view.y, series.y[i])])
    .filter(([x]) => x !== null);
  const symbol = {
    symbol: symbolPath(style.marker),
    symbolSize: style.size,
    itemStyle: {
      color: hollow ? "transparent" : colour,
      borderColor: colour,
      borderWidth: hollow ? 1.5 : 0,
      opacity: 1,
    },
  };
  const scatter = (data: typeof points): ScatterSeriesOption => ({ type: "scatter", z: 3, data, ...symbol });
  switch (series.mark) {
    case "bars": {
      const filled = { color: colour };
      const outlined = { color: "transparent", borderColor: colour, borderWidth: 2, borderType: [6, 3] };
      const bar: BarSeriesOption = {
        type: "bar",
        data: points,
        barGap: `${barGap * 100}%`,
        barCategoryGap: `${categoryGap * 100}%`,
        barMaxWidth,
        itemStyle: hollow ? outlined : filled,
      };
      return [bar];
    }
    case "points":
      return points.length > dotsFrom ? [] : [scatter(points)];
    case "line":
    case "steps": {
      const dense = points.length > 3 * markersPerLine;
      const line: LineSeriesOption = {
        type: "line",
        data: points,
        sampling: "minmax",
        lineStyle: { color: colour, width: 2, ...(style.dash !== "solid" && { type: [...dashes[style.dash]] }) },
        ...symbol,
        showSymbol: series.mark === "line" && !dense,
        showAllSymbol: true,
        ...(series.mark === "steps" && { step: "end" as const }),
      };
      if (series.mark === "steps" || !dense) return [line];
      const every = Math.ceil(points.length / markersPerLine);
      return [line, scatter(points.filter((_, i) => i % every === Math.floor(every / 2)))];
    }
  }
}

const barGap = 0.08;
const categoryGap = 0.3;
const barMaxWidth = 72;

/** A band: filled around a line, an error bar at each point or on each bar. */
function band(
  view: PlotView,
  series: Series,
  { colour }: Style,
  scale: PlotScale,
  place: { index: number; count: number },
): CustomSeriesOption[] {
  const { band: bounds } = series;
  if (bounds === undefined) return [];
  const data = series.x.flatMap((value, i) => {
    const x = position(view.x, scale, value);
    const low = bound(view.y, scale, bounds.low[i]);
    const high = bound(view.y, scale, bounds.high[i]);
    return x === null || low === null || high === null ? [] : [[x, low, high]];
  });
  const shared: CustomSeriesOption = { type: "custom", data, encode: { x: 0, y: [1, 2] }, clip: true, silent: true };
  if (series.mark === "line" || series.mark === "steps") {
    const area: CustomSeriesOption = {
      ...shared,
      z: 1,
      renderItem: ({ dataIndex }, api) => {
        if (dataIndex !== 0) return null;
        const points = outline(data, api, series.mark === "steps");
        return { type: "polygon", shape: { points }, style: { fill: translucent(colour, 0.2) } };
      },
    };
    return [area];
  }
  const onBars = series.mark === "bars";
  const errorBars: CustomSeriesOption = {
    ...shared,
    z: 4,
    renderItem: (_, api) => {
      const [middle = 0, low = 0] = api.coord([api.value(0), api.value(1)]);
      const [, high = 0] = api.coord([api.value(0), api.value(2)]);
      const x = middle + (onBars ? shift(api, place) : 0);
      const pathData = `M${x} ${low}V${high}M${x - 5} ${low}H${x + 5}M${x - 5} ${high}H${x + 5}`;
      const stroke = (color: string, lineWidth: number): object => ({ stroke: color, lineWidth, fill: "none" });
      const line = { type: "path" as const, shape: { pathData }, style: stroke(onBars ? "#333333" : colour, 1.5) };
      // Dark on a light edge: seen inside the bar and outside it, on a light page and on a dark one.
      const edge = { type: "path" as const, shape: { pathData }, style: stroke("#E8E8E8", 3.5) };
      return onBars ? { type: "group", children: [edge, line] } : line;
    },
  };
  return [errorBars];
}

function outline(data: (number | string)[][], api: CustomSeriesRenderItemAPI, steps: boolean): number[][] {
  const side = (which: 1 | 2): number[][] =>
    data.flatMap((row, i) => {
      const here = api.coord([row[0], row[which]]);
      const held = data[i - 1];
      return steps && held !== undefined ? [api.coord([row[0], held[which]]), here] : [here];
    });
  return [...side(2), ...side(1).reverse()];
}

/** Pixels from the middle of a category to the middle of one of its bars, as ECharts lays them out. */
function shift(api: CustomSeriesRenderItemAPI, { index, count }: { index: number; count: number }): number {
  const size = api.size?.([1, 0]);
  const step = Array.isArray(size) ? (size[0] ?? 0) : (size ?? 0);
  const width = Math.min(barMaxWidth, (step * (1 - categoryGap)) / (count + (count - 1) * barGap));
  return (index - (count - 1) / 2) * width * (1 + barGap);
}
