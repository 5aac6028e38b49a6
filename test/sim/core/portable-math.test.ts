import { describe, expect, test } from "vitest";
import { Rng } from "../../../sim/core/index.js";
import { exp, log, log1p, logFactorial } from "../../../sim/core/portable-math.js";
import { fixed, preciseExp, preciseLog, unitsOff } from "./precise.js";

const rng = new Rng(3);
const spanned = Array.from({ length: 3000 }, () => 2 ** (rng.uniform() * 60 - 40) * (1 + rng.uniform()));
const aroundOne = Array.from({ length: 2000 }, (_, n) => 1 + (rng.uniform() - 0.5) * 2 ** -(n % 40));

/** Which of `values` is computed worst, and by how many units in the last place. */
function worst(values: readonly number[], off: (value: number) => number): number {
  return Math.max(...values.map((value) => Math.abs(off(value))));
}

describe("log", () => {
  test("is within 2 units in the last place, near 1 too", () => {
    const values = [...spanned, ...aroundOne].filter((x) => x !== 1);
    expect(worst(values, (x) => unitsOff(log(x), preciseLog(x)))).toBeLessThan(2);
  });

  test("is exact where it can be", () => {
    expect([log(1), log(2), log(0.5)]).toEqual([0, Math.LN2, -Math.LN2]);
    expect(log(2 ** -53)).toBe(-53 * Math.LN2);
  });

  test.each([0, -1, NaN, Infinity, 2 ** -1074])("of %s is our mistake", (x) => {
    expect(() => log(x)).toThrow("the logarithm of what is no normal number above 0");
  });
});

describe("exp", () => {
  test("is within 2 units in the last place", () => {
    const values = Array.from({ length: 3000 }, () => rng.uniform(-40, 40));
    expect(worst(values, (x) => unitsOff(exp(x), preciseExp(x)))).toBeLessThan(2);
    expect(exp(0)).toBe(1);
  });

  test("goes to 0 and Infinity beyond what a number holds, and is close to the end before", () => {
    expect([exp(-709), exp(710), exp(-1e9), exp(1e9)]).toEqual([0, Infinity, 0, Infinity]);
    expect(Math.abs(exp(708.9) / Math.exp(708.9) - 1)).toBeLessThan(1e-15);
    expect(Math.abs(exp(-707.9) / Math.exp(-707.9) - 1)).toBeLessThan(1e-15);
  });
});

test("log1p keeps its digits near 0", () => {
  for (const x of [1e-18, -1e-12, 3e-9, 1e-5, 0.3, -0.4])
    expect(Math.abs(log1p(x) / Math.log1p(x) - 1)).toBeLessThan(1e-14);
});

test("logFactorial agrees with the product", () => {
  let product = 1n;
  for (let k = 1; k <= 160; k++) {
    product *= BigInt(k);
    expect(Math.abs(logFactorial(k) - Math.log(Number(product)))).toBeLessThan(1e-12 * Math.max(1, logFactorial(k)));
  }
  expect(logFactorial(0)).toBe(0);
});

test("the measure itself is right", () => {
  expect((preciseExp(1) * 10n ** 30n) >> 200n).toBe(2718281828459045235360287471352n);
  expect((preciseLog(2) * 10n ** 30n) >> 200n).toBe(693147180559945309417232121458n);
  expect(fixed(-0.75)).toBe(-(3n << 198n));
});
