import { parseSync } from "oxc-parser";
import { nestsTooDeep } from "./nesting.js";

/** Whether a cell typed at a prompt can run, wants another line, or is wrong whatever follows. */
export type Completeness =
  | { readonly status: "complete" | "invalid" }
  /** `indent` is what the next line should begin with. */
  | { readonly status: "incomplete"; readonly indent: string };

/**
 * Judges a cell as a console does at Enter. What only lacks an end is incomplete; two blank lines at its end make it
 * run all the same, so that nobody is caught in a prompt that never closes (tslab's rule).
 */
export function isComplete(source: string): Completeness {
  // Running it says so.
  if (nestsTooDeep(source)) return { status: "complete" };
  const { errors } = parseSync("cell.ts", source, { lang: "ts", sourceType: "module" });
  const [error] = errors;
  if (error === undefined || /(^|\n)\s*\n\s*$/.test(source)) return { status: "complete" };
  const start = error.labels[0]?.start ?? 0;
  const unfinished =
    start >= source.trimEnd().length ||
    error.message === "Unterminated multiline comment" ||
    (error.message === "Unterminated string" && (source[start] === "`" || source[start] === "}" || /\\$/.test(source)));
  return unfinished ? { status: "incomplete", indent: indentation(source) } : { status: "invalid" };
}

/** The last line's own indentation, and a step more when it opens a bracket that it doesn't close. */
function indentation(source: string): string {
  const line = source.slice(source.lastIndexOf("\n") + 1);
  const own = /^\s*/.exec(line)?.[0] ?? "";
  return /[([{]\s*(?:\/\/.*)?$|=>\s*$/.test(line) ? `${own}  ` : own;
}
