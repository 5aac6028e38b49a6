import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { typedNotebook } from "./typed-notebook.js";

const { cwd, types, errors } = typedNotebook();

test("local modules, changed between two cells", () => {
  writeFileSync(join(cwd, "mine.ts"), "export const a = 1;");
  expect(errors("import { a } from './mine'; a.toFixed()")).toEqual([]);
  expect(errors("import { a } from './mine.ts'; a.length")).toEqual(["1:34 TS2339"]);
  types.declare("import { a } from './mine'");
  writeFileSync(join(cwd, "mine.ts"), "export const a = 'now a string';");
  expect(errors("import { a } from './mine'; a.length")).toEqual([]);
  expect(errors("a.length")).toEqual([]);
});

test("a module that comes to be after it was missed", () => {
  const cell = "import { b } from './later'; b.toFixed()";
  expect(errors(cell)).toEqual(["1:19 TS2307"]);
  writeFileSync(join(cwd, "later.ts"), "export const b = 1;");
  expect(errors(cell)).toEqual([]);
});

test("cells that are modules, in place of files, replaced and forgotten", () => {
  const cell = "import { m } from './cell-made'; m.toFixed()";
  expect(errors(cell)).toEqual(["1:19 TS2307"]);
  types.defineModule("cell-made", "export const m = 1;");
  expect(errors(cell)).toEqual([]);
  types.declare("import { m } from './cell-made'");
  types.defineModule("cell-made", "import { no } from './nowhere';\nexport const m: number = 'text';");
  expect(types.checkModule("cell-made")).toMatchObject([
    { line: 1, column: 20, code: "TS2307" },
    { line: 2, column: 14, code: "TS2322" },
  ]);
  expect(errors(cell)).toEqual(["1:19 TS2307", "1:19 TS2322"]);
  types.defineModule("cell-made", "export const m = 'text';");
  expect(errors("import { m } from './cell-made'; m.length")).toEqual([]);
  writeFileSync(join(cwd, "over.ts"), "export const o = 1;");
  types.defineModule("over", "export const o = 'text';");
  expect(errors("import { o } from './over'; o.length")).toEqual([]);
  types.reset();
  expect(errors("import { o } from './over'; o.toFixed()")).toEqual([]);
  expect(errors(cell)).toEqual(["1:19 TS2307"]);
});

test("JSON", () => {
  writeFileSync(join(cwd, "data.json"), '{ "n": 1 }');
  expect(errors("import data from './data.json'; data.n.length")).toEqual(["1:40 TS2339"]);
});

test("packages, installed late too", () => {
  const cell = "import { c } from 'some-package'; c.toFixed()";
  expect(errors(cell)).toEqual(["1:19 TS2307"]);
  const folder = join(cwd, "node_modules/some-package");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "some-package", "types": "index.d.ts" }');
  writeFileSync(join(folder, "index.d.ts"), "export declare const c: number; export interface D { e: string }");
  expect(errors(cell)).toEqual([]);
  expect(errors("import { c, type D } from 'some-package'", "const d: D = { e: c }")).toEqual(["1:16 TS2322"]);
});

test("a package without types is any", () => {
  const folder = join(cwd, "node_modules/untyped-package");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "untyped-package", "main": "index.js" }');
  writeFileSync(join(folder, "index.js"), "module.exports = 1");
  expect(errors("import u from 'untyped-package'; u.x.y", "u.z")).toEqual([]);
});

test("an error in a local module is shown at the import, with its place", () => {
  writeFileSync(join(cwd, "inner.ts"), "export const n: number = 1;\n\nexport const wrong: number = 'x';");
  writeFileSync(join(cwd, "outer.ts"), "export { n } from './inner'; export const f = (a) => a;");
  expect(types.check("'here';\nimport { n } from './outer'; n.toFixed()")).toEqual([
    {
      severity: "error",
      code: "TS2322",
      message: "inner.ts:3:14 - Type 'string' is not assignable to type 'number'.",
      line: 2,
      column: 19,
      endLine: 2,
      endColumn: 28,
    },
  ]);
  writeFileSync(join(cwd, "inner.ts"), "export const n: number = 1;");
  expect(errors("import { n } from './outer'; n.toFixed()", "n.length")).toEqual(["1:3 TS2339"]);
  rmSync(join(cwd, "inner.ts"));
  expect(types.check("import { n } from './outer'; n")[0]?.message).toContain("outer.ts:1:19 - Cannot find module");
});
