import { describe, expect, test } from "vitest";
import {
  B,
  formatBytes,
  formatDuration,
  GiB,
  hours,
  KiB,
  longest,
  MiB,
  minutes,
  ms,
  ns,
  s,
  TiB,
  us,
  UsageError,
} from "../../../sim/core/index.js";

describe("durations", () => {
  test("are whole nanoseconds", () => {
    expect([ns(1.4), us(1.5), ms(0.1), s(2), minutes(1), hours(1)]).toEqual([1, 1500, 100_000, 2e9, 60e9, 3600e9]);
  });

  test.each([-1, NaN, Infinity, 2 ** 53])("are refused at %s", (amount) => {
    expect(() => ns(amount)).toThrow(`ns(${amount}) is no duration`);
    expect(() => hours(amount)).toThrow(UsageError);
  });

  test("reach to 104 days", () => {
    expect(hours(24 * 104)).toBeLessThan(longest);
    expect(() => hours(24 * 105)).toThrow(UsageError);
  });

  test.each([
    [0, "0 ns"],
    [999, "999 ns"],
    [1500, "1.5 µs"],
    [1_234_567, "1.235 ms"],
    [2e9, "2 s"],
    [90e9, "1.5 min"],
    [7200e9, "2 h"],
    [-1500, "-1.5 µs"],
  ])("%i ns are printed as %s", (nanos, text) => {
    expect(formatDuration(nanos)).toBe(text);
  });
});

describe("sizes", () => {
  test("are whole bytes, in powers of two", () => {
    expect([B(5), KiB(1.5), MiB(1), GiB(1), TiB(1)]).toEqual([5, 1536, 2 ** 20, 2 ** 30, 2 ** 40]);
    expect(() => MiB(-1)).toThrow("MiB(-1) is no size");
  });

  test.each([
    [0, "0 B"],
    [1536, "1.5 KiB"],
    [512 * 2 ** 20, "512 MiB"],
    [2 ** 40, "1 TiB"],
  ])("%i bytes are printed as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
