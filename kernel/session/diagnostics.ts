import type { ErrorReport } from "../exec/index.js";
import type { Diagnostic } from "../lang/index.js";

const paint = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[39m`;
const [red, yellow, cyan] = [paint(31), paint(33), paint(36)];
/** Not bright black, which JupyterLab's dark theme shows on black. */
const faint = (text: string): string => `\u001b[2m${text}\u001b[22m`;

/** Lines shown of a remark that spans many. */
const longest = 4;

/** The cell can't run: an error as `tsc --pretty` prints it. There is at least one diagnostic. */
export function reportDiagnostics(
  diagnostics: readonly Diagnostic[],
  cell: { name: string; source: string },
): ErrorReport {
  // The parser gives no codes.
  const ename = diagnostics.some(({ code }) => code !== undefined) ? "TypeScriptError" : "SyntaxError";
  const evalue = diagnostics[0]?.message ?? "";
  return { ename, evalue, traceback: diagnostics.flatMap((each) => describe(each, cell)) };
}

/** The same remarks as text, for a cell that runs all the same. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], cell: { name: string; source: string }): string {
  return diagnostics.flatMap((each) => describe(each, cell)).join("\n") + "\n";
}

function describe(diagnostic: Diagnostic, { name, source }: { name: string; source: string }): string[] {
  const { severity, code, message, line, column, endLine, endColumn } = diagnostic;
  const colour = severity === "error" ? red : yellow;
  const [first = "", ...rest] = message.split("\n");
  const place = `${cyan(name)}:${yellow(String(line))}:${yellow(String(column))}`;
  const kind = `${colour(severity)}${code === undefined ? "" : faint(` ${code}`)}`;
  const width = String(endLine).length;
  const lines = source.split("\n");
  const excerpt: string[] = [];
  for (let number = line; number <= Math.min(endLine, line + longest - 1); number++) {
    const text = (lines[number - 1] ?? "").replace(/\r$/, "");
    const from = number === line ? column - 1 : text.length - text.trimStart().length;
    const to = number === endLine ? endColumn - 1 : text.length;
    const before = text.slice(0, from).replace(/[^\t]/g, " ");
    excerpt.push(
      `${String(number).padStart(width)} | ${text}`,
      `${" ".repeat(width)} | ${before}${colour("~".repeat(Math.max(1, to - from)))}`,
    );
  }
  return [`${place} - ${kind}: ${first}`, ...rest, "", ...excerpt, ""];
}
