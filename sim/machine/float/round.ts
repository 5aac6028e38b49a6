import { infinity, largest, pack, zero, type FloatFormat } from "./format.js";

/** Rounding modes by their numbers in instructions and in frm (unprivileged ISA, "F" extension). */
export const rounding = { nearestEven: 0, towardZero: 1, down: 2, up: 3, nearestAway: 4 } as const;
export type Rounding = 0 | 1 | 2 | 3 | 4;

/** What an operation says beside its result: the bits of fflags. */
export const flags = { inexact: 1, underflow: 2, overflow: 4, divideByZero: 8, invalid: 16 } as const;

export interface Rounded {
  /** Unsigned, as wide as the format. */
  readonly bits: bigint;
  readonly flags: number;
}

/** How many bits a positive number has. */
export function bitLength(number: bigint): number {
  const hex = number.toString(16);
  return 4 * hex.length - Math.clz32(Number.parseInt(hex.charAt(0), 16)) + 28;
}

/** An integer in place of `significand × 2^-places`, and whether it is another number. */
export function roundToInteger(
  significand: bigint,
  places: number,
  negative: boolean,
  mode: Rounding,
): { readonly integer: bigint; readonly inexact: boolean } {
  if (places <= 0) return { integer: significand << BigInt(-places), inexact: false };
  const integer = significand >> BigInt(places);
  const rest = significand - (integer << BigInt(places));
  if (rest === 0n) return { integer, inexact: false };
  const half = 1n << BigInt(places - 1);
  return { integer: isUp() ? integer + 1n : integer, inexact: true };

  function isUp(): boolean {
    switch (mode) {
      case rounding.nearestEven:
        return rest > half || (rest === half && (integer & 1n) === 1n);
      case rounding.nearestAway:
        return rest >= half;
      case rounding.towardZero:
        return false;
      case rounding.down:
        return negative;
      case rounding.up:
        return !negative;
    }
  }
}

/**
 * The format's number for `significand × 2^exponent`, rounded once. Tininess is detected after rounding
 * (unprivileged ISA, "F" extension): an inexact result underflows if it would be below the smallest normal number though the
 * exponent had no end.
 */
export function round(
  format: FloatFormat,
  negative: boolean,
  significand: bigint,
  exponent: number,
  mode: Rounding,
): Rounded {
  if (significand === 0n) return { bits: zero(format, negative), flags: 0 };
  const { fractionBits, smallestExponent, largestExponent } = format;
  const leading = exponent + bitLength(significand) - 1;
  const at = (unit: number): ReturnType<typeof roundToInteger> =>
    roundToInteger(significand, unit - exponent, negative, mode);
  const unit = Math.max(leading, smallestExponent) - fractionBits;
  const { integer, inexact } = at(unit);
  const carried = integer === 1n << BigInt(fractionBits + 1);
  if (unit + fractionBits + (carried ? 1 : 0) > largestExponent) {
    const isInfinite =
      mode === rounding.nearestEven ||
      mode === rounding.nearestAway ||
      mode === (negative ? rounding.down : rounding.up);
    const bits = isInfinite ? infinity(format, negative) : largest(format, negative);
    return { bits, flags: flags.overflow | flags.inexact };
  }
  const bits = pack(format, negative, integer, unit);
  if (!inexact) return { bits, flags: 0 };
  const isTiny =
    leading < smallestExponent - 1 ||
    (leading === smallestExponent - 1 && at(leading - fractionBits).integer < 1n << BigInt(fractionBits + 1));
  return { bits, flags: isTiny ? flags.inexact | flags.underflow : flags.inexact };
}
