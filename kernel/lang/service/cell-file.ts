import ts from "typescript";
import { bind, whole, type BoundFile } from "./compiler-internals.js";

/** A module that a cell names, and where: the literal with its quotes, in UTF-16 offsets. */
export interface Specifier {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A cell as TypeScript sees it: a module that exports and imports nothing for the sake of other cells. */
export interface CellFile {
  readonly name: string;
  readonly source: string;
  readonly tree: BoundFile;
  /** What it declares at its top level. */
  readonly own: ReadonlyMap<string, ts.Symbol>;
  readonly specifiers: readonly Specifier[];
  /** It changes the global scope or other modules. */
  readonly isAmbient: boolean;
}

/** @param tree nothing was asked of it so far but its binding */
export function cellFile(tree: ts.SourceFile, options: ts.CompilerOptions): CellFile {
  const bound = bind(tree, options);
  const own = new Map<string, ts.Symbol>();
  for (const [key, local] of bound.locals)
    if (!isInternal(key.toString())) own.set(ts.unescapeLeadingUnderscores(key), whole(local));
  const { fileName: name, text: source } = tree;
  return { name, source, tree: bound, own, specifiers: specifiersOf(source), isAmbient: isAmbient(tree) };
}

/** Whether it has a `declare global` or a `declare module "…"`. */
export function isAmbient(tree: ts.SourceFile): boolean {
  return tree.statements.some(
    (statement) =>
      ts.isModuleDeclaration(statement) &&
      (ts.isStringLiteral(statement.name) || (statement.flags & ts.NodeFlags.GlobalAugmentation) !== 0),
  );
}

/** Keys of TypeScript's own: modules keep their quotes, and a name that begins with `__` gets a third underscore. */
function isInternal(key: string): boolean {
  return key.startsWith('"') || /^__(?!_)/.test(key);
}

/** What a text imports or requires, in any of the ways that there are. */
export function specifiersOf(source: string): readonly Specifier[] {
  // Most cells name no module.
  if (!/\b(?:import|export|require)\b/.test(source)) return [];
  const quotes = 2;
  return ts
    .preProcessFile(source, true, true)
    .importedFiles.map(({ fileName: text, pos: start }) => ({ text, start, end: start + text.length + quotes }));
}
