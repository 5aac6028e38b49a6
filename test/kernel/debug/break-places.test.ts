import { afterAll, expect, test } from "vitest";
import { createBreakPlaces, placeFor } from "../../../kernel/debug/break-places.js";
import { createTransform } from "../../../kernel/lang/index.js";

const places = createBreakPlaces();
afterAll(() => {
  places.close();
});

/** Where a breakpoint goes that is set in each line of a cell. */
function linesOf(source: string): readonly (number | undefined)[] {
  const transformed = createTransform()(source, "In[1]", { asWritten: true });
  if (!transformed.ok) throw new Error("no TypeScript");
  const found = places.of(transformed.cell);
  return source.split("\n").map((_, index) => placeFor(found, index + 1)?.cell.line);
}

test.each([
  ["statements", "const a = 1;\n\nlet b: number = a;\nb", [1, 3, 3, 4]],
  ["types have no code", "interface A {\n  a: number;\n}\ntype B = A;\nconst b: B = { a: 1 };", [5, 5, 5, 5, 5]],
  ["a function's head leads into it", "function f(): number {\n  return 1;\n}\nf()", [2, 2, 4, 4]],
  ["behind an await", "const a = await 1;\n// then\nconst b = a;\nb", [1, 3, 3, 4]],
  ["an import", 'import fs from "node:fs";\nfs.sep', [1, 2]],
  ["a loop", "for (let i = 0; i < 2; i++) {\n  f(i);\n}", [1, 2, undefined]],
  ["a remark at the end", "1;\n// two", [1, undefined]],
  ["nothing but remarks", "// one\n// two", [undefined, undefined]],
])("%s", (_, source, lines) => {
  expect(linesOf(source)).toEqual(lines);
});

test("a class", () => {
  const lines = linesOf("class A {\n  x = 1;\n  get y() {\n    return 2;\n  }\n}\nnew A()");
  // Behind the last member V8 stops at the class's end up to Node 22, later behind the class.
  expect([...lines.slice(0, 4), lines[6]]).toEqual([1, 2, 4, 4, 7]);
});

test("a column finds the code behind it on the line", () => {
  const source = "const twice = (n: number): number => n * 2; twice(1);";
  const transformed = createTransform()(source, "In[1]");
  if (!transformed.ok) throw new Error("no TypeScript");
  const found = places.of(transformed.cell);
  const at = (column: number): string => source.slice((placeFor(found, 1, column)?.cell.column ?? 0) - 1);
  expect(at(1)).toMatch(/^\(n: number\)/);
  // To V8 an operation is where its operator is.
  expect(at(20)).toMatch(/^\* 2;/);
  expect(at(44)).toMatch(/^twice\(1\)/);
});
