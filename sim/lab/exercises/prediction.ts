import type { Value } from "../../core/index.js";

/** One step of the way to an answer, so that the place where a prediction leaves it can be named. */
export interface AnswerStep {
  readonly what: string;
  readonly value: Value;
}

export interface RevealOptions {
  /** The unit printed behind both numbers: "B", "ms". */
  readonly unit?: string;
  /** How far off still counts as right, as a share of the answer; 0 asks for the exact value. */
  readonly tolerance?: number;
  /** The steps that lead to the answer; those after the answer's own do not matter. */
  readonly steps?: readonly AnswerStep[];
  /** Values that known slips lead to: what went wrong → the value that comes out. */
  readonly slips?: Readonly<Record<string, Value>>;
}

const near = (a: Value, b: Value, tolerance: number): boolean =>
  typeof a === "number" && typeof b === "number" ? Math.abs(a - b) <= Math.abs(b) * tolerance : a === b;

function printed(value: Value, unit: string | undefined): string {
  const text = typeof value === "number" ? grouped(value) : String(value);
  return unit === undefined ? text : `${text} ${unit}`;
}

/** Whole numbers in full (1612800 → "1,612,800"), others to four digits. */
function grouped(value: number): string {
  const [whole = "", fraction] = String(Number.isInteger(value) ? value : Number(value.toPrecision(4))).split(".");
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? digits : `${digits}.${fraction}`;
}

/** A prediction beside the answer in words, with the step where they part as far as the numbers tell it. */
export function verdict(predicted: Value, actual: Value, options: RevealOptions): string {
  const { unit, tolerance = 0, steps = [], slips = {} } = options;
  const [yours, answer] = [printed(predicted, unit), printed(actual, unit)];
  if (near(predicted, actual, tolerance)) {
    return predicted === actual
      ? `You predicted ${yours}: right.`
      : `You predicted ${yours}; it is ${answer}: close enough.`;
  }
  const both = `You predicted ${yours}; it is ${answer}.`;
  const answered = steps.findIndex(({ value }) => value === actual);
  const stopped = steps.slice(0, Math.max(0, answered)).findIndex(({ value }) => near(predicted, value, tolerance));
  const [reached, missing] = [steps[stopped], steps[stopped + 1]];
  if (reached !== undefined && missing !== undefined) {
    return `${both} Yours is the ${reached.what}; the step from there to the ${missing.what} is missing.`;
  }
  const slip = Object.entries(slips).find(([, value]) => near(predicted, value, tolerance));
  if (slip !== undefined) return `${both} Yours comes out when ${slip[0]}.`;
  if (typeof predicted !== "number" || typeof actual !== "number" || predicted * actual <= 0) return both;
  const ratio = Math.abs(predicted / actual);
  return ratio > 1
    ? `${both} Yours is ${grouped(Number(ratio.toPrecision(2)))} times too large.`
    : `${both} Yours is ${grouped(Number((1 / ratio).toPrecision(2)))} times too small.`;
}
