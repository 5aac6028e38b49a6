import fc from "fast-check";
import { expect, test } from "vitest";
import { codePointsBefore, offsetAt } from "../../../kernel/session/cursor.js";

test("an astral character is one code point and two units", () => {
  expect(offsetAt("a🚀b", 2)).toBe(3);
  expect(codePointsBefore("a🚀b", 3)).toBe(2);
  expect(offsetAt("ab", 9)).toBe(2);
  expect(codePointsBefore("ab", 9)).toBe(2);
});

test("there and back, for every cursor of any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const codePoints = Array.from(text);
      const cursors = Array.from({ length: codePoints.length + 1 }, (_, cursor) => cursor);
      const offsets = cursors.map((cursor) => offsetAt(text, cursor));
      expect(offsets.map((offset) => text.slice(0, offset))).toEqual(
        cursors.map((cursor) => codePoints.slice(0, cursor).join("")),
      );
      expect(offsets.map((offset) => codePointsBefore(text, offset))).toEqual(cursors);
    }),
    { seed: 1 },
  );
});
