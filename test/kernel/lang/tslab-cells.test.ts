import { describe, expect, test } from "vitest";
import { typedNotebook } from "./typed-notebook.js";

const { types, errors } = typedNotebook();

test("CommonJS", () => {
  expect(errors("const { display } = require('tslab'); display.html(1); require('./anything').x")).toEqual([
    "1:52 TS2345",
  ]);
  expect(errors("import tslab = require('tslab'); tslab.display.html(1)")).toEqual(["1:53 TS2345"]);
});

describe("what only strict TypeScript says is a warning: tslab's cells run", () => {
  test.each([
    ["const f = (a) => a", "TS7006"],
    ["class A { name: string }", "TS2564"],
    ["[1].find(Boolean).toFixed()", "TS2532"],
    ["let n: number; console.log(n)", "TS2454"],
    ["const o = { a: 1 }; const k: string = 'a'; o[k]", "TS7053"],
    ["function f() { return this.x }", "TS2683"],
  ])("%j", (cell, code) => {
    expect(types.check(cell)).toMatchObject([{ severity: "warning", code }]);
  });

  test("nothing is said of what has a meaning in tslab alone", () => {
    expect(errors("try { throw new Error('x') } catch (error) { error.message }")).toEqual([]);
  });

  test("a variable that gets its type later", () => {
    expect(
      errors("let b; const list = []; let s: string", "b = 1; list.push(1); s = 'x'", "b.c; list[0].d; s.length"),
    ).toEqual([]);
  });
});
