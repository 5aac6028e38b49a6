import type { State } from "./state.js";
import { unescape, type Cursor } from "./cursor.js";
import { constantNow, parseExpression } from "./expression.js";
import { Mistake } from "./problem.js";
import type { Place } from "./statement.js";
import { encodeUtf8 } from "../../core/index.js";

/** What was parsed, and where it stands. */
export interface Placed<T> {
  readonly value: T;
  readonly place: Place;
}

/** The words from the next token to where the cursor is after the action. */
export function placed<T>(cursor: Cursor, action: () => T): Placed<T> {
  const { place } = cursor.peek();
  const value = action();
  const length = cursor.statement.text.slice(place.at, cursor.position).replace(/[\s,)]+$/, "").length;
  return { value, place: { ...place, length: Math.max(1, length) } };
}

/** A number that is known where it stands. */
export function constant(state: State, cursor: Cursor): Placed<bigint> {
  const { value: expression, place } = placed(cursor, () => parseExpression(cursor, state));
  const value = constantNow(expression);
  if (value !== undefined) return { value, place };
  throw new Mistake(place, "this has to be known here", "Take a number, or symbols that are defined before this line.");
}

/** Bytes that a source may ask for at once: a size beyond is a slip. */
const most = 2n ** 28n;

/** A number of bytes, or of times. */
export function count(state: State, cursor: Cursor): number {
  const { value, place } = constant(state, cursor);
  if (value < 0n || value > most) {
    throw new Mistake(
      place,
      `${value} is no size`,
      `Take 0 to ${most}; large memory belongs into .bss or to the machine.`,
    );
  }
  return Number(value);
}

/** One number after the other, with commas between them. */
export function each(cursor: Cursor, read: () => void): void {
  if (cursor.done) return;
  do read();
  while (cursor.accept(","));
  cursor.end('Put "," between two, or take it out.');
}

/** The bytes of the string that is next; neighbours without a comma belong together. */
export function stringBytes(cursor: Cursor): number[] {
  if (cursor.peek().kind !== "string") throw cursor.wrong("a string is missing", 'Write it in "".');
  const bytes: number[] = [];
  while (cursor.peek().kind === "string") bytes.push(...unescape(cursor.take().text.slice(1, -1), encodeUtf8));
  return bytes;
}
