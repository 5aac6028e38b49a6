import type { LanesView } from "../../../sim/core/index.js";
import { kindsOf } from "../picture/lanes.js";
import { measure } from "../picture/measure.js";
import { textOn } from "../picture/palette.js";
import { formatNumber } from "../text/number.js";
import { clip } from "../text/width.js";
import { config, frame, plainText, type Figure, type Trace } from "./figure.js";

/** Lanes of spans as a figure: a trace of floating bars for each kind of span. */
export function lanesFigure(view: LanesView): Figure {
  const unit = view.x.unit === "" ? "" : ` ${plainText(view.x.unit)}`;
  const kinds = kindsOf(view);
  const data = kinds.map(({ name, colour, spans }): Trace => ({
    type: "bar",
    orientation: "h",
    name: plainText(name),
    y: spans.map(({ lane }) => lane),
    base: spans.map(({ span }) => span.from),
    x: spans.map(({ span }) => span.to - span.from),
    width: 0.7,
    text: spans.map(({ span }) => plainText(span.label)),
    textposition: "inside",
    insidetextanchor: "middle",
    textangle: 0,
    hovertext: spans.map(({ span }) => {
      const { label, from, to } = span;
      return `${plainText(label)}: ${formatNumber(from)} to ${formatNumber(to)}${unit}, ${formatNumber(to - from)}${unit}`;
    }),
    hoverinfo: "text",
    marker: { color: colour, line: { width: 0.5, color: "rgba(255,255,255,0.7)" } },
    insidetextfont: { color: textOn(colour), size: 11 },
  }));
  const lanes = view.lanes.map(({ name }) => clip(name, 32));
  const beside = Math.max(0, ...lanes.map((name) => measure(name, 12) - 40));
  const framed = { ...view, names: kinds.map(({ name }) => name), beside };
  const layout = frame(framed, 38 * Math.max(1, view.lanes.length) + 130);
  return {
    data,
    layout: {
      ...layout,
      barmode: "overlay",
      uniformtext: { mode: "hide", minsize: 9 },
      yaxis: {
        automargin: true,
        range: [Math.max(1, view.lanes.length) - 0.5, -0.5],
        tickmode: "array",
        tickvals: view.lanes.map((_, i) => i),
        ticktext: lanes.map(plainText),
        showgrid: false,
        zeroline: false,
      },
    },
    config,
  };
}
