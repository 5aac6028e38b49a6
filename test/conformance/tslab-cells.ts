/**
 * Notebooks as tslab's users write them, by what they rely on; the last cell looks at what came of it. The tests run
 * each in tslab and in our kernel and compare every cell: whether it succeeded, and what it showed as its result.
 */
export const alike: Readonly<Record<string, readonly string[]>> = {
  "const across cells": ["const a = 1;", "const b = a + 1;", "[a, b]"],
  "let is assigned by later cells": ["let n = 1;", "n = n + 1;", "n *= 10;", "n"],
  "var across cells": ["var v = 1;", "v++; v"],
  "let without a value is undefined": ["let unset: number | undefined;", "String(unset)"],
  "let without a value, again, is undefined again": [
    "let u: number | undefined = 1;",
    "let u: number | undefined;",
    "String(u)",
  ],
  "const again, with another type": ["const c = 1;", "const c = 'text';", "c + c"],
  "let becomes const": ["let l = 1;", "const l = [2];", "l"],
  "a function again": ["function f() { return 1; }", "function f() { return 'two'; }", "f()"],
  "a class again": ["class K { n = 1 }", "class K { m = 2 }", "new K().m"],
  "an instance keeps the class that it was made of": [
    "class P { who() { return 'old'; } }\nconst p = new P();",
    "class P { who() { return 'new'; } }",
    "[p.who(), new P().who()]",
  ],
  "an enum, again, and as a type": ["enum E { A = 1, B }", "const e: E = E.B;\nE[e]", "enum E { C = 'c' }", "E.C"],
  "a const enum": ["const enum CE { X = 7 }\nconst ce = CE.X;", "ce"],
  "an interface, again": [
    "interface I { a: number }",
    "const i: I = { a: 1 };",
    "interface I { b: string }",
    "const j: I = { b: 'x' };\nj",
  ],
  "a type alias, again": ["type T = number;", "type T = string;", "const t: T = 'x';\nt"],
  "generics across cells": [
    "type Box<T> = { value: T };\nconst box = <T,>(value: T): Box<T> => ({ value });",
    "const bx: Box<number> = box(3);\nbx.value",
  ],
  "abstract classes and heirs in different cells": [
    "abstract class Shape { abstract area(): number; twice() { return 2 * this.area(); } }",
    "class Square extends Shape { constructor(private side: number) { super(); } area() { return this.side ** 2; } }",
    "new Square(3).twice()",
  ],
  overloads: [
    "function o(x: number): string;\nfunction o(x: string): number;\nfunction o(x: any): any { return typeof x === 'number' ? 'n' : 1; }",
    "[o(1), o('a')]",
  ],
  "a namespace": ["namespace N { export const inner = 5; export function g() { return inner * 2; } }", "N.g()"],
  "a name becomes a value of another kind": [
    "const k1 = 1;",
    "function k1() { return 'f'; }",
    "k1()",
    "class k1 { static s = 's' }",
    "k1.s",
  ],
  destructuring: [
    "const { x, y: { z = 3 }, ...rest } = { x: 1, y: {} as { z?: number }, p: 4, q: 5 };",
    "[x, z, rest.p + rest.q]",
  ],
  "destructuring of arrays with holes and rest": [
    "const [h, , k = 9, ...tail] = [1, 2, undefined, 4, 5];",
    "[h, k, tail.length]",
  ],
  "destructuring by assignment": ["let s1 = 1, s2 = 2;", "[s1, s2] = [s2, s1];", "[s1, s2]"],
  "several declarations in one statement": ["let m1 = 1, m2 = m1 + 1, m3: number;", "m3 = m2 + 1;\n[m1, m2, m3]"],
  "closures assign what a later cell sees": [
    "let total = 0;\nfunction add(n: number) { total += n; }",
    "add(3); add(4);",
    "total",
  ],
  "a counter in a closure": ["const next = (() => { let i = 0; return () => ++i; })();", "next();", "next()"],
  "functions call each other across cells": [
    "function even(n: number): boolean { return n === 0 || odd(n - 1); }\nfunction odd(n: number): boolean { return n !== 0 && even(n - 1); }",
    "even(10)",
  ],
  "functions are hoisted within their cell": ["const early = hoisted();\nfunction hoisted() { return 'up'; }", "early"],
  "names of blocks and functions shadow": [
    "const sh = 'outer';",
    "{ const sh = 'inner'; }\nfunction inFunction() { const sh = 'local'; return sh; }",
    "[sh, inFunction()]",
  ],
  "a loop's variable stays its own": ["let i = 100;", "for (let i = 0; i < 3; i++) { }\nfor (const i of [1]) { }", "i"],
  "a parameter shadows": ["const par = 1;", "((par: number) => par * 2)(21) + par"],
  "a name of the realm": ["const name = 'mine';\nconst status = 5;", "name + status"],
  "typeof, delete of a property, in": [
    "const del: { a?: number } = { a: 1 };",
    "delete del.a;\n[typeof del.a, 'a' in del]",
  ],
  "the last expression is the result": ["1; 2; 3"],
  "an expression before others is none": ["1;\nconst last = 2;"],
  "undefined shows nothing": ["undefined"],
  "a void call shows nothing": ["(() => { })()"],
  "a string": ["'text'"],
  "an object literal in brackets": ["({ a: 1, b: [2] })"],
  "an assignment is an expression": ["let assigned = 0;", "assigned = 7"],
  "a declaration shows nothing": ["const shown = 5"],
  "a function declaration shows nothing": ["function shownNot() { }"],
  "an if shows nothing": ["if (true) { 5; }"],
  "a loop shows nothing": ["for (let q = 0; q < 2; q++) { q; }"],
  "a semicolon behind the last expression changes nothing": ["40 + 2;"],
  "a comment behind the last expression changes nothing": ["40 + 2 // what else"],
  "an empty cell, a comment": ["", "// only words", "/* more */"],
  "a template literal": ["const who = 'you';", "`hello ${who}`"],
  "export default of an expression is the result": ["const dflt = 1;\ndflt + 1"],
  "top-level await": ["const aw = await Promise.resolve(5);", "aw"],
  "top-level await as the result": ["await Promise.resolve('later')"],
  "a timer of an earlier cell assigns": [
    "let ticked = 'no';\nconst done = new Promise<void>((r) => setTimeout(() => { ticked = 'yes'; r(); }, 5));",
    "await done;",
    "ticked",
  ],
  "a promise that is not awaited stays a promise": ["const pr = Promise.resolve(3);", "(await pr) + 1"],
  "destructuring behind await": [
    "const { d1, d2 = 2 } = await Promise.resolve({ d1: 1 } as { d1: number; d2?: number });",
    "[d1, d2]",
  ],
  "imports of built-ins by name, as a namespace, as default": [
    "import { join } from 'path';\nimport * as os from 'os';",
    "[join('a', 'b'), typeof os.cpus]",
  ],
  "an import under another name, used a cell later": ["import { basename as base } from 'path';", "base('/x/y')"],
  "an import again": [
    "import { join as again } from 'path';",
    "import { basename as again } from 'path';",
    "again('/p/q')",
  ],
  "an imported name becomes a variable": ["import { sep } from 'path';", "const sep = '!';", "sep"],
  "dynamic import": ["const dyn = await import('path');", "dyn.basename('/m/n')"],
  "a type-only import": ["import type { ParsedPath } from 'path';", "1"],
  decorators: [
    "const calls: string[] = [];\nfunction mark(_: any, key: string) { calls.push(key); }",
    "class Decorated { @mark run() { } }",
    "calls",
  ],
  "accessors, statics and private fields": [
    "class Acc { #p = 1; static count = 2; get p() { return this.#p; } set p(v) { this.#p = v; } }",
    "const acc = new Acc();\nacc.p = 5;\n[acc.p, Acc.count]",
  ],
  generators: ["function* gen() { yield 1; yield 2; }", "[...gen()]"],
  "async functions across cells": ["async function slow(n: number) { await null; return n * 2; }", "await slow(21)"],
  "optional chaining, nullish assignment, bigint": [
    "let maybe: { a?: number } | undefined;",
    "maybe ??= { a: 1 };\n[maybe?.a, 2n ** 70n > 0n]",
  ],
  "labels, switch, try": [
    "let out = '';\nouter: for (const a of [1, 2]) { for (const b of [1, 2]) { if (b === 2) continue outer; out += a; } }\nswitch (out) { case '12': out += '!'; }\ntry { throw new Error('x'); } catch (e) { out += (e as Error).message; }",
    "out",
  ],
  "a cell that throws leaves what it assigned to earlier variables": [
    "let progress = 0;",
    "progress = 1;\nthrow new Error('stop');",
    "progress",
  ],
  "a syntax error runs nothing": ["let untouched = 1;", "untouched = 2; let = = 3;", "untouched"],
  "a type error runs nothing": ["let kept = 1;", "kept = 2; const wrong: string = 5;", "kept"],
  "an unknown name runs nothing": ["let still = 1;", "still = 2; nowhere;", "still"],
  "assigning to a const is a type error": ["const fixed = 1;", "fixed = 2;", "fixed"],
  "satisfies, as const, non-null": [
    "const sat = { a: 1 } satisfies Record<string, number>;\nconst tuple = [1, 'x'] as const;",
    "[sat.a, tuple[1], [1][0]!]",
  ],
  "a getter's value is computed each time": [
    "let reads = 0;\nconst lazy = { get v() { return ++reads; } };",
    "lazy.v; lazy.v;",
    "reads",
  ],
  "this at the top of a function": ["function self(this: number) { return this + 1; }", "self.call(4)"],
  declare: ["declare const declared: number;", "1"],
  "a module": [
    "/** @module lib1 */\nexport const x = 1;\nexport default function twice(n: number) { return n * 2; }",
    "import twice, { x } from './lib1';\nimport * as lib1 from './lib1';",
    "twice(x) + Object.keys(lib1).length",
  ],
  "a module is typed": ["/** @module lib2 */\nexport const x = 1;", "import { x } from './lib2'; const s: string = x;"],
  "a module again": [
    "/** @module lib3 */\nexport const v = 1;",
    "import { v } from './lib3';",
    "/** @module lib3 */\nexport const v = 'two';",
    "v",
    "import { v } from './lib3';\nv.length",
  ],
  "a module again begins anew, though its text is the same": [
    "/** @module lib4 */\nlet n = 0;\nexport const up = () => ++n;",
    "import { up } from './lib4';\nup()",
    "/** @module lib4 */\nlet n = 0;\nexport const up = () => ++n;",
    "import { up } from './lib4';\nup()",
  ],
  "a module of a module": [
    "/** @module lib5a */\nexport const a = 1;",
    "/** @module lib5b */\nimport { a } from './lib5a';\nexport const b = a + 1;",
    "import { b } from './lib5b';\nb",
  ],
  "what a module declares is its own": ["/** @module lib6 */\nexport const hidden = 1;", "hidden"],
  "a module doesn't run until it is imported": [
    "/** @module lib7 */\n(globalThis as any).ran = 'yes';\nexport {};",
    "typeof (globalThis as any).ran",
    "import './lib7';\n(globalThis as any).ran",
  ],
  "a type error in a module hinders who imports it": [
    "/** @module lib8 */\nexport const wrong: number = 'x';",
    "import { wrong } from './lib8';\nwrong",
    "/** @module lib8 */\nexport const wrong: number = 1;",
    "import { wrong } from './lib8';\nwrong",
  ],
  "a module's types": [
    "/**\n * Racks.\n * @module lib10\n */\nexport interface Rack { size: number }\nexport enum Kind { A = 'a' }",
    "import { Kind, type Rack } from './lib10';\nconst rack: Rack = { size: 1 };\n[rack.size, Kind.A]",
  ],
  "no module: the name is none, the comment is none": [
    "/** @module two words */\nconst m1 = 1;",
    "/* @module lib11 */\nconst m2 = 2;",
    "m1 + m2",
  ],
};

interface Difference {
  readonly cells: readonly string[];
  /** What tslab's last cell gives, and ours: null for nothing, `error` for a failure. */
  readonly tslab: string | null;
  readonly ours: string | null;
  readonly why: string;
}

/** Where we mean to differ. */
export const different: Readonly<Record<string, Difference>> = {
  "null is a result": {
    cells: ["null"],
    tslab: null,
    ours: "null",
    why: "Only undefined means that there is nothing; a lookup that finds null shall not look like a call without a result.",
  },
  "a module whose module is replaced": {
    cells: [
      "/** @module lib12a */\nexport const a = 1;",
      "/** @module lib12b */\nimport { a } from './lib12a';\nexport const b = a + 1;",
      "import { b } from './lib12b';",
      "/** @module lib12a */\nexport const a = 10;",
      "import { b } from './lib12b';\nb",
    ],
    tslab: "2",
    ours: "11",
    why: "A module is run anew when what it imports has changed, as files beside the notebook are; tslab's keeps the old one.",
  },
  "a module that comes before what it imports": {
    cells: [
      "/** @module lib9a */\nimport { late } from './lib9b';\nexport const early = late;",
      "/** @module lib9b */\nexport const late = 1;",
      "import { early } from './lib9a';\nearly",
    ],
    tslab: "error",
    ours: "1",
    why: "What was missing is looked for again; tslab's first module has to be run again.",
  },
  "a module's syntax error": {
    cells: ["/** @module lib13 */\nexport const = 1;"],
    tslab: null,
    ours: "error",
    why: "There is nothing to import. tslab prints the error and goes on.",
  },
  "`using`": {
    cells: ["let closed = false;\n{ using r = { [Symbol.dispose]() { closed = true; } }; }", "closed"],
    tslab: "error",
    ours: "true",
    why: "tslab's TypeScript is 5.0; the syntax came with 5.2.",
  },
  "a variable of a cell that failed": {
    cells: ["const first = 1;\nthrow new Error('x');", "first"],
    tslab: "error",
    ours: "1",
    why: "What a failed cell came to declare can be looked at; what it didn't come to says so when it is read.",
  },
  "closures see what a later cell assigns": {
    cells: ["let shared = 1;\nconst read = () => shared;", "shared = 2;", "read()"],
    tslab: "1",
    ours: "2",
    why: "All cells share one variable of a name, as a module's functions do; tslab's functions keep the value that it had at the end of their own cell.",
  },
  "declarations of a cell with await are seen later": {
    cells: [
      "let before = 1;\nawait null;\nconst after = 2;\nfunction fa() { return before + after; }\nclass CA { v = fa(); }",
      "before = 10;\n[fa(), new CA().v]",
    ],
    tslab: "[ 3, 3 ]",
    ours: "[ 12, 12 ]",
    why: "All cells share one variable of a name, as a module's functions do; tslab's functions keep the value that it had at the end of their own cell.",
  },
  "a function of an async cell sees what a later cell assigns": {
    cells: ["let late = await Promise.resolve(1);\nconst readLate = () => late;", "late = 5;", "readLate()"],
    tslab: "1",
    ours: "5",
    why: "All cells share one variable of a name, as a module's functions do; tslab's functions keep the value that it had at the end of their own cell.",
  },
  "var in a block reaches the top level": {
    cells: ["if (true) { var inBlock = 1; }", "inBlock"],
    tslab: "error",
    ours: "1",
    why: "It does in JavaScript; tslab loses it.",
  },
  "property shorthand and assignment": {
    cells: ["let short = 1;", "const obj = { short };\nshort = 2;", "[obj.short, short]"],
    tslab: "error",
    ours: "[ 1, 2 ]",
    why: "tslab takes the cell for one with an error.",
  },
  "export is ignored": {
    cells: ["export const ex = 1;\nexport function exf() { return ex; }", "exf()"],
    tslab: "error",
    ours: "1",
    why: "tslab's checker refuses exports; notebooks made from modules have them.",
  },
  "export of a list": {
    cells: ["const el1 = 1;\nexport { el1 };", "el1"],
    tslab: "error",
    ours: "1",
    why: "The same.",
  },
  "for await": {
    cells: ["let sum = 0;\nfor await (const v of [Promise.resolve(1), 2]) { sum += v; }", "sum"],
    tslab: "error",
    ours: "3",
    why: "tslab's checker refuses it for want of a library.",
  },
  "import = require": {
    cells: ["import path2 = require('path');", "path2.extname('a.ts')"],
    tslab: "error",
    ours: "'.ts'",
    why: "tslab's checker refuses it in an ES module; Node's types and ours know `require`.",
  },
};
