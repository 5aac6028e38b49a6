import fc from "fast-check";
import { expect, test } from "vitest";
import { calendarDay, dayNumber } from "../../../sim/core/index.js";

test.each([
  [0, 1970, 1, 1],
  [-1, 1969, 12, 31],
  [11_016, 2000, 2, 29],
  [20_088, 2024, 12, 31],
  [-719_468, 0, 3, 1],
])("day %i is %i-%i-%i", (days, year, month, day) => {
  expect(calendarDay(days)).toEqual({ year, month, day });
  expect(dayNumber({ year, month, day })).toBe(days);
});

test("is JavaScript's calendar, there and back", () => {
  fc.assert(
    fc.property(fc.integer({ min: -3_000_000, max: 3_000_000 }), (days) => {
      const date = new Date(days * 86_400_000);
      const day = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
      expect(calendarDay(days)).toEqual(day);
      expect(dayNumber(day)).toBe(days);
    }),
    { seed: 1, numRuns: 500 },
  );
});
