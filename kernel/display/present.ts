import { isView, isViewable, type Row, type TableView, type Value, type View } from "../../sim/core/index.js";
import { bounded } from "./bounded.js";
import { mime, type MimeBundle } from "./bundle.js";
import { problem } from "./check.js";
import { groupHtml } from "./html/group.js";
import { tableHtml } from "./html/table.js";
import { textHtml } from "./html/text.js";
import { callHook, fromHook, hasHook } from "./hook.js";
import { isPlain } from "./json.js";
import { heatFigure } from "./plotly/heat.js";
import { lanesFigure } from "./plotly/lanes.js";
import { plotFigure } from "./plotly/plot.js";
import { isFigure, presentFigure } from "./plotly/raw.js";
import { graphSvg } from "./svg/graph.js";
import { heatSvg } from "./svg/heat.js";
import { lanesSvg } from "./svg/lanes.js";
import { plotSvg } from "./svg/plot.js";
import { sequenceSvg } from "./svg/sequence.js";
import { tableText } from "./text/columns.js";
import { graphText } from "./text/graph.js";
import { heatText } from "./text/heat.js";
import { inspectText, reason } from "./text/inspect.js";
import { lanesText } from "./text/lanes.js";
import { graphMermaid, sequenceMermaid } from "./text/mermaid.js";
import { plotText } from "./text/plot.js";
import { sequenceText } from "./text/sequence.js";

/**
 * Any value in every form that a client may want. Never throws: what goes wrong in a value's own `view()`, hook or
 * getters, or in a view that can't be drawn, is told in the text. `text/plain` is always there.
 *
 * - a `View`, an array of views, or what has a `view()`: picture as Plotly figure and SVG, or Mermaid and SVG, or table,
 *   and always a summary
 * - what has a `[Symbol.for("Jupyter.display")]()`, as in Deno: the bundle that it returns; `presentSoon` waits for it
 * - a Plotly figure, `{ data, layout }`: the figure and a summary, and where it is lines, points or bars, SVG
 * - an array of objects with the same scalar fields: a table, beside the array as text
 * - all else: text, as Node's REPL shows it, bounded
 *
 * A group of views becomes one bundle, for places that take only one (an update in place, a user expression); there its
 * plots are static. Where several outputs may follow one another use `presentAll`.
 */
export function present(value: unknown): MimeBundle {
  try {
    const view = viewOf(value);
    if (view !== undefined) return presentView(view);
    if (hasHook(value)) return fromHook(value, callHook(value));
    if (isFigure(value)) return presentFigure(value);
    // What can't be looked at so closely is no table.
    const { value: table } = attempt(() => tableOf(value));
    if (table !== undefined) return { [mime.text]: inspectText(value), [mime.html]: tableHtml(table) };
  } catch (error) {
    return unshown(value, error);
  }
  return { [mime.text]: inspectText(value) };
}

/**
 * A value as one bundle for each picture: a group's parts one by one, so that each plot stays interactive (none for an
 * empty group); one bundle for everything else. What a cell's last expression and `show` send, one message to a bundle.
 */
export function presentAll(value: unknown): MimeBundle[] {
  try {
    const view = viewOf(value);
    if (view?.as === "group") return leaves(view).map(presentView);
  } catch {
    // `present` says what is wrong with it.
  }
  return [present(value)];
}

/**
 * As `presentAll`, for a place that can wait: a hook may promise its bundle there.
 * @returns a promise only where there is one to be waited for; it never rejects
 */
export function presentSoon(value: unknown): readonly MimeBundle[] | Promise<readonly MimeBundle[]> {
  try {
    if (!hasHook(value)) return presentAll(value);
    const given = callHook(value);
    if (!(given instanceof Promise)) return [fromHook(value, given)];
    return given.then(
      (bundle) => [fromHook(value, bundle)],
      (error: unknown) => [unshown(value, error)],
    );
  } catch (error) {
    return [unshown(value, error)];
  }
}

const unshown = (value: unknown, error: unknown): MimeBundle => ({
  [mime.text]: `${inspectText(value)}\n(showing it failed: ${reason(error)})`,
});

/**
 * The view that a value is or has; an array of views is a group.
 * @throws whatever the value's own `view()` throws, and TypeError when it returns no view
 */
function viewOf(value: unknown): View | undefined {
  if (isView(value)) return value;
  if (Array.isArray(value) && value.length > 0 && value.every(isView)) return { as: "group", views: value };
  if (!isViewable(value) || hasHook(value)) return undefined;
  const view: unknown = value.view();
  if (isView(view)) return view;
  throw new TypeError(`its view() returned no view but ${inspectText(view).slice(0, 200)}`);
}

/** The views of a group without the groups between. */
function leaves(view: View): View[] {
  return view.as === "group" ? view.views.flatMap(leaves) : [view];
}

type Forms = Readonly<Record<string, () => unknown>>;

function formsOf(view: View): Forms {
  switch (view.as) {
    case "group":
      return {};
    case "text":
      // What colours a terminal is not known to HTML; clients' own text is coloured.
      if (view.text.includes("\u001b[")) return { [mime.text]: () => view.text };
      return { [mime.text]: () => view.text, [mime.html]: () => textHtml(view.text) };
    case "table":
      return { [mime.text]: () => tableText(view), [mime.html]: () => tableHtml(view) };
    case "plot":
      return {
        [mime.plotly]: () => plotFigure(view),
        [mime.svg]: () => plotSvg(view),
        [mime.text]: () => plotText(view),
      };
    case "lanes":
      return {
        [mime.plotly]: () => lanesFigure(view),
        [mime.svg]: () => lanesSvg(view),
        [mime.text]: () => lanesText(view),
      };
    case "heat":
      return {
        [mime.plotly]: () => heatFigure(view),
        [mime.svg]: () => heatSvg(view),
        [mime.text]: () => heatText(view),
      };
    case "graph":
      return {
        [mime.mermaid]: () => graphMermaid(view),
        [mime.svg]: () => graphSvg(view),
        [mime.text]: () => graphText(view),
      };
    case "sequence":
      return {
        [mime.mermaid]: () => sequenceMermaid(view),
        [mime.svg]: () => sequenceSvg(view),
        [mime.text]: () => sequenceText(view),
      };
  }
}

function presentView(whole: View): MimeBundle {
  if (whole.as === "group") {
    return joined(leaves(whole).map(presentView));
  }
  const wrong = attempt(() => problem(whole));
  const why = wrong.failed ?? wrong.value;
  if (why !== undefined) return { [mime.text]: `This ${whole.as} cannot be shown: ${why}.\n${inspectText(whole)}` };
  const view = bounded(whole);
  const bundle: Record<string, unknown> = {};
  let text = "";
  const failures: string[] = [];
  for (const [type, make] of Object.entries(formsOf(view))) {
    const { value, failed } = attempt(make);
    if (type === mime.text) text = typeof value === "string" ? value : inspectText(view);
    else if (failed === undefined) bundle[type] = value;
    if (failed !== undefined) failures.push(`(no ${type}: ${failed})`);
  }
  return { ...bundle, [mime.text]: [text, ...failures].join("\n") };
}

/** Several outputs as one, for a place that takes only one; pictures in it are static. */
export function joined(parts: readonly MimeBundle[]): MimeBundle {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return { [mime.text]: parts.map((part) => part[mime.text]).join("\n\n"), [mime.html]: groupHtml(parts) };
}

function attempt<T>(make: () => T): { value?: T; failed?: string } {
  try {
    return { value: make() };
  } catch (error) {
    return { failed: reason(error) };
  }
}

const isScalar = (value: unknown): value is Value | bigint =>
  value === null || ["string", "number", "boolean", "bigint"].includes(typeof value);

/** An array of plain objects that all have the same scalar fields, as a table. */
function tableOf(value: unknown): TableView | undefined {
  if (!Array.isArray(value)) return undefined;
  const elements: unknown[] = value;
  const [first] = elements;
  if (!isPlain(first)) return undefined;
  const keys = Object.keys(first);
  if (keys.length === 0) return undefined;
  const rows: Row[] = [];
  for (const element of elements) {
    if (!isPlain(element) || Object.keys(element).length !== keys.length) return undefined;
    const row: Record<string, Value> = {};
    for (const key of keys) {
      const field = Object.hasOwn(element, key) ? element[key] : undefined;
      if (!isScalar(field)) return undefined;
      row[key] = typeof field === "bigint" ? String(field) : field;
    }
    rows.push(row);
  }
  return { as: "table", columns: keys.map((key) => ({ key })), rows };
}
