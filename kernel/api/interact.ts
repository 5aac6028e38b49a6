import { controlWidget, type Controls, type ValuesOf } from "./control.js";
import { displayHook, show } from "./show.js";
import { Box } from "./widgets/boxes.js";
import { commsHook, type CommsHook, type WidgetModel } from "./widgets/model.js";
import { OutputWidget } from "./widgets/output.js";
import { Shown, widgetMime, type Widget } from "./widgets/widget.js";

/**
 * Shows controls above what `fn` shows and gives for their values, and calls `fn` again as they are moved; of positions
 * that come while it works, the last one counts. What it prints, returns and throws then takes the place of the former.
 *
 * Without widgets (an exported page, a terminal) the first result is shown, in a plain Node script its text.
 * @param fn takes the values by their controls' names; its result is shown as a cell's is
 * @param controls `{ n: slider(1, 9), policy: select(["fifo", "lru"]), step: play(0, 100), cached: true, name: "disk" }`
 * @throws UsageError for a control that makes no sense, and what the first call of `fn` throws
 */
export function interact<const T extends Controls>(fn: (values: ValuesOf<T>) => unknown, controls: T): void {
  const widgets = Object.entries(controls).map(([name, control]) => ({ name, widget: controlWidget(name, control) }));
  // Each control gives the kind of value that `ValuesOf` says.
  const call = (): unknown =>
    fn(Object.fromEntries(widgets.map(({ name, widget }) => [name, widget.value])) as ValuesOf<T>);
  const comms = commsHook();
  const display = displayHook();
  if (comms === undefined || display === undefined) {
    const first = call();
    if (first instanceof Promise) void first.then(show);
    else show(first);
    return;
  }

  const place = new OutputWidget();
  const { thrown } = place.begin(call);
  if (thrown !== undefined) {
    for (const bundle of place.before()) display(bundle);
    throw thrown.error;
  }
  let latest = 0;
  const rerun = async (): Promise<void> => {
    const turn = ++latest;
    // What came together is in the widgets before the first of it is heeded.
    await Promise.resolve();
    if (turn === latest) await place.run(call);
  };
  const ends = widgets.map(({ widget }) => widget.onChange(rerun));
  const rows = [...widgets.map(({ name, widget }) => new Named(name, widget)), place];
  const whole = new Box("VBox", rows, () => {
    for (const end of ends) end();
  }).open(comms);
  display({ ...place.content(), [widgetMime]: { version_major: 2, version_minor: 0, model_id: whole.id } });
}

/** A control under the name that it has here. */
class Named extends Shown {
  readonly #name: string;
  readonly #widget: Widget<unknown>;

  constructor(name: string, widget: Widget<unknown>) {
    super();
    this.#name = name;
    this.#widget = widget;
  }

  override open(comms: CommsHook): WidgetModel {
    return this.#widget.open(comms, this.#name);
  }

  override text(): string {
    return this.#widget.text(this.#name);
  }
}
