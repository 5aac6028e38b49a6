import ts from "typescript";
import { LineIndex } from "../line-index.js";
import type { Diagnostic } from "../types.js";
import type { CellView } from "./cell-view.js";
import type { EarlierTypes, NameKind } from "./earlier-types.js";

/** "Cannot find name" and its kin: the span is the name's. */
const unknownNames = new Set([2304, 2503, 2552, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 2693, 2749, 18004]);

/**
 * A comma operator whose left side does nothing; `import x = require()`, which the transform knows; a package without
 * types, which is then `any`.
 */
const ignored = new Set([2695, 1202, 7016]);

const IMPORT_ASSIGNED = 2632;

/** What TypeScript says of an assignment to a name of each kind, were it declared in the same file. */
const assigned: Readonly<Partial<Record<NameKind, { readonly code: number; readonly what: string }>>> = {
  const: { code: 2588, what: "a constant" },
  function: { code: 2630, what: "a function" },
  class: { code: 2629, what: "a class" },
  enum: { code: 2628, what: "an enum" },
  namespace: { code: 2631, what: "a namespace" },
};

/** The errors of a cell, with tsc's codes and words; where its syntax is wrong, that alone. */
export function diagnosticsOf(
  { service, file, source, shift }: CellView,
  earlier: EarlierTypes,
): readonly Diagnostic[] {
  const syntax = service.getSyntacticDiagnostics(file);
  const found = syntax.length > 0 ? syntax : service.getSemanticDiagnostics(file);
  const lines = new LineIndex(source);
  return found.flatMap((diagnostic) => {
    const { code, category, start = 0, length = 0 } = diagnostic;
    if (start < shift || ignored.has(code)) return [];
    const text = source.slice(start - shift, start - shift + length);
    const begin = lines.position(start - shift);
    const end = lines.position(start - shift + length);
    const kind = code === IMPORT_ASSIGNED ? earlier.owners(text)?.value?.declared.kind : undefined;
    const instead = kind === undefined ? undefined : assigned[kind];
    return [
      {
        severity: category === ts.DiagnosticCategory.Error ? "error" : "warning",
        code: `TS${instead?.code ?? code}`,
        message:
          instead === undefined
            ? plain(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"))
            : `Cannot assign to '${text}' because it is ${instead.what}.`,
        line: begin.line,
        column: begin.column,
        endLine: end.line,
        endColumn: end.column,
        ...(unknownNames.has(code) ? { unknownName: text } : {}),
      },
    ];
  });
}

/** Words without the scaffolding that cells stand on. */
export function plain(text: string): string {
  return text.replaceAll(/(?:import\("[^"]*virtlab-earlier-cells"\)\.|__earlier\.)?\b__cell\d+\./g, "");
}
