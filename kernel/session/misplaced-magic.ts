import { errorReport, type ErrorReport } from "../exec/index.js";
import type { Diagnostic } from "../lang/index.js";
import type { Magics } from "../magics/index.js";

/** Where what is wrong with a cell is a magic behind its code; it would read as a remainder there, or as nothing. */
export function misplacedMagic(
  diagnostics: readonly Diagnostic[],
  source: string,
  magics: Pick<Magics, "startsWith">,
): ErrorReport | undefined {
  const lines = source.split("\n");
  for (const { line, endLine } of diagnostics) {
    for (let number = line; number <= endLine; number++) {
      const spelled = magics.startsWith(lines[number - 1] ?? "");
      if (spelled === undefined) continue;
      const mend = spelled.startsWith("%%")
        ? "It makes the whole cell its own: put it on the first line, or into a cell of its own."
        : "Magics come before a cell's code: put it on the first line, or into a cell of its own.";
      return errorReport("UsageError", `${spelled} stands on line ${number}, behind code`, mend);
    }
  }
  return undefined;
}
