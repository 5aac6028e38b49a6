import type { Axis, PlotView, Row, Series, TableView, Value } from "../../../sim/core/index.js";
import { plotScale } from "../picture/scale.js";
import { captionOf, legendName } from "../picture/style.js";
import { tableText } from "./columns.js";
import { axisTitle, formatNumber } from "./number.js";
import { sparkline } from "./sparkline.js";
import { oneLine } from "./width.js";

/** Rows that the text shows of a plot's table. */
const sampled = 12;

const axisLine = (name: string, axis: Axis): string =>
  `${name}: ${axisTitle(axis)}${axis.scale === "log" ? ", logarithmic" : ""}`;

/** What a reader learns of one curve: how many values, over what, and where it begins, ends, is least and greatest. */
function seriesLine(series: Series, x: Axis, y: Axis): string {
  const points = series.y.flatMap((value, i) => {
    const at = series.x[i];
    return value === null || at === undefined || !Number.isFinite(value) ? [] : [{ at, value }];
  });
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return `${legendName(series)}: no values`;
  const unit = y.unit === "" ? "" : ` ${y.unit}`;
  const xUnit = x.unit === "" ? "" : ` ${x.unit}`;
  const place = (at: number | string): string => (typeof at === "number" ? `${formatNumber(at, 4)}${xUnit}` : at);
  const say = ({ at, value }: typeof first): string => `${formatNumber(value, 4)}${unit} at ${place(at)}`;
  const count = `${points.length} value${points.length === 1 ? "" : "s"}`;
  if (points.length === 1) return `${legendName(series)}: ${count}, ${say(first)}`;
  const least = points.reduce((a, b) => (b.value < a.value ? b : a));
  const most = points.reduce((a, b) => (b.value > a.value ? b : a));
  return `${legendName(series)}: ${count}; first ${say(first)}, last ${say(last)}; least ${say(least)}, most ${say(most)}`;
}

/** The plot in sentences, one to a line: what is measured against what, then each series. */
export function plotSummary(view: PlotView): string[] {
  const { hidden } = plotScale(view);
  const note = `${hidden} value${hidden === 1 ? "" : "s"} at or below zero cannot be shown on a logarithmic axis`;
  return [
    axisLine("x", view.x),
    axisLine("y", view.y),
    ...view.series.map((series) => seriesLine(series, view.x, view.y)),
    ...(view.series.length === 0 ? ["no series"] : []),
    ...(hidden > 0 ? [note] : []),
  ].map(oneLine);
}

/** The plot's numbers: a row for each x, a column for each series and for the bounds of its band. */
export function plotTable(view: PlotView): TableView {
  const rows = new Map<number | string, Record<string, Value>>();
  const columns = [{ key: "x", label: view.x.label, unit: view.x.unit }];
  const unit = view.y.unit;
  view.series.forEach((series, s) => {
    const label = legendName(series);
    columns.push({ key: `y${s}`, label, unit });
    if (series.band) columns.push({ key: `low${s}`, label: "low", unit }, { key: `high${s}`, label: "high", unit });
    series.x.forEach((at, i) => {
      const row = rows.get(at) ?? { x: at };
      rows.set(at, row);
      row[`y${s}`] = series.y[i] ?? null;
      if (series.band) Object.assign(row, { [`low${s}`]: series.band.low[i], [`high${s}`]: series.band.high[i] });
    });
  });
  const ordered: Row[] = [...rows.values()];
  if (ordered.every((row) => typeof row["x"] === "number")) ordered.sort((a, b) => Number(a["x"]) - Number(b["x"]));
  return { as: "table", columns, rows: ordered };
}

/** At most `count` of the rows, evenly spread, always with the first and the last. */
function sample<T>(rows: readonly T[], count: number): readonly T[] {
  if (rows.length <= count) return rows;
  const step = (rows.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => rows[Math.round(i * step)]).filter((row) => row !== undefined);
}

/** The plot for a terminal: title, summary, a small curve for each series, the table, the caption. */
export function plotText(view: PlotView): string {
  const names = view.series.map((series) => oneLine(legendName(series)));
  const curve = (value: number | null): number | null =>
    view.y.scale !== "log" || value === null ? value : value > 0 ? Math.log(value) : null;
  const curves = view.series.flatMap((series, i) =>
    series.mark === "bars" || series.y.length < 3 ? [] : [`${sparkline(series.y.map(curve))}  ${names[i] ?? ""}`],
  );
  const table = plotTable(view);
  const rows = sample(table.rows, sampled);
  const cut = rows.length < table.rows.length ? [`(${rows.length} of ${table.rows.length} rows)`] : [];
  return [
    oneLine(view.title),
    ...plotSummary(view).map((line) => `  ${line}`),
    ...(curves.length > 0 ? ["", ...curves.map((curve) => `  ${curve}`)] : []),
    ...(table.rows.length > 0 ? ["", tableText({ ...table, rows }), ...cut] : []),
    ...(captionOf(view) === "" ? [] : ["", ...captionOf(view).split("\n").map(oneLine)]),
  ].join("\n");
}
