import {
  canonicalNan,
  floatFormats,
  infinity,
  signBit,
  unpack,
  zero,
  type Float,
  type FloatFormat,
  type FloatWidth,
} from "./format.js";
import { bitLength, flags, round, rounding, roundToInteger, type Rounded, type Rounding } from "./round.js";

type Finite = Extract<Float, { kind: "finite" }>;

const exactly = (bits: bigint): Rounded => ({ bits, flags: 0 });

/** The result of what has none, or of what NaNs take part in: signaling ones are invalid operands. */
function noNumber(format: FloatFormat, ...operands: readonly Float[]): Rounded {
  const isInvalid = operands.every(({ kind }) => kind !== "nan") || operands.some(isSignaling);
  return { bits: canonicalNan(format), flags: isInvalid ? flags.invalid : 0 };
}

const isSignaling = (float: Float): boolean => float.kind === "nan" && float.signaling;
const isZero = (float: Float): boolean => float.kind === "finite" && float.significand === 0n;

/** a + b, exact but for the one rounding. */
function sum(format: FloatFormat, a: Finite, b: Finite, mode: Rounding): Rounded {
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = ({ negative, significand, exponent: own }: Finite): bigint => {
    const magnitude = significand << BigInt(own - exponent);
    return negative ? -magnitude : magnitude;
  };
  const exact = scaled(a) + scaled(b);
  if (exact === 0n) {
    // IEEE 754-2019, 6.3: opposite zeros, or numbers that cancel out, give +0 unless rounding goes down.
    const negative = a.negative === b.negative ? a.negative : mode === rounding.down;
    return exactly(zero(format, negative));
  }
  return round(format, exact < 0n, exact < 0n ? -exact : exact, exponent, mode);
}

function product(a: Finite, b: Finite): Finite {
  return {
    kind: "finite",
    negative: a.negative !== b.negative,
    significand: a.significand * b.significand,
    exponent: a.exponent + b.exponent,
  };
}

function add(format: FloatFormat, a: Float, b: Float, mode: Rounding): Rounded {
  if (a.kind === "nan" || b.kind === "nan") return noNumber(format, a, b);
  if (a.kind === "infinite") {
    if (b.kind === "infinite" && a.negative !== b.negative) return noNumber(format, a, b);
    return exactly(infinity(format, a.negative));
  }
  if (b.kind === "infinite") return exactly(infinity(format, b.negative));
  return sum(format, a, b, mode);
}

function multiply(format: FloatFormat, a: Float, b: Float, mode: Rounding): Rounded {
  if (a.kind === "nan" || b.kind === "nan") return noNumber(format, a, b);
  if (a.kind === "infinite" || b.kind === "infinite") {
    if (isZero(a) || isZero(b)) return noNumber(format, a, b);
    return exactly(infinity(format, a.negative !== b.negative));
  }
  const { negative, significand, exponent } = product(a, b);
  return round(format, negative, significand, exponent, mode);
}

function multiplyAdd(format: FloatFormat, a: Float, b: Float, c: Float, mode: Rounding): Rounded {
  const isInvalid = (a.kind === "infinite" && isZero(b)) || (isZero(a) && b.kind === "infinite");
  // RISC-V asks for the invalid flag even where the addend is a quiet NaN.
  if (isInvalid) return { bits: canonicalNan(format), flags: flags.invalid };
  if (a.kind === "nan" || b.kind === "nan" || c.kind === "nan") return noNumber(format, a, b, c);
  if (a.kind === "infinite" || b.kind === "infinite")
    return add(format, { kind: "infinite", negative: a.negative !== b.negative }, c, mode);
  return add(format, product(a, b), c, mode);
}

function divide(format: FloatFormat, a: Float, b: Float, mode: Rounding): Rounded {
  if (a.kind === "nan" || b.kind === "nan") return noNumber(format, a, b);
  const negative = a.negative !== b.negative;
  if (a.kind === "infinite")
    return b.kind === "infinite" ? noNumber(format, a, b) : exactly(infinity(format, negative));
  if (b.kind === "infinite") return exactly(zero(format, negative));
  if (isZero(b))
    return isZero(a) ? noNumber(format, a, b) : { bits: infinity(format, negative), flags: flags.divideByZero };
  if (isZero(a)) return exactly(zero(format, negative));
  const more = BigInt(Math.max(0, format.fractionBits + 3 + bitLength(b.significand) - bitLength(a.significand)));
  const scaled = a.significand << more;
  const quotient = scaled / b.significand;
  return round(
    format,
    negative,
    withRest(quotient, scaled !== quotient * b.significand),
    a.exponent - Number(more) - b.exponent - 1,
    mode,
  );
}

/** Twice the number, and a bit for what is left of it: as good for rounding as all the digits that would follow. */
const withRest = (number: bigint, isMore: boolean): bigint => (number << 1n) | (isMore ? 1n : 0n);

function squareRoot(format: FloatFormat, a: Float, mode: Rounding): Rounded {
  if (a.kind === "nan") return noNumber(format, a);
  if (isZero(a)) return exactly(zero(format, a.negative));
  if (a.negative) return noNumber(format, a);
  if (a.kind === "infinite") return exactly(infinity(format, false));
  // Room for the digits of the root, the exponent even.
  let more = 2 * (format.fractionBits + 3);
  if ((a.exponent - more) % 2 !== 0) more++;
  const scaled = a.significand << BigInt(more);
  const root = integerRoot(scaled);
  return round(format, false, withRest(root, root * root !== scaled), (a.exponent - more) / 2 - 1, mode);
}

/** The largest integer whose square is not above the number, by Newton's method from above. */
function integerRoot(number: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(bitLength(number) / 2));
  for (;;) {
    const next = (root + number / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** −1, 0 or 1; undefined where one is a NaN. Zeros are equal. */
function compare(a: Float, b: Float): number | undefined {
  if (a.kind === "nan" || b.kind === "nan") return undefined;
  const direction = (float: Exclude<Float, { kind: "nan" }>): number => (isZero(float) ? 0 : float.negative ? -1 : 1);
  if (direction(a) !== direction(b)) return Math.sign(direction(a) - direction(b));
  if (direction(a) === 0) return 0;
  return direction(a) * magnitudes(a, b);
}

function magnitudes(a: Exclude<Float, { kind: "nan" }>, b: Exclude<Float, { kind: "nan" }>): number {
  if (a.kind === "infinite" || b.kind === "infinite")
    return Number(a.kind === "infinite") - Number(b.kind === "infinite");
  const exponent = Math.min(a.exponent, b.exponent);
  const left = a.significand << BigInt(a.exponent - exponent);
  const right = b.significand << BigInt(b.exponent - exponent);
  return left === right ? 0 : left < right ? -1 : 1;
}

/** @param isQuiet whether NaNs that don't signal are valid operands */
function ordered(a: Float, b: Float, isQuiet: boolean, holds: (order: number) => boolean): Rounded {
  const order = compare(a, b);
  if (order !== undefined) return exactly(holds(order) ? 1n : 0n);
  const isInvalid = !isQuiet || isSignaling(a) || isSignaling(b);
  return { bits: 0n, flags: isInvalid ? flags.invalid : 0 };
}

/** IEEE 754-2019's minimumNumber (sign −1) or maximumNumber (1): a number wins over a NaN; −0 is below +0. */
function extreme(format: FloatFormat, sign: 1 | -1, a: bigint, b: bigint): Rounded {
  const [left, right] = [unpack(format, a), unpack(format, b)];
  const invalid = isSignaling(left) || isSignaling(right) ? flags.invalid : 0;
  if (left.kind === "nan") return { bits: right.kind === "nan" ? canonicalNan(format) : b, flags: invalid };
  if (right.kind === "nan") return { bits: a, flags: invalid };
  const order = compare(left, right) ?? 0;
  const isLeftLess = order < 0 || (order === 0 && left.negative);
  return { bits: isLeftLess === (sign === -1) ? a : b, flags: 0 };
}

/** To an integer of `width` bits, what doesn't fit to the nearest that does (unprivileged ISA, table "Domains of float-to-integer conversions"). */
function toInteger(a: Float, isSigned: boolean, width: number, mode: Rounding): Rounded {
  const highest = (1n << BigInt(isSigned ? width - 1 : width)) - 1n;
  const lowest = isSigned ? -highest - 1n : 0n;
  const clamped = (bits: bigint): Rounded => ({ bits, flags: flags.invalid });
  if (a.kind === "nan") return clamped(highest);
  if (a.kind === "infinite") return clamped(a.negative ? lowest : highest);
  // Far beyond every integer: not to be shifted there.
  if (a.exponent > width && !isZero(a)) return clamped(a.negative ? lowest : highest);
  const { integer, inexact } = roundToInteger(a.significand, -a.exponent, a.negative, mode);
  const value = a.negative ? -integer : integer;
  if (value > highest) return clamped(highest);
  if (value < lowest) return clamped(lowest);
  return { bits: value, flags: inexact ? flags.inexact : 0 };
}

function fromInteger(format: FloatFormat, value: bigint, mode: Rounding): Rounded {
  return round(format, value < 0n, value < 0n ? -value : value, 0, mode);
}

function convert(format: FloatFormat, a: Float, mode: Rounding): Rounded {
  switch (a.kind) {
    case "nan":
      return noNumber(format, a);
    case "infinite":
      return exactly(infinity(format, a.negative));
    case "finite":
      return round(format, a.negative, a.significand, a.exponent, mode);
  }
}

/** One bit of ten for the class (unprivileged ISA, table "Format of result of FCLASS"). */
function classify(format: FloatFormat, bits: bigint): bigint {
  const a = unpack(format, bits);
  if (a.kind === "nan") return a.signaling ? 1n << 8n : 1n << 9n;
  const size = a.kind === "infinite" ? 3 : isZero(a) ? 0 : a.significand >> BigInt(format.fractionBits) === 0n ? 1 : 2;
  return 1n << BigInt(a.negative ? 3 - size : 4 + size);
}

export type FloatOperation =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "squareRoot"
  /** first × second + third, rounded once */
  | "multiplyAdd"
  | "minimum"
  | "maximum"
  | "equal"
  | "less"
  | "lessOrEqual"
  | "classify"
  | "toInt32"
  | "toUint32"
  | "toInt64"
  | "toUint64"
  | "fromInt32"
  | "fromUint32"
  | "fromInt64"
  | "fromUint64"
  /** From the other format to the one named. */
  | "convert";

/**
 * What an operation gives, and which flags it raises.
 *
 * Sources: IEEE 754-2019; unprivileged ISA, "F" and "D" extensions.
 *
 * @param width of the floating-point operands, and of a floating-point result; of `convert` that of its result
 * @param operands numbers whose low bits are meant
 * @param mode of those that round
 * @returns the result as a signed number of 64 bits: a float's bits zero-extended, an integer of 32 bits sign-extended
 */
export function computeFloat(
  operation: FloatOperation,
  width: FloatWidth,
  operands: readonly bigint[],
  mode: Rounding,
): Rounded {
  const { bits, flags } = compute(operation, floatFormats[width], operands, mode);
  const isWord = operation === "toInt32" || operation === "toUint32";
  return { bits: BigInt.asIntN(isWord ? 32 : 64, bits), flags };
}

function compute(operation: FloatOperation, format: FloatFormat, operands: readonly bigint[], mode: Rounding): Rounded {
  const bits = (index: number, { width } = format): bigint => BigInt.asUintN(width, operands[index] ?? 0n);
  const float = (index: number): Float => unpack(format, bits(index));
  const integer = (width: number): bigint => BigInt.asIntN(width, operands[0] ?? 0n);
  const natural = (width: number): bigint => BigInt.asUintN(width, operands[0] ?? 0n);
  switch (operation) {
    case "add":
      return add(format, float(0), float(1), mode);
    case "subtract":
      return add(format, float(0), unpack(format, bits(1) ^ signBit(format)), mode);
    case "multiply":
      return multiply(format, float(0), float(1), mode);
    case "divide":
      return divide(format, float(0), float(1), mode);
    case "squareRoot":
      return squareRoot(format, float(0), mode);
    case "multiplyAdd":
      return multiplyAdd(format, float(0), float(1), float(2), mode);
    case "minimum":
      return extreme(format, -1, bits(0), bits(1));
    case "maximum":
      return extreme(format, 1, bits(0), bits(1));
    case "equal":
      return ordered(float(0), float(1), true, (order) => order === 0);
    case "less":
      return ordered(float(0), float(1), false, (order) => order < 0);
    case "lessOrEqual":
      return ordered(float(0), float(1), false, (order) => order <= 0);
    case "classify":
      return exactly(classify(format, bits(0)));
    case "toInt32":
      return toInteger(float(0), true, 32, mode);
    case "toUint32":
      return toInteger(float(0), false, 32, mode);
    case "toInt64":
      return toInteger(float(0), true, 64, mode);
    case "toUint64":
      return toInteger(float(0), false, 64, mode);
    case "fromInt32":
      return fromInteger(format, integer(32), mode);
    case "fromUint32":
      return fromInteger(format, natural(32), mode);
    case "fromInt64":
      return fromInteger(format, integer(64), mode);
    case "fromUint64":
      return fromInteger(format, natural(64), mode);
    case "convert": {
      const other = floatFormats[format.width === 32 ? 64 : 32];
      return convert(format, unpack(other, bits(0, other)), mode);
    }
  }
}
