import { createRequire } from "node:module";
import { afterAll, describe, expect, test } from "vitest";
import { typedNotebook } from "./typed-notebook.js";

interface Converter {
  convert(declarations: string, source: string): { readonly diagnostics: readonly { readonly category: number }[] };
  close(): void;
}

const { types } = typedNotebook();
const require = createRequire(import.meta.url);
const { createConverter } = require("tslab/dist/converter") as { createConverter: () => Converter };
const tslab = createConverter();
afterAll(() => {
  tslab.close();
});

const ERROR = 1;

describe("what tslab lets pass is a warning here, what it refuses an error", () => {
  test.each([
    // No type is told.
    ["const f = (a) => a", "TS7006", "warning"],
    ["class A { b; }", "TS7008", "warning"],
    ["function F() {} new F()", "TS7009", "warning"],
    ["interface I { m() }", "TS7010", "warning"],
    ["interface I { new () }", "TS7013", "warning"],
    ["[1]['x']", "TS7015", "warning"],
    ["globalThis.nope", "TS7017", "warning"],
    ["function f(...r) {}", "TS7019", "warning"],
    ["interface I { () }", "TS7020", "warning"],
    ["const f = () => f()", "TS7023", "warning"],
    ["function f({ a }) { return a; }", "TS7031", "warning"],
    ["type M = { [K in 'a'] };", "TS7039", "warning"],
    ["type F = (string) => number", "TS7051", "warning"],
    ["const o = { a: 1 }; const k: string = 'a'; o[k]", "TS7053", "warning"],
    ["function* g() { const x = yield 1; }", "TS7057", "warning"],
    ["function f() { return this.x }", "TS2683", "warning"],
    // It may be nothing.
    ["'a'.match(/a/)[0]", "TS2531", "warning"],
    ["[1].find(Boolean).toFixed()", "TS2532", "warning"],
    ["const f = null as (() => number) | null; f()", "TS2721", "warning"],
    ["const o: { f?: () => number } = {}; o.f()", "TS2722", "warning"],
    ["const f: (() => number) | null | undefined = null as any; f()", "TS2723", "warning"],
    ["const e = 'a'.match(/a/); e[0]", "TS18047", "warning"],
    ["const m = new Map<string, number>(); const a = m.get('a'); a.toFixed()", "TS18048", "warning"],
    ["const o: { f?: { g: number } | null } = {}; o.f.g", "TS18049", "warning"],
    // It is nothing.
    ["const f = () => this.x", "TS2532", "error"],
    ["const n: null = null; n.x", "TS18047", "error"],
    ["let u: undefined; u.x", "TS18048", "error"],
    ["(void 0).x", "TS2532", "error"],
    ["null.x", "TS18050", "error"],
    // It has no value yet.
    ["let n: number; console.log(n)", "TS2454", "warning"],
    ["console.log(q); let q = 1", "TS2448", "error"],
    ["class A { name: string }", "TS2564", "warning"],
    ["class A { a = this.b; b = 1; }", "TS2729", "error"],
  ])("%j", (cell, code, severity) => {
    const refused = tslab.convert("", cell).diagnostics.some(({ category }) => category === ERROR);
    expect(refused).toBe(severity === "error");
    const found = types.check(cell);
    expect(found.some((each) => each.severity === "error")).toBe(refused);
    expect(found).toContainEqual(expect.objectContaining({ code, severity }));
  });

  test("a variable that a function gives its value is not taken for nothing", () => {
    const cell = "let last: string | null = null; ['a'].forEach((a) => { last = a; }); (last as string | null).length";
    expect(types.check(cell)).toMatchObject([{ severity: "warning" }]);
  });
});
