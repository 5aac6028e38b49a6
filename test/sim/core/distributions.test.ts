import { describe, expect, test } from "vitest";
import { Moments, Rng, UsageError } from "../../../sim/core/index.js";

const draws = (draw: (rng: Rng) => number, seed = 1, count = 20_000): number[] => {
  const rng = new Rng(seed);
  return Array.from({ length: count }, () => draw(rng));
};

/** The standard normal's distribution function, by the series of erf (Abramowitz and Stegun, 26.2.10). */
function phi(x: number): number {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let term = x;
  let sum = x;
  for (let n = 3; Math.abs(term) > 1e-17; n += 2) sum += term *= (x * x) / n;
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** Kolmogorov and Smirnov's distance of the sample from the distribution, in units of 1/√n. */
function ksDistance(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const n = sorted.length;
  return Math.sqrt(n) * Math.max(...sorted.map((x, place) => Math.max(cdf(x) - place / n, (place + 1) / n - cdf(x))));
}

/** Above this with probability 0.001 where the sample is from the distribution (N. Smirnov, 1948). */
const ksLimit = 1.95;

/**
 * Pearson's χ² of the sample's counts, as a standard normal (E. B. Wilson and M. M. Hilferty, 1931). Values of which fewer
 * than ten are expected are thrown together. The limit that the tests use, 4, is passed by chance 3 times in 100,000.
 */
function chiSquare(sample: readonly number[], probability: (k: number) => number, values: readonly number[]): number {
  const seen = new Map<number, number>();
  for (const value of sample) seen.set(value, (seen.get(value) ?? 0) + 1);
  let square = 0;
  let cells = 0;
  let [restSeen, restExpected] = [sample.length, sample.length];
  for (const value of values) {
    const expected = probability(value) * sample.length;
    if (expected < 10) continue;
    square += ((seen.get(value) ?? 0) - expected) ** 2 / expected;
    cells++;
    restSeen -= seen.get(value) ?? 0;
    restExpected -= expected;
  }
  if (restExpected >= 10) {
    square += (restSeen - restExpected) ** 2 / restExpected;
    cells++;
  }
  const spread = 2 / (9 * (cells - 1));
  return (Math.cbrt(square / (cells - 1)) - (1 - spread)) / Math.sqrt(spread);
}

const upTo = (n: number, from = 0): number[] => Array.from({ length: n - from + 1 }, (_, k) => k + from);

describe("continuous distributions", () => {
  test.each<[string, (rng: Rng) => number, (x: number) => number]>([
    ["uniform", (rng) => rng.uniform(), (x) => x],
    ["uniform(-3, 5)", (rng) => rng.uniform(-3, 5), (x) => (x + 3) / 8],
    ["exponential(2)", (rng) => rng.exponential(2), (x) => -Math.expm1(-x / 2)],
    ["normal", (rng) => rng.normal(), phi],
    ["normal(10, 3)", (rng) => rng.normal(10, 3), (x) => phi((x - 10) / 3)],
    ["lognormal(1, 0.5)", (rng) => rng.lognormal(1, 0.5), (x) => phi((Math.log(x) - 1) / 0.5)],
    ["pareto(2.5, 3)", (rng) => rng.pareto(2.5, 3), (x) => 1 - (3 / x) ** 2.5],
  ])("%s has its distribution function", (_, draw, cdf) => {
    for (const seed of [1, 2, 3]) expect(ksDistance(draws(draw, seed), cdf)).toBeLessThan(ksLimit);
  });

  test.each<[string, (rng: Rng) => number, mean: number, deviation: number]>([
    ["uniform", (rng) => rng.uniform(), 1 / 2, Math.sqrt(1 / 12)],
    ["exponential(2)", (rng) => rng.exponential(2), 2, 2],
    ["normal(10, 3)", (rng) => rng.normal(10, 3), 10, 3],
    [
      "lognormal(0, 0.5)",
      (rng) => rng.lognormal(0, 0.5),
      Math.exp(1 / 8),
      Math.sqrt((Math.exp(0.25) - 1) * Math.exp(0.25)),
    ],
    ["pareto(5, 1)", (rng) => rng.pareto(5, 1), 5 / 4, Math.sqrt(5 / (16 * 3))],
    ["poisson(4)", (rng) => rng.poisson(4), 4, 2],
    ["poisson(1e6)", (rng) => rng.poisson(1e6), 1e6, 1e3],
    ["geometric(0.2)", (rng) => rng.geometric(0.2), 5, Math.sqrt(0.8) / 0.2],
    ["integer(6)", (rng) => rng.integer(6), 2.5, Math.sqrt(35 / 12)],
  ])("%s has its mean and its standard deviation", (_, draw, mean, deviation) => {
    const moments = new Moments();
    const count = 50_000;
    for (const value of draws(draw, 1, count)) moments.add(value);
    expect(Math.abs(moments.mean - mean)).toBeLessThan((4 * deviation) / Math.sqrt(count));
    expect(Math.abs(moments.deviation / deviation - 1)).toBeLessThan(0.04);
  });

  test("the exponential has its tail, beyond the ziggurat's edge too", () => {
    const rng = new Rng(4);
    let beyond = 0;
    const many = 4_000_000;
    for (let n = 0; n < many; n++) if (rng.exponential(1) > 8) beyond++;
    const expected = many * Math.exp(-8);
    expect(Math.abs(beyond - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });
});

describe("discrete distributions", () => {
  const poisson = (mean: number) => (k: number) => {
    let logarithm = -mean + k * Math.log(mean);
    for (let n = 2; n <= k; n++) logarithm -= Math.log(n);
    return Math.exp(logarithm);
  };
  const zipf = (n: number, exponent: number) => {
    const whole = upTo(n, 1).reduce((sum, k) => sum + k ** -exponent, 0);
    return (k: number) => k ** -exponent / whole;
  };

  test.each<[string, (rng: Rng) => number, (k: number) => number, readonly number[]]>([
    ["integer(10)", (rng) => rng.integer(10), () => 1 / 10, upTo(9)],
    ["integer(3·2^30)", (rng) => Math.floor(rng.integer(3 * 2 ** 30) / 2 ** 30), () => 1 / 3, upTo(2)],
    ["integer(3·2^50)", (rng) => Math.floor(rng.integer(3 * 2 ** 50) / 2 ** 50), () => 1 / 3, upTo(2)],
    ["geometric(0.3)", (rng) => rng.geometric(0.3), (k) => 0.3 * 0.7 ** (k - 1), upTo(60, 1)],
    ["geometric(1)", (rng) => rng.geometric(1) + rng.integer(2), () => 1 / 2, [1, 2]],
    ["poisson(0.5)", (rng) => rng.poisson(0.5), poisson(0.5), upTo(20)],
    ["poisson(9.9)", (rng) => rng.poisson(9.9), poisson(9.9), upTo(60)],
    ["poisson(10)", (rng) => rng.poisson(10), poisson(10), upTo(60)],
    ["poisson(200)", (rng) => rng.poisson(200), poisson(200), upTo(400)],
    ["zipf(10, 1)", (rng) => rng.zipf(10, 1), zipf(10, 1), upTo(10, 1)],
    ["zipf(1000, 1.2)", (rng) => rng.zipf(1000, 1.2), zipf(1000, 1.2), upTo(1000, 1)],
    ["zipf(50, 0)", (rng) => rng.zipf(50, 0), zipf(50, 0), upTo(50, 1)],
    ["zipf(30, 3)", (rng) => rng.zipf(30, 3), zipf(30, 3), upTo(30, 1)],
    ["choice", (rng) => rng.choice([3, 1, 4]), () => 1 / 3, [3, 1, 4]],
    [
      "weighted",
      (rng) => rng.weighted([5, 6, 7, 8], [1, 0, 2, 5]),
      (k) => ({ 5: 1, 6: 0, 7: 2, 8: 5 })[k]! / 8,
      [5, 6, 7, 8],
    ],
    ["shuffle", (rng) => Number(rng.shuffle([1, 2, 3]).join("")), () => 1 / 6, [123, 132, 213, 231, 312, 321]],
  ])("%s has its probabilities", (_, draw, probability, values) => {
    for (const seed of [1, 2, 3]) expect(chiSquare(draws(draw, seed), probability, values)).toBeLessThan(4);
  });

  test("none gives a value outside its range", () => {
    expect(draws((rng) => rng.zipf(1, 1.5)).every((k) => k === 1)).toBe(true);
    expect(draws((rng) => rng.poisson(0)).every((k) => k === 0)).toBe(true);
    expect(draws((rng) => rng.uniform(1, 1 + Number.EPSILON)).every((x) => x === 1)).toBe(true);
    expect(draws((rng) => rng.weighted(["a", "b"], [0, 1e-300]).length).every((length) => length === 1)).toBe(true);
    expect(draws((rng) => rng.integer(1)).every((k) => k === 0)).toBe(true);
  });
});

test("shuffle leaves the list alone and keeps its items", () => {
  const items = Object.freeze([1, 2, 2, 3]);
  expect(new Rng(1).shuffle(items).sort()).toEqual([1, 2, 2, 3]);
  expect(new Rng(1).shuffle([])).toEqual([]);
});

test.each<[string, (rng: Rng) => unknown]>([
  ["uniform(2, 1)", (rng) => rng.uniform(2, 1)],
  ["uniform(0, Infinity)", (rng) => rng.uniform(0, Infinity)],
  ["integer(0)", (rng) => rng.integer(0)],
  ["integer(1.5)", (rng) => rng.integer(1.5)],
  ["exponential(0)", (rng) => rng.exponential(0)],
  ["exponential(NaN)", (rng) => rng.exponential(NaN)],
  ["normal(0, -1)", (rng) => rng.normal(0, -1)],
  ["lognormal(NaN, 1)", (rng) => rng.lognormal(NaN, 1)],
  ["pareto(0, 1)", (rng) => rng.pareto(0, 1)],
  ["poisson(-1)", (rng) => rng.poisson(-1)],
  ["geometric(0)", (rng) => rng.geometric(0)],
  ["zipf(0, 1)", (rng) => rng.zipf(0, 1)],
  ["zipf(5, -1)", (rng) => rng.zipf(5, -1)],
  ["choice([])", (rng) => rng.choice([])],
  ["weighted(…, [1, -1])", (rng) => rng.weighted([1, 2], [1, -1])],
  ["weighted(…, [0, 0])", (rng) => rng.weighted([1, 2], [0, 0])],
  ["weighted(…, [1])", (rng) => rng.weighted([1, 2], [1])],
])("%s is refused in words", (call, draw) => {
  const refused = (): unknown => draw(new Rng(1));
  expect(refused).toThrow(UsageError);
  expect(refused).toThrow(call);
});
