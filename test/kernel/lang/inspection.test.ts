import { expect, test } from "vitest";
import { typedNotebook } from "./typed-notebook.js";

const { types } = typedNotebook();

const at = (cell: string): unknown => types.inspect(cell.replace("‸", ""), cell.indexOf("‸"));

test("signature and documentation, tags in sections", () => {
  types.declare(
    "/**\n * Adds.\n *\n * @param a the one\n * @returns the sum\n * @example\n * add(1, 2)\n */\nfunction add(a: number, b = 1): number { return a + b }",
  );
  const expected = {
    signature: "function add(a: number, b?: number): number",
    documentation: "Adds.",
    sections: [
      { heading: "Parameters", remarks: [{ of: "a", words: "the one" }] },
      { heading: "Returns", remarks: [{ words: "the sum" }] },
      { heading: "Example", remarks: [{ words: "add(1, 2)" }] },
    ],
  };
  expect(at("ad‸d(1)")).toMatchObject({ documentation: expected.documentation });
  expect(at("add‸")).toEqual(expected);
  expect(at("‸add")).toEqual(expected);
  expect(at("add(‸")).toMatchObject({ signature: "add(a: number, b?: number): number" });
  expect(at("add(1, ‸)")).toMatchObject({ documentation: expect.stringContaining("Adds.") as string });
});

test("variables of earlier cells keep their comment", () => {
  types.declare("/** How many. */\nlet count = 1;\n/** Which. */\nconst which = 'x'");
  expect(at("coun‸t")).toEqual({ signature: "let count: number", documentation: "How many." });
  expect(at("which‸")).toEqual({ signature: 'const which: "x"', documentation: "Which." });
});

test("members of objects of earlier cells keep their comment", () => {
  types.declare("const o = {\n  /** How deep. */\n  depth: 1,\n  /** Goes. */\n  go() {} };");
  expect(at("o.dep‸th")).toEqual({ signature: "(property) depth: number", documentation: "How deep." });
  expect(at("o.g‸o()")).toMatchObject({ documentation: "Goes." });
});

test("members, types, libraries, what the cell itself declares", () => {
  types.declare("class A<T> {\n  /** The b. */\n  b?: T\n}\nconst a = new A<string>()");
  expect(at("a.b‸")).toEqual({
    signature: "(property) A<string>.b?: string | undefined",
    documentation: "The b.",
  });
  expect(at("let x: A‸<number>")).toMatchObject({ signature: "class A<T>" });
  expect(at("Math.max‸(1)")).toMatchObject({
    documentation: expect.stringContaining("Returns the larger") as string,
  });
  expect(at("const own: A<number>[] = []; '😀'; own‸")).toMatchObject({ signature: "const own: A<number>[]" });
  expect(at("import { cpus } from 'os'; cpus‸")).toMatchObject({ signature: "function cpus(): CpuInfo[]" });
});

test("nothing at nothing", () => {
  expect([at("‸"), at("1 + ‸ 1"), at("// com‸ment"), at("nowhere‸")]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
