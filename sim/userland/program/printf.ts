import { encode, decodeBytes } from "./encoding.js";

/** What a format gave: bytes, one character each; errors; whether `\c` ended it. */
export interface Formatted {
  readonly text: string;
  readonly errors: readonly string[];
  readonly stopped: boolean;
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/**
 * Escapes of printf and echo, as bytes. `octal`: how octal numbers are written, `\101` in a format, `\0101` in the
 * arguments of %b and in echo's.
 */
export function unescape(
  text: string,
  octal: "\\ooo" | "\\0ooo",
): { readonly text: string; readonly stopped: boolean } {
  let out = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character !== "\\") {
      out += character;
      continue;
    }
    const next = text[at + 1];
    if (next === undefined) return { text: `${out}\\`, stopped: false };
    if (next === "c" && octal === "\\0ooo") return { text: out, stopped: true };
    const number = (octal === "\\0ooo" ? /^0([0-7]{0,3})/ : /^([0-7]{1,3})/).exec(text.slice(at + 1, at + 5));
    if (number !== null) {
      out += String.fromCharCode(Number.parseInt(number[1] === "" ? "0" : (number[1] ?? "0"), 8) & 0xff);
      at += number[0].length;
    } else {
      out += escapes[next] ?? `\\${next}`;
      at++;
    }
  }
  return { text: out, stopped: false };
}

/** printf(1): the format again and again until the arguments are used up. Text is taken as UTF-8. */
export function format(pattern: string, given: readonly string[]): Formatted {
  const asBytes = (text: string): string => decodeBytes(encode(text));
  const state = { next: 0, errors: [] as string[], given: given.map(asBytes) };
  let text = "";
  do {
    const before = state.next;
    const { out, stopped } = once(asBytes(pattern), state);
    text += out;
    if (stopped) return { text, errors: state.errors, stopped };
    if (state.next === before) break;
  } while (state.next < given.length);
  return { text, errors: state.errors, stopped: false };
}

interface State {
  next: number;
  readonly errors: string[];
  readonly given: readonly string[];
}

function once(pattern: string, state: State): { readonly out: string; readonly stopped: boolean } {
  let out = "";
  const take = (): string | undefined => state.given[state.next++];
  for (let at = 0; at < pattern.length;) {
    const character = pattern[at] ?? "";
    if (character === "\\") {
      const sequence = /^\\(?:[0-7]{1,3}|.)?/s.exec(pattern.slice(at))?.[0] ?? "\\";
      if (sequence === "\\c") return { out, stopped: true };
      out += unescape(sequence, "\\ooo").text;
      at += sequence.length;
      continue;
    }
    if (character !== "%") {
      out += character;
      at++;
      continue;
    }
    const directive = /^%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?([%bcdiouxXeEfFgGsq])/.exec(pattern.slice(at));
    if (directive === null) {
      const bad = /^%[-+ #0]*[\d.*]*.?/s.exec(pattern.slice(at))?.[0] ?? "%";
      state.errors.push(`${bad}: invalid directive`);
      return { out, stopped: true };
    }
    at += directive[0].length;
    let [, flags = "", width, precision] = directive;
    const kind = directive[4] ?? "";
    if (kind === "%") {
      out += "%";
      continue;
    }
    if (width === "*") {
      width = take() ?? "0";
      if (width.startsWith("-")) {
        flags += "-";
        width = width.slice(1);
      }
    }
    if (precision === "*") precision = take() ?? "0";
    const argument = take();
    if (kind === "b") {
      const { text, stopped } = unescape(argument ?? "", "\\0ooo");
      out += pad(precision === undefined ? text : text.slice(0, Number(precision)), flags.replace("0", ""), width);
      if (stopped) return { out, stopped };
      continue;
    }
    out += convert(kind, flags, width, precision, argument, state.errors);
  }
  return { out, stopped: false };
}

/** Fills up to a width, as flags say. @param zeros with zeros behind the sign */
export function pad(text: string, flags: string, width: string | undefined, zeros = false): string {
  const size = Number(width ?? 0);
  if (flags.includes("-")) return text.padEnd(size);
  if (!zeros) return text.padStart(size);
  const sign = /^[-+ ]?(?:0[xX])?/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(size - sign.length, "0");
}

function convert(
  kind: string,
  flags: string,
  width: string | undefined,
  precision: string | undefined,
  argument: string | undefined,
  errors: string[],
): string {
  switch (kind) {
    case "s":
    case "q": {
      const text = argument ?? "";
      return pad(precision === undefined ? text : text.slice(0, Number(precision)), flags, width);
    }
    case "c":
      return pad((argument ?? "").slice(0, 1), flags, width);
    case "d":
    case "i":
    case "u":
    case "o":
    case "x":
    case "X": {
      const digits = integer(kind, flags, precision, integerOf(argument, errors));
      return pad(digits, flags, width, flags.includes("0") && precision === undefined);
    }
    default: {
      const value = floatOf(argument, errors);
      const text = float(kind, flags, precision === undefined ? 6 : Number(precision), value);
      return pad(text, flags, width, flags.includes("0") && Number.isFinite(value));
    }
  }
}

/** strtoimax(3) with base 0, and 'c for a character's code. */
function integerOf(argument: string | undefined, errors: string[]): bigint {
  if (argument === undefined || argument === "") return 0n;
  if (/^['"]/.test(argument)) return BigInt(argument.charCodeAt(1) || 0);
  const found = /^\s*([-+]?)(0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(argument);
  if (found === null) {
    errors.push(`${argument}: expected numeric value`);
    return 0n;
  }
  const digits = found[2] ?? "0";
  const value = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (found[0].length < argument.length) errors.push(`${argument}: not completely converted`);
  return found[1] === "-" ? -value : value;
}

/** C's %d, %o, %x, %X and %u of 64 bits. */
export function integer(kind: string, flags: string, precision: string | undefined, value: bigint): string {
  const signed = kind === "d" || kind === "i";
  const magnitude = signed ? (value < 0n ? -value : value) : BigInt.asUintN(64, value);
  const base = kind === "o" ? 8 : kind === "x" || kind === "X" ? 16 : 10;
  let digits = magnitude.toString(base).padStart(Number(precision ?? 0), "0");
  if (precision !== undefined && Number(precision) === 0 && value === 0n) digits = "";
  if (flags.includes("#") && value !== 0n) digits = (base === 16 ? "0x" : base === 8 ? "0" : "") + digits;
  if (kind === "X") digits = digits.toUpperCase();
  const sign = !signed ? "" : value < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return sign + digits;
}

function floatOf(argument: string | undefined, errors: string[]): number {
  if (argument === undefined || argument === "") return 0;
  const text = argument.trim();
  if (/^[-+]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^[-+]?nan$/i.test(text)) return NaN;
  const found = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/.exec(text);
  if (found === null) {
    errors.push(`${argument}: expected numeric value`);
    return 0;
  }
  if (found[0].length < text.length) errors.push(`${argument}: not completely converted`);
  return Number(found[0]);
}

/** C's %e, %f and %g. */
export function float(kind: string, flags: string, precision: number, value: number): string {
  const upper = kind === kind.toUpperCase();
  const negative = value < 0 || Object.is(value, -0);
  const sign = negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  let text: string;
  const magnitude = Math.abs(value);
  if (!Number.isFinite(value)) text = Number.isNaN(value) ? "nan" : "inf";
  else if (kind === "f" || kind === "F") text = fixed(magnitude, precision);
  else if (kind === "e" || kind === "E") text = scientific(magnitude, precision);
  else {
    const digits = precision === 0 ? 1 : precision;
    const exponent = magnitude === 0 ? 0 : Number(magnitude.toExponential(digits - 1).split("e")[1]);
    const plain = exponent >= -4 && exponent < digits;
    text = plain ? fixed(magnitude, digits - 1 - exponent) : scientific(magnitude, digits - 1);
    if (!flags.includes("#") && text.includes(".")) text = text.replace(/\.?0+(?=e|$)/, "");
  }
  return sign + (upper ? text.toUpperCase() : text);
}

/** toFixed is exact below 1e21, and rounds halves up where C rounds what the number exactly is: they agree but for ties. */
function fixed(value: number, precision: number): string {
  if (value >= 1e21) return BigInt(value).toString() + (precision > 0 ? `.${"0".repeat(precision)}` : "");
  const text = value.toFixed(Math.min(precision, 100));
  const scaled = value * 10 ** precision;
  // An exact tie goes to the even digit.
  if (
    precision < 16 &&
    scaled - Math.floor(scaled) === 0.5 &&
    Number.isInteger(scaled * 2) &&
    Math.floor(scaled) % 2 === 0
  )
    if (scaled / 10 ** precision === value) return (Math.floor(scaled) / 10 ** precision).toFixed(precision);
  return text;
}

function scientific(value: number, precision: number): string {
  const [mantissa = "", exponent = "+0"] = value.toExponential(Math.min(precision, 100)).split("e");
  return `${mantissa}e${exponent.startsWith("-") ? "-" : "+"}${exponent.slice(1).padStart(2, "0")}`;
}
