import { UsageError, withDefaults } from "../../../sim/core/index.js";
import type { LabelOptions } from "./choices.js";
import { openWidget, type WidgetKind } from "./model.js";
import { Widget, type Control } from "./widget.js";

function kindOf(name: string, style: string): WidgetKind {
  return { model: `${name}Model`, view: `${name}View`, from: "controls", style: `${style}StyleModel` };
}

/** A control whose state's `value` is its text. */
function textual(kind: WidgetKind, value: string, label: string | undefined, also: object = {}): Control<string> {
  return {
    value,
    label,
    open(comms, description, text, changed, closed) {
      const model = openWidget(
        comms,
        kind,
        { value: text, description, ...also },
        { changed: ({ value: now }) => (typeof now === "string" ? changed(now) : undefined), closed },
      );
      return {
        model,
        set(to) {
          model.set({ value: to });
        },
      };
    },
    check: () => undefined,
    text: (text) => text,
  };
}

/** A line that is typed. */
export function textField(value = "", options?: Partial<LabelOptions>): Widget<string> {
  const { label } = withDefaults<LabelOptions>("textField", options, { label: undefined });
  const also = { disabled: false, continuous_update: true, placeholder: "" };
  return new Widget(textual(kindOf("Text", "Description"), value, label, also));
}

/** A line of text on the page that cells change: `note.value = "…"`. */
export function label(text = ""): Widget<string> {
  return new Widget(textual(kindOf("Label", "Description"), text, undefined));
}

/** HTML on the page that cells change. What a user typed has to be escaped before it comes here. */
export function htmlLabel(markup = ""): Widget<string> {
  return new Widget(textual(kindOf("HTML", "Description"), markup, undefined));
}

/** A button; its value counts how often it was pressed: `button("Run").onChange(() => …)`. */
export function button(text: string): Widget<number> {
  if (text === "") throw new UsageError("a button without words", 'Say what it does: button("Run").');
  return new Widget<number>({
    value: 0,
    label: undefined,
    open(comms, _label, count, changed, closed) {
      let presses = count;
      const model = openWidget(
        comms,
        kindOf("Button", "Button"),
        { description: text, disabled: false, button_style: "", icon: "", tooltip: null },
        { custom: ({ event }) => (event === "click" ? changed(++presses) : undefined), closed },
      );
      return {
        model,
        set(to) {
          presses = to;
        },
      };
    },
    check: () => undefined,
    text: (count) => `[${text}]${count === 0 ? "" : ` pressed ${count} times`}`,
  });
}
