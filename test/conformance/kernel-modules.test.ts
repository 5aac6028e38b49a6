import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { undisturbed } from "./processor.js";
import { plain, spawnKernel, type Ran, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
let folder: string;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "virtlab-modules-")));
  // Types are the language service's matter; here it is what runs.
  kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" }, cwd: join(folder, "notebook") });
});
afterAll(async () => {
  await kernel.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes files below the notebook's folder, or above with `../`. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, "notebook", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const value = async (code: string): Promise<string | undefined> => {
  const ran = await kernel.run(code);
  if (ran.reply.status === "error") throw new Error(plain(ran.reply.traceback));
  return ran.result;
};
const failure = async (code: string): Promise<{ ename: string; evalue: string; traceback: string; ran: Ran }> => {
  const ran = await kernel.run(code);
  if (ran.reply.status !== "error") throw new Error(`expected an error, got ${ran.result ?? "nothing"}`);
  return { ename: ran.reply.ename, evalue: ran.reply.evalue, traceback: plain(ran.reply.traceback), ran };
};

describe("packages", () => {
  beforeAll(() => {
    write({
      "node_modules/esm-pkg/package.json":
        '{ "name": "esm-pkg", "type": "module", "exports": { ".": "./index.js", "./sub": "./deep/sub.js", "./data.json": "./data.json" } }',
      "node_modules/esm-pkg/index.js": "export const name = 'esm'; export default 7; export const state = { n: 0 };",
      "node_modules/esm-pkg/deep/sub.js": "export const sub = 'subpath';",
      "node_modules/esm-pkg/data.json": '{ "packed": true }',
      "node_modules/cjs-pkg/package.json": '{ "name": "cjs-pkg", "main": "main.js" }',
      "node_modules/cjs-pkg/main.js": "exports.named = 'cjs'; exports.state = { n: 0 }; exports.twice = (x) => 2 * x;",
      "../node_modules/above-pkg/package.json": '{ "name": "above-pkg", "version": "1.0.0" }',
      "../node_modules/above-pkg/index.js": "module.exports = function above() { return 'above'; };",
      "node_modules/broken-pkg/package.json": '{ "name": "broken-pkg", "type": "module", "exports": "./index.js" }',
      "node_modules/broken-pkg/index.js": "import 'not-there-either';",
    });
  });

  test.each([
    ["ESM, default and named", 'import seven, { name } from "esm-pkg"; `${name}${seven}`', "'esm7'"],
    ["a subpath of its exports", 'import { sub } from "esm-pkg/sub"; sub', "'subpath'"],
    ["JSON of a package", 'import packed from "esm-pkg/data.json"; packed.packed', "true"],
    ["CommonJS, named as Node finds them", 'import { named, twice } from "cjs-pkg"; named + twice(4)', "'cjs8'"],
    ["CommonJS, the default", 'import cjs from "cjs-pkg"; cjs.named', "'cjs'"],
    ["node_modules above the folder", 'import above from "above-pkg"; above()', "'above'"],
    ["dynamically", '(await import("esm-pkg")).name', "'esm'"],
    ["by import = require", 'import cjs2 = require("cjs-pkg"); cjs2.named', "'cjs'"],
    ["by require, an ES module", 'require("esm-pkg").name', "'esm'"],
    [
      "for their effects, and nothing of what they export",
      'export * from "esm-pkg"; import "cjs-pkg"; typeof sub2',
      "'undefined'",
    ],
    ["no types", 'import type { Nothing } from "not-installed-types"; 1', "1"],
    [
      "built-ins, whatever their prefix",
      'import fs, { existsSync } from "fs"; import * as same from "node:fs"; fs.existsSync === same.existsSync && existsSync === fs.existsSync',
      "true",
    ],
  ])("%s", async (_, code, expected) => {
    expect(await value(code)).toBe(expected);
  });

  test("are the same by import and by require", async () => {
    expect(await value('import { state } from "cjs-pkg"; state === require("cjs-pkg").state')).toBe("true");
    expect(await value('import { state as esm } from "esm-pkg"; esm === require("esm-pkg").state')).toBe("true");
    expect(await value('import * as api from "virtlab"; api.show === require("virtlab").show && typeof api.show')).toBe(
      "'function'",
    );
    expect(await value('import * as tslab from "tslab"; tslab.display === require("tslab").display')).toBe("true");
  });

  test("that aren't there, or are another runtime's, say what to do", async () => {
    const missing = await failure('import x from "no-such-package"');
    expect([missing.ename, missing.evalue]).toEqual([
      "ImportError",
      'the package "no-such-package" is not installed\nRun npm install no-such-package beside the notebook.',
    ]);
    expect((await failure('require("@scope/no-such/sub")')).evalue).toContain('"@scope/no-such" is not installed');
    expect((await failure('import chalk from "npm:chalk@5"')).evalue).toContain(
      'npm install chalk, then import "chalk"',
    );
    expect((await failure('await import("https://esm.sh/x")')).evalue).toContain("lies in the network");
    // Not the one that is installed is missing.
    expect((await failure('import "broken-pkg"')).evalue).toContain("not-there-either");
  });
});

describe("local files", () => {
  test("TypeScript with and without extension, as TypeScript finds them, JavaScript, CommonJS, JSON", async () => {
    write({
      "lib/a.ts": `import { b } from "./b"; import { c } from "./c.js"; import type { T } from "./types"; import { d } from "./d.cjs";
        import json from "./data.json"; import { deep } from "./folder"; import { m } from "./m.mjs"; import { tsx } from "./view";
        export const all: T[] = [b, c, d, json.e, deep, m, tsx];`,
      "lib/b.ts": "enum Letter { B = 'b' } export const b: string = Letter.B;",
      "lib/c.ts": "export const c = 'c' satisfies string;",
      "lib/c.js": "export const c = 'stale output of a compiler';",
      "lib/types.d.ts": "export type T = string;",
      "lib/d.cts": "const { basename } = require('node:path'); exports.d = basename('/x/d');",
      "lib/data.json": '{ "e": "e" }',
      "lib/folder/index.ts": "export const deep = 'deep';",
      "lib/m.mts": "export const m = await Promise.resolve('m');",
      "lib/view.tsx": "const createElement = <P,>(p: P) => p; export const tsx = createElement('tsx');",
      "lib/legacy.js": "module.exports = class Legacy { static kind = 'legacy'; };",
    });
    expect(await value('import { all } from "./lib/a.ts"; all.join()')).toBe("'b,c,d,e,deep,m,tsx'");
    expect(await value('import { all as again } from "./lib/a"; again === all')).toBe("true");
    expect(await value('import Legacy from "./lib/legacy.js"; Legacy.kind')).toBe("'legacy'");
    expect(await value('require("./lib/legacy").kind + require("./lib/b").b + require("./lib/data.json").e')).toBe(
      "'legacybe'",
    );
    expect(await value('import { T } from "./lib/types"; const t: T = "type"; t')).toBe("'type'");
    expect(await value('import data, { e } from "./lib/data.json" with { type: "json" }; data.e + e')).toBe("'ee'");
    expect(await value(`(await import(${JSON.stringify(join(folder, "notebook/lib/b.ts"))})).b`)).toBe("'b'");
  });

  test("are run again when they, or what they import, changed, and only those", async () => {
    write({
      "counter.ts": "export const runs = { n: 0 }; export let count = 0; export function up() { count++; }",
      "leaf.ts": "export const leaf = 1;",
      "middle.ts":
        "import { leaf } from './leaf'; import { runs } from './counter'; runs.n++; export const middle = leaf * 10;",
      "top.ts": "import { middle } from './middle'; export const top = () => middle + 1;",
    });
    const cell =
      'import { top } from "./top"; import * as counter from "./counter"; [top(), counter.count, counter.runs.n].join()';
    expect(await value(cell)).toBe("'11,0,1'");
    expect(await value("counter.up(); counter.count")).toBe("1");
    expect(await value(cell)).toBe("'11,1,1'");
    // The same length, within the same tick of the file system's clock perhaps.
    write({ "leaf.ts": "export const leaf = 2;" });
    expect(await value(cell)).toBe("'21,1,2'");
    write({ "leaf.ts": "export const leaf = 3;" });
    expect(await value(cell)).toBe("'31,1,3'");
    write({ "leaf.ts": "export const leaf = 3;" });
    expect(await value(cell)).toBe("'31,1,3'");
    write({ "counter.ts": "export const runs = { n: 100 }; export const count = 5;" });
    expect(await value(cell)).toBe("'31,5,101'");
    write({ "data.json": "[1]" });
    expect(await value('import list from "./data.json"; list.length')).toBe("1");
    write({ "data.json": "[1, 2]" });
    expect(await value('import list from "./data.json"; list.length')).toBe("2");
    expect(await value('require("./data.json").length')).toBe("2");
    write({ "old.cjs": "exports.v = require('./leaf').leaf;" });
    expect(await value('require("./old.cjs").v')).toBe("3");
    write({ "leaf.ts": "export const leaf = 4;" });
    expect(await value('require("./old.cjs").v')).toBe("4");
  });

  test("have live bindings, cycles as the language has them, import.meta and their own require", async () => {
    write({
      "even.ts":
        "import { isOdd } from './odd'; export function isEven(n: number): boolean { return n === 0 || isOdd(n - 1); } export const at = isEven(4);",
      "odd.ts":
        "import { isEven } from './even'; export function isOdd(n: number): boolean { return n !== 0 && isEven(n - 1); } export const early = isEven(2);",
      "live.ts": "import { count, up } from './live2'; up(); export const seen = count;",
      "live2.ts": "export let count = 0; export const up = () => { count += 1; };",
      "where/meta.ts":
        "import { other } from '../where/other.js'; export const { filename, dirname, url } = import.meta; export const own = require('./other').other === other; export const dir = __dirname; export const lazy = () => import('./other');",
      "where/other.ts": "export const other = {};",
      "star.ts": "export * from './even'; export * as odd from './odd'; export { default } from './fn';",
      "fn.ts": "export default function (): string { return 'default'; }",
      "deco.ts":
        "const seen: string[] = []; function log(_: object, key: string) { seen.push(key); } class A { @log m() {} } { using r = { [Symbol.dispose]() { seen.push('disposed'); } }; void r; } void A; export { seen };",
    });
    expect(await value('import { at } from "./even"; import { early } from "./odd"; [at, early].join()')).toBe(
      "'true,true'",
    );
    expect(await value('import { seen } from "./live"; seen')).toBe("1");
    expect(
      await value(
        'import * as m from "./where/meta"; [m.filename, m.dirname, m.url, m.own, m.dir === m.dirname, typeof (await m.lazy()).other].join()',
      ),
    ).toBe(
      `'${join(folder, "notebook/where/meta.ts")},${join(folder, "notebook/where")},file://${join(folder, "notebook/where/meta.ts")},true,true,object'`,
    );
    expect(await value('import star, { isEven, odd } from "./star"; [star(), isEven(2), odd.isOdd(2)].join()')).toBe(
      "'default,true,false'",
    );
    expect(await value('import { seen as decorated } from "./deco"; decorated.join()')).toBe("'m,disposed'");
    expect(await value("[import.meta.dirname, import.meta.filename, import.meta.url].join()")).toBe(
      `'${join(folder, "notebook")},${join(folder, "notebook/cell.ts")},file://${join(folder, "notebook/cell.ts")}'`,
    );
    expect(await value('import.meta.resolve("./even.ts").endsWith("/notebook/even.ts")')).toBe("true");
  });

  test("name file and line in errors", async () => {
    write({
      "throws.ts":
        "interface Wide {\n  a: number;\n}\nexport function fail(w: Wide): never {\n  throw new RangeError(`bad ${w.a}`);\n}\n",
      "throws-at-once.mts": "type T = 1;\n\nawait null;\nnull.x;\n",
      "syntax.ts": "export const a = 1;\nexport const b = = 2;\n",
      "imports-syntax.ts": "import { b } from './syntax';\nexport { b };\n",
      "imports-missing.ts": "\nimport { x } from './gone.js';\nexport { x };\n",
      "imports-package.ts": "import { x } from 'gone-package';\nexport { x };\n",
      "imports-name.ts": "import { nope } from './throws';\nnope();\n",
      "imports-css.ts": "import './style.css';\n",
      "style.css": "a {}",
      "run.wasm": "",
      "cycle-a.ts": "import { b } from './cycle-b';\nexport const a = b + 1;\n",
      "cycle-b.ts": "import { a } from './cycle-a';\nexport const b = a + 1;\n",
      "bad.json": '{\n  "a": 1,\n  b: 2\n}',
    });
    const thrown = await failure('import { fail } from "./throws"; fail({ a: 1 })');
    const cell = `In[${thrown.ran.reply.execution_count}]`;
    expect(thrown.traceback).toBe(
      [
        "RangeError: bad 1",
        "throws.ts, line 5",
        "  4 | export function fail(w: Wide): never {",
        "> 5 |   throw new RangeError(`bad ${w.a}`);",
        "    |         ^",
        "  6 | }",
        "    at fail (throws.ts:5:9)",
        `    at ${cell}:1:34`,
      ].join("\n"),
    );
    const atOnce = await failure('import "./throws-at-once.mjs"');
    expect(atOnce.traceback).toContain("throws-at-once.mts, line 4\n  3 | await null;\n> 4 | null.x;");
    expect(atOnce.traceback).not.toMatch(/Generator|dist\/kernel|node:/);

    const syntax = await failure('import "./imports-syntax.ts"');
    expect([syntax.ename, syntax.evalue]).toEqual(["SyntaxError", "syntax.ts:2:18: Unexpected `=`"]);
    expect(syntax.traceback).toContain("> 2 | export const b = = 2;\n    |                  ^");

    const gone = await failure('import "./imports-missing"');
    expect(gone.evalue).toBe(
      'imports-missing.ts:2:19: "./gone.js" is not there\nLooked for gone.ts, gone.tsx, gone.js.',
    );
    expect(gone.traceback).toContain("> 2 | import { x } from './gone.js';");
    const direct = await failure('1;\nimport { y } from "./nowhere"');
    expect(direct.evalue).toContain('"./nowhere" is not there');
    expect(direct.traceback).toContain('> 2 | import { y } from "./nowhere"');

    expect((await failure('import "./imports-package"')).evalue).toBe(
      'imports-package.ts:1:19: the package "gone-package" is not installed\nRun npm install gone-package beside the notebook.',
    );
    const name = await failure('import "./imports-name"');
    expect(name.evalue).toBe("The requested module './throws' does not provide an export named 'nope'");
    expect(name.traceback).toContain("imports-name.ts, line 1");
    expect((await failure('import "./imports-css"')).evalue).toContain(
      'imports-css.ts:1:8: "./style.css" is not a module',
    );
    expect((await failure('import "./run.wasm"')).evalue).toContain("WebAssembly.compile(");

    const cycle = await failure('import "./cycle-a"');
    expect(cycle.evalue).toBe(
      "Cannot access 'a' before initialization (cycle-b.ts → cycle-a.ts → cycle-b.ts import each other in a circle)",
    );
    expect(cycle.traceback).toContain("cycle-b.ts, line 2");

    const json = await failure('import "./bad.json"');
    expect(json.evalue).toMatch(/^bad\.json:3:3: /);
    expect((await failure('require("./throws-at-once.mts")')).evalue).toContain("awaits at its top level");
  });

  test("that failed or were stopped are run again by the next import", async () => {
    write({
      "flaky.ts":
        "export const tries = (globalThis.tries = (globalThis.tries ?? 0) + 1); if (tries < 2) throw new Error('first');",
    });
    expect((await failure('import { tries } from "./flaky"')).evalue).toBe("first");
    expect(await value('import { tries } from "./flaky"; tries')).toBe("2");

    for (const [file, flag, text] of [
      ["spins.ts", "free", "console.log('spinning'); if (!globalThis.free) while (true) {}\nexport const out = 'out';"],
      [
        "spins-later.ts",
        "freeLater",
        "await null; console.log('spinning'); if (!globalThis.freeLater) while (true) {}\nexport const out = 'out';",
      ],
    ] as const) {
      for (const mode of ["message", "signal"] as const) {
        write({ [file]: text });
        const spinning = kernel.printed("");
        const running = kernel.run(`import { out } from "./${file}"; out`);
        await spinning;
        const took = await undisturbed(kernel, async () => {
          if (mode === "signal") kernel.process.kill("SIGINT");
          else await kernel.client.request("control", "interrupt_request", {}, { timeout: 60_000 });
          expect((await running).reply).toMatchObject({ status: "error", ename: "Interrupted" });
        });
        expect(took).toBeLessThan(500);
        expect(await value("top()")).toBe("31");
      }
      await kernel.run(`globalThis.${flag} = true;`);
      expect(await value(`import { out } from "./${file}"; out`)).toBe("'out'");
    }
  });
});

describe("cells that are modules", () => {
  test("stand in for files, with errors at the cell, from a syntax error to a callback's", async () => {
    write({ "stand-in.ts": "export const from = 'file';", "stand_in.ts": "export const from = 'file';" });
    expect(await value('import { from } from "./stand_in"; from')).toBe("'file'");
    await value("/** @module stand_in */\nexport const from = 'cell';");
    expect(await value('import { from } from "./stand_in"; from')).toBe("'cell'");
    expect(await value('require("./stand_in.ts").from')).toBe("'cell'");
    expect(await value('import { from } from "./stand-in"; from')).toBe("'file'");

    const { traceback } = await failure("/** @module broken */\nexport const = 1;");
    expect(traceback).toMatch(/In\[\d+\]:2:14/);
    await value("/** @module throws */\nexport function fail(): never {\n  throw new Error('inside');\n}");
    const thrown = await failure('import { fail } from "./throws";\nfail();');
    expect(thrown.traceback).toMatch(/In\[\d+\], line 3[^]*> 3 \| {3}throw new Error\('inside'\);/);
    expect(thrown.traceback).toMatch(/at fail \(In\[\d+\]:3:9\)\n\s+at In\[\d+\]:2:1/);
  });

  test("are imported by files and by each other, and anew when one of them is replaced", async () => {
    write({ "leans.ts": "import { base } from './base';\nexport const more = base + 1;" });
    await value("/** @module base */\nexport const base = 1;");
    expect(await value('import { more } from "./leans"; more')).toBe("2");
    await value("/** @module base */\nimport { more } from './other';\nexport const base = 10 + (more ?? 0);");
    await value("/** @module other */\nexport const more = 5;");
    expect(await value('import { more } from "./leans"; more')).toBe("16");
  });

  test("are gone when the kernel is started again", async () => {
    const again = await spawnKernel({ cwd: join(folder, "notebook") });
    const { reply } = await again.run('import { base } from "./base"; base');
    expect(reply.status).toBe("error");
    await again.run("/** @module base */\nexport const base = 2;");
    expect((await again.run('import { base } from "./base"; base')).result).toBe("2");
    await again.close();
  });
});
