import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import { transformSync } from "oxc-transform";
import { describe, expect, test } from "vitest";
import { eraseTypes } from "../../../kernel/lang/erasure.js";
import { createTransform } from "../../../kernel/lang/index.js";
import { alike, different } from "../../conformance/tslab-cells.js";

const long = process.env["VIRTLAB_LONG"] === "1";

/** Without layout and comments; semicolons that stand alone are left out. */
function printed(script: string): string {
  const { code, errors } = transformSync("script.js", script, { lang: "js", sourceType: "script" });
  if (errors[0] !== undefined) throw new Error(`${errors[0].message}\n${script}`);
  const lines = code.replace(/\/\*[^]*?\*\//g, "").split("\n");
  return lines
    .map((line) => line.replace(/^\s*;*\s*/, "").replace(/\s*\/\/ .*$/, ""))
    .filter((line) => line !== "")
    .join("\n");
}

function isErased(source: string): boolean {
  const { program, errors } = parseSync("cell.ts", source, { lang: "ts", sourceType: "module", astType: "ts" });
  expect(errors).toEqual([]);
  return eraseTypes(source, program) !== undefined;
}

/** The script of a cell. What looks like the end of an HTML comment sends it the long way, through the type stripper. */
function script(source: string, way: "short" | "long"): string {
  const result = createTransform()(way === "short" ? source : `${source}\n// -->`, "cell");
  if (!result.ok) throw new Error(result.diagnostics[0]?.message);
  return printed(result.cell.code);
}

/** Where types are all that keeps two lines apart, or stand where a line may not end. */
const erased = [
  "let a = 1\ninterface A {}\n(a)",
  "let b: { c: number } = { c: 1 }\ntype B = number\n[b.c]",
  "const c = 1 as number\n(c)",
  "const d = 1 satisfies number\n;[d]",
  "const e = (() => 1) as () => number\n`text`",
  "const f = { g: 1 }!\nexport default f",
  "let g: number\nlet h: string, i\n(h = 'x')",
  "function j() { const k = 1 as any\n(k)\ntype T = 1\n[k] }\nj()",
  "if (1 > 0) var l = 1 as number\nelse var l = 2 as number\n(l)",
  "for (const m of [1, 2] as const) m!\n(3)",
  "let n = 0\nwhile (n < 3) n++\nn",
  "label: for (let o = 0; o < 2; o++) continue label\n1",
  "do { } while (false as boolean)\n(1)",
  "class P { q: number\n*s() { }\n['r'] = 1 as number\nt = 1 as any\nget; set: number\nu() { } }\nnew P().t",
  "class V<T> extends Map<string, T> { w!: T; x?: number; static y = 1; #z: T | undefined; m<U>(u: U, ...r: U[]): void { } }",
  "const aa = async <T,>(x: T): Promise<T> => x\nawait aa(1)",
  "const bb = (x: number, y?: string, [z]: number[] = [], { w }: { w?: number } = {}, ...r: number[]): void => { }",
  "const cc = new Map<string, number>()\nconst dd = new Set<number>\n1",
  "let ee: any = 1; ee!.a++; (ee as number); ee! in { }; 1!.toString(); [ee!as number]",
  "function ff(x: string): number;\nfunction ff(x: number): number;\nfunction ff(x: any): any { return x }",
  "declare const gg: number\ndeclare function hh(): void\ndeclare global { interface Window { } }\n1",
  'import type { ParsedPath } from "path"\nimport { join } from "path";\nexport type { ParsedPath };\nexport const ii: string = join("a")',
  'const jj = await import("path") as typeof import("path")\nimport.meta.url',
  "try { throw 1 } catch (kk: unknown) { }\nswitch (1 as number) { case 1 as number: var ll: number = 1\ndefault: (2) }",
  "const [mm, { nn = 1 as number }]: [number, { nn?: number }] = [1, {}]\nconst oo = [mm, nn] as const",
  "function nn(a?, b?: number) { }",
  "/* before */ 1 as /* inside */ number // behind",
  "const pp = String.raw<never>`x`\ntype\nQ = 1",
  "const process: number = 1\nconst Map = { process } as const\nMap",
];

const notErased = [
  "enum A { B }",
  "namespace N { export const x = 1 }",
  "class A { constructor(private b: number) { } }",
  "class A { readonly b = 1; private c = 2; declare d: number; [e: string]: unknown }",
  "abstract class A { abstract b(): void }",
  "class A implements Iterable<number> { *[Symbol.iterator]() { } }",
  "class A { b(): void; b() { } }",
  "class A { accessor b = 1 }",
  "function mark(..._: any[]) { }\n@mark class A { }",
  "function a(this: number) { }",
  "function a(this) { }",
  "const a = <number>1",
  "const a = Array<number>",
  "let a = 1; (a as any) = 2",
  "let a = 1; (a as any)++",
  "let a: any; [a!] = [1]",
  "const a = (b: number)\n: number => b",
  "const a = async <T,>\n(b: T) => b",
  "{ using a = null }",
  "import a = require('path')",
  "import { type ParsedPath, join } from 'path';",
  "import { join } from 'path'\nimport { sep } from 'path'",
  "let a = 1\nwhile (a --> 0);",
  "let \\u0061b: number = 1",
  "/(?i:a)b/",
];

test.each(erased)("types of %j are taken out in place", (source) => {
  expect(isErased(source)).toBe(true);
  expect(script(source, "short")).toBe(script(source, "long"));
});

test.each(notErased)("%j goes the long way", (source) => {
  const { errors } = parseSync("cell.ts", source, { lang: "ts", sourceType: "module" });
  if (errors.length === 0) expect(isErased(source)).toBe(false);
  else expect(createTransform()(source, "cell").ok).toBe(false);
});

/** Cells that notebooks have, and modules, which are large cells. */
function corpus(): readonly string[] {
  const top = join(import.meta.dirname, "../../..");
  const modules = (folder: string): string[] =>
    readdirSync(join(top, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
      .map((name) => readFileSync(join(top, folder, name), "utf8"));
  const notebooks = readdirSync(join(top, "notebooks")).filter((name) => name.endsWith(".ipynb"));
  const cells = notebooks.flatMap((name) => {
    const { cells } = JSON.parse(readFileSync(join(top, "notebooks", name), "utf8")) as {
      cells: { cell_type: string; source: string | string[] }[];
    };
    return cells.filter((cell) => cell.cell_type === "code").map(({ source }) => [source].flat().join(""));
  });
  return [
    ...Object.values(alike).flat(),
    ...Object.values(different).flatMap((each) => each.cells),
    ...cells,
    ...(long ? ["kernel", "sim", "test"] : ["kernel/lang"]).flatMap(modules),
  ];
}

describe("real code", () => {
  test("means the same both ways, and most cells go the short one", () => {
    let short = 0;
    const readable = corpus().filter((source) => createTransform()(source, "cell").ok);
    for (const source of readable) {
      if (!isErased(source)) continue;
      short++;
      expect(script(source, "short")).toBe(script(source, "long"));
    }
    expect(short).toBeGreaterThan(readable.length / 2);
  });
});
