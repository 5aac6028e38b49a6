import { UsageError, withDefaults } from "../../sim/core/index.js";
import type { WidgetKind } from "./widget-model.js";

/** A slider's numbers. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** 1 between whole numbers, else a hundredth of the way. */
  readonly step?: number;
  /** Where it starts; `min` if absent. */
  readonly value?: number;
}

type Choice = string | number | boolean;

/** A range is a slider, an array a menu, a boolean a check box, a string a text field. */
export type Control = Range | readonly Choice[] | boolean | string;
export type Controls = Readonly<Record<string, Control>>;

/** What a control gives: `{ n: { min: 1, max: 9 }, fast: true }` → `{ n: number, fast: boolean }`. */
export type ValuesOf<T extends Controls> = {
  readonly [K in keyof T]: T[K] extends readonly (infer C)[]
    ? C
    : T[K] extends boolean
      ? boolean
      : T[K] extends string
        ? string
        : number;
};

/** A control as a widget. */
export interface ControlWidget {
  readonly kind: WidgetKind & { readonly style: string };
  readonly state: Readonly<Record<string, unknown>>;
  readonly value: Choice;
  /** The value in a state that a client sent; undefined where it makes no sense. */
  readonly read: (state: Readonly<Record<string, unknown>>) => Choice | undefined;
}

/** @throws UsageError for what is no control */
export function controlWidget(name: string, control: Control): ControlWidget {
  if (typeof control === "boolean") {
    return {
      kind: { model: "CheckboxModel", view: "CheckboxView", from: "controls", style: "DescriptionStyleModel" },
      state: { value: control, description: name, disabled: false, indent: false },
      value: control,
      read: ({ value }) => (typeof value === "boolean" ? value : undefined),
    };
  }
  if (typeof control === "string") {
    return {
      kind: { model: "TextModel", view: "TextView", from: "controls", style: "DescriptionStyleModel" },
      state: { value: control, description: name, disabled: false, continuous_update: true, placeholder: "" },
      value: control,
      read: ({ value }) => (typeof value === "string" ? value : undefined),
    };
  }
  if (isChoices(control)) return menu(name, control);
  // Cells may run unchecked.
  const given: unknown = control;
  if (typeof given !== "object" || given === null) {
    throw new UsageError(`interact: "${name}" is no control but ${String(given)}`, forms);
  }
  return slider(name, control);
}

const forms =
  'Give { min, max } for a slider, an array for a menu, true or false for a check box, "" for a text field.';

/** `Array.isArray` doesn't tell readonly arrays from the rest. */
const isChoices = (control: Range | readonly Choice[]): control is readonly Choice[] => Array.isArray(control);

function menu(name: string, choices: readonly Choice[]): ControlWidget {
  const [first] = choices;
  if (first === undefined) {
    throw new UsageError(
      `interact: "${name}" has nothing to choose from`,
      `Give at least one choice: { ${name}: ["a", "b"] }.`,
    );
  }
  const wrong = choices.findIndex((choice) => !["string", "number", "boolean"].includes(typeof choice));
  if (wrong >= 0) {
    throw new UsageError(
      `interact: choice ${wrong + 1} of "${name}" is no string, number or boolean`,
      "Give names, and look up in the function what they stand for.",
    );
  }
  return {
    kind: { model: "DropdownModel", view: "DropdownView", from: "controls", style: "DescriptionStyleModel" },
    state: { _options_labels: choices.map(String), index: 0, description: name, disabled: false },
    value: first,
    read: ({ index }) => (typeof index === "number" ? choices[index] : undefined),
  };
}

function slider(name: string, range: Range): ControlWidget {
  const { min, max } = range;
  const noun = `interact: the slider "${name}"`;
  for (const key of ["min", "max"] as const) {
    if (!Number.isFinite(range[key])) throw new UsageError(`${noun} has no number as its ${key}`, forms);
  }
  if (min >= max) throw new UsageError(`${noun} goes from ${min} to ${max}`, "Give a max that is greater than min.");
  const whole = Number.isInteger(min) && Number.isInteger(max);
  const defaults: Required<Range> = { min, max, step: whole ? 1 : (max - min) / 100, value: min };
  const { step, value } = withDefaults(noun, range, defaults);
  if (!Number.isFinite(step) || step <= 0) {
    throw new UsageError(`${noun} moves in steps of ${String(step)}`, "Give a step greater than 0.");
  }
  if (!(value >= min && value <= max)) {
    throw new UsageError(`${noun} starts at ${String(value)}`, `Give a value between ${min} and ${max}.`);
  }
  const integer = [min, max, step, value].every(Number.isInteger);
  const model = integer ? "IntSlider" : "FloatSlider";
  return {
    kind: { model: `${model}Model`, view: `${model}View`, from: "controls", style: "SliderStyleModel" },
    state: {
      min,
      max,
      step,
      value,
      description: name,
      disabled: false,
      continuous_update: true,
      orientation: "horizontal",
      readout: true,
      readout_format: integer ? "d" : `.${decimals(step)}f`,
      behavior: "drag-tap",
    },
    value,
    read({ value: moved }) {
      if (typeof moved !== "number" || !(moved >= min && moved <= max)) return undefined;
      return integer ? Math.round(moved) : moved;
    },
  };
}

/** How many digits behind the point show each step. */
function decimals(step: number): number {
  for (let digits = 0; digits < 6; digits++) {
    if (Math.abs(Number(step.toFixed(digits)) - step) < step / 1000) return digits;
  }
  return 6;
}
