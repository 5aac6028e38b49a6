import { UsageError } from "./errors.js";
import { exp, log, log1p, logFactorial } from "./portable-math.js";

/** Where random bits come from, 32 at a time. */
export interface Source {
  uint32(): number;
}

/** Uniform above 0 and up to 1, in steps of 2^-53: never 0, so that it has a logarithm. */
export function unit(source: Source): number {
  return ((source.uint32() >>> 5) * 2 ** 26 + (source.uint32() >>> 6) + 1) * 2 ** -53;
}

/** What to throw for a parameter outside its range. Its message is made only then: these are called a lot. */
export function refusal(call: string, need: string): UsageError {
  return new UsageError(`${call} is no distribution`, `Give ${need}.`);
}

/** The ziggurat's layers under e^-x: all of area `area`, the lowest one with the tail beyond `edge`. */
const layers = 256;
const edge = 7.69711747013105;
const area = 0.0039496598225815571993;
/** Each layer's width, from the bottom: the lowest as if it were a rectangle; at the end, the peak. */
const widths = new Float64Array(layers + 1);
/** e^-width of each. */
const heights = new Float64Array(layers + 1);
widths[0] = area * exp(edge);
widths[1] = edge;
for (let layer = 1; layer < layers; layer++) {
  const width = widths[layer] ?? 0;
  heights[layer] = exp(-width);
  // The last one comes to 0 but for rounding.
  widths[layer + 1] = layer + 1 < layers ? -log(area / width + (heights[layer] ?? 0)) : 0;
}
heights[layers] = 1;

/**
 * Exponential, by the ziggurat of G. Marsaglia and W. W. Tsang, "The ziggurat method for generating random variables",
 * Journal of Statistical Software 5(8), 2000: 99 of 100 draws cost a product and a comparison. The layer comes from bits
 * that the number does not use (J. A. Doornik, "An improved ziggurat method to generate normal random samples", 2005).
 */
export function exponential(source: Source, mean: number): number {
  if (!(mean > 0 && mean < Infinity)) throw refusal(`exponential(${mean})`, "a mean above 0");
  for (let beyond = 0; ;) {
    const high = source.uint32();
    const low = source.uint32();
    const layer = (high & 31) | ((low & 7) << 5);
    const x = ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53 * (widths[layer] ?? 0);
    if (x < (widths[layer + 1] ?? 0)) return mean * (beyond + x);
    if (layer === 0) {
      // The tail of an exponential is an exponential again.
      beyond += edge;
    } else {
      const bottom = heights[layer] ?? 0;
      if (bottom + unit(source) * ((heights[layer + 1] ?? 0) - bottom) < exp(-x)) return mean * (beyond + x);
    }
  }
}

/**
 * Standard normal: J. L. Leva, "A fast normal random number generator", ACM TOMS 18(4), 1992. The ratio of two uniforms,
 * with two quadratic bounds that spare nearly every logarithm.
 */
export function normal(source: Source): number {
  for (;;) {
    const u = unit(source);
    const v = 1.7156 * (unit(source) - 0.5);
    const x = u - 0.449871;
    const y = Math.abs(v) + 0.386595;
    const q = x * x + y * (0.196 * y - 0.25472 * x);
    if (q < 0.27597) return v / u;
    if (q <= 0.27846 && v * v <= -4 * u * u * log(u)) return v / u;
  }
}

/** The exponential of a normal with mean `mu` and standard deviation `sigma`. */
export function lognormal(source: Source, mu: number, sigma: number): number {
  const sane = Number.isFinite(mu) && sigma >= 0 && sigma < Infinity;
  if (!sane) throw refusal(`lognormal(${mu}, ${sigma})`, "finite numbers, sigma ≥ 0");
  return exp(mu + sigma * normal(source));
}

/** Pareto (type I): P(X > x) = (scale/x)^shape from `scale` on. By inversion. */
export function pareto(source: Source, shape: number, scale: number): number {
  const sane = shape > 0 && scale > 0 && scale < Infinity;
  if (!sane) throw refusal(`pareto(${shape}, ${scale})`, "a shape and a scale above 0");
  return scale * exp(-log(unit(source)) / shape);
}

/** Trials up to and with the first success: 1, 2, 3, … with mean 1/p. By inversion. */
export function geometric(source: Source, p: number): number {
  if (!(p > 0 && p <= 1)) throw refusal(`geometric(${p})`, "a probability above 0, up to 1");
  return p === 1 ? 1 : 1 + Math.floor(log(unit(source)) / log1p(-p));
}

/**
 * Poisson. Below a mean of 10 by multiplying uniforms (D. E. Knuth, "The Art of Computer Programming", vol. 2, 3.4.1 F);
 * from there PTRS of W. Hörmann, "The transformed rejection method for generating Poisson random variables",
 * Insurance: Mathematics and Economics 12, 1993.
 */
export function poisson(source: Source, mean: number): number {
  if (!(mean >= 0 && mean <= 1e9)) throw refusal(`poisson(${mean})`, "a mean from 0 to 1e9");
  if (mean < 10) {
    const limit = exp(-mean);
    let k = 0;
    for (let product = unit(source); product > limit; product *= unit(source)) k++;
    return k;
  }
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const sure = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = unit(source) - 0.5;
    const v = unit(source);
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= sure) return k;
    if (!(k >= 0 && k < Infinity) || (us < 0.013 && v > us)) continue;
    if (log((v * inverseAlpha) / (a / (us * us) + b)) <= k * log(mean) - mean - logFactorial(k)) return k;
  }
}

/** (e^x − 1)/x, also near 0. */
function expm1Ratio(x: number): number {
  return Math.abs(x) > 1e-3 ? (exp(x) - 1) / x : 1 + (x / 2) * (1 + (x / 3) * (1 + (x / 4) * (1 + x / 5)));
}

/** ln(1 + x)/x, also near 0. */
function log1pRatio(x: number): number {
  return Math.abs(x) > 1e-3 ? log1p(x) / x : 1 - x * (1 / 2 - x * (1 / 3 - x * (1 / 4 - x * (1 / 5 - x / 6))));
}

/**
 * Zipf: the rank k of 1 … n with a probability proportional to k^-exponent. Rejection-inversion, in constant time:
 * W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions",
 * ACM TOMACS 6(3), 1996.
 */
export function zipf(source: Source, n: number, exponent: number): number {
  const sane = Number.isSafeInteger(n) && n >= 1 && exponent >= 0 && exponent < Infinity;
  if (!sane) throw refusal(`zipf(${n}, ${exponent})`, "a whole number of ranks from 1 on, and an exponent from 0 on");
  const bent = 1 - exponent;
  /** k^-exponent, its integral from 1, and that one's inverse. */
  const weight = (x: number): number => exp(-exponent * log(x));
  const area = (x: number): number => expm1Ratio(bent * log(x)) * log(x);
  const inverse = (u: number): number => exp(log1pRatio(Math.max(u * bent, -1 + 2 ** -53)) * u);
  const least = area(1.5) - 1;
  const whole = area(n + 0.5);
  const sure = 2 - inverse(area(2.5) - weight(2));
  for (;;) {
    const u = whole + unit(source) * (least - whole);
    const x = inverse(u);
    const k = Math.min(Math.max(Math.round(x), 1), n);
    if (k - x <= sure || u >= area(k + 0.5) - weight(k)) return k;
  }
}
