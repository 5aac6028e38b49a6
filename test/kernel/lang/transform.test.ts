import { describe, expect, test } from "vitest";
import { createTransform } from "../../../kernel/lang/index.js";
import { notebook } from "./cells.js";

/** Cells in the order in which they run; the last one's value, as JSON. */
const sequences: readonly (readonly [title: string, cells: readonly string[], value: unknown])[] = [
  ["an expression is the value", ["1 + 1"], 2],
  ["a sequence is one expression", ["1, 2"], 2],
  ["an object in parentheses", ["({ a: 1 })"], { a: 1 }],
  ["a lone string", ["'use strict'"], "use strict"],
  ["a promise is awaited by nobody", ["let then = Promise.resolve(1)", "then instanceof Promise"], true],
  ["empty statements and types after the expression", ["7;; interface X { a: number }"], 7],
  ["a declaration has no value", ["5; const x = 1"], undefined],
  ["nor has a loop", ["for (const x of [1]) x"], undefined],
  ["nor an empty cell", [""], undefined],
  ["nor a comment", ["// nothing"], undefined],
  ["statements without semicolons", ["let a = 1\nlet b = [2]\n;[a, b]"], [1, [2]]],

  ["let", ["let x = 1", "x"], 1],
  ["const again", ["const x = 1", "const x = 'a'", "x"], "a"],
  ["const, then function", ["const f = 1", "function f() { return 2 }", "f()"], 2],
  ["function, then class", ["function C() {}", "class C { a = 3 }", "new C().a"], 3],
  ["class, then let", ["class C {}", "let C = 4", "C"], 4],
  ["let without a value is undefined again", ["let x = 1", "let x; x", "typeof x"], "undefined"],
  ["var without a value too", ["var x = 1", "var x; x", "typeof x"], "undefined"],
  ["but not within its cell", ["var x = 1; var x; x"], 1],
  ["var in a block", ["if (true) { var x = 1 }", "x"], 1],
  ["var in a loop", ["for (var i = 0; i < 3; i++);", "i"], 3],
  ["let in a block stays there", ["let x = 1; { let x = 2; x++ }", "x"], 1],
  ["a loop's variable stays there", ["for (const y of [1]) {}", "typeof y"], "undefined"],
  ["a for's let as well", ["for (let y = 0; y < 1; y++) {}", "typeof y"], "undefined"],
  [
    "objects",
    ["const { a, b: { c = 3 }, ...rest } = { a: 1, b: {}, d: 4, e: 5 }", "[a, c, rest]"],
    [1, 3, { d: 4, e: 5 }],
  ],
  ["arrays", ["let [p, , q = 3, ...r] = [1, 2, undefined, 4]", "[p, q, r]"], [1, 3, [4]]],
  ["several in one declaration", ["const a = 1, { b } = { b: 2 }, c = a + b", "c"], 3],
  ["use before the function's place", ["f(); function f() { return 1 }", "f()"], 1],
  [
    "types are gone",
    ["type T = number; interface I { a: T }; declare const q: string; let x: I = { a: 1 }; (x as I)!.a"],
    1,
  ],
  ["enum", ["enum E { A, B = 5 }", "[E.A, E[5]]"], [0, "B"]],
  ["enum again, without its old members", ["enum E { A, B }", "enum E { A }", "E"], { 0: "A", A: 0 }],
  ["enum in two parts", ["enum E { A = 0 } enum E { B = 1 }", "E.A + E.B"], 1],
  ["const enum", ["const enum E { A = 3 }", "E.A"], 3],
  ["namespace", ["namespace N { export const a = 1 } namespace N { export const b = N.a + 1 }", "N.b"], 2],
  [
    "parameter property",
    ["class P { constructor(private readonly z: number) {} get() { return this.z } }", "new P(2).get()"],
    2,
  ],
  [
    "decorators",
    [
      "const log: string[] = []; const d = (t: unknown, key?: string) => { log.push(key ?? 'class') }",
      "@d class D { @d m() {} }",
      "log",
    ],
    ["m", "class"],
  ],
  [
    "a decorator that replaces its class",
    ["const d = (t: unknown) => class { a = 1 } as never", "@d class D { a = 2 }", "new D().a"],
    1,
  ],
  ["accessor", ["class A { accessor x = 1 }", "const a = new A(); a.x = 4; a.x"], 4],

  ["a function sees an assignment from another cell", ["let n = 0; function get() { return n }", "n = 5", "get()"], 5],
  ["another cell sees a function's assignment", ["let n = 0; function inc() { n++ }", "inc(); inc()", "n"], 2],
  ["a closure as well", ["let n = 0; const inc = () => ++n", "inc(); n += 10; inc()", "n"], 12],
  ["a redeclared name is the same variable", ["let n = 0; const get = () => n", "let n = 7", "get()"], 7],
  ["a cell that runs again", ["let x = 1", "x = x + 1", "x = x + 1", "x"], 3],
  [
    "a function called before another cell declares what it needs",
    ["function late() { return later }", "const later = 1", "late()"],
    1,
  ],

  ["await", ["const x = await Promise.resolve(3)", "x"], 3],
  ["an awaited value", ["await Promise.resolve(4)"], 4],
  ["await and functions", ["const x = await 1; function f() { return x + 1 }", "f()"], 2],
  ["a function hoisted above await", ["const y = f(); await 0; function f() { return 2 }", "y + f()"], 4],
  ["await and a class", ["await 0; class C { static a = 1 }", "C.a"], 1],
  [
    "await and patterns",
    ["const { a, ...b } = await { a: 1, c: 2 }, [d] = [3]; let e", "[a, b, d, e]"],
    [1, { c: 2 }, 3, null],
  ],
  ["for await", ["let s = 0; for await (const x of [1, Promise.resolve(2)]) s += x", "s"], 3],
  [
    "var beside await",
    [
      "await 0; if (true) { var v = 1 } for (var i = 0, n = 2; i < n; i++); for (var k of [5]); for (var [q] of [[6]]);",
      "[v, i, n, k, q]",
    ],
    [1, 2, 2, 5, 6],
  ],
  ["await in a function is not the cell's", ["const f = async () => await 1; f() instanceof Promise"], true],
  [
    "what was assigned before a failing await stays",
    ["let a = 1; try { a = 2; await Promise.reject(new Error('no')) } catch {}", "a"],
    2,
  ],

  ["default import", ["import one from 'numbers'", "one"], 1],
  ["named imports", ["import { two as deux, 'a-b' as ab } from 'numbers'", "[deux, ab]"], [2, 3]],
  ["namespace import", ["import one, * as numbers from 'numbers'", "[one, numbers.two]"], [1, 2]],
  ["import for its effect", ["import 'numbers'", "loaded"], ["numbers"]],
  ["type-only imports load nothing", ["import type { A } from 'none'; loaded"], []],
  ["a type among values", ["import { type A, two } from 'numbers'; let a: A; two"], 2],
  ["an unused import is a later cell's", ["import { two } from 'numbers'", "two"], 2],
  ["imports run first", ["const x = two; import { two } from 'numbers'; x"], 2],
  ["dynamic import", ["(await import('numbers')).two"], 2],
  ["dynamic import in a function", ["const load = (name: string) => import(name)", "(await load('numbers')).two"], 2],

  [
    "export means nothing",
    [
      "export const a = 1; export function f() { return a } export class C {} export { a as b }; export enum E { X }",
      "[f(), typeof C, E.X]",
    ],
    [1, "function", 0],
  ],
  ["export default has a value", ["export default 1 + 1"], 2],
  ["export default of a function declares it", ["export default function f() { return 3 }", "f()"], 3],
  ["export default of nothing named", ["export default class {}"], undefined],
  ["export from", ["export * from 'numbers'; export { two } from 'numbers'; loaded"], ["numbers", "numbers"]],

  [
    "a name of the realm is the cells' own",
    ["const process = { pid: 9 }", "[process.pid, globalThis.process.pid]"],
    [9, 1],
  ],
  [
    "in functions, shorthands and patterns",
    ["let process = 1; const f = () => ({ process }); [{ process } = { process: 2 }, f()]", "[process, f()]"],
    [2, { process: 2 }],
  ],
  ["imported", ["import process from 'node:process'", "[process.pid, globalThis.process.pid]"], [42, 1]],
  [
    "a function of the realm's name",
    ["function Map() { return 1 }", "[Map(), typeof new globalThis.Map().size]"],
    [1, "number"],
  ],
  [
    "a class of the realm's name",
    ["class Event { copy() { return new Event() } }", "[new Event().copy().constructor.name, typeof Event]"],
    ["Event", "function"],
  ],
  ["a property is not the name", ["const Map = 1; ({ Map: 2, a: { Map } }).Map"], 2],
  ["a parameter is not the name", ["const Map = 1; ((Map: number) => Map + 1)(5)"], 6],
  ["a cell that failed first took nothing", ["try { throw 0 } catch {}", "const f = () => process.pid", "f()"], 1],

  [
    "using",
    [
      "const log: string[] = []",
      "using a = { [Symbol.dispose]() { log.push('a') } }; using b = { [Symbol.dispose]() { log.push('b') } }; const c = 1; function f() { return c } enum E { X } log.length",
      "[...log, f(), E.X]",
    ],
    ["b", "a", 1, 0],
  ],
  ["using has a value", ["using x = null; 5"], 5],
  [
    "await using",
    [
      "const log: string[] = []",
      "await using a = { async [Symbol.asyncDispose]() { await 0; log.push('a') } }; const z = 3; z",
      "[log, z]",
    ],
    [["a"], 3],
  ],

  ["a loop's sum", ["let s = 0; for (let i = 0; i < 10; i++) s += i", "s"], 45],
  ["a loop that is left", ["let s = 0; for (const x of [1, 2, 3]) { if (x > 2) break; s += x }", "s"], 3],
  [
    "a loop that throws keeps what it did",
    ["let s = 0", "try { for (const x of [1, 2, 3]) { if (x > 2) throw 0; s += x } } catch {}", "s"],
    3,
  ],
  [
    "a loop that calls what reads its variable",
    [
      "let s = 0; const seen: number[] = []; const look = () => seen.push(s); for (let i = 0; i < 3; i++) { s += i; look() }",
      "seen",
    ],
    [0, 1, 3],
  ],
  [
    "a loop that calls what writes its variable",
    ["let s = 0", "function add(x: number) { s += x }", "for (let i = 0; i < 4; i++) { add(i); s *= 2 }", "s"],
    22,
  ],
  [
    "a generator that watches the loop",
    ["let s = 0; function* g() { while (s < 3) yield s }", "for (const x of g()) s += x + 1", "s"],
    3,
  ],
  [
    "closures made in a loop",
    [
      "const fs: (() => number)[] = []; let s = 0; for (let i = 0; i < 3; i++) { s += i; fs.push(() => i + s) }",
      "fs.map((f) => f())",
    ],
    [3, 4, 5],
  ],
  ["var in a loop of locals", ["let s = 0; for (var i = 0; i < 3; i++) { var t = i; s += t }", "[i, t, s]"], [3, 2, 3]],
  [
    "nested loops and labels",
    [
      "let s = 0; outer: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { if (j > i) continue outer; s++ } }",
      "s",
    ],
    6,
  ],
  ["a label around a loop", ["let s = 0; here: { for (;;) { s++; break here } }", "s"], 1],
  [
    "loops beside await",
    ["await 0; let s = 0; for (var i = 0; i < 3; i++) s += i; do { s++ } while (s < 5)", "[i, s]"],
    [3, 5],
  ],
  [
    "variables called as the transform might call its own",
    [
      "let $0 = 1, keep = 2, kept0 = 3; for (const x of [1, 2]) { $0 += x; keep += x; kept0 += x }",
      "[$0, keep, kept0]",
    ],
    [4, 5, 6],
  ],
  [
    "for in",
    ["const keys: string[] = []; let last; for (last in { a: 1, b: 2 }) keys.push(last)", "[keys, last]"],
    [["a", "b"], "b"],
  ],
];

describe("cells in sequence", () => {
  test.each(sequences)("%s", async (_, cells, value) => {
    const { run } = notebook();
    let got: unknown;
    for (const cell of cells) got = await run(cell);
    expect(got === undefined ? undefined : JSON.parse(JSON.stringify(got))).toEqual(value);
  });

  test("a cell that fails keeps what it assigned, and takes no name of the realm", async () => {
    const { run } = notebook();
    await expect(run("let a = 1; const process = (() => { throw new Error('no') })()")).rejects.toThrow("no");
    expect(await run("[a, process.pid]")).toEqual([1, 1]);
  });

  test("strict code: assigning to nothing throws", async () => {
    const { run } = notebook(createTransform());
    await expect(run("nowhere = 1")).rejects.toThrow("nowhere is not defined");
    await expect(run("Object.freeze([1])[0] = 2")).rejects.toThrow("read only");
  });

  test("a cell without await runs at once, one with await doesn't hold the others up", async () => {
    const { run, global } = notebook();
    const slow = run("let a = 1; await new Promise((go) => { globalThis.go = go }); a = 2");
    expect(await run("a")).toBe(1);
    (global["go"] as () => void)();
    await slow;
    expect(await run("a")).toBe(2);
  });

  test("what it declares: values and types", async () => {
    const book = notebook();
    await book.run(
      "const a = 1, { b } = { b: 2 }; type T = 1; interface I {} class C {} enum E {} function f() {} { let no; var yes }",
    );
    expect(book.last?.declares).toEqual(["a", "b", "T", "I", "C", "E", "f", "yes"]);
  });
});

describe("what can't run", () => {
  const bad: readonly (readonly [cell: string, message: string, line: number, column: number])[] = [
    ["const x = ;", "Unexpected `;`", 1, 11],
    ["let a = 1\nlet a = 2", "Identifier `a` has already been declared", 1, 5],
    ["const s = '😀'; const y = ;", "Unexpected `;`", 1, 27],
    ["if (x) {\n  y(", "Expected `)` but found the end of the cell", 2, 5],
    ["a +\n", "The cell ends too early", 2, 1],
    ["if (x) {\n  y()", "Expected `}` but found the end of the cell, opened at 1:8", 2, 6],
    ["return 5", "A 'return' statement can only be used within a function body", 1, 1],
    ["1 1", "Expected a semicolon or an implicit semicolon after a statement, but found none", 1, 2],
    [
      "function f() { await 1 }",
      "`await` is only allowed within async functions and at the top levels of modules",
      1,
      16,
    ],
  ];
  test.each(bad)("%j: %s", (cell, message, line, column) => {
    const result = createTransform()(cell, "cell");
    expect(result.ok ? [] : result.diagnostics).toMatchObject([
      { severity: "error", message: expect.stringContaining(message) as string, line, column },
    ]);
  });

  test("a cell that nests without end", () => {
    const transform = createTransform();
    for (const [open, close] of [
      ["(", ")"],
      ["[", "]"],
      ["{", "}"],
    ] as const) {
      const result = transform(`${open.repeat(20_000)}${close.repeat(20_000)}`, "cell");
      expect(result).toMatchObject({ ok: false, diagnostics: [{ message: "The cell nests too deeply" }] });
    }
    const functions = `${"(() => ".repeat(200)}1${")".repeat(200)}`;
    expect(transform(functions, "cell")).toMatchObject({ ok: true });
    const brackets = JSON.stringify("(".repeat(20_000));
    expect(transform(`${brackets} /* ${"[".repeat(2000)} */ // ${"{".repeat(2000)}`, "cell")).toMatchObject({
      ok: true,
    });
    const sum = Array.from({ length: 50_000 }, () => "1").join(" + ");
    const result = transform(sum, "cell");
    expect(result.ok || result.diagnostics[0]?.message === "The cell nests too deeply").toBe(true);
  });
});
