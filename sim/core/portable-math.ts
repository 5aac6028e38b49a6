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

/** 2 ** (place − 1022), for the exponents of normal numbers. */
const powers = new Float64Array(2046);
powers.forEach((_, place) => (powers[place] = place === 0 ? 2 ** -1022 : (powers[place - 1] ?? 0) * 2));
const powerOfTwo = (exponent: number): number => powers[exponent + 1022] ?? 0;

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
  let exponent = (view.getInt32(0) >> 20) - 1023;
  let m = x * powerOfTwo(-exponent);
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  const f = m - 1;
  const s = f / (m + 1);
  const z = s * s;
  const w = z * z;
  // 2(z/3 + z²/5 + … + z¹⁰/21), in two chains that a processor works out side by side.
  const odd = z * (2 / 3 + w * (2 / 7 + w * (2 / 11 + w * (2 / 15 + w * (2 / 19)))));
  const even = w * (2 / 5 + w * (2 / 9 + w * (2 / 13 + w * (2 / 17 + w * (2 / 21)))));
  const sum = odd + even;
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
