import fc from "fast-check";
import { expect, test } from "vitest";
import { glob } from "../../../kernel/session/glob.js";

test.each([
  ["*", "", true],
  ["", "a", false],
  ["a*c", "abbc", true],
  ["a*c", "abbd", false],
  ["?", "🚀", true],
  ["[🚀-🚂]x", "🚁x", true],
  ["[a-c]", "b", true],
  ["[c-a]", "b", false],
  ["[^a-c]", "b", false],
  ["[]]", "]", true],
  ["[^]]", "]", false],
  ["[a", "[a", false],
  ["a.c", "abc", false],
  ["*a*\n*b", "xa\ny\nb", true],
])("%j and %j", (pattern, text, expected) => {
  expect(glob(pattern)(text)).toBe(expected);
});

test("a text fits itself with any parts starred, and nothing is slow", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "🚀") });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text)), (parts) => {
      const whole = parts.map(([kept, starred]) => kept + starred).join("");
      const pattern = parts.map(([kept]) => `${kept}*`).join("");
      expect(glob(pattern)(whole)).toBe(parts.length > 0 || whole === "");
    }),
    { seed: 1 },
  );
  const start = performance.now();
  expect(glob("*a".repeat(50) + "b")("a".repeat(10_000))).toBe(false);
  expect(performance.now() - start).toBeLessThan(2_000);
});
