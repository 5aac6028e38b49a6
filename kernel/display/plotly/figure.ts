import type { Config, Layout, PlotData } from "plotly.js";
import type { Axis } from "../../../sim/core/index.js";
import { faint, ink } from "../picture/palette.js";
import { axisTitle } from "../text/number.js";
import { oneLine, wrap } from "../text/width.js";

/** A figure as plotly.js takes it: plain JSON. */
export interface Figure {
  readonly data: readonly Partial<PlotData>[];
  readonly layout: Partial<Layout>;
  readonly config: Partial<Config>;
}

/** Plotly reads a subset of HTML and, where MathJax is about, TeX between dollars: both are written as entities. */
export function plainText(text: string): string {
  return oneLine(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\$/g, "&#36;");
}

/** Characters of a caption's line; at 12 px they fit the width of a notebook. */
const captionWidth = 100;

/**
 * The layout that every figure shares: transparent, so that it takes the page's colour; text and axes in the grey that
 * reads on light and dark; the caption as a second line of the x axis' title, where nothing can collide with it.
 */
export function frame(view: { title: string; caption: string; x: Axis; y?: Axis }, height = 440): Partial<Layout> {
  const caption =
    view.caption === "" ? [] : view.caption.split("\n").flatMap((line) => wrap(oneLine(line), captionWidth));
  const small = caption.map((line) => `<span style="font-size:11px">${plainText(line)}</span>`);
  return {
    title: { text: `<b>${plainText(view.title)}</b>`, x: 0, xref: "paper", xanchor: "left", font: { size: 16 } },
    height: height + 16 * caption.length,
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, size: 12, family: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif" },
    margin: { l: 70, r: 20, t: 60, b: 60 + 16 * caption.length },
    xaxis: { ...axis(view.x), title: { text: [plainText(axisTitle(view.x)), ...small].join("<br>"), standoff: 10 } },
    yaxis: view.y === undefined ? {} : { ...axis(view.y), title: { text: plainText(axisTitle(view.y)), standoff: 10 } },
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1.01, yanchor: "bottom" },
    hovermode: "closest",
  };
}

function axis({ scale }: Axis): Partial<Layout["xaxis"]> {
  return {
    type: scale === "log" ? "log" : "linear",
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

export const config: Partial<Config> = { responsive: true, displaylogo: false };
