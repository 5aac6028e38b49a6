import { parseSync, type BlockStatement, type ParseResult, type Program } from "oxc-parser";
import { transformSync } from "oxc-transform";
import { declaredNames } from "./declarations.js";
import { EarlierCells } from "./earlier-cells.js";
import { Edits, type Piece } from "./edits.js";
import { eraseTypes } from "./erasure.js";
import { EXTERNAL_HELPERS, helperSource } from "./helpers.js";
import { nestsTooDeep } from "./nesting.js";
import { awaitsInside } from "./nodes.js";
import { packPositions } from "./positions.js";
import { topLevelReferences, type Reference } from "./references.js";
import { LOADER, rewriteStatements } from "./statements.js";
import { diagnosticAt, syntaxDiagnostics } from "./syntax-errors.js";
import type { TransformResult } from "./types.js";

/**
 * Turns a cell, a module of its own in TypeScript, into a script for `vm.Script.runInThisContext`, or says why it
 * can't. `name` is what stack frames shall carry.
 *
 * The script's completion value is `{ value }` where the cell ends in an expression and `{}` where not; of a cell that
 * awaits something at its top level, or imports, it is a promise of that. A cell without top-level `await` is a plain
 * synchronous script. Modules come from `__virtlab.import(specifier)` of the context, static imports (which run before
 * the rest of the cell, in order) and `import()` alike; `import x = require("…")` calls the context's `require`, and
 * `import.meta` is `__virtlab.meta`.
 *
 * Names that the cell declares at its top level are variables of the script, so that all cells share one variable of
 * a name: a function of an earlier cell sees what a later one assigns to it or declares anew. A variable declared
 * without a value is undefined again when its cell runs again. `let` and `const` of the top level are not guarded
 * against use before their declaration, nor `const` and imports against assignment; the type checker is. An imported
 * name keeps the value that it had when the import ran. `export` means nothing. Cells are strict code.
 *
 * A transform remembers names from cell to cell (`EarlierCells`), so a kernel hands all its cells to the same one.
 */
export type Transform = (source: string, name: string, options?: TransformOptions) => TransformResult;

export interface TransformOptions {
  /**
   * Keeps the loops of the top level as they are written, for a debugger to step through: each variable has one place
   * and one value. They run slower so.
   */
  readonly asWritten?: boolean;
}

/** A transform that knows no cell yet. */
export function createTransform(): Transform {
  const earlier = new EarlierCells();
  return (source, name, options = {}) => {
    const tooDeep: TransformResult = {
      ok: false,
      diagnostics: [diagnosticAt(source, 0, 0, "The cell nests too deeply")],
    };
    if (nestsTooDeep(source)) return tooDeep;
    try {
      return transformCell(source, name, earlier, options);
    } catch (error) {
      // Our own walk over the tree recurses as well.
      if (error instanceof RangeError) return tooDeep;
      throw error;
    }
  };
}

/** The transform of this process's kernel. */
export const transform: Transform = createTransform();

function transformCell(
  source: string,
  name: string,
  earlier: EarlierCells,
  { asWritten = false }: TransformOptions,
): TransformResult {
  const typed = parseSync("cell.ts", source, {
    lang: "ts",
    sourceType: "module",
    astType: "ts",
    showSemanticErrors: true,
  });
  if (typed.errors.length > 0) return { ok: false, diagnostics: syntaxDiagnostics(source, typed.errors) };
  const declares = declaredNames(typed.program);

  const erasure = eraseTypes(source, typed.program);
  const plain: Plain = erasure === undefined ? strip(source) : { code: source, parsed: typed, mappings: [] };
  const { parsed } = plain;
  const { program } = parsed;
  const usingBlock = findUsingBlock(program);
  const references = topLevelReferences(program, usingBlock);
  earlier.add(declares, references);

  const edits = new Edits(plain.code);
  for (const { start, end, text } of erasure?.spans ?? []) edits.replace(start, end, text);
  const declared = new Set(declares);
  const awaits = parsed.module.hasModuleSyntax
    ? awaitsSomething(program)
    : // The walk is for the word alone; no escape can spell it (ECMA-262 §12.7.2).
      plain.code.includes("await") && program.body.some(awaitsInside);
  for (const { start, moduleRequest } of parsed.module.dynamicImports)
    edits.replace(start, plain.code.lastIndexOf("(", moduleRequest.start), `${LOADER}.import`);
  for (const { start, end } of parsed.module.importMetas) edits.replace(start, end, `${LOADER}.meta`);
  rename(references, earlier, edits);
  const lifted = rewriteStatements({ program, declared, references, earlier, edits, awaits, usingBlock, asWritten });
  // Behind what the statements themselves got at their ends.
  for (const end of erasure?.unterminated ?? []) edits.insert(end, ";");

  const head = references.some((reference) => reference.name === "babelHelpers") ? helperSource() : "";
  const borrowed = borrow(references, declared, earlier);
  const spell = (names: Iterable<string>): string[] => [...names].map((each) => earlier.spelling(each));
  const functions = new Set(
    program.body.flatMap((node) => (node.type === "FunctionDeclaration" && node.id !== null ? [node.id.name] : [])),
  );
  const fresh = lifted.fresh.filter((each) => !functions.has(each));
  const undefinedAgain = (name: string): string => `${name} = void 0`;
  const reset = fresh.length === 0 ? "" : `${awaits ? "" : "var "}${spell(fresh).map(undefinedAgain).join(", ")}; `;
  const body = without([...lifted.imports, ...lifted.functions], program.hashbang?.end ?? 0, plain.code.length);
  const values = [...declared].filter((each) => !functions.has(each));
  const pieces: readonly Piece[] = awaits
    ? [
        `"use strict"; ${head}${borrowed}`,
        values.length === 0 ? "" : `var ${spell(values).join(", ")}; `,
        ...lifted.functions,
        `(async () => { ${reset}`,
        ...lifted.imports,
        ...body,
        lifted.hasValue ? "\n})();" : "\nreturn {};\n})();",
      ]
    : // V8 can stop at a script's end, which shall be no line of the cell's.
      [`"use strict"; ${head}${borrowed}${reset}`, ...body, lifted.hasValue ? "\n" : "\n({});"];
  const { code, origins } = edits.render(pieces);
  const positions = packPositions(origins, ...plain.mappings);
  return { ok: true, cell: { name, source, code, positions, declares } };
}

/** A cell in JavaScript, parsed; its types may have to be erased yet. */
interface Plain {
  readonly code: string;
  readonly parsed: Pick<ParseResult, "program" | "module">;
  /** The way back to the cell, for `packPositions`. */
  readonly mappings: readonly string[];
}

/** The long way, which can lower what Node 20 lacks. */
function strip(source: string): Plain {
  const { code, map } = transformSync("cell.ts", source, {
    lang: "ts",
    sourceType: "module",
    target: "node20",
    sourcemap: true,
    // A later cell may use what this one only imports.
    typescript: { onlyRemoveTypeImports: true },
    decorator: { legacy: true },
    helpers: { mode: EXTERNAL_HELPERS },
  });
  return {
    code,
    parsed: parseSync("cell.js", code, { lang: "js", sourceType: "module" }),
    mappings: [map?.mappings ?? ""],
  };
}

/** The block that the type stripper makes of a cell with `using`, known by the helper it calls first. */
function findUsingBlock(program: Program): BlockStatement | undefined {
  for (const statement of program.body) {
    if (statement.type !== "TryStatement") continue;
    const [first] = statement.block.body;
    const init = first?.type === "VariableDeclaration" ? first.declarations[0]?.init : undefined;
    if (
      init?.type === "CallExpression" &&
      init.callee.type === "MemberExpression" &&
      init.callee.object.type === "Identifier" &&
      init.callee.object.name === "babelHelpers"
    )
      return statement.block;
  }
  return undefined;
}

function awaitsSomething({ body }: Program): boolean {
  return body.some(
    (node) =>
      node.type === "ImportDeclaration" ||
      node.type === "ExportAllDeclaration" ||
      (node.type === "ExportNamedDeclaration" && node.source !== null) ||
      awaitsInside(node),
  );
}

/** Writes names that shadow one of the realm the way `EarlierCells` spells them. */
function rename(references: readonly Reference[], earlier: EarlierCells, edits: Edits): void {
  for (const { name, start, end, shorthand } of references)
    if (earlier.shadows(name))
      edits.replace(start, end, shorthand ? `${name}: ${earlier.spelling(name)}` : earlier.spelling(name));
}

/**
 * Until a cell that takes a name of the realm has given it a value of its own, the name means what it meant: that cell
 * may fail before, or never run.
 */
function borrow(references: readonly Reference[], declared: ReadonlySet<string>, earlier: EarlierCells): string {
  const names = new Set([...references.map(({ name }) => name), ...declared].filter((name) => earlier.shadows(name)));
  return [...names]
    .map((name) => {
      const spelled = earlier.spelling(name);
      const unset = declared.has(name) ? `${spelled} === void 0` : `!("${spelled}" in globalThis)`;
      return `if (${unset}) globalThis.${spelled} = globalThis.${name}; `;
    })
    .join("");
}

function without(spans: readonly { start: number; end: number }[], start: number, end: number): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = start;
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    if (from < span.start) pieces.push({ start: from, end: span.start });
    from = span.end;
  }
  pieces.push({ start: from, end });
  return pieces;
}
