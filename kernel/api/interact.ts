import { present, presentAll } from "../display/index.js";
import { controlWidget, type Controls, type ValuesOf } from "./control.js";
import { displayHook, show } from "./show.js";
import { commsHook, openWidget, type CommsHook, type WidgetKind } from "./widget-model.js";

const output: WidgetKind = { model: "OutputModel", view: "OutputView", from: "output" };
const box: WidgetKind = { model: "VBoxModel", view: "VBoxView", from: "controls" };

/** One of an Output widget's outputs: Jupyter's notebook format. */
type WidgetOutput = Readonly<Record<string, unknown>>;

/**
 * Shows controls above what `fn` gives for their values, and calls `fn` again as they are moved; of positions that come
 * while it works, the last one counts. What it throws then is shown in its result's place. What it prints then goes to
 * the client's log, not to the cell: return what is to be seen.
 *
 * Without widgets (an exported page, a terminal) the first result is shown, in a plain Node script its text.
 * @param fn takes the values by their controls' names; its result is shown as a cell's is
 * @param controls `{ n: { min: 1, max: 9 }, policy: ["fifo", "lru"], cached: true, name: "disk" }`
 * @throws UsageError for a control that makes no sense, and what the first call of `fn` throws
 */
export function interact<const T extends Controls>(fn: (values: ValuesOf<T>) => unknown, controls: T): void {
  const widgets = Object.entries(controls).map(([name, control]) => ({ name, ...controlWidget(name, control) }));
  const values = Object.fromEntries(widgets.map(({ name, value }) => [name, value]));
  // Each control gives the kind of value that `ValuesOf` says.
  const call = (): unknown => fn({ ...values } as ValuesOf<T>);
  const first = call();
  const comms = commsHook();
  const display = displayHook();
  if (comms === undefined || display === undefined) {
    if (first instanceof Promise) void first.then(show);
    else show(first);
    return;
  }

  const result = openWidget(comms, output, { msg_id: "", outputs: first instanceof Promise ? [] : outputsOf(first) });
  let latest = 0;
  const rerun = async (compute: () => unknown): Promise<void> => {
    const turn = ++latest;
    // What came together is in `values` before the first of it is heeded.
    await Promise.resolve();
    if (turn !== latest) return;
    const outputs = await attempt(compute);
    if (turn === latest) result.set({ outputs });
  };
  const openControls = widgets.map(({ name, kind, state, read }) =>
    openWidget(comms, kind, state, (changed) => {
      const value = read(changed);
      if (value === undefined || value === values[name]) return undefined;
      values[name] = value;
      return rerun(call);
    }),
  );
  showWidgets(comms, display, [...openControls, result], first);
  if (first instanceof Promise) void rerun(() => first);
}

function showWidgets(
  comms: CommsHook,
  display: (bundle: Readonly<Record<string, unknown>>) => void,
  children: readonly { readonly reference: string }[],
  first: unknown,
): void {
  const whole = openWidget(comms, box, { children: children.map(({ reference }) => reference), box_style: "" });
  display({
    ...present(first),
    "application/vnd.jupyter.widget-view+json": { version_major: 2, version_minor: 0, model_id: whole.id },
  });
}

async function attempt(compute: () => unknown): Promise<WidgetOutput[]> {
  try {
    return outputsOf(await compute());
  } catch (error) {
    return [errorOutput(error)];
  }
}

function outputsOf(value: unknown): WidgetOutput[] {
  if (value === undefined) return [];
  return presentAll(value).map((data) => ({ output_type: "display_data", data, metadata: {} }));
}

function errorOutput(thrown: unknown): WidgetOutput {
  // Not `instanceof`: a cell may throw an error of another realm.
  const isError = typeof thrown === "object" && thrown !== null && "message" in thrown;
  const error = (isError ? thrown : new Error(String(thrown))) as Error & { readonly hint?: unknown };
  const { name: ename, message: evalue, stack = "", hint } = error;
  const frames = stack.split("\n").filter((line) => line.startsWith("    at "));
  const help = ename !== "UsageError" ? frames : typeof hint === "string" ? [hint] : [];
  return { output_type: "error", ename, evalue, traceback: [`${ename}: ${evalue}`, ...help] };
}
