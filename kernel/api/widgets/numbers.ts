import { UsageError, withDefaults } from "../../../sim/core/index.js";
import { openWidget, type CommsHook, type State, type WidgetKind, type WidgetModel } from "./model.js";
import { Widget, type OpenControl } from "./widget.js";

/** A slider's numbers, beside its ends. */
export interface SliderOptions {
  /** 1 between whole numbers, else a hundredth of the way. */
  readonly step: number;
  /** Where it starts; the least where absent. */
  readonly value: number;
  /** What stands before it. */
  readonly label: string | undefined;
}

/** What of numbers from `min` to `max` is right and what is not. */
interface Scale {
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
  /** Whether all of these are whole. */
  readonly integer: boolean;
  readonly label: string | undefined;
}

const ends = "Give its ends as numbers: slider(0, 10).";

/** @throws UsageError for numbers that make no scale */
export function scaleOf(noun: string, min: number, max: number, options?: Partial<SliderOptions>): Scale {
  for (const [name, end] of Object.entries({ min, max })) {
    if (!Number.isFinite(end)) throw new UsageError(`${noun} has no number as its ${name}`, ends);
  }
  if (min >= max) throw new UsageError(`${noun} goes from ${min} to ${max}`, "Give a max that is greater than min.");
  const whole = Number.isInteger(min) && Number.isInteger(max);
  const { step, value, label } = withDefaults<SliderOptions>(noun, options, {
    step: whole ? 1 : (max - min) / 100,
    value: min,
    label: undefined,
  });
  if (!Number.isFinite(step) || step <= 0) {
    throw new UsageError(`${noun} moves in steps of ${String(step)}`, "Give a step greater than 0.");
  }
  const scale = { min, max, step, value, label, integer: [min, max, step, value].every(Number.isInteger) };
  checkWithin(`${noun} starts at`, value, scale);
  return scale;
}

function checkWithin(what: string, value: number, { min, max }: Pick<Scale, "min" | "max">): void {
  if (value >= min && value <= max) return;
  throw new UsageError(`${what} ${String(value)}`, `Give a value between ${min} and ${max}.`);
}

/** How many digits behind the point show each step. */
function decimals(step: number): number {
  for (let digits = 0; digits < 6; digits++) {
    if (Math.abs(Number(step.toFixed(digits)) - step) < step / 1000) return digits;
  }
  return 6;
}

const look = (label: string): State => ({
  description: label,
  disabled: false,
  continuous_update: true,
  orientation: "horizontal",
  readout: true,
  behavior: "drag-tap",
});

const format = ({ integer, step }: Scale): string => (integer ? "d" : `.${decimals(step)}f`);

function kindOf(name: string): WidgetKind {
  return { model: `${name}Model`, view: `${name}View`, from: "controls", style: "SliderStyleModel" };
}

/** A number of the scale, from a client; undefined for what is none. */
function read(value: unknown, { min, max, integer }: Scale): number | undefined {
  if (typeof value !== "number" || !(value >= min && value <= max)) return undefined;
  return integer ? Math.round(value) : value;
}

/** Hands on what `read` makes of a state's value. */
const onValue =
  <T>(read: (value: unknown) => T | undefined, changed: (value: T) => unknown) =>
  ({ value }: State): unknown => {
    const made = read(value);
    return made === undefined ? undefined : changed(made);
  };

/**
 * A number that is dragged.
 * @throws UsageError for ends, a step or a start that make no sense
 */
export function slider(min: number, max: number, options?: Partial<SliderOptions>): Widget<number> {
  return sliderOf(scaleOf("slider", min, max, options));
}

export function sliderOf(scale: Scale): Widget<number> {
  const { min, max, step, value, label } = scale;
  return new Widget<number>({
    value,
    label,
    open(comms, name, at, changed, closed) {
      const state = { min, max, step, value: at, readout_format: format(scale), ...look(name) };
      const events = { changed: onValue((moved) => read(moved, scale), changed), closed };
      return valued(openWidget(comms, kindOf(scale.integer ? "IntSlider" : "FloatSlider"), state, events));
    },
    check: (to) => {
      checkWithin("the slider can't go to", to, scale);
    },
    text: (at) => `${at} (${min} to ${max})`,
  });
}

const valued = <T>(model: WidgetModel): OpenControl<T> => ({
  model,
  set(value) {
    model.set({ value });
  },
});

/**
 * A number that is dragged over orders of magnitude: `logSlider(1e-3, 1e3)`.
 * @throws UsageError for ends that are not above 0, or a start outside
 */
export function logSlider(min: number, max: number, options?: Partial<Omit<SliderOptions, "step">>): Widget<number> {
  if (!(min > 0)) throw new UsageError(`logSlider starts at ${min}`, "Give ends above 0: logSlider(0.001, 1000).");
  const scale = scaleOf("logSlider", min, max, { step: (max - min) / 100, ...options });
  // The ends of the state are powers of its base; a tenth of a power is one step.
  const powers = { base: 10, min: Math.log10(min), max: Math.log10(max), step: 0.1 };
  // What the client computes from a power may miss an end by a rounding.
  const near = (value: unknown): number | undefined =>
    typeof value === "number" && value > 0 ? Math.min(max, Math.max(min, value)) : undefined;
  return new Widget<number>({
    value: scale.value,
    label: scale.label,
    open(comms, name, value, changed, closed) {
      const state = { ...powers, value, readout_format: ".3g", ...look(name) };
      return valued(openWidget(comms, kindOf("FloatLogSlider"), state, { changed: onValue(near, changed), closed }));
    },
    check: (to) => {
      checkWithin("the slider can't go to", to, scale);
    },
    text: (at) => `${Number(at.toPrecision(3))} (${min} to ${max})`,
  });
}

/** From, to. */
export type Stretch = readonly [from: number, to: number];

/**
 * A stretch of numbers that is dragged at both its ends.
 * @throws UsageError for ends, a step or a start that make no sense
 */
export function rangeSlider(
  min: number,
  max: number,
  options?: Partial<Omit<SliderOptions, "value"> & { readonly value: Stretch }>,
): Widget<Stretch> {
  const { value: start = [min, max], ...rest } = options ?? {};
  const scale = { ...scaleOf("rangeSlider", min, max, { ...rest, value: start[0] }) };
  const check = ([from, to]: Stretch): void => {
    checkWithin("the slider can't go from", from, scale);
    checkWithin("the slider can't go to", to, { min: from, max });
  };
  check(start);
  const both = (value: unknown): Stretch | undefined => {
    if (!Array.isArray(value)) return undefined;
    const [from, to] = [read(value[0], scale), read(value[1], scale)];
    return from === undefined || to === undefined ? undefined : [from, to];
  };
  return new Widget<Stretch>({
    value: start,
    label: scale.label,
    open(comms, name, value, changed, closed) {
      const state = { min, max, step: scale.step, value, readout_format: format(scale), ...look(name) };
      const kind = kindOf(scale.integer && Number.isInteger(start[1]) ? "IntRangeSlider" : "FloatRangeSlider");
      return valued(openWidget(comms, kind, state, { changed: onValue(both, changed), closed }));
    },
    check,
    text: ([from, to]) => `${from} to ${to} (${min} to ${max})`,
  });
}

export interface PlayOptions extends SliderOptions {
  /** Between two numbers, in ms. Default 250. */
  readonly interval: number;
}

/**
 * Numbers one after the other, by themselves: buttons to play, pause and repeat, and a slider that moves along.
 * @throws UsageError for numbers that are not whole, and as `slider`
 */
export function play(min: number, max: number, options?: Partial<PlayOptions>): Widget<number> {
  const { interval = 250, ...rest } = options ?? {};
  const scale = scaleOf("play", min, max, rest);
  if (!scale.integer) throw new UsageError("play goes in whole numbers", "Give whole ends and a whole step.");
  if (!(interval > 0)) throw new UsageError(`play waits ${String(interval)} ms`, "Give an interval above 0, in ms.");
  const { step, value, label } = scale;
  return new Widget<number>({
    value,
    label,
    open: (comms, name, at, changed, closed) =>
      openPlayer(comms, name, { ...scale, value: at }, interval, changed, closed),
    check: (to) => {
      checkWithin("play can't go to", to, scale);
    },
    text: (at) => `${at} (${min} to ${max}, in steps of ${step})`,
  });
}

function openPlayer(
  comms: CommsHook,
  label: string,
  scale: Scale,
  interval: number,
  changed: (value: number) => unknown,
  closed: () => void,
): OpenControl<number> {
  const { min, max, step, value } = scale;
  const onMove = { changed: onValue((moved) => read(moved, scale), changed) };
  const playing = { min, max, step, value, interval, description: label, disabled: false, show_repeat: true };
  const playKind: WidgetKind = {
    model: "PlayModel",
    view: "PlayView",
    from: "controls",
    style: "DescriptionStyleModel",
  };
  const player = openWidget(comms, playKind, { ...playing, repeat: false, playing: false }, onMove);
  const sliding = { min, max, step, value, readout_format: "d", ...look(label) };
  const along = openWidget(comms, kindOf("IntSlider"), sliding, onMove);
  // In the client: the slider follows without waiting for the kernel.
  const link = openWidget(
    comms,
    { model: "LinkModel", from: "controls" },
    { source: [player.reference, "value"], target: [along.reference, "value"] },
  );
  const children = [player.reference, along.reference];
  const box = openWidget(
    comms,
    { model: "HBoxModel", view: "HBoxView", from: "controls" },
    { children, box_style: "" },
    { closed },
  );
  const model: WidgetModel = {
    ...box,
    close() {
      for (const part of [link, player, along, box]) part.close();
    },
  };
  return {
    model,
    set(to) {
      player.set({ value: to });
      along.set({ value: to });
    },
  };
}

/** A bar that cells move: `bar.value = 3`. For a loop's own bar see `progress`. */
export function progressBar(max: number, options?: Partial<Pick<SliderOptions, "value" | "label">>): Widget<number> {
  const scale = scaleOf("progressBar", 0, max, options);
  return new Widget<number>({
    value: scale.value,
    label: scale.label,
    open(comms, name, value, _changed, closed) {
      const kind: WidgetKind = {
        model: "FloatProgressModel",
        view: "ProgressView",
        from: "controls",
        style: "ProgressStyleModel",
      };
      const state = { min: 0, max, value, description: name, bar_style: "", orientation: "horizontal" };
      return valued(openWidget(comms, kind, state, { closed }));
    },
    check: (to) => {
      checkWithin("the bar can't go to", to, scale);
    },
    text: (at) => `${at} of ${max}`,
  });
}
