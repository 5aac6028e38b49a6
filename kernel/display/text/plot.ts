import type { Axis, PlotView, Series, TableView, Value } from "../../../sim/core/index.js";
import { plotScale } from "../picture/scale.js";
import { captionOf, legendName } from "../picture/style.js";
import { tableText } from "./columns.js";
import { axisTitle, formatNumber } from "./number.js";
import { sparkline } from "./sparkline.js";
import { captionLines, clip, oneLine, paragraph, sentence } from "./width.js";

/** Rows that the text shows of a plot's table, and characters of a series' name above its column. */
const sampled = 12;
const heading = 20;

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

/** At most `count` of the values, evenly spread, always with the first and the last. */
function sample<T>(values: readonly T[], count: number): readonly T[] {
  if (values.length <= count) return values;
  const step = (values.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => values[Math.round(i * step)]).filter((value) => value !== undefined);
}

/**
 * The plot's numbers: a row for each x, a column for each series and for the bounds of its band. Of more rows than
 * `count` it gives those of evenly spread x; `all` says of how many. An x that a series holds twice has two rows.
 */
function plotTable(view: PlotView, count: number): { table: TableView; all: number } {
  const places = [...new Set(view.series.flatMap(({ x }) => x))];
  const numbers = places.filter((at) => typeof at === "number");
  const shown = sample(numbers.length === places.length ? numbers.sort((a, b) => a - b) : places, count);
  const rows = new Map(shown.map((at): [number | string, Record<string, Value>[]] => [at, []]));
  const unit = view.y.unit;
  const columns = [{ key: "x", label: view.x.label, unit: view.x.unit }];
  view.series.forEach(({ name, source, x, y, band }, s) => {
    columns.push({ key: `y${s}`, label: clip(name, heading) + (source === undefined ? "" : ", published"), unit });
    if (band) columns.push({ key: `low${s}`, label: "low", unit }, { key: `high${s}`, label: "high", unit });
    const met = new Map<number | string, number>();
    x.forEach((at, i) => {
      const alike = rows.get(at);
      if (alike === undefined) return;
      const nth = met.get(at) ?? 0;
      met.set(at, nth + 1);
      const row = (alike[nth] ??= { x: at });
      row[`y${s}`] = y[i] ?? null;
      if (band) Object.assign(row, { [`low${s}`]: band.low[i], [`high${s}`]: band.high[i] });
    });
  });
  return { table: { as: "table", columns, rows: [...rows.values()].flat() }, all: places.length };
}

/** The plot for a terminal: title, summary, a small curve for each series, the table, the caption. */
export function plotText(view: PlotView): string {
  const names = view.series.map((series) => oneLine(legendName(series)));
  const curve = (value: number | null): number | null =>
    view.y.scale !== "log" || value === null ? value : value > 0 ? Math.log(value) : null;
  const curves = view.series.flatMap((series, i) =>
    series.mark === "bars" || series.mark === "points" || series.y.length < 3
      ? []
      : [`${sparkline(series.y.map(curve))}  ${names[i] ?? ""}`],
  );
  const { table, all } = plotTable(view, sampled);
  const cut = all > sampled ? [`(the rows of ${sampled} of ${all} x)`] : [];
  return [
    ...paragraph(view.title),
    ...plotSummary(view).flatMap(sentence),
    ...(curves.length > 0 ? ["", ...curves.map((curve) => `  ${curve}`)] : []),
    ...(table.rows.length > 0 ? ["", tableText(table), ...cut] : []),
    ...captionLines(captionOf(view)),
  ].join("\n");
}
