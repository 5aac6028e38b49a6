import type { Value } from "../../core/index.js";

/** The arguments and results of exercises are plain data, so that they can be printed and compared. */
export type Datum = Value | undefined | readonly Datum[] | { readonly [key: string]: Datum };

/**
 * A programming exercise: the student writes a function, the course knows one that is right and some that go wrong in
 * a known way. What a check says comes from running them, so a problem holds no expected values.
 */
export interface Problem<Solution extends (...args: never[]) => Datum> {
  readonly title: string;
  readonly statement: string;
  /** Shown one after the other, the last one just short of the answer. */
  readonly hints: readonly string[];
  /** Public examples, each with what it is about: "an unmapped cluster". */
  readonly examples: readonly { readonly about: string; readonly args: Readonly<Parameters<Solution>> }[];
  readonly reference: Solution;
  /** Solutions with one slip each: who answers like them is told which step to look at. */
  readonly slips: readonly { readonly step: string; readonly solution: Solution }[];
}

/** Equality of plain data, by value; a number equals itself, NaN included. */
export function same(a: Datum, b: Datum): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return left.length === right.length && left.every(([key, value]) => same(value, (b as Record<string, Datum>)[key]));
}

/** Plain data as a student would type it. */
export function print(datum: Datum): string {
  if (datum === undefined) return "undefined";
  if (typeof datum === "string") return JSON.stringify(datum);
  if (typeof datum !== "object" || datum === null) return String(datum);
  if (Array.isArray(datum)) return `[${datum.map(print).join(", ")}]`;
  return `{ ${Object.entries(datum)
    .map(([key, value]) => `${key}: ${print(value)}`)
    .join(", ")} }`;
}
