import { expect, test } from "vitest";
import { typedNotebook } from "./typed-notebook.js";

const { types } = typedNotebook();

const texts = (cell: string): readonly string[] => {
  const at = cell.indexOf("‸");
  return types.complete(cell.replace("‸", ""), at).matches.map(({ text }) => text);
};

test("typed members, alphabetically", () => {
  types.declare(
    "interface Vm { name: string; weight: number; start(): void }; const vm: Vm = { name: '', weight: 1, start() {} }",
  );
  expect(types.complete("vm.", 3)).toEqual({
    start: 3,
    end: 3,
    matches: [
      { text: "name", kind: "property" },
      { text: "start", kind: "method", signature: "(): void" },
      { text: "weight", kind: "property" },
    ],
  });
  expect(texts("vm.name.toL‸")).toEqual(["toLocaleLowerCase", "toLocaleUpperCase", "toLowerCase"]);
  expect(texts("[vm].map((each) => each.w‸)")).toEqual(["weight"]);
});

test("earlier names with their kinds, the fitting case first", () => {
  types.declare("let machine = 1; const maximum = 2; function make() {} class Mandelbrot {} type Many = 1");
  const { matches } = types.complete("ma", 2);
  expect(matches.slice(0, 4)).toEqual([
    { text: "machine", kind: "let" },
    { text: "make", kind: "function", signature: "(): void" },
    { text: "maximum", kind: "const" },
    { text: "Mandelbrot", kind: "class" },
  ]);
  expect(matches.map(({ text }) => text)).toEqual(expect.arrayContaining(["Map", "Math"]));
  expect(texts("let x: Ma‸")).toEqual(expect.arrayContaining(["Many", "Mandelbrot", "Map"]));
  expect(texts("let x: Ma‸")).not.toContain("machine");
  expect(texts("‸")).toEqual(expect.arrayContaining(["machine", "console", "const"]));
});

test("locals, globals, keywords", () => {
  expect(texts("function f(parameter: number) { return para‸ }")[0]).toBe("parameter");
  expect(texts("consol‸")).toEqual(["console"]);
  expect(texts("awai‸")).toContain("await");
});

test("the cell's own declarations stand before it runs", () => {
  expect(texts("const o = { alpha: 1, beta: 2 }; o.a‸")).toEqual(
    ["alpha", "beta"].filter((name) => name.includes("a")),
  );
});

test("properties of an expected type; enumeration members; strings", () => {
  types.declare("interface Options { cpus: number; memory?: number } enum E { One } type Word = 'yes' | 'no'");
  expect(texts("const o: Options = { ‸")).toEqual(["cpus", "memory"]);
  expect(texts("E.‸")).toEqual(["One"]);
  expect(texts("const w: Word = '‸'")).toEqual(["no", "yes"]);
});

test("imports: modules and their names", () => {
  expect(texts("import { readFileS‸ } from 'fs'")).toEqual(["readFileSync"]);
  expect(texts("import x from 'node:fs/pro‸'")).toEqual(["promises"]);
});

test("nothing of the scaffolding", () => {
  types.declare("const a = 1");
  expect(texts("‸").filter((text) => /earlier|cell/i.test(text))).toEqual([]);
  expect(texts("a;\n__‸").filter((text) => /earlier|cell/.test(text))).toEqual([]);
});

test("the first functions and methods have signatures", () => {
  types.declare(
    "function heave(weight: number, by = 1): string { return '' }\nconst heaven = (a: 'x') => a; const heavy = 1;",
  );
  expect(types.complete("heav", 4).matches).toEqual([
    expect.objectContaining({ text: "heave", signature: "(weight: number, by?: number): string" }),
    expect.objectContaining({ text: "heaven", signature: '(a: "x"): "x"' }),
    expect.not.objectContaining({ signature: expect.anything() as unknown }),
  ]);
  const { matches } = types.complete("[1].", 4);
  expect(matches[0]).toEqual({ text: "at", kind: "method", signature: "(index: number): number | undefined" });
  expect(matches.length).toBeGreaterThan(20);
  expect(matches.filter(({ signature }) => signature !== undefined).length).toBeLessThanOrEqual(10);
});

test("offsets are UTF-16, the word around the cursor is replaced", () => {
  expect(types.complete("'😀'; consolX", 12)).toMatchObject({ start: 6, end: 13 });
  expect(types.complete("'😀'; [1].fl", 12)).toMatchObject({ start: 10, end: 12 });
});
