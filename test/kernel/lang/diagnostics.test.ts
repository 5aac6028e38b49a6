import { expect, test } from "vitest";
import { typedNotebook } from "./typed-notebook.js";

const { types } = typedNotebook();

test("words are tsc's, and speak of no scaffolding", () => {
  types.declare("class Foo { a = 1 } enum E { X }");
  types.declare("class Foo { b = 1 } const old = { foo: [new Foo()], e: E.X as E }");
  types.declare("class Foo { c = 1 }");
  const [first, second] = types.check("const f: Foo[] = old.foo\nconst s: string = old");
  expect(first?.message).toBe(
    "Type 'Foo[]' is not assignable to type 'Foo[]'. Two different types with this name exist, but they are unrelated.\n  Property 'c' is missing in type 'Foo' but required in type 'Foo'.",
  );
  expect(second?.message).toBe("Type '{ foo: Foo[]; e: E; }' is not assignable to type 'string'.");
  types.declare("const k = 1");
  expect(types.check("k = 2")[0]?.message).toBe("Cannot assign to 'k' because it is a constant.");
});

test("a remark covers its text, behind astral characters too", () => {
  expect(types.check("'😀'; const x: number =\n  '😀';\n\n'😀'.foo")).toMatchObject([
    { severity: "error", code: "TS2322", line: 1, column: 13, endLine: 1, endColumn: 14 },
    { severity: "error", code: "TS2339", line: 4, column: 6, endLine: 4, endColumn: 9 },
  ]);
});

test("unknown names are told", () => {
  const cell =
    "nope; nope2(1); let x: Nope3; ({ nope4 }); let y: Nope5.Z; consol.log(); describe(); $(1); Map2<string>";
  const unknown = types.check(cell).map(({ unknownName }) => unknownName);
  expect(unknown).toEqual(["nope", "nope2", "Nope3", "nope4", "Nope5", "consol", "describe", "$", "Map2"]);
  types.declare("interface Only { a: 1 }");
  expect(types.check("Only.a")[0]).toMatchObject({ code: "TS2693", unknownName: "Only" });
  expect(types.check("'x'.nope")[0]).not.toHaveProperty("unknownName");
});

test.each([
  ["f(1", 1, 4],
  ["`abc", 1, 5],
  ["const z = ;", 1, 11],
  ["if (true) {\n  f(", 2, 5],
])("syntax errors alone: %j", (cell, line, column) => {
  expect(types.check(cell)[0]).toMatchObject({ line, column, code: expect.stringMatching(/^TS1\d\d\d$/) as string });
});

test("an empty cell, a comment", () => {
  expect([types.check(""), types.check("// x"), types.check("#!/usr/bin/env node")]).toEqual([[], [], []]);
});

test("names of earlier cells are proposed", () => {
  types.declare("const bandwidth = 1; interface Machine { a: 1 }");
  expect(types.check("bandwith + 1; let m: Machina")).toMatchObject([
    { code: "TS2552", message: "Cannot find name 'bandwith'. Did you mean 'bandwidth'?", unknownName: "bandwith" },
    { code: "TS2552", message: "Cannot find name 'Machina'. Did you mean 'Machine'?" },
  ]);
});
