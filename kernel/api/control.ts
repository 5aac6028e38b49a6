import { UsageError } from "../../sim/core/index.js";
import { checkbox, selectOf, type Choice } from "./widgets/choices.js";
import { scaleOf, sliderOf } from "./widgets/numbers.js";
import { textField } from "./widgets/texts.js";
import { Widget } from "./widgets/widget.js";

/** A slider's numbers. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** 1 between whole numbers, else a hundredth of the way. */
  readonly step?: number;
  /** Where it starts; `min` if absent. */
  readonly value?: number;
}

/**
 * A widget, or the short way to one: a range is a slider, an array a menu, a boolean a check box, a string a text field.
 */
export type Control = Widget<unknown> | Range | readonly Choice[] | boolean | string;
export type Controls = Readonly<Record<string, Control>>;

/** What a control gives: `{ n: slider(1, 9), fast: true }` → `{ n: number, fast: boolean }`. */
export type ValuesOf<T extends Controls> = {
  readonly [K in keyof T]: T[K] extends Widget<infer V>
    ? V
    : T[K] extends readonly (infer C)[]
      ? C
      : T[K] extends boolean
        ? boolean
        : T[K] extends string
          ? string
          : number;
};

const forms =
  'Give slider(0, 10), select(["a", "b"]) or another widget, or the short form: { min, max } for a slider, an array for a menu, true or false for a check box, "" for a text field.';

/** @throws UsageError for what is no control */
export function controlWidget(name: string, control: Control): Widget<unknown> {
  if (control instanceof Widget) return control;
  if (typeof control === "boolean") return checkbox(control);
  if (typeof control === "string") return textField(control);
  if (isChoices(control)) return selectOf(`interact: "${name}"`, control);
  // Cells may run unchecked.
  const given: unknown = control;
  if (typeof given !== "object" || given === null) {
    throw new UsageError(`interact: "${name}" is no control but ${String(given)}`, forms);
  }
  const { min, max, ...rest } = control;
  return sliderOf(scaleOf(`interact: the slider "${name}"`, min, max, rest));
}

/** `Array.isArray` doesn't tell readonly arrays from the rest. */
const isChoices = (control: Range | readonly Choice[]): control is readonly Choice[] => Array.isArray(control);
