import { Mistake } from "./problem.js";
import type { Expansion, Place, Statement } from "./statement.js";

/** Expansions inside each other, and statements that all of them make: more is a macro that never ends. */
const limits = { depth: 100, statements: 2_000_000 } as const;

interface Frame {
  readonly statements: readonly Statement[];
  next: number;
  /** It is a macro's text, which .exitm leaves. */
  readonly macro: boolean;
  /** Conditions that were open when it began. */
  readonly conditions: number;
}

/** The statements that are read, one after the other: the source's, and those of what is expanded in between. */
export class Input {
  readonly #frames: Frame[];
  #expanded = 0;

  constructor(source: readonly Statement[]) {
    this.#frames = [{ statements: source, next: 0, macro: false, conditions: 0 }];
  }

  next(): Statement | undefined {
    for (;;) {
      const frame = this.#frames.at(-1);
      if (frame === undefined) return undefined;
      const statement = frame.statements[frame.next++];
      if (statement !== undefined) return statement;
      this.#frames.pop();
    }
  }

  /** Puts statements before those that would come next. */
  push(statements: readonly Statement[], place: Place, macro: boolean, conditions: number): void {
    this.#expanded += statements.length;
    if (this.#frames.length > limits.depth || this.#expanded > limits.statements) {
      throw new Mistake(place, "this expands without end", "Let an .if end it, or repeat it less often.");
    }
    this.#frames.push({ statements, next: 0, macro, conditions });
  }

  /** Leaves the macro that is being read; gives the number of conditions that were open before it. */
  exitMacro(): number | undefined {
    const index = this.#frames.findLastIndex(({ macro }) => macro);
    const frame = this.#frames[index];
    if (frame === undefined) return undefined;
    this.#frames.length = index;
    return frame.conditions;
  }

  /** Nothing more is read. */
  stop(): void {
    this.#frames.length = 0;
  }

  /** The statements up to the one that ends a block; blocks inside it are kept whole. */
  block(opening: readonly string[], closing: string, place: Place): readonly Statement[] {
    const body: Statement[] = [];
    for (let depth = 1; ;) {
      const statement = this.next();
      if (statement === undefined)
        throw new Mistake(place, `this has no ${closing}`, `Write ${closing} behind its last line.`);
      const word = /^\s*(\.\w+)/.exec(statement.text)?.[1] ?? "";
      if (opening.includes(word)) depth++;
      if (word === closing && --depth === 0) return body;
      body.push(statement);
    }
  }
}

/** Statements with words put in the places of others, as part of an expansion. */
export function expandStatements(
  body: readonly Statement[],
  expansion: Expansion,
  substitute: (text: string) => string,
): Statement[] {
  return body.map(({ line, column, text }) => ({ line, column, text: substitute(text), expansion }));
}
