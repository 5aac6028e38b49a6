import { posixExpression } from "../commands/basic-expressions.js";
import { Input, toNumber, toText, type Value } from "./values.js";

export type AwkArray = Map<string, Value>;

/** A variable: a value, an array, or nothing yet. A parameter that was given a name without either shares its array. */
export interface Slot {
  value: Value;
  array: AwkArray | undefined;
  /** Whose array it becomes, if it becomes one. */
  readonly source: Slot | undefined;
}

export const newSlot = (value?: Value, source?: Slot): Slot => ({ value, array: source?.array, source });

/** A slot's array, made where it is none yet. */
export function arrayOf(slot: Slot): AwkArray {
  return (slot.array ??= slot.source === undefined ? new Map<string, Value>() : arrayOf(slot.source));
}

const expressions = new Map<string, RegExp>();
const keptExpressions = 500;

/** An extended regular expression, kept for the next time. @throws SyntaxError */
export function expressionOf(pattern: string): RegExp {
  let found = expressions.get(pattern);
  if (found === undefined) {
    if (expressions.size >= keptExpressions) expressions.clear();
    found = posixExpression(pattern, true);
    expressions.set(pattern, found);
  }
  return found;
}

/** Parts of a text as FS says: a blank for runs of blanks, one character for itself, else an expression. */
export function splitFields(text: string, separator: string, paragraphs = false): string[] {
  if (separator === " ") return text.split(/[ \t\n]+/).filter((part) => part !== "");
  if (text === "") return [];
  if (separator === "") return Array.from({ length: text.length }, (_, at) => text.charAt(at));
  // In paragraphs a newline parts fields, whatever FS is.
  if (separator.length === 1 && separator !== "\\" && !paragraphs) return text.split(separator);
  const plain = separator.length === 1 ? separator.replace(/[\\^$.*+?()[\]{}|]/, "\\$&") : separator;
  const expression = expressionOf(paragraphs ? `${plain}|\n` : plain);
  const parts: string[] = [];
  let from = 0;
  const all = new RegExp(expression.source, "sug");
  for (const found of text.matchAll(all)) {
    if (found[0] === "") continue;
    parts.push(text.slice(from, found.index));
    from = found.index + found[0].length;
  }
  return [...parts, text.slice(from)];
}

/** The record and its fields; each is made of the other when it is asked for. */
export class Fields {
  #record = "";
  #recordValue: Value = new Input("");
  #fields: Value[] | undefined;
  #stale = false;
  readonly #text: (name: "FS" | "OFS" | "RS" | "CONVFMT") => string;

  constructor(text: (name: "FS" | "OFS" | "RS" | "CONVFMT") => string) {
    this.#text = text;
  }

  setRecord(text: string): void {
    this.#record = text;
    this.#recordValue = new Input(text);
    this.#fields = undefined;
    this.#stale = false;
  }

  get count(): number {
    return this.#split().length;
  }

  /** NF: fields behind it go, new ones are empty. */
  set count(count: number) {
    const fields = this.#split();
    while (fields.length < count) fields.push(undefined);
    fields.length = count;
    this.#stale = true;
  }

  get(number: number): Value {
    if (number !== 0) return this.#split()[number - 1];
    if (this.#stale) {
      this.#record = this.#split()
        .map((field) => toText(field, this.#text("CONVFMT")))
        .join(this.#text("OFS"));
      this.#recordValue = new Input(this.#record);
      this.#stale = false;
    }
    return this.#recordValue;
  }

  set(number: number, value: Value): void {
    if (number === 0) {
      this.setRecord(toText(value, this.#text("CONVFMT")));
      return;
    }
    const fields = this.#split();
    while (fields.length < number) fields.push(undefined);
    fields[number - 1] = value;
    this.#stale = true;
  }

  #split(): Value[] {
    return (this.#fields ??= splitFields(this.#record, this.#text("FS"), this.#text("RS") === "").map(
      (part) => new Input(part),
    ));
  }
}

/** A whole number of what may be any value. */
export const wholeOf = (value: Value): number => Math.trunc(toNumber(value));
