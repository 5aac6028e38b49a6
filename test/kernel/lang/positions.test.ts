import { createContext, Script } from "node:vm";
import { expect, test } from "vitest";
import { createTransform, originalPosition, type Position } from "../../../kernel/lang/index.js";

/** Typed cells that throw, and the same as plain JavaScript of the same shape, for V8 to say where. */
const cells: readonly (readonly [title: string, typed: string, plain: string])[] = [
  ["first line", "throw new Error('x')", "throw new Error('x')"],
  [
    "a call, and who called",
    "const f = () => { throw new Error('x') };\n\n  const y: number = f()",
    "const f = () => { throw new Error('x') };\n\n  const y         = f()",
  ],
  [
    "below types that leave no trace",
    "interface A {\n  a: number\n}\n\ntype B = A\n\nnull!.x",
    "            \n           \n \n\n          \n\nnull .x",
  ],
  ["behind astral characters", "const s: string = '😀😀'; s.nothing()", "const s         = '😀😀'; s.nothing()"],
  [
    "in a function",
    "function f(a: number): never {\n  return missing(a)\n}\nf(1)",
    "function f(a        )        {\n  return missing(a)\n}\nf(1)",
  ],
  ["a chain of properties", "let a = 1\n\n;(a as any).b.c", "let a = 1\n\n;(a       ).b.c"],
  [
    "a chain of calls",
    "const a: any = { b: () => ({}) };\na.b().c().d()",
    "const a      = { b: () => ({}) };\na.b().c().d()",
  ],
  ["a destructured declaration", "const { a: { b } } = missing", "const { a: { b } } = missing"],
  ["a destructured value", "const { a: { b } }: any = { a: null }", "const { a: { b } }      = { a: null }"],
  [
    "in a class",
    "class C<T> {\n  constructor(readonly a?: T) {}\n  m(): T { return missing }\n}\nnew C(1).m()",
    "class C    {\n                                \n  m()    { return missing }\n}\nnew C(1).m()",
  ],
  ["in a field", "class C {\n  a: number = missing\n}\nnew C()", "class C {\n  a         = missing\n}\nnew C()"],
  [
    "in a loop of locals",
    "let s: number = 0;\nfor (let i = 0; i < 3; i++) {\n  s += missing\n}",
    "let s         = 0;\nfor (let i = 0; i < 3; i++) {\n  s += missing\n}",
  ],
  [
    "after a loop of locals",
    "let s = 0; for (const a of [1]) s += a; missing()",
    "let s = 0; for (const a of [1]) s += a; missing()",
  ],
  [
    "below a name of the realm",
    "const Map: any = {}, Set = 1;\n[Map, Map, Map.x.y]",
    "const Map      = {}, Set = 1;\n[Map, Map, Map.x.y]",
  ],
  [
    "over several lines",
    "const a: number[] = [1,\n  2, 3]\n    .map((x: number) =>\n      x + missing)",
    "const a           = [1,\n  2, 3]\n    .map((x        ) =>\n      x + missing)",
  ],
  ["Windows line ends", "let a = 1\r\nlet b = 2\r\n  missing()", "let a = 1\r\nlet b = 2\r\n  missing()"],
];

function loader() {
  return {
    import: (name: string) => {
      throw new Error(name);
    },
  };
}

async function frames(code: string, name: string): Promise<readonly Position[]> {
  try {
    await new Script(code, { filename: name }).runInContext(createContext({ __virtlab: loader() }));
  } catch (error) {
    const found = ((error as Error).stack ?? "").matchAll(new RegExp(`${name}:(\\d+):(\\d+)`, "g"));
    return [...found].map(([, line, column]) => ({ line: Number(line), column: Number(column) }));
  }
  return [];
}

async function ours(cell: string): Promise<readonly (Position | undefined)[]> {
  const result = createTransform()(cell, "the-cell");
  if (!result.ok) throw new SyntaxError(JSON.stringify(result.diagnostics));
  const { code, positions } = result.cell;
  return (await frames(code, "the-cell"))
    .map(({ line, column }) => originalPosition(positions, line, column))
    .filter((position) => position !== undefined);
}

test.each(cells)("as V8 says it: %s", async (_, typed, plain) => {
  const expected = await frames(plain, "the-cell");
  expect(expected.length).toBeGreaterThan(0);
  expect(await ours(typed)).toEqual(expected);
});

/** Where statements become others, V8 may point at another part of the line. */
const lines: readonly (readonly [title: string, cell: string, line: number])[] = [
  ["beside await", "await 0\nlet a\n  const { b } = missing", 3],
  ["in a function lifted over await", "await 0; const g = 1;\n\nfunction f() {\n    return missing(g)\n}\nf()", 4],
  ["after a lifted function", "await 0;\nfunction f() {\n}\n f(); missing()", 4],
  ["an import", "let a = 1;\nimport { x } from 'none'", 2],
  ["below helpers", "using a = null;\nconst b: number = missing", 2],
  ["an enumeration's value", "enum E {\n  A = missing()\n}\ndeclare function missing(): number", 2],
  ["a decorator", "class A {\n  @missing m() {}\n}", 2],
];

test.each(lines)("the line: %s", async (_, cell, line) => {
  expect((await ours(cell))[0]?.line).toBe(line);
});

test("what the transform put in front has no place in the cell", () => {
  const result = createTransform()("await 0", "cell");
  expect(result.ok ? originalPosition(result.cell.positions, 1, 1) : null).toBeUndefined();
});
