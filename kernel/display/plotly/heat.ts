import type { Layout } from "plotly.js";
import type { HeatView } from "../../../sim/core/index.js";
import { heatScale, viridis } from "../picture/heat.js";
import { logTicks } from "../picture/ticks.js";
import { axisTitle, tickLabel } from "../text/number.js";
import { config, frame, plainText, type Figure, type Trace } from "./figure.js";

/** An axis of cells: by their names, or by whole numbers, of which plotly would halve a few. */
const cells = (names: HeatView["rows"], count: number): Partial<Layout["xaxis"]> => ({
  type: names ? "category" : "linear",
  showgrid: false,
  ...(names === undefined && count <= 12 && { tick0: 0, dtick: 1 }),
});

/** A heat map as a figure: one trace, its colour bar named and with its unit. */
export function heatFigure(view: HeatView): Figure {
  const { columns, rows, log, low, high } = heatScale(view);
  const bend = (value: number): number | null => (!log ? value : value > 0 ? Math.log10(value) : null);
  const marks = log && low <= high ? logTicks(low, high, 10) : [];
  const unit = view.value.unit === "" ? "" : ` ${plainText(view.value.unit)}`;
  const trace: Trace = {
    type: "heatmap",
    z: view.values.map((row) => row.map((value) => (value === null || !Number.isFinite(value) ? null : bend(value)))),
    // The values themselves, for where the colours stand for their logarithms.
    customdata: log ? view.values.map((row) => [...row]) : [],
    colorscale: viridis.map((colour, i): [number, string] => [i / (viridis.length - 1), colour]),
    hoverongaps: false,
    hovertemplate: `${plainText(view.value.label)} ${log ? "%{customdata}" : "%{z}"}${unit}<br>${plainText(view.y.label)} %{y}, ${plainText(view.x.label)} %{x}<extra></extra>`,
    ...(view.columns && { x: columns.map(plainText) }),
    ...(view.rows && { y: rows.map(plainText) }),
    colorbar: {
      title: { text: plainText(axisTitle(view.value)), side: "right" },
      outlinewidth: 0,
      ...(log && { tickvals: marks.map(Math.log10), ticktext: marks.map(tickLabel) }),
    },
  };
  const layout = frame({ ...view, names: [] }, Math.min(560, Math.max(340, rows.length * 18 + 150)));
  return {
    data: [trace],
    layout: {
      ...layout,
      xaxis: { ...layout.xaxis, ...cells(view.columns, columns.length) },
      yaxis: { ...layout.yaxis, ...cells(view.rows, rows.length), autorange: "reversed" },
    },
    config,
  };
}
