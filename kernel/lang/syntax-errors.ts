import type { OxcError } from "oxc-parser";
import { LineIndex } from "./line-index.js";
import type { Diagnostic } from "./types.js";

/** A remark on a span of the source, in UTF-16 offsets. */
export function diagnosticAt(source: string, start: number, end: number, message: string): Diagnostic {
  const lines = new LineIndex(source);
  const from = lines.position(start);
  const to = lines.position(end);
  return {
    severity: "error",
    message,
    line: from.line,
    column: from.column,
    endLine: to.line,
    endColumn: to.column,
  };
}

/** The parser's errors in words that name what it stumbled over; the second of two at one place says nothing new. */
export function syntaxDiagnostics(source: string, errors: readonly OxcError[]): readonly Diagnostic[] {
  const seen = new Set<number>();
  return errors.flatMap((error) => {
    const [label, ...others] = error.labels;
    const start = label?.start ?? 0;
    if (seen.has(start)) return [];
    seen.add(start);
    const end = label?.end ?? start;
    return [diagnosticAt(source, start, end, describe(source, error, start, end, others))];
  });
}

function describe(source: string, error: OxcError, start: number, end: number, others: OxcError["labels"]): string {
  const token = source.slice(start, end);
  let message = error.message.replaceAll("`EOF`", "the end of the cell").replace(/\.$/, "");
  if (message === "Unexpected token")
    message = start >= source.trimEnd().length ? "The cell ends too early" : `Unexpected \`${token}\``;
  for (const { message: note, start: at } of others) {
    if (note !== "Opened here") continue;
    const { line, column } = new LineIndex(source).position(at);
    message += `, opened at ${line}:${column}`;
  }
  return error.helpMessage === null ? message : `${message}. ${error.helpMessage}`;
}
