import type { LanesView } from "../../../sim/core/index.js";
import { kindsOf } from "../picture/lanes.js";
import { textOn } from "../picture/palette.js";
import { formatNumber } from "../text/number.js";
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
    marker: { color: colour, line: { width: 0 } },
    insidetextfont: { color: textOn(colour), size: 11 },
  }));
  const layout = frame({ ...view, names: kinds.map(({ name }) => name) }, 38 * Math.max(1, view.lanes.length) + 130);
  return {
    data,
    layout: {
      ...layout,
      barmode: "overlay",
      uniformtext: { mode: "hide", minsize: 9 },
      yaxis: {
        automargin: true,
        autorange: "reversed",
        tickmode: "array",
        tickvals: view.lanes.map((_, i) => i),
        ticktext: view.lanes.map(({ name }) => plainText(name)),
        showgrid: false,
        zeroline: false,
      },
    },
    config,
  };
}
