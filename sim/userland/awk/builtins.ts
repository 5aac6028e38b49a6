import { compare, format, isTrue, toNumber, toText, type Value } from "./values.js";

/** Functions of numbers and texts alone. @throws RangeError for a format without its values */
export function pureBuiltin(name: string, values: readonly Value[], how: string): Value {
  const [first, second, third] = values;
  const text = (value: Value): string => toText(value, how);
  switch (name) {
    case "length":
      return text(first).length;
    case "substr":
      return substring(text(first), toNumber(second), values.length > 2 ? toNumber(third) : Infinity);
    case "index":
      return text(first).indexOf(text(second)) + 1;
    case "sprintf":
      return format(text(first), values.slice(1), how);
    case "tolower":
      return text(first).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    case "toupper":
      return text(first).replace(/[a-z]+/g, (letters) => letters.toUpperCase());
    case "int":
      return Math.trunc(toNumber(first)) + 0;
    case "sin":
      return Math.sin(toNumber(first));
    case "cos":
      return Math.cos(toNumber(first));
    case "atan2":
      return Math.atan2(toNumber(first), toNumber(second));
    case "exp":
      return Math.exp(toNumber(first));
    case "log":
      return Math.log(toNumber(first));
    default:
      return Math.sqrt(toNumber(first));
  }
}

/** Characters from a place, counted from 1; places are rounded, and those outside hold nothing. */
function substring(text: string, place: number, length: number): string {
  const start = Number.isNaN(place) ? NaN : roundEven(place);
  const end = length === Infinity ? Infinity : roundEven(place + length);
  const [from, to] = [Math.max(start, 1), Math.min(end, text.length + 1)];
  return to > from ? text.slice(from - 1, to - 1) : "";
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

/** What of a binary operator a value is; a blank is concatenation. */
export function operate(operator: string, left: Value, right: Value, how: string): Value {
  switch (operator) {
    case " ":
      return toText(left, how) + toText(right, how);
    case "+":
      return toNumber(left) + toNumber(right);
    case "-":
      return toNumber(left) - toNumber(right);
    case "*":
      return toNumber(left) * toNumber(right);
    case "/":
      return toNumber(left) / toNumber(right);
    case "%":
      return toNumber(left) % toNumber(right);
    case "^":
      return toNumber(left) ** toNumber(right);
    case "<":
      return Number(compare(left, right, how) < 0);
    case "<=":
      return Number(compare(left, right, how) <= 0);
    case "==":
      return Number(compare(left, right, how) === 0);
    case "!=":
      return Number(compare(left, right, how) !== 0);
    case ">":
      return Number(compare(left, right, how) > 0);
    default:
      return Number(compare(left, right, how) >= 0);
  }
}

export const negated = (operator: "!" | "-" | "+", value: Value): number =>
  operator === "!" ? Number(!isTrue(value)) : operator === "-" ? -toNumber(value) : toNumber(value);

/** What a replacement stands for: & is what matched, \& a plain one. */
const replacement = (pattern: string, matched: string): string =>
  pattern.replace(/\\\\|\\&|&/g, (one) => (one === "&" ? matched : one.slice(1)));

/** sub and gsub. @returns the new text, and how often it was replaced */
export function substitute(
  expression: RegExp,
  by: string,
  text: string,
  all: boolean,
): { readonly text: string; readonly count: number } {
  let [out, from, count] = ["", 0, 0];
  const each = new RegExp(expression.source, "sug");
  let last = -1;
  for (const found of text.matchAll(each)) {
    const [matched] = found;
    // Nothing matches nothing right behind a match.
    if (matched === "" && found.index === last) continue;
    out += text.slice(from, found.index) + replacement(by, matched);
    from = found.index + matched.length;
    last = from;
    count++;
    if (!all) break;
  }
  return { text: out + text.slice(from), count };
}

/** rand(3)'s place: a linear congruential generator (Knuth's MMIX), so that a seed gives the same numbers everywhere. */
export class Random {
  #seed = 0;
  #state = 0n;

  constructor() {
    this.seed(0);
  }

  /** @returns the seed before */
  seed(seed: number): number {
    const before = this.#seed;
    this.#seed = seed;
    this.#state = BigInt.asUintN(64, BigInt(Math.trunc(seed)) * 2654435761n + 88172645463325252n);
    return before;
  }

  /** At least 0, and less than 1. */
  next(): number {
    this.#state = BigInt.asUintN(64, this.#state * 6364136223846793005n + 1442695040888963407n);
    return Number(this.#state >> 11n) / 2 ** 53;
  }
}
