import { invariant } from "./errors.js";

/**
 * Logarithm and exponential whose every bit is the same on every machine.
 *
 * ECMAScript leaves Math.log, Math.exp, Math.pow and their kin "implementation-approximated" (ECMA-262, section 21.3.2),
 * so two engines, or two releases of one, may differ in the last bit: enough for two runs of one seed to part. The four
 * operations are exact IEEE 754 binary64 everywhere, and every engine in use rounds Math.sqrt correctly. What follows
 * uses only those, over textbook series. The tests hold the error below 2 units in the last place.
 */

const view = new DataView(new ArrayBuffer(8));

/** ln 2 as a sum. The first part ends in 21 zero bits, so that its product with a binary exponent is exact. */
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/** 2 ** exponent, for the exponents of normal numbers. */
function powerOfTwo(exponent: number): number {
  view.setInt32(0, (exponent + 1023) << 20);
  view.setInt32(4, 0);
  return view.getFloat64(0);
}

/**
 * The natural logarithm of a normal number above 0.
 *
 * With x = m·2^e and m within √½ … √2: ln x = e·ln 2 + 2 artanh s, s = (m − 1)/(m + 1), by the series of artanh
 * (Abramowitz and Stegun, 4.1.27), which in s² ≤ 0.0295 is below half a unit after ten terms. With f = m − 1, which is
 * exact, 2s = f − s·f takes the division's error out of the leading term.
 */
export function log(x: number): number {
  invariant(x >= 2 ** -1022 && x < Infinity, "the logarithm of what is no normal number above 0");
  view.setFloat64(0, x);
  const high = view.getInt32(0);
  let exponent = (high >> 20) - 1023;
  view.setInt32(0, (high & 0xfffff) | (1023 << 20));
  let m = view.getFloat64(0);
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  const f = m - 1;
  const s = f / (m + 1);
  const z = s * s;
  let sum = (2 / 21) * z;
  sum = (sum + 2 / 19) * z;
  sum = (sum + 2 / 17) * z;
  sum = (sum + 2 / 15) * z;
  sum = (sum + 2 / 13) * z;
  sum = (sum + 2 / 11) * z;
  sum = (sum + 2 / 9) * z;
  sum = (sum + 2 / 7) * z;
  sum = (sum + 2 / 5) * z;
  sum = (sum + 2 / 3) * z;
  return exponent * ln2High + (f - (s * (f - sum) - exponent * ln2Low));
}

/**
 * e to the power of x; 0 or Infinity beyond what a normal number holds.
 *
 * With x = k·ln 2 + r and |r| ≤ ½ ln 2: e^x = 2^k · e^r, by the series of e^r (Abramowitz and Stegun, 4.2.1), which is
 * below half a unit after thirteen terms. The reduction in two parts is W. J. Cody and W. Waite's, "Software Manual for
 * the Elementary Functions", 1980.
 */
export function exp(x: number): number {
  if (x > 709) return Infinity;
  if (x < -708) return 0;
  const k = Math.floor(x / Math.LN2 + 0.5);
  const r = x - k * ln2High - k * ln2Low;
  let sum = 0;
  for (let n = 13; n >= 2; n--) sum = ((sum + 1) * r) / n;
  return (1 + (r + r * sum)) * powerOfTwo(k);
}

/** ln(1 + x), exact to a few units for small x too (W. Kahan's correction of the rounding of 1 + x). */
export function log1p(x: number): number {
  const u = 1 + x;
  return u === 1 ? x : (log(u) * x) / (u - 1);
}

/** ln(k!) of a whole number, by Stirling's series (Abramowitz and Stegun, 6.1.41), below 16 by summing. */
export function logFactorial(k: number): number {
  if (k < 16) {
    let product = 1;
    for (let n = 2; n <= k; n++) product *= n;
    return log(product);
  }
  const r = 1 / k;
  const z = r * r;
  const tail = r * (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z / 1680)));
  return (k + 0.5) * log(k) - k + 0.9189385332046727 + tail; // ½ ln 2π
}
