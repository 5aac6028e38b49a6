import { escapePattern } from "./pattern.js";

/** A word that was expanded: its text, and the same as a pattern in which what was quoted is escaped. */
export interface Field {
  readonly text: string;
  readonly pattern: string;
}

/** Makes fields of the parts of a word, splitting what comes from expansions, POSIX 2.6.5. */
export class FieldBuilder {
  readonly fields: Field[] = [];
  readonly #separators: string;
  /** Whether expansions are split. */
  readonly splits: boolean;
  #text = "";
  #pattern = "";
  #open = false;
  /** The last field was ended by white space: a separator that follows belongs to it. */
  #afterSpace = false;

  /** @param separators IFS; undefined has nothing split */
  constructor(separators: string | undefined) {
    this.#separators = separators ?? "";
    this.splits = separators !== undefined;
  }

  /** Text that is quoted, or as good as. */
  quoted(text: string): void {
    this.add(text, escapePattern(text));
  }

  /** What an expansion without quotes gave. */
  expanded(text: string): void {
    if (!this.splits) {
      if (text !== "") this.add(text, text);
      return;
    }
    let from = 0;
    for (let at = 0; at <= text.length; at++) {
      const character = text[at];
      if (character !== undefined && !this.#separators.includes(character)) continue;
      if (at > from) {
        const piece = text.slice(from, at);
        this.add(piece, piece);
      }
      if (character !== undefined) this.#separate(character);
      from = at + 1;
    }
  }

  /** There is a field here, even if it has no text: "". */
  exist(): void {
    this.#open = true;
  }

  /** Ends a field, where there is one: between the parameters of $@. */
  end(): void {
    if (this.#open) this.#close();
    this.#afterSpace = false;
  }

  finish(): readonly Field[] {
    if (this.#open) this.#close();
    return this.fields;
  }

  #separate(character: string): void {
    if (character === " " || character === "\t" || character === "\n") {
      if (!this.#open) return;
      this.#close();
      this.#afterSpace = true;
    } else if (this.#open) this.#close();
    else if (this.#afterSpace) this.#afterSpace = false;
    else this.fields.push({ text: "", pattern: "" });
  }

  /** Text, and what it is as a pattern. */
  add(text: string, pattern: string): void {
    this.#text += text;
    this.#pattern += pattern;
    this.#open = true;
    this.#afterSpace = false;
  }

  #close(): void {
    this.fields.push({ text: this.#text, pattern: this.#pattern });
    this.#text = this.#pattern = "";
    this.#open = false;
  }
}
