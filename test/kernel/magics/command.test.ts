import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstCommand, question } from "../../../kernel/magics/command.js";

describe("a command", () => {
  test("has a kind, a name, words and the rest of the cell in its place", () => {
    const cell = `\n%%sh -n "two words" 'a'b\nls`;
    expect(firstCommand(cell)).toEqual({
      kind: "cell",
      name: "sh",
      args: ["-n", "two words", "ab"],
      start: 3,
      end: 5,
      lineEnd: cell.length - 3,
      rest: `\n${" ".repeat(cell.length - 4)}\nls`,
    });
  });

  test("may lack a name, and its last quote may be open", () => {
    expect(firstCommand("%")).toMatchObject({ kind: "line", name: "", args: [] });
    expect(firstCommand("%a 'b c")).toMatchObject({ args: ["b c"] });
    expect(firstCommand("%a\r\nb")?.rest).toBe("  \r\nb");
  });

  test.each(["a % b", "// %x", "", "a\n%time"])("is not in %j", (cell) => {
    expect(firstCommand(cell)).toBeUndefined();
  });

  test("keeps every place behind its line, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (line, body) => {
        const cell = `%x ${line.replace(/[\r\n]/g, "")}\n${body}`;
        const { rest = "", lineEnd = 0 } = firstCommand(cell) ?? {};
        expect(rest.length).toBe(cell.length);
        expect(rest.slice(lineEnd)).toBe(`\n${body}`);
        expect(rest.slice(0, lineEnd).trim()).toBe("");
      }),
      { seed: 5 },
    );
  });
});

test.each([
  ["disk?", "disk"],
  ["?disk.read", "disk.read"],
  [" ?? größe ", "größe"],
  ["%%time?", "%%time"],
  ["a ? b : c", undefined],
  ["a?.b", undefined],
  ["a ?", undefined],
  ["f()?", undefined],
  ["a?\nb", undefined],
])("%j asks about %j", (cell, name) => {
  expect(question(cell)?.name).toBe(name);
});
