import { float, integer, pad } from "../program/printf.js";

/** Text that came from outside (a field, a line, an argument): a number where it looks like one. */
export class Input {
  readonly text: string;
  #number: number | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Undefined where it doesn't look like a number. */
  get number(): number | undefined {
    return (this.#number ??= numeric.test(this.text) ? toNumber(this.text) : undefined);
  }
}

/** Undefined is what a variable has that nobody set: "" and 0. Text is bytes, one character each. */
export type Value = number | string | Input | undefined;

const numeric = /^[ \t\n]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[ \t\n]*$/;
const leading = /^[ \t\n\r\f\v]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/;

/** strtod(3) of what a text begins with. */
export function toNumber(value: Value): number {
  if (typeof value === "number") return value;
  if (value === undefined) return 0;
  const text = typeof value === "string" ? value : value.text;
  return Number(leading.exec(text)?.[1] ?? 0);
}

/** @param how CONVFMT, or OFMT where it is printed */
export function toText(value: Value, how: string): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  if (typeof value !== "number") return value.text;
  // mawk writes whole numbers of 32 bits as such, larger ones as all others.
  if (Number.isInteger(value) && Math.abs(value) <= 0x7fff_ffff) return Object.is(value, -0) ? "-0" : String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  return format(how, [value], how);
}

export function isTrue(value: Value): boolean {
  if (typeof value === "number") return value !== 0;
  if (typeof value === "string") return value !== "";
  if (value === undefined) return false;
  return value.number === undefined ? value.text !== "" : value.number !== 0;
}

/** Numbers where both are, or look like it; else by their bytes. */
export function compare(a: Value, b: Value, how: string): number {
  const number = (value: Value): number | undefined =>
    value === undefined ? 0 : typeof value === "object" ? value.number : typeof value === "number" ? value : undefined;
  const [one, other] = [number(a), number(b)];
  if (one !== undefined && other !== undefined) return one < other ? -1 : one > other ? 1 : 0;
  const [left, right] = [toText(a, how), toText(b, how)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A whole number of 64 bits, as C's conversion clamps it. */
function whole(value: number): bigint {
  if (Number.isNaN(value)) return -(2n ** 63n);
  if (!Number.isFinite(value)) return value > 0 ? 2n ** 63n - 1n : -(2n ** 63n);
  const exact = BigInt(Math.trunc(value));
  return exact > 2n ** 63n - 1n ? 2n ** 63n - 1n : exact < -(2n ** 63n) ? -(2n ** 63n) : exact;
}

/** sprintf. @param how CONVFMT @throws RangeError with words, where there are too few values */
export function format(pattern: string, values: readonly Value[], how: string): string {
  let next = 0;
  const take = (): Value => {
    if (next >= values.length) throw new RangeError(`not enough arguments passed to sprintf("${pattern}")`);
    return values[next++];
  };
  return pattern.replace(
    /%(?:%|([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?[hlLqjzt]*([a-zA-Z]))/g,
    (directive, flags = "", width?: string, precision?: string, kind?: string) => {
      if (kind === undefined) return "%";
      let shown = String(flags);
      let [size, digits]: (string | undefined)[] = [width, precision];
      if (size === "*") {
        const given = Math.trunc(toNumber(take()));
        if (given < 0) shown += "-";
        size = String(Math.abs(given));
      }
      if (digits === "*") digits = String(Math.trunc(toNumber(take())));
      switch (kind) {
        case "c": {
          const value = take();
          const code = typeof value === "number" ? value : typeof value === "object" ? value.number : undefined;
          const text =
            code === undefined ? toText(value, how).slice(0, 1) : String.fromCharCode(Math.trunc(code) & 255);
          return pad(text, shown, size);
        }
        case "s": {
          const text = toText(take(), how);
          return pad(digits === undefined ? text : text.slice(0, Number(digits)), shown, size);
        }
        case "d":
        case "i":
        case "o":
        case "x":
        case "X":
        case "u": {
          const value = toNumber(take());
          const text = integer(kind, shown, digits, whole(value));
          return pad(text, shown, size, shown.includes("0") && digits === undefined);
        }
        case "e":
        case "E":
        case "f":
        case "F":
        case "g":
        case "G": {
          const value = toNumber(take());
          const text = float(kind, shown, digits === undefined ? 6 : Number(digits), value);
          return pad(text, shown, size, shown.includes("0") && Number.isFinite(value));
        }
        default:
          return directive;
      }
    },
  );
}
