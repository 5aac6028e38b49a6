import { UsageError, withDefaults } from "../../../sim/core/index.js";
import { openWidget } from "./model.js";
import { controlKind, plainControl, type LabelOptions } from "./plain-control.js";
import { Widget } from "./widget.js";

const asItIs = (text: string): string => text;

/** A line that is typed. */
export function textField(value = "", options?: Partial<LabelOptions>): Widget<string> {
  const { label } = withDefaults<LabelOptions>("textField", options, { label: undefined });
  const also = { disabled: false, continuous_update: true, placeholder: "" };
  return new Widget(plainControl<string>({ name: "Text", value, label, also, text: asItIs }));
}

/** A line of text on the page that cells change: `note.value = "…"`. */
export function label(text = ""): Widget<string> {
  return new Widget(plainControl<string>({ name: "Label", value: text, label: undefined, text: asItIs }));
}

/** HTML on the page that cells change. What a user typed has to be escaped before it comes here. */
export function htmlLabel(markup = ""): Widget<string> {
  return new Widget(plainControl<string>({ name: "HTML", value: markup, label: undefined, text: asItIs }));
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
        controlKind("Button", "Button"),
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
