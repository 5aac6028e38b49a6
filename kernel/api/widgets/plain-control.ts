import { openWidget, type WidgetKind } from "./model.js";
import type { Control } from "./widget.js";

/** What a control without numbers can be given. */
export interface LabelOptions {
  /** What stands before it. */
  readonly label: string | undefined;
}

interface PlainControl<T> extends Pick<Control<T>, "value" | "label" | "text"> {
  /** Model and view without these words at their end. */
  readonly name: string;
  /** What else its state holds. */
  readonly also?: object;
}

export function controlKind(name: string, style = "Description"): WidgetKind {
  return { model: `${name}Model`, view: `${name}View`, from: "controls", style: `${style}StyleModel` };
}

/** A control whose state's `value` is the value itself, of a type that `typeof` tells; any such value is allowed. */
export function plainControl<T extends string | boolean>(options: PlainControl<T>): Control<T> {
  const { name, also = {}, value: start, label, text } = options;
  const isValue = (value: unknown): value is T => typeof value === typeof start;
  return {
    value: start,
    label,
    text,
    open(comms, description, value, changed, closed) {
      const model = openWidget(
        comms,
        controlKind(name),
        { value, description, ...also },
        { changed: ({ value: now }) => (isValue(now) ? changed(now) : undefined), closed },
      );
      return {
        model,
        set(to) {
          model.set({ value: to });
        },
      };
    },
    check: () => undefined,
  };
}
