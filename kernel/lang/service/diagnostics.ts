import { relative } from "node:path";
import type ts from "typescript";
import { compiler } from "./compiler.js";
import { LineIndex } from "../line-index.js";
import type { Diagnostic } from "../types.js";
import type { CellFile, Specifier } from "./cell-file.js";

/** "Cannot find name" and its kin: the span is the name's. */
const unknownNames = new Set([2304, 2503, 2552, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 2693, 2749, 18004]);

/**
 * A comma operator whose left side does nothing; `import x = require()`, which the transform knows; a package without
 * types, which is then `any`.
 */
const ignored = new Set([2695, 1202, 7016]);

/** A variable whose type TypeScript gathers from its assignments; in a later cell it is `any`, and that is all right. */
const GATHERED = 7005;

/**
 * What TypeScript says only when it is strict, of code that says nothing false: the type of something isn't told (and
 * so `any`), something may be null or undefined, a field or variable may have no value yet. tslab sets no `strict`, and
 * so says none of this: cells written for it run with these remarks.
 */
const strictOnly = new Set([
  ...[7005, 7006, 7008, 7009, 7010, 7011, 7012, 7013, 7014, 7015, 7017, 7018, 7019, 7020, 7022, 7023, 7024, 7025],
  ...[7031, 7032, 7033, 7034, 7039, 7041, 7051, 7052, 7053, 7054, 7055, 7057, 2683],
  ...[2531, 2532, 2533, 2721, 2722, 2723, 18047, 18048, 18049],
  ...[2454, 2564],
]);

/**
 * The errors of a cell, with tsc's codes and words; where its syntax is wrong, that alone.
 *
 * @param isLent whether a name is an earlier cell's
 */
export function diagnosticsOf(
  service: ts.LanguageService,
  { name, source }: Pick<CellFile, "name" | "source">,
  isLent: (name: string) => boolean,
): readonly Diagnostic[] {
  const syntax = service.getSyntacticDiagnostics(name);
  const found = syntax.length > 0 ? syntax : service.getSemanticDiagnostics(name);
  if (found.length === 0) return [];
  const lines = new LineIndex(source);
  const checker = service.getProgram()?.getTypeChecker();
  return found.flatMap((diagnostic) => {
    const { code, start = 0, length = 0 } = diagnostic;
    const text = source.slice(start, start + length);
    if (ignored.has(code) || (code === GATHERED && isLent(text))) return [];
    return [
      {
        severity: isError(diagnostic) || isNothing(diagnostic, checker) ? "error" : "warning",
        code: `TS${code}`,
        message: wording(diagnostic),
        ...span(lines, start, start + length),
        ...(unknownNames.has(code) ? { unknownName: text } : {}),
      },
    ];
  });
}

/** The errors of a file that a cell imports, at the import; the words begin with the file's place. */
export function importedDiagnostics(
  service: ts.LanguageService,
  { source }: CellFile,
  file: ts.SourceFile,
  { start, end }: Specifier,
  cwd: string,
): readonly Diagnostic[] {
  const syntax = service.getSyntacticDiagnostics(file.fileName);
  const found = (syntax.length > 0 ? syntax : service.getSemanticDiagnostics(file.fileName)).filter(isError);
  const inside = new LineIndex(file.text);
  const place = span(new LineIndex(source), start, end);
  return found
    .filter(({ code }) => !ignored.has(code))
    .map((diagnostic) => {
      const { line, column } = inside.position(diagnostic.start ?? 0);
      const message = `${relative(cwd, file.fileName)}:${line}:${column} - ${wording(diagnostic)}`;
      return { severity: "error", code: `TS${diagnostic.code}`, message, ...place };
    });
}

function isError({ category, code }: ts.Diagnostic): boolean {
  return category === compiler.DiagnosticCategory.Error && !strictOnly.has(code);
}

/** Where TypeScript speaks of something that may be null or undefined. */
const maybeNothing = new Set([2531, 2532, 2533, 2721, 2722, 2723, 18047, 18048, 18049]);

/**
 * Whether that is never anything else: without being strict TypeScript refuses that too. What a variable was declared as
 * counts, for it may have been given a value in a function that TypeScript doesn't follow.
 */
function isNothing({ code, file, start, length }: ts.Diagnostic, checker: ts.TypeChecker | undefined): boolean {
  if (!maybeNothing.has(code) || checker === undefined || file === undefined || start === undefined) return false;
  const node = nodeAt(file, start, start + (length ?? 0));
  if (node === undefined) return false;
  const symbol = compiler.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
  const type = symbol === undefined ? checker.getTypeAtLocation(node) : checker.getTypeOfSymbol(symbol);
  return (type.flags & (compiler.TypeFlags.Null | compiler.TypeFlags.Undefined)) !== 0;
}

/** The outermost expression with this span. */
function nodeAt(file: ts.SourceFile, start: number, end: number): ts.Node | undefined {
  const find = (node: ts.Node): ts.Node | undefined => {
    if (node.pos > start || node.end < end) return undefined;
    if (node.getStart(file) === start && node.end === end && !compiler.isStatement(node)) return node;
    return compiler.forEachChild(node, find);
  };
  return compiler.forEachChild(file, find);
}

type Span = Pick<Diagnostic, "line" | "column" | "endLine" | "endColumn">;

function span(lines: LineIndex, start: number, end: number): Span {
  const from = lines.position(start);
  const to = lines.position(end);
  return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}

function wording({ messageText }: ts.Diagnostic): string {
  return plain(compiler.flattenDiagnosticMessageText(messageText, "\n"));
}

/** Words without the files that cells are to TypeScript. */
export function plain(text: string): string {
  return text.replaceAll(/import\("[^"]*virtlab-cell-\d+"\)\./g, "");
}
