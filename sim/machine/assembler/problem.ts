import { UsageError } from "../../core/index.js";
import type { Place, Statement } from "./statement.js";

/** One mistake in a source. */
export interface Problem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** How to mend it. */
  readonly hint: string;
  /** The line, a caret under the words that are wrong, and where the line was expanded. */
  readonly excerpt: string;
}

/** Ends the reading of one statement; the assembler goes on with the next. */
export class Mistake extends Error {
  readonly place: Place;
  readonly hint: string;

  constructor(place: Place, message: string, hint: string) {
    super(message);
    this.place = place;
    this.hint = hint;
  }
}

/** A source with mistakes: every one that was found, in the order of the source. */
export class AssemblyError extends UsageError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const shown = problems.slice(0, 20);
    const parts = shown.map(({ line, column, message, hint, excerpt }) =>
      [`line ${line}, column ${column}: ${message}`, excerpt, ...(problems.length === 1 ? [] : [`  ${hint}`])].join(
        "\n",
      ),
    );
    const rest = problems.length - shown.length;
    super(
      parts.join("\n") + (rest > 0 ? `\nand ${rest} more` : ""),
      problems.length === 1
        ? (problems[0]?.hint ?? "")
        : `${problems.length} places are to be mended; a later one may come of an earlier one.`,
    );
    this.problems = problems;
  }
}

/** The problem that a mistake is, in the source's lines. */
export function problemOf({ place, message, hint }: Mistake, lines: readonly string[]): Problem {
  const { statement, at, length } = place;
  const outermost = trail(statement).at(-1) ?? statement;
  const inSource = statement.expansion === undefined;
  const column = inSource ? statement.column + at : outermost.column + leading(outermost.text);
  const shown = inSource ? (lines[statement.line - 1] ?? statement.text) : statement.text;
  const before = inSource ? shown.slice(0, column - 1) : statement.text.slice(0, at);
  const caret = before.replace(/[^\t]/g, " ") + "^" + "~".repeat(Math.max(0, length - 1));
  const calls = trail(statement).map(
    ({ line }, index) => `  in ${trailNames(statement)[index] ?? ""}, used in line ${line}`,
  );
  return {
    line: inSource ? statement.line : outermost.line,
    column,
    message,
    hint,
    excerpt: [`  ${shown}`, `  ${caret}`, ...calls].join("\n"),
  };
}

const leading = (text: string): number => text.length - text.trimStart().length;

/** The statements that asked for the expansions that this one stands in, from the innermost. */
function trail(statement: Statement): Statement[] {
  const calls: Statement[] = [];
  for (let { expansion } = statement; expansion !== undefined; { expansion } = expansion.call)
    calls.push(expansion.call);
  return calls;
}

function trailNames(statement: Statement): string[] {
  const names: string[] = [];
  for (let { expansion } = statement; expansion !== undefined; { expansion } = expansion.call)
    names.push(expansion.name);
  return names;
}
