/** A binary interchange format of IEEE 754: a sign, a biased exponent, a fraction. */
export interface FloatFormat {
  /** Of a number, in bits. */
  readonly width: 32 | 64;
  readonly fractionBits: number;
  /** Of the smallest normal number. */
  readonly smallestExponent: number;
  /** Of the largest number: also what is added to an exponent to encode it. */
  readonly largestExponent: number;
}

export type FloatWidth = FloatFormat["width"];

/** binary32 and binary64 (IEEE 754-2019, table 3.5). */
export const floatFormats: Readonly<Record<FloatWidth, FloatFormat>> = {
  32: { width: 32, fractionBits: 23, smallestExponent: -126, largestExponent: 127 },
  64: { width: 64, fractionBits: 52, smallestExponent: -1022, largestExponent: 1023 },
};

/** What bits stand for: `significand × 2^exponent`, infinity, or no number. */
export type Float =
  | {
      readonly kind: "finite";
      readonly negative: boolean;
      readonly significand: bigint;
      readonly exponent: number;
    }
  | { readonly kind: "infinite"; readonly negative: boolean }
  | { readonly kind: "nan"; readonly signaling: boolean };

export const signBit = ({ width }: FloatFormat): bigint => 1n << BigInt(width - 1);
const hidden = ({ fractionBits }: FloatFormat): bigint => 1n << BigInt(fractionBits);
/** The biased exponent of infinities and NaNs. */
const top = ({ largestExponent }: FloatFormat): number => 2 * largestExponent + 1;

/** The one NaN that operations give (unprivileged ISA, "NaN Generation and Propagation"): positive, quiet, no payload. */
export function canonicalNan(format: FloatFormat): bigint {
  return infinity(format, false) | (hidden(format) >> 1n);
}

export function infinity(format: FloatFormat, negative: boolean): bigint {
  return signed(format, negative, BigInt(top(format)) << BigInt(format.fractionBits));
}

export function zero(format: FloatFormat, negative: boolean): bigint {
  return signed(format, negative, 0n);
}

/** The number next to infinity. */
export function largest(format: FloatFormat, negative: boolean): bigint {
  return infinity(format, negative) - 1n;
}

function signed(format: FloatFormat, negative: boolean, magnitude: bigint): bigint {
  return negative ? magnitude | signBit(format) : magnitude;
}

/** @param bits unsigned, as wide as the format */
export function unpack(format: FloatFormat, bits: bigint): Float {
  const negative = (bits & signBit(format)) !== 0n;
  const fraction = bits & (hidden(format) - 1n);
  const biased = Number((bits >> BigInt(format.fractionBits)) & BigInt(top(format)));
  if (biased === top(format)) {
    if (fraction === 0n) return { kind: "infinite", negative };
    return { kind: "nan", signaling: (fraction & (hidden(format) >> 1n)) === 0n };
  }
  const unit = Math.max(biased, 1) - format.largestExponent - format.fractionBits;
  return {
    kind: "finite",
    negative,
    significand: biased === 0 ? fraction : fraction | hidden(format),
    exponent: unit,
  };
}

/** The bits of `significand × 2^unit`, where the significand fits and the unit is one that the format has. */
export function pack(format: FloatFormat, negative: boolean, significand: bigint, unit: number): bigint {
  // A significand without the hidden bit is subnormal. One that rounding carried past its width raises the exponent.
  const biased = BigInt(unit + format.fractionBits + format.largestExponent);
  const magnitude =
    significand < hidden(format)
      ? significand
      : (biased << BigInt(format.fractionBits)) + (significand - hidden(format));
  return signed(format, negative, magnitude);
}
