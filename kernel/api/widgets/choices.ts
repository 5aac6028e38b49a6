import { nearest, UsageError, withDefaults } from "../../../sim/core/index.js";
import { openWidget, type WidgetKind } from "./model.js";
import { plainControl, type LabelOptions } from "./plain-control.js";
import { Widget } from "./widget.js";

/** What can be chosen. */
export type Choice = string | number | boolean;

const forms = {
  menu: ["Dropdown", "DescriptionStyle"],
  list: ["Select", "DescriptionStyle"],
  radio: ["RadioButtons", "DescriptionStyle"],
  buttons: ["ToggleButtons", "ToggleButtonsStyle"],
} as const;

export interface SelectOptions<C> {
  /** How the choices are shown: a menu that opens, a list, radio buttons or a row of buttons. Default "menu". */
  readonly as: keyof typeof forms;
  /** What is chosen at first; the first choice where absent. */
  readonly value: C;
  /** What stands before it. */
  readonly label: string | undefined;
}

/**
 * One of several: `select(["fifo", "lru"])`.
 * @throws UsageError for nothing to choose from, a choice that is no scalar, or a start that is none of them
 */
export function select<const C extends Choice>(
  choices: readonly C[],
  options?: Partial<SelectOptions<NoInfer<C>>>,
): Widget<C> {
  return selectOf("select", choices, options);
}

export function selectOf<C extends Choice>(
  noun: string,
  choices: readonly C[],
  options?: Partial<SelectOptions<C>>,
): Widget<C> {
  const [first] = choices;
  if (first === undefined) {
    throw new UsageError(`${noun} has nothing to choose from`, 'Give at least one choice: ["a", "b"].');
  }
  const wrong = choices.findIndex((choice) => !["string", "number", "boolean"].includes(typeof choice));
  if (wrong >= 0) {
    throw new UsageError(
      `choice ${wrong + 1} of ${noun} is no string, number or boolean`,
      "Give names, and look up in the function what they stand for.",
    );
  }
  const defaults: SelectOptions<C> = { as: "menu", value: first, label: undefined };
  const { as, value: start, label } = withDefaults<SelectOptions<C>>(noun, options, defaults);
  // Cells may run unchecked.
  if (!Object.hasOwn(forms, as)) {
    throw new UsageError(
      `${noun} can't be shown as "${as}"`,
      `Did you mean "${nearest(as, Object.keys(forms)) ?? ""}"? It can be: ${Object.keys(forms).join(", ")}.`,
    );
  }
  const [name, style] = forms[as];
  const kind: WidgetKind = { model: `${name}Model`, view: `${name}View`, from: "controls", style: `${style}Model` };
  const check = (value: C): void => {
    if (choices.includes(value)) return;
    throw new UsageError(`${noun} has no choice ${JSON.stringify(value)}`, `It has: ${choices.join(", ")}.`);
  };
  check(start);
  return new Widget<C>({
    value: start,
    label,
    open(comms, description, value, changed, closed) {
      const index = choices.indexOf(value);
      const model = openWidget(
        comms,
        kind,
        { _options_labels: choices.map(String), index, description, disabled: false },
        {
          changed({ index: chosen }) {
            const choice = typeof chosen === "number" ? choices[chosen] : undefined;
            return choice === undefined ? undefined : changed(choice);
          },
          closed,
        },
      );
      return {
        model,
        set(to) {
          model.set({ index: choices.indexOf(to) });
        },
      };
    },
    check,
    text: (value) => `${value} (of ${choices.join(", ")})`,
  });
}

/** Yes or no. */
export function checkbox(value = false, options?: Partial<LabelOptions>): Widget<boolean> {
  const { label } = withDefaults<LabelOptions>("checkbox", options, { label: undefined });
  const also = { disabled: false, indent: false };
  const text = (checked: boolean): string => (checked ? "yes" : "no");
  return new Widget(plainControl<boolean>({ name: "Checkbox", value, label, also, text }));
}
