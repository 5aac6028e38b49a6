/** One statement of the source, without comments: what stands between line ends and semicolons. */
export interface Statement {
  readonly text: string;
  /** Its line, from 1: of the source, or of what it was expanded from. */
  readonly line: number;
  /** Where its text begins in that line, from 1. */
  readonly column: number;
  /** The expansion that it comes from, if it stands in no line as it is. */
  readonly expansion?: Expansion;
}

/** A macro or a repetition whose statements are being read. */
export interface Expansion {
  /** As an error names it: `macro "push"`. */
  readonly name: string;
  /** The statement that asked for it. */
  readonly call: Statement;
}

/** Words of a statement, to which an error points. */
export interface Place {
  readonly statement: Statement;
  /** Characters before it in the statement's text. */
  readonly at: number;
  readonly length: number;
}

/** The line of the source that a statement came from in the end. */
export function sourceLine(statement: Statement): number {
  let outer = statement;
  while (outer.expansion !== undefined) outer = outer.expansion.call;
  return outer.line;
}

/** A string, a character's number, a comment of one of the three kinds, or any character. */
const pieces = /"(?:[^"\\\n]|\\.)*"?|'(?:\\.|[^\n])'?|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[\s\S]/g;

/** Cuts source text into statements; comments become blanks, so that columns stay. */
export function splitStatements(source: string): readonly Statement[] {
  const statements: Statement[] = [];
  let text = "";
  let [line, column, start] = [1, 1, 1];
  const end = (): void => {
    if (text.trim() !== "") statements.push({ text, line, column: start });
    text = "";
    start = column;
  };
  for (const [piece] of source.matchAll(pieces)) {
    const comment = piece.startsWith("#") || piece.startsWith("//") || piece.startsWith("/*");
    if (piece === "\n") {
      end();
      line++;
      column = start = 1;
      continue;
    }
    column += piece.length;
    if (piece === ";") end();
    else if (!comment) text += piece;
    else {
      const lines = piece.split("\n");
      text += " ".repeat(lines.at(-1)?.length ?? 0);
      if (lines.length === 1) continue;
      // What stands before a comment of several lines is one statement with what stands behind it.
      line += lines.length - 1;
      column = 1 + (lines.at(-1)?.length ?? 0);
    }
  }
  end();
  return statements;
}
