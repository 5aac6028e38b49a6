/** Logarithm and exponential to two hundred bits, in fixed point, as the measure for the simulator's own. */
const bits = 200n;
const one = 1n << bits;

/** A double as a fixed-point number: exact, for those that are not too small. */
export function fixed(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const raw = view.getBigUint64(0);
  const exponent = (raw >> 52n) & 0x7ffn;
  const mantissa = (raw & ((1n << 52n) - 1n)) | (exponent > 0n ? 1n << 52n : 0n);
  const shift = (exponent > 0n ? exponent : 1n) - 1075n + bits;
  const size = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return raw >> 63n === 1n ? -size : size;
}

/** 2 artanh(s) by its series. */
function twiceArtanh(s: bigint): bigint {
  const square = (s * s) >> bits;
  let sum = 0n;
  let power = s;
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += power / n;
    power = (power * square) >> bits;
  }
  return 2n * sum;
}

const ln2 = twiceArtanh(one / 3n);

export function preciseLog(x: number): bigint {
  let m = fixed(x);
  let exponent = 0n;
  for (; m >= 2n * one; exponent++) m >>= 1n;
  for (; m < one; exponent--) m <<= 1n;
  return exponent * ln2 + twiceArtanh(((m - one) << bits) / (m + one));
}

export function preciseExp(x: number): bigint {
  // Halved ten times, summed, and squared ten times.
  const r = fixed(x) >> 10n;
  let sum = 0n;
  let term = one;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    sum += term;
    term = ((term * r) >> bits) / n;
  }
  for (let n = 0; n < 10; n++) sum = (sum * sum) >> bits;
  return sum;
}

/** How many units in the last place `found` is away from `exact`. */
export function unitsOff(found: number, exact: bigint): number {
  const exponent = Math.floor(Math.log2(Math.abs(found)));
  const unit = 2 ** (Math.max(exponent, -1022) - 52);
  return Number(((fixed(found) - exact) << 20n) / fixed(unit)) / 2 ** 20;
}
