import fc from "fast-check";
import { expect, test } from "vitest";
import { fit, lines, measure } from "../../../kernel/display/picture/measure.js";
import { logTicks, ticks } from "../../../kernel/display/picture/ticks.js";
import { formatNumber, tickLabel } from "../../../kernel/display/text/number.js";
import { sparkline } from "../../../kernel/display/text/sparkline.js";
import { clip, oneLine, textWidth, wrap } from "../../../kernel/display/text/width.js";

test.each([
  ["abc", 3],
  ["日本", 4],
  ["e\u0301", 1],
  ["🐳", 2],
  ["👩‍👩‍👧‍👦", 2],
  ["❤️", 2],
  ["→…µ", 3],
  ["\u200B", 0],
])("the width of %s is %i", (text, width) => {
  expect(textWidth(text)).toBe(width);
});

test("clipping keeps whole characters and the width asked for", () => {
  expect(clip("abcdef", 4)).toBe("abc…");
  expect(clip("日本語", 4)).toBe("日…");
  expect(clip("abcd", 4)).toBe("abcd");
});

test("wrapping loses no word and no letter", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (text, width) => {
      expect(wrap(text, width).join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
    }),
    { seed: 3 },
  );
});

test("control characters and direction overrides are written as escapes", () => {
  expect(oneLine("a\tb\n\u0007\u202E\uD800")).toBe("a\\tb\\n\\u0007\\u202e\\ud800");
});

test("numbers read as a person writes them", () => {
  expect([1200, 0.1 + 0.2, 1e21, -0.000001234567, 123456.789].map((value) => formatNumber(value))).toEqual([
    "1200",
    "0.3",
    "1e+21",
    "-0.00000123457",
    "123457",
  ]);
  expect([0, 20_000, -1234.5, 1e6, 2.5e9, 1e-7, 0.5].map(tickLabel)).toEqual([
    "0",
    "20,000",
    "-1,234.5",
    "10⁶",
    "2.5×10⁹",
    "10⁻⁷",
    "0.5",
  ]);
});

test("ticks are round, inside, and evenly apart", () => {
  expect(ticks(0, 122, 7)).toEqual([0, 20, 40, 60, 80, 100, 120]);
  expect(ticks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  fc.assert(
    fc.property(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
      (low, span) => {
        fc.pre(low + span > low && span > Math.abs(low) * 1e-9);
        const found = ticks(low, low + span);
        expect(found.length).toBeGreaterThan(0);
        expect(found.length).toBeLessThan(12);
      },
    ),
    { seed: 4 },
  );
});

test("logarithmic ticks: powers over decades, 2 and 5 between over few, powers of two for sizes", () => {
  expect(logTicks(0.9, 1.1e6, 10)).toEqual([1, 10, 100, 1000, 1e4, 1e5, 1e6]);
  expect(logTicks(0.5, 60, 10)).toEqual([0.5, 1, 2, 5, 10, 20, 50]);
  expect(logTicks(20, 90, 10)).toEqual([20, 40, 60, 80]);
  expect(logTicks(0.5, 16, 2)).toEqual([0.5, 1, 2, 4, 8, 16]);
  expect(logTicks(1e-12, 1e12, 10)).toHaveLength(13);
});

test("a sparkline rises from the lowest block to the highest, flat is flat, gaps are spaces", () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe("▁▂▃▄▅▆▇█");
  expect(sparkline([3, 3])).toBe("▄▄");
  expect(sparkline([1, null, 2])).toBe("▁ █");
  expect(sparkline(Array.from({ length: 1000 }, (_, i) => i))).toHaveLength(24);
  expect(sparkline([])).toBe("");
});

test("texts in pictures are broken and cut to a width in pixels", () => {
  const broken = lines("the quick brown fox and systemd-journald.service.wants", 12, 120);
  expect(broken.every((line) => measure(line, 12) <= 120)).toBe(true);
  expect(broken.join("").replaceAll(" ", "")).toBe("thequickbrownfoxandsystemd-journald.service.wants");
  expect(broken).toContain("systemd-journald.");
  expect(fit("abcdefgh", 12, 40)).toMatch(/^abc\w*…$/);
  expect(fit("abc", 12, 2)).toBe("");
});
