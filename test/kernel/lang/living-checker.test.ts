import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { typedNotebook } from "./typed-notebook.js";

const { cwd, types, errors } = typedNotebook();

test("other names are proposed for the hundredth unknown one", () => {
  types.declare("const bandwidth = 1");
  for (let time = 0; time < 100; time++) expect(types.check(`bandwith + ${time}`)).toMatchObject([{ code: "TS2552" }]);
});

test("what was right is right again only while what it stands on is the same", () => {
  types.declare("let n = 1");
  expect(errors("n.toFixed()")).toEqual([]);
  expect(errors("n.toFixed()")).toEqual([]);
  types.declare("let n = 'x'");
  expect(errors("n.toFixed()")).toEqual(["1:3 TS2551"]);
  types.reset();
  expect(errors("n.toFixed()")).toEqual(["1:1 TS2304"]);
});

test("a cell is settled that declares nothing and leans on no file", () => {
  const settled = (cell: string): boolean => {
    expect(errors(cell)).toEqual([]);
    return types.isSettled(cell);
  };
  types.declare("let n = 1; import { cpus } from 'node:os'");
  expect([settled("n.toFixed()"), settled("cpus()[0]?.model"), settled("1 + 1")]).toEqual([true, true, true]);
  expect([settled("const m = n"), settled("interface I { a: 1 }"), settled("declare global { var g: 1 }")]).toEqual([
    false,
    false,
    false,
  ]);
  expect([settled("import 'node:fs'"), settled("await import('node:fs')")]).toEqual([false, false]);
  writeFileSync(join(cwd, "mine.ts"), "export const a = 1;");
  types.declare("import { a } from './mine'");
  expect(settled("a.toFixed()")).toBe(false);
});

test("a cell is not settled while a module is missing that may come to be", () => {
  expect(errors("import './missing.js'")).toEqual(["1:8 TS2882"]);
  types.declare("import './missing.js'");
  expect(errors("1 + 1")).toEqual([]);
  expect(types.isSettled("1 + 1")).toBe(false);
});

test("a cell that runs again is declared once", () => {
  const cell = "const n = 1; const f = () => n";
  types.check(cell);
  expect(types.declare(cell).record).toMatchObject({ source: cell });
  types.check(cell);
  expect(types.declare(cell).record).toBeUndefined();
  types.check("const n = 'x'");
  types.declare("const n = 'x'");
  types.check(cell);
  expect(types.declare(cell).record).toMatchObject({ source: cell });
  expect(errors("f().toFixed(); n.toFixed()")).toEqual([]);
});

test("cells that declare nothing leave nothing", () => {
  types.check("1 + 1");
  expect(types.declare("1 + 1")).toEqual({ forgotten: [] });
});

test("cells that nothing leads to are forgotten, those that others mention are not", () => {
  types.declare("interface Kept { a: number }");
  types.declare("function make(): Kept { return { a: 1 } }");
  types.declare("interface Kept { b: number }");
  const forgotten: number[] = [];
  for (let n = 0; n < 250; n++)
    forgotten.push(...types.declare(`const again = ${n}; type Again = typeof again`).forgotten);
  expect(forgotten.length).toBeGreaterThan(150);
  types.tidy();
  expect(errors("make().a.toFixed(); const k: Kept = { b: again }", "make().b")).toEqual(["1:8 TS2339"]);
});

test("a global that was only checked is not there", () => {
  expect(errors("declare global { var tested: number }; tested.toFixed()")).toEqual([]);
  expect(errors("tested")).toEqual(["1:1 TS2304"]);
  types.declare("declare global { var tested: number }; interface Mine { a: 1 }");
  expect(errors("tested.toFixed(); const m: Mine = { a: 1 }; m")).toEqual([]);
  types.reset();
  expect(errors("tested")).toEqual(["1:1 TS2304"]);
});

test("names that TypeScript might take for its own", () => {
  expect(
    errors("const __a = 1; const __proto__ = 2; const constructor = 'x'", "__a.toFixed(); constructor.length"),
  ).toEqual([]);
  expect(errors("export const P = 1; export default class D { d = 1 }", "P.toFixed(); new D().d")).toEqual([]);
  expect(errors("interface Q { a: 1 }", "export const Q: Q = { a: 1 }", "const q: Q = Q")).toEqual([]);
});
