import { inspect } from "node:util";
import type { ErrorReport } from "./outcome.js";
import { firstCellPlace, type CellPlace, type CellSources } from "./stack.js";

const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;
const dim = (text: string): string => `\u001b[2m${text}\u001b[22m`;

/** How many errors deep a chain of causes is shown; a longer one is most likely a circle. */
const deepest = 5;

/**
 * What a client shows of something thrown. A `UsageError` is its message and hint; another error is its message, the
 * line of the cell it came from, and the frames in cells and packages.
 */
export function reportError(thrown: unknown, sources: CellSources): ErrorReport {
  try {
    if (!isError(thrown)) return reportValue(thrown);
    if (thrown.name === "UsageError") {
      const hint: unknown = Reflect.get(thrown, "hint");
      return errorReport(thrown.name, words(thrown.message), typeof hint === "string" ? hint : "");
    }
    const evalue = words(thrown.message);
    return { ename: words(thrown.name), evalue, traceback: describe(thrown, sources, deepest) };
  } catch (error) {
    // A getter or a proxy of the thrown object threw in its turn.
    const why = isError(error) ? error.message : "its description threw";
    return errorReport("Error", `what was thrown can't be shown: ${why}`);
  }
}

/** A report of words alone. */
export function errorReport(ename: string, evalue: string, hint = ""): ErrorReport {
  const text = `${red(ename)}: ${evalue}${hint === "" ? "" : `\n${hint}`}`;
  return { ename, evalue, traceback: text.split("\n") };
}

/** The report of a cell that was stopped. */
export function interruptedReport(): ErrorReport {
  return errorReport("Interrupted", "the cell was interrupted");
}

// `instanceof` fails for errors of another context, such as a vm module's.
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** An error's fields may have been set to anything. */
const words = (field: unknown): string => (typeof field === "string" ? field : inspect(field));

function reportValue(thrown: unknown): ErrorReport {
  const evalue = inspect(thrown);
  return { ename: "Uncaught", evalue, traceback: [`${red("Uncaught")} ${evalue}`] };
}

function describe(error: Error, sources: CellSources, depth: number): string[] {
  const stack = typeof error.stack === "string" ? error.stack : "";
  // A stack made in another thread or realm has Node's own frames yet.
  const frames = stack.split("\n").filter((line) => line.startsWith("    at ") && !/(\(|at (async )?)node:/.test(line));
  const [message = "", ...more] = words(error.message).split("\n");
  const lines = [`${red(words(error.name))}: ${message}`, ...more];
  const origin = firstCellPlace(frames, sources);
  if (origin !== undefined) lines.push(...excerpt(origin, sources.source(origin.name) ?? ""));
  lines.push(...frames.map(dim));
  if (depth === 0) return lines;
  if (error instanceof AggregateError) {
    for (const each of error.errors) lines.push(...nested("one of its errors", each, sources, depth));
  }
  if (error.cause !== undefined) lines.push(...nested("caused by", error.cause, sources, depth));
  return lines;
}

function nested(title: string, thrown: unknown, sources: CellSources, depth: number): string[] {
  const lines = isError(thrown) ? describe(thrown, sources, depth - 1) : [inspect(thrown)];
  return [`${title}:`, ...lines.map((line) => `  ${line}`)];
}

/** The line with one before and one behind, the column marked. */
function excerpt({ name, line, column }: CellPlace, source: string): string[] {
  const lines = source.split("\n");
  const shown = [line - 1, line, line + 1].filter((number) => number >= 1 && number <= lines.length);
  const width = String(line + 1).length;
  return [
    `${name}, line ${line}`,
    ...shown.flatMap((number) => {
      const text = lines[number - 1] ?? "";
      const row = `${number === line ? ">" : " "} ${String(number).padStart(width)} | ${text}`;
      // Tabs are kept, so that the mark stands below its column however wide they are shown.
      const mark = `  ${" ".repeat(width)} | ${text.slice(0, column - 1).replace(/[^\t]/g, " ")}^`;
      return number === line ? [row, red(mark)] : [row];
    }),
  ];
}
