import type { Config, Layout, PlotData } from "plotly.js";
import type { Axis } from "../../../sim/core/index.js";
import { faint, ink, roleColours } from "../picture/palette.js";
import { bold, lines, measure } from "../picture/measure.js";
import { axisTitle } from "../text/number.js";
import type { Extent } from "../picture/scale.js";
import { oneLine } from "../text/width.js";

/** The types lack attributes that plotly.js has had since 2.0. */
export type Trace = Partial<PlotData> & {
  readonly base?: number[];
  readonly insidetextfont?: { readonly color: string; readonly size: number };
};
type FigureLayout = Partial<Layout> & { readonly uniformtext?: { mode: "hide"; minsize: number } };

/** A figure as plotly.js takes it: plain JSON. */
export interface Figure {
  readonly data: readonly Trace[];
  readonly layout: FigureLayout;
  readonly config: Partial<Config>;
}

/** Plotly reads a subset of HTML and, where MathJax is about, TeX between dollars: both are written as entities. */
export function plainText(text: string): string {
  return oneLine(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\$/g, "&#36;");
}

/** Pixels across that a notebook surely has; plotly doesn't break texts, so they are broken to fit these. */
const width = 640;
const row = { title: 21, legend: 19, caption: 16 };
/** Pixels at the top that are plotly's buttons' own: its bar comes with the mouse and would lie over the title. */
const bar = 26;

/** The rows that a legend below the title takes: one, or columns as wide as the longest name. */
function legendRows(names: readonly string[], width: number): number {
  const widths = names.map((name) => measure(name, 12) + 52);
  if (widths.reduce((a, b) => a + b, 0) <= width) return Math.min(1, names.length);
  return Math.ceil(names.length / Math.max(1, Math.floor(width / Math.max(...widths))));
}

interface Framed {
  readonly title: string;
  readonly caption: string;
  readonly x: Axis;
  readonly y?: Axis;
  /** What the legend will show; empty without one. */
  readonly names: readonly string[];
  /** Pixels that names at the left take from the plot and its legend. */
  readonly beside?: number;
  /** What is drawn along the axes, where it is known. */
  readonly extents?: { readonly x: Extent; readonly y: Extent };
}

/**
 * The layout that every figure shares: transparent, so that it takes the page's colour; text and axes in the grey that
 * reads on light and dark; the caption as further lines of the x axis' title, where nothing can collide with it.
 * @param height pixels of the plot with its axes, without title, legend and caption
 */
export function frame(view: Framed, height = 400): Partial<Layout> {
  const title = lines(oneLine(view.title), 16 * bold, width);
  const caption = view.caption === "" ? [] : lines(view.caption, 11, width);
  const small = caption.map((line) => `<span style="font-size:11px">${plainText(line)}</span>`);
  const above = bar + 6 + row.title * title.length + row.legend * legendRows(view.names, width - (view.beside ?? 0));
  const below = 60 + row.caption * caption.length;
  const whole = height - 60 + above + row.caption * caption.length;
  return {
    title: {
      text: title.map((line) => `<b>${plainText(line)}</b>`).join("<br>"),
      x: 0,
      xref: "paper",
      xanchor: "left",
      // The first line's baseline, however many there are; "top" would mean the letters' tops for a single one alone.
      y: 1 - (bar + 15) / whole,
      yref: "container",
      yanchor: "bottom",
      font: { size: 16 },
    },
    height: whole,
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, size: 12, family: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif" },
    margin: { l: 70, r: 20, t: above, b: below },
    xaxis: {
      ...axis(view.x, view.extents?.x),
      title: { text: [plainText(axisTitle(view.x)), ...small].join("<br>"), standoff: 10 },
    },
    yaxis:
      view.y === undefined
        ? {}
        : { ...axis(view.y, view.extents?.y), title: { text: plainText(axisTitle(view.y)), standoff: 10 } },
    showlegend: view.names.length > 0,
    legend: {
      orientation: "h",
      x: 0,
      xanchor: "left",
      y: 1,
      yanchor: "bottom",
      tracegroupgap: 0,
    },
    hovermode: "closest",
    // Else both would be made from the paper's colour, which is transparent.
    modebar: { bgcolor: "rgba(0,0,0,0)", color: ink, activecolor: roleColours.guest },
  };
}

function axis({ scale }: Axis, extent?: Extent): Partial<Layout["xaxis"]> {
  // Up to a million in full, as in the static picture; beyond, plotly writes powers of ten.
  const moderate = extent !== undefined && extent[0] >= 1e-4 && extent[1] < 1e6;
  return {
    type: scale === "log" ? "log" : "linear",
    ...(scale === "log" && moderate && { tickformat: ",.6~g" }),
    // 1, 2, 5 in every decade: plotly would label all nine of a short axis, one over the other.
    ...(scale === "log" && extent !== undefined && extent[1] / extent[0] < 1e3 && { dtick: "D2" }),
    automargin: true,
    gridcolor: faint,
    linecolor: ink,
    showline: true,
    ticks: "outside",
    tickcolor: ink,
    zeroline: false,
    exponentformat: "power",
    separatethousands: true,
    minexponent: 5,
  };
}

export const config: Partial<Config> = {
  responsive: true,
  displaylogo: false,
  // A figure has nothing to do with points that were chosen.
  modeBarButtonsToRemove: ["select2d", "lasso2d"],
};
