import type { Axis, PlotView, Series } from "../../../sim/core/index.js";
import { isPlain } from "../json.js";

type Fields = Readonly<Record<string, unknown>>;

/** What of a trace and a layout changes nothing that a plain drawing shows. */
const harmless = {
  trace: [
    "type",
    "name",
    "x",
    "y",
    "mode",
    "marker",
    "line",
    "hoverinfo",
    "hovertemplate",
    "showlegend",
    "text",
    "uid",
  ],
  layout: [
    "title",
    "xaxis",
    "yaxis",
    "width",
    "height",
    "margin",
    "showlegend",
    "legend",
    "font",
    "template",
    "hovermode",
  ],
  axis: ["title", "type", "automargin", "gridcolor", "zeroline", "showgrid", "tickformat"],
} as const;

const only = (fields: Fields, known: readonly string[]): boolean =>
  Object.keys(fields).every((key) => known.includes(key));

/** Plotly writes most texts as a string or as `{ text }`. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return isPlain(value) && typeof value["text"] === "string" ? value["text"] : undefined;
}

function axisOf(axis: unknown): Axis | undefined {
  if (axis === undefined) return { label: "", unit: "" };
  if (!isPlain(axis) || !only(axis, harmless.axis)) return undefined;
  const { type = "linear" } = axis;
  if (type !== "linear" && type !== "log" && type !== "category") return undefined;
  return { label: textOf(axis["title"]) ?? "", unit: "", ...(type === "log" ? { scale: "log" } : {}) };
}

/** A list of numbers or names; typed arrays as lists. */
function valuesOf<T>(values: unknown, fits: (value: unknown) => value is T): readonly T[] | undefined {
  const list: readonly unknown[] | undefined = Array.isArray(values)
    ? values
    : ArrayBuffer.isView(values) && !(values instanceof DataView)
      ? Array.from(values as Float64Array)
      : undefined;
  return list?.every(fits) === true ? list : undefined;
}

const isPlace = (value: unknown): value is number | string => typeof value === "number" || typeof value === "string";
const isHeight = (value: unknown): value is number | null => typeof value === "number" || value === null;

function markOf({ type = "scatter", mode = "lines" }: Fields): Series["mark"] | undefined {
  if (type === "bar") return "bars";
  if (type !== "scatter" && type !== "scattergl") return undefined;
  return mode === "markers" ? "points" : mode === "lines" || mode === "lines+markers" ? "line" : undefined;
}

function seriesOf(trace: Fields, index: number): Series | undefined {
  const mark = markOf(trace);
  const y = valuesOf(trace["y"], isHeight);
  if (mark === undefined || y === undefined || !only(trace, harmless.trace)) return undefined;
  const x = trace["x"] === undefined ? y.map((_, i) => i) : valuesOf(trace["x"], isPlace);
  if (x?.length !== y.length) return undefined;
  // Names are places of bars only.
  if (mark !== "bars" && x.some((place) => typeof place === "string")) return undefined;
  const { name } = trace;
  return { name: typeof name === "string" ? name : `trace ${index + 1}`, mark, x, y };
}

/**
 * A Plotly figure as a view that can be drawn without Plotly; undefined where that would show something else: only
 * lines, points and bars on one pair of axes, with nothing set that changes what they say.
 */
export function simplePlot(data: readonly Fields[], layout: Fields): PlotView | undefined {
  if (data.length === 0 || !only(layout, harmless.layout)) return undefined;
  const [x, y] = [axisOf(layout["xaxis"]), axisOf(layout["yaxis"])];
  const series = data.map(seriesOf).filter((each) => each !== undefined);
  if (x === undefined || y === undefined || series.length < data.length) return undefined;
  return { as: "plot", title: textOf(layout["title"]) ?? "", caption: "", x, y, series };
}
