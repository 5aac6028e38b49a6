import { describe, expect, test } from "vitest";
import {
  batchMeans,
  confidenceInterval,
  Moments,
  quantile,
  Rng,
  TimeAverage,
  UsageError,
} from "../../../sim/core/index.js";
import { studentQuantile } from "../../../sim/core/student.js";

describe("Moments", () => {
  test("agree with the definition", () => {
    const moments = new Moments();
    for (const value of [2, 4, 4, 4, 5, 5, 7, 9]) moments.add(value);
    expect(moments).toMatchObject({ count: 8, mean: 5, least: 2, greatest: 9 });
    expect(moments.variance).toBeCloseTo(32 / 7, 12);
    expect(moments.deviation).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });

  test("keep a small variance beside a large mean", () => {
    const moments = new Moments();
    for (let n = 0; n < 1000; n++) moments.add(1e9 + (n % 2));
    expect(moments.variance).toBeCloseTo(1000 / 999 / 4, 6);
  });

  test("of nothing, and of one value", () => {
    const moments = new Moments();
    expect([moments.mean, moments.variance, moments.least, moments.greatest]).toEqual([0, 0, Infinity, -Infinity]);
    moments.add(5);
    expect([moments.mean, moments.variance]).toEqual([5, 0]);
  });
});

test("TimeAverage weighs values by how long they held", () => {
  const clock = { now: 100 };
  const length = new TimeAverage(clock);
  length.add(2);
  expect(length.mean).toBe(2);
  clock.now = 110;
  length.add(3);
  clock.now = 120;
  length.add(-5);
  clock.now = 140;
  expect(length).toMatchObject({ value: 0, greatest: 5, mean: (2 * 10 + 5 * 10) / 40 });
});

test("quantile lies between the values in proportion", () => {
  const values = [4, 1, 3, 2];
  expect([0, 1 / 3, 0.5, 1].map((p) => quantile(values, p))).toEqual([1, 2, 2.5, 4]);
  expect(values).toEqual([4, 1, 3, 2]);
  expect(quantile([7], 0.3)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow(UsageError);
  expect(() => quantile([1], 1.5)).toThrow(UsageError);
});

test.each([
  // The printed tables (Abramowitz and Stegun, table 26.10).
  [0.95, 1, 12.706],
  [0.95, 2, 4.303],
  [0.9, 5, 2.015],
  [0.95, 10, 2.228],
  [0.99, 19, 2.861],
  [0.95, 120, 1.98],
  [0.999, 30, 3.646],
])("Student's t: %s with %s degrees of freedom is %s", (confidence, degrees, expected) => {
  expect(studentQuantile(confidence, degrees)).toBeCloseTo(expected, 2);
});

test("Student's t stays just above the normal's for many degrees of freedom", () => {
  const t = studentQuantile(0.95, 1e6);
  expect(t).toBeGreaterThan(1.95996);
  expect(t).toBeLessThan(1.9632);
});

describe("confidenceInterval", () => {
  test("agrees with a worked example", () => {
    // Mean 3, s²= 2.5, t(4) = 2.776.
    const interval = confidenceInterval([1, 2, 3, 4, 5]);
    expect(interval).toMatchObject({ mean: 3, confidence: 0.95 });
    expect(interval.high - 3).toBeCloseTo(2.776 * Math.sqrt(2.5 / 5), 3);
    expect(3 - interval.low).toBeCloseTo(interval.high - 3, 12);
  });

  test("holds the true mean as often as it says", () => {
    const rng = new Rng(5);
    let held = 0;
    for (let run = 0; run < 2000; run++) {
      const { low, high } = confidenceInterval(Array.from({ length: 6 }, () => rng.normal(10, 3)));
      if (low <= 10 && 10 <= high) held++;
    }
    // 1,900 are expected, with a standard deviation of √(2000·0.95·0.05) = 9.7.
    expect(Math.abs(held - 1900)).toBeLessThan(3.5 * 9.75);
  });

  test("refuses what gives none", () => {
    expect(() => confidenceInterval([1])).toThrow(UsageError);
    expect(() => confidenceInterval([1, 2], 1)).toThrow(UsageError);
  });
});

describe("batchMeans", () => {
  test("takes batches, and leaves a rest out at the front", () => {
    const interval = batchMeans([1000, 1, 3, 5, 7], 2);
    expect(interval.mean).toBe(4);
    expect(interval).toEqual(confidenceInterval([2, 6]));
  });

  test("holds the true mean where the values depend on one another, as a plain interval does not", () => {
    const rng = new Rng(6);
    const held = { batches: 0, plain: 0 };
    for (let run = 0; run < 300; run++) {
      // x' = 0.9·x + noise: a mean of 0, and memory of about 20 values.
      let x = rng.normal() / Math.sqrt(1 - 0.81);
      const values = Array.from({ length: 8000 }, () => (x = 0.9 * x + rng.normal()));
      const holds = ({ low, high }: { low: number; high: number }): number => Number(low <= 0 && 0 <= high);
      held.batches += holds(batchMeans(values));
      held.plain += holds(confidenceInterval(values));
    }
    expect(held.batches).toBeGreaterThan(0.9 * 300);
    expect(held.plain).toBeLessThan(0.5 * 300);
  });

  test("refuses what makes no batches", () => {
    expect(() => batchMeans([1, 2, 3], 4)).toThrow(UsageError);
    expect(() => batchMeans([1, 2, 3], 1)).toThrow(UsageError);
    expect(() => batchMeans([1, 2, 3], 1.5)).toThrow(UsageError);
  });
});
