import { errorReport, type ErrorReport } from "../exec/index.js";
import type { Diagnostic } from "../lang/index.js";
import { reportDiagnostics } from "./diagnostics.js";
import type { FindDeclaringCell } from "./notebook-lookup.js";

/** What happens to a cell with type errors. */
export const typecheckMeanings = {
  off: "runs unchecked",
  warn: "runs, and they are printed",
  error: "does not run",
} as const;
export type TypecheckMode = keyof typeof typecheckMeanings;

/** @param setting the environment variable VIRTLAB_TYPECHECK; another word than the modes counts as the default */
export function typecheckMode(setting: string | undefined, log: (reason: string) => void): TypecheckMode {
  if (setting === undefined) return "error";
  if (isTypecheckMode(setting)) return setting;
  log(`VIRTLAB_TYPECHECK is "${setting}"; set it to ${Object.keys(typecheckMeanings).join(", ")}`);
  return "error";
}

export function isTypecheckMode(word: string): word is TypecheckMode {
  return Object.hasOwn(typecheckMeanings, word);
}

interface Cell {
  readonly name: string;
  readonly source: string;
}

/** Why the cell isn't run: another cell is missing, where the notebook has one for an unknown name, or the types. */
export function refusal(errors: readonly Diagnostic[], cell: Cell, find: FindDeclaringCell): ErrorReport {
  for (const { unknownName } of errors) {
    const missing = unknownName === undefined ? undefined : missingCell(unknownName, cell.source, find);
    if (missing !== undefined) return missing;
  }
  return reportDiagnostics(errors, cell);
}

/** What to show instead of a run-time error, where it comes from a cell that hasn't run. */
export function explainError(report: ErrorReport, cell: Cell, find: FindDeclaringCell): ErrorReport {
  // V8's words for an unresolvable reference.
  const name = report.ename === "ReferenceError" ? /^(\S+) is not defined$/.exec(report.evalue)?.[1] : undefined;
  return (name === undefined ? undefined : missingCell(name, cell.source, find)) ?? report;
}

function missingCell(name: string, source: string, find: FindDeclaringCell): ErrorReport | undefined {
  const found = find(name, source);
  if (found === undefined) return undefined;
  const { index, notebook, firstLine } = found;
  return errorReport(
    "UsageError",
    `\`${name}\` is declared by cell ${index} of ${notebook} (\`${firstLine}\`), which has not run. Run it first.`,
  );
}
