import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import ts from "typescript";
import { afterAll, expect, test } from "vitest";
import { CellTypes } from "../../../kernel/lang/service/cell-types.js";
import { compilerOptions } from "../../../kernel/lang/service/service-host.js";
import type { Diagnostic } from "../../../kernel/lang/index.js";

const cwd = mkdtempSync(join(tmpdir(), "virtlab-living-"));
afterAll(() => {
  rmSync(cwd, { recursive: true });
});

/** What a cell declares: lower-case names are values, `A` and `B` classes, `T` and `U` types. */
interface Cell {
  readonly source: string;
  readonly declares: readonly string[];
}

const variable = fc.constantFrom("a", "b", "c");
// Not also variables: of a name that it only imports, TypeScript narrows a function's type too.
const callable = fc.constantFrom("list", "made");
const value = fc.oneof(variable, callable);
const klass = fc.constantFrom("A", "B");
const type = fc.constantFrom("T", "U");
const literal = fc.constantFrom("1", "'x'", "[1, 2]", "{ n: 1, s: 'x' }", "undefined", "() => 1", "new Date()");
const annotation = fc.oneof(fc.constantFrom("number", "string", "unknown", "{ n: number }"), klass, type);
const expression = fc.oneof(
  literal,
  value,
  value.map((name) => `${name}.length`),
  value.map((name) => `[${name}].map((each) => ({ each }))`),
  value.map((name) => `new Map([["key", ${name}]])`),
  fc.tuple(value, value).map(([f, x]) => `${f}(${x})`),
  klass.map((name) => `new ${name}()`),
  fc.tuple(klass, value).map(([name, x]) => `new ${name}(${x}).field`),
  variable.map((name) => `typeof ${name} === "string" ? ${name}.length : ${name}`),
);

const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.tuple(variable, expression).map(([name, init]) => ({ source: `const ${name} = ${init};`, declares: [name] })),
  fc
    .tuple(variable, annotation, expression)
    .map(([name, a, init]) => ({ source: `let ${name}: ${a} = ${init};`, declares: [name] })),
  fc.tuple(callable, annotation, expression).map(([name, a, result]) => ({
    source: `function ${name}(p: ${a}) { return { p, result: ${result} }; }`,
    declares: [name],
  })),
  fc.tuple(klass, annotation, expression).map(([name, a, init]) => ({
    source: `class ${name} { field = ${init}; constructor(readonly given?: ${a}) {} }`,
    declares: [name],
  })),
  fc
    .tuple(klass, fc.constantFrom("A", "B"))
    .map(([name, base]) => ({ source: `class ${name} extends ${base} { more = 1 }`, declares: [name] })),
  fc.tuple(type, annotation).map(([name, a]) => ({ source: `interface ${name} { x: ${a} }`, declares: [name] })),
  fc.tuple(type, annotation).map(([name, a]) => ({ source: `type ${name} = ${a} | null;`, declares: [name] })),
  fc.tuple(variable, variable, expression).map(([one, two, init]) => ({
    source: one === two ? `const ${one} = ${init};` : `const ${one} = ${init};\nconst ${two} = [${one}];`,
    declares: [one, two],
  })),
  expression.map((source) => ({ source: `(${source});`, declares: [] })),
);

/** Where and what, without the proposals in the words: they depend on what else there is. */
function told(remarks: readonly Diagnostic[]): readonly string[] {
  const codes: Readonly<Record<string, string>> = { TS2552: "TS2304", TS2663: "TS2304" };
  return remarks.map(({ code = "", line, column }) => `${line}:${column} ${codes[code] ?? code}`).sort();
}

const living = new CellTypes({ cwd, globals: "" });
const other = new CellTypes({ cwd, globals: "" });
/** So that most cells are right. */
const first: Cell = {
  source: `let a = 1; const b = "x", c = [1]; function list(p: unknown) { return p; } function made() { return 1; }
class A { field = 1; constructor(given?: unknown) {} } class B extends A {} interface T { n: number } type U = string;`,
  declares: ["a", "b", "c", "list", "made", "A", "B", "T", "U"],
};
const cells = fc.array(cell, { minLength: 2, maxLength: 8 }).map((rest) => [first, ...rest]);

test("a checker that has lived through everything says what a new one does", () => {
  fc.assert(
    fc.property(
      cells,
      fc.array(fc.constantFrom("check", "complete", "inspect", "tidy"), { maxLength: 8 }),
      (run, between) => {
        living.reset();
        other.reset();
        for (const [index, { source }] of run.entries()) {
          const found = told(living.check(source));
          // The other one has no types of any earlier cell in its checker, and is asked in another order.
          other.tidy();
          expect(told(other.check(source))).toEqual(found);
          // What TypeScript makes of a name that is declared by itself depends on where it looks first.
          if (found.length > 0) continue;
          living.declare(source);
          other.declare(source);
          const step = between[index];
          if (step === "check") living.check(`${run[0]?.source ?? ""} a.b.c; nowhere`);
          else if (step === "complete") living.complete(`${source}\na.`, source.length + 3);
          else if (step === "inspect") living.inspect(source, source.length - 2);
          else if (step === "tidy") living.tidy();
        }
        for (const { source } of run) expect(told(living.check(source))).toEqual(told(other.check(source)));
      },
    ),
    { seed: 20, numRuns: 25 },
  );
}, 120_000);

test("and what TypeScript says of modules that import from one another", () => {
  fc.assert(
    fc.property(cells, (run) => {
      living.reset();
      const owners = new Map<string, number>();
      const files = new Map<string, string>();
      for (const [index, { source, declares }] of run.entries()) {
        files.set(fileName(index), asModule(source, declares, owners));
        const found = told(living.check(source));
        expect(found).toEqual(told(tscSays(files, index, source)));
        if (found.length > 0) files.delete(fileName(index));
        else {
          for (const name of declares) owners.set(name, index);
          living.declare(source);
        }
      }
    }),
    { seed: 21, numRuns: 30 },
  );
}, 120_000);

const fileName = (index: number): string => join(cwd, `module${index}.ts`);

/** The cell, with imports and exports behind it so that its places stay. */
function asModule(source: string, declares: readonly string[], owners: ReadonlyMap<string, number>): string {
  const imports = [...owners].flatMap(([name, owner]) =>
    declares.includes(name) || !new RegExp(`\\b${name}\\b`).test(source)
      ? []
      : [`import { ${name} } from "./module${owner}";`],
  );
  return [source, ...imports, `export { ${[...new Set(declares)].join(", ")} };`].join("\n");
}

const parsed = new Map<string, ts.SourceFile>();
let before: ts.Program | undefined;

/** Plain TypeScript, without anything of ours but the options. */
function tscSays(files: ReadonlyMap<string, string>, index: number, source: string): readonly Diagnostic[] {
  const host = ts.createCompilerHost(compilerOptions);
  const getSourceFile = host.getSourceFile.bind(host);
  const get = (name: string): ts.SourceFile | undefined => {
    const text = files.get(name);
    if (text !== undefined) return ts.createSourceFile(name, text, { languageVersion: ts.ScriptTarget.ES2023 }, true);
    const known = parsed.get(name) ?? getSourceFile(name, ts.ScriptTarget.ES2023);
    if (known !== undefined) parsed.set(name, known);
    return known;
  };
  host.getSourceFile = get;
  host.fileExists = (name): boolean => files.has(name) || ts.sys.fileExists(name);
  before = ts.createProgram([...files.keys()], { ...compilerOptions, types: [] }, host, before);
  const file = before.getSourceFile(fileName(index));
  if (file === undefined) throw new Error("the module is in the program");
  return ts.getPreEmitDiagnostics(before, file).flatMap(({ code, start = 0 }) => {
    if (start > source.length || code === 2695) return [];
    const { line, character } = file.getLineAndCharacterOfPosition(start);
    const place = { line: line + 1, column: character + 1, endLine: 0, endColumn: 0 };
    return [{ severity: "error", code: `TS${code}`, message: "", ...place }];
  });
}
