import { LineIndex } from "./line-index.js";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly kind: Kind;
}

/** 0 copied text; 1 new text that stands for what follows it; 2 new text that stands for nothing in the input. */
type Kind = 0 | 1 | 2;

/** From this line and column of the output on, the text belongs to that line and column of the input (all from 1). */
export type Origin = readonly [line: number, column: number, fromLine: number, fromColumn: number, kind: Kind];

export interface Rendered {
  readonly code: string;
  /** In the order of the output. */
  readonly origins: readonly Origin[];
}

/** A span of the input to be written, or new text that has no place in the input. */
export type Piece = string | { readonly start: number; readonly end: number };

/**
 * Changes to a text, all given in offsets of the input, none overlapping another. Insertions at one offset keep the
 * order in which they were made. The input's spans can be written in another order, each with its own changes.
 */
export class Edits {
  readonly #text: string;
  readonly #edits: Edit[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text, kind: 1 });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  /** Inserts what nobody shall be pointed at. */
  insertHidden(at: number, text: string): void {
    this.#edits.push({ start: at, end: at, text, kind: 2 });
  }

  remove(start: number, end: number): void {
    this.replace(start, end, "");
  }

  render(pieces: readonly Piece[]): Rendered {
    const edits = this.#edits.toSorted((a, b) => a.start - b.start || a.end - b.end);
    const marks: { readonly at: number; readonly from: number; readonly kind: Kind }[] = [];
    let code = "";
    const write = (text: string, from: number, kind: Kind): void => {
      if (text === "") return;
      marks.push({ at: code.length, from, kind });
      code += text;
    };
    for (const piece of pieces) {
      if (typeof piece === "string") {
        write(piece, 0, 2);
        continue;
      }
      let done = piece.start;
      for (const { start, end, text, kind } of edits) {
        if (start < piece.start || end > piece.end) continue;
        write(this.#text.slice(done, start), done, 0);
        write(text, end, kind);
        done = end;
      }
      write(this.#text.slice(done, piece.end), done, 0);
    }
    const output = new LineIndex(code);
    const input = new LineIndex(this.#text);
    return {
      code,
      origins: marks.map(({ at, from, kind }) => {
        const to = output.position(at);
        const source = input.position(from);
        return [to.line, to.column, source.line, source.column, kind];
      }),
    };
  }
}
