import { expect, test } from "vitest";
import { typedNotebook } from "./typed-notebook.js";

const { types, errors } = typedNotebook("declare function prompt(question?: string): string | null;");

/** The last cell has these errors, as "line:column code". */
const scenarios: readonly (readonly [title: string, cells: readonly string[], errors: readonly string[]])[] = [
  ["a cell by itself", ["const a: number = 'x'"], ["1:7 TS2322"]],
  [
    "Node's globals are there",
    ["console.log(fetch, setTimeout, process.pid, Buffer, structuredClone, URL, performance)"],
    [],
  ],
  ["what the kernel adds", ["prompt('name?')?.length"], []],
  ["the DOM is not", ["document; window"], ["1:1 TS2584", "1:11 TS2304"]],
  ["the language is ES2023", ["[1].toSorted().at(-1); [1].findLast(Boolean); Object.groupBy"], ["1:54 TS2550"]],
  ["top-level await", ["const a: number = await Promise.resolve(1); for await (const b of [a]) b"], []],
  ["nothing is unused", ["const a = 1; import os from 'node:os'; 1, 2; a"], []],
  [
    "implicit any as strict says",
    ["const f = (a) => a; let b; b = 1; const c: number = b; catchless()\nfunction catchless() {}"],
    ["1:12 TS7006"],
  ],
  ["strict null checks", ["const a: string = null"], ["1:7 TS2322"]],
  ["using", ["using a = { [Symbol.dispose]() {} }"], []],
  ["decorators as tslab has them", ["const d = (target: object, key: string) => {}", "class A { @d m() {} }"], []],
  ["import equals", ["import fs = require('node:fs'); fs.readFileSync", "fs.readFileSync('x').byteLength"], []],
  [
    "export is tolerated",
    ["export const a = 1; export default 5; export interface I { b: string }", "const c: I = { b: String(a) }"],
    [],
  ],

  ["let", ["let a = 1", "a = 2; a = 'x'"], ["1:8 TS2322"]],
  ["let with its declared type", ["let a: string | number = 1", "a = 'x'; a.length"], []],
  ["const", ["const a = 1", "a = 2"], ["1:1 TS2588"]],
  ["function", ["function f(a: number): string { return `${a}` }", "f('x'); f = f"], ["1:3 TS2345", "1:9 TS2630"]],
  [
    "class",
    [
      "class A<T> { constructor(readonly a: T, private b = 1) {} }",
      "new A('x').a.length; const z: A<number> = new A('x'); new A(1).b; A = A",
    ],
    ["1:28 TS2322", "1:64 TS2341", "1:67 TS2629"],
  ],
  [
    "abstract class",
    ["abstract class A { abstract m(): void }", "class B extends A {}; new A()"],
    ["1:7 TS2515", "1:23 TS2511"],
  ],
  ["interface", ["interface I { a: number }", "const i: I = { a: 'x' }"], ["1:16 TS2322"]],
  ["type alias with parameters", ["type Pair<A, B = A> = [A, B]", "const p: Pair<number> = [1, 'x']"], ["1:29 TS2322"]],
  ["enum", ["enum E { A, B = 'b' }", "const e: E = E.A; E.C; const n: number = E.B"], ["1:21 TS2339", "1:30 TS2322"]],
  ["const enum", ["const enum E { A = 3 }", "const e: 3 = E.A"], []],
  [
    "namespace",
    [
      "namespace N { export const a = 1; export type T = string; export namespace M { export class C {} } }",
      "const t: N.T = N.a; new N.M.C()",
    ],
    ["1:7 TS2322"],
  ],
  [
    "destructured",
    ["const { a, ...rest } = { a: 1, b: 'x' }; let [p, q = 2] = [1]", "rest.b.length; p = q = a; p = rest"],
    ["1:27 TS2322"],
  ],
  [
    "generic functions",
    ["const first = <T,>(list: readonly T[]): T | undefined => list[0]", "first(['x'])?.length; first([1])?.length"],
    ["1:35 TS2339"],
  ],
  [
    "overloads",
    [
      "function f(a: string): string; function f(a: number): number; function f(a: unknown) { return a as never }",
      "const s: string = f(1)",
    ],
    ["1:7 TS2322"],
  ],
  [
    "type predicates and assertions",
    [
      "function isS(a: unknown): a is string { return true } function mustS(a: unknown): asserts a is string {}",
      "const a: unknown = 1, b: unknown = 2; if (isS(a)) a.length; mustS(b); b.length",
    ],
    [],
  ],
  [
    "unique symbols",
    ["const key = Symbol(); const o = { [key]: 1 }", "o[key].toFixed(); ({ [key]: 'x' })[key].length"],
    [],
  ],
  [
    "a narrowing cell",
    [
      "const maybe = [1].find(Boolean); let other: string | undefined",
      "if (maybe !== undefined) maybe.toFixed(); if (other) other.length; maybe.toFixed()",
    ],
    ["1:68 TS18048"],
  ],
  [
    "circular types",
    ["interface Tree { kids: Tree[] } const tree: Tree = { kids: [] }", "tree.kids[0]?.kids.push(tree)"],
    [],
  ],
  [
    "inferred types of several cells",
    [
      "class A { a = 1 }",
      "const list = [new A()]",
      "const byName = new Map(list.map((each) => ['x', each] as const))",
      "byName.get('x')?.a.toFixed().foo",
    ],
    ["1:30 TS2339"],
  ],
  [
    "anonymous and private types",
    ["const make = () => class { private a = 1; b = 2 }", "new (make())().b.toFixed()"],
    [],
  ],

  ["default import", ["import path from 'node:path'", "path.join(1)"], ["1:11 TS2345"]],
  [
    "named imports",
    ["import { readFileSync as read, type Stats } from 'fs'", "let s: Stats; read('x').byteLength; s.x"],
    ["1:37 TS2454", "1:39 TS2339"],
  ],
  [
    "namespace import",
    ["import * as os from 'os'", "const n: string = os.cpus().length; type I = os.NetworkInterfaceInfo; os = os"],
    ["1:7 TS2322", "1:71 TS2632"],
  ],
  [
    "type-only imports",
    [
      "import type { Dirent } from 'fs'; import type * as http from 'http'",
      "let d: Dirent, r: http.IncomingMessage; new Dirent()",
    ],
    ["1:45 TS1361"],
  ],
  [
    "imported in one cell, used in the next, kept in a third",
    [
      "import { EventEmitter } from 'node:events'",
      "class Bus extends EventEmitter { n = 1 }",
      "const bus = new Bus()",
      "bus.on('x', () => {}).emit('y'); bus.n.length",
    ],
    ["1:40 TS2339"],
  ],
  [
    "types of a module that the next cell doesn't import",
    [
      "import { createReadStream } from 'node:fs'",
      "const s = createReadStream('x')",
      "s.pipe(process.stdout); s.nothing",
    ],
    ["1:27 TS2339"],
  ],
  [
    "what a module has not",
    ["import { nothing } from 'fs'; import gone from 'gone'; import './gone.js'"],
    ["1:10 TS2305", "1:48 TS2307", "1:63 TS2882"],
  ],
  [
    "modules of Node that are loaded late",
    [
      "import { constants } from 'http2'; import test from 'node:test'; import * as v8 from 'v8'",
      "constants.x; test.x; v8.x",
    ],
    ["1:11 TS2339", "1:19 TS2339", "1:25 TS2339"],
  ],
  ["tslab", ["import * as tslab from 'tslab'", "tslab.display.html('x'); tslab.display.html(1)"], ["1:45 TS2345"]],

  ["a name declared anew", ["const a = 1", "const a = 'x'", "a.length"], []],
  [
    "with another kind",
    ["const a = 1", "function a(b: string) { return b }", "class C {}", "let C = 1", "a('x').length; C = 2"],
    [],
  ],
  [
    "a function of another type",
    ["function f(a: number) {}", "function f(a: string) {}", "f('x'); f(1)"],
    ["1:11 TS2345"],
  ],
  [
    "earlier cells keep their types",
    [
      "class A { a = 1 }",
      "const one = new A()",
      "class A { b = 'x' }",
      "one.a.toFixed(); new A().b.length; const two: A = one",
    ],
    ["1:42 TS2741"],
  ],
  [
    "a function keeps its types",
    ["type T = number; const f = (a: T): T => a", "type T = string", "const n: number = f(1); const t: T = 'x'"],
    [],
  ],
  ["a cell that runs again", ["let x = 1", "x = x + 1", "x = x + 1", "let x = 1", "x.toFixed()"], []],
  [
    "a cell that changes",
    ["interface P { x: number } const p: P = { x: 1 }", "interface P { y: number } const p: P = { y: 1 }", "p.y; p.x"],
    ["1:8 TS2339"],
  ],
  [
    "a const of its own former value",
    ["const y = 1; const f = (n: number) => n", "const y = f(y)"],
    ["1:13 TS2448", "1:13 TS2454"],
  ],
  ["a let of its own former value", ["let y = 1", "let y = y + 1"], ["1:5 TS7022", "1:9 TS2448"]],
  [
    "a type and a value of one name, from two cells",
    ["interface P { x: number }", "const P = { make: (): P => ({ x: 1 }) }", "const p: P = P.make(); p.x"],
    [],
  ],
  [
    "a new value leaves the type",
    ["interface P { x: number } const P = 1", "const P = 'x'", "const p: P = { x: P.length }"],
    [],
  ],
  [
    "a new type leaves the value",
    ["interface P { x: number } let P = 1", "type P = string", "const p: P = 'x'; P = 2"],
    [],
  ],
  ["a value in place of a class", ["class A { a = 1 }", "const A = 2", "A.toFixed(); let a: A = { a: 1 }"], []],
  ["its own type beside an earlier value", ["const Q = 1", "type Q = string; const q: Q = 'x'; Q.toFixed()"], []],
  ["its own value beside an earlier type", ["type Q = string", "const Q: Q = 'x'; Q.length"], []],
  [
    "a local name hides",
    ["const a = 1", "function f(a: string) { return a.length } f('x'); { const a = true; a }; a.toFixed()"],
    [],
  ],
  ["names of properties and strings are no names", ["const a = 1", "({ a: 'x' }).a.length; 'a'.length"], []],
  [
    "global augmentation stays",
    ["declare global { interface Array<T> { second(): T | undefined } }", "const x = 1", "[x].second()?.toFixed()"],
    [],
  ],
  [
    "module augmentation stays",
    [
      "import 'node:fs'; declare module 'node:fs' { interface Stats { mine: number } }",
      "import type { Stats } from 'node:fs'; declare const s: Stats; s.mine.toFixed()",
    ],
    [],
  ],
  [
    "a cell with errors still declares",
    ["// @ts-nocheck\nconst a: number = 'x'; function f() { return nowhere }", "a.toFixed(); f()"],
    [],
  ],
];

test.each(scenarios)("%s", (_, cells, expected) => {
  expect(errors(...cells)).toEqual(expected);
});

test("checking declares nothing", () => {
  types.check("const onlyChecked = 1");
  expect(types.check("onlyChecked")[0]?.unknownName).toBe("onlyChecked");
});

test("reset forgets", () => {
  types.declare("const gone = 1");
  types.reset();
  expect(types.check("gone")[0]?.unknownName).toBe("gone");
});

test("untyped declarations make names known", () => {
  types.declareUntyped("const a = 1; class B {} interface C {}");
  expect(errors("a.x.y; new B().z; let b: B, c: C = a; a = 2; b = c")).toEqual([]);
});

test("a record carries over to another service", () => {
  const { record } = types.declare("/** Doc. */ export const a = { b: [1] }; import os from 'node:os'");
  if (record === undefined) throw new Error("it declares something");
  const plain = structuredClone(record);
  types.reset();
  types.restore(plain);
  expect(errors("a.b[0]?.toFixed(); os.cpus(); a.b.x")).toEqual(["1:35 TS2339"]);
});
