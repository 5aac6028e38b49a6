import { Mistake } from "./problem.js";
import type { Place, Statement } from "./statement.js";

export interface Token {
  readonly kind: "name" | "number" | "string" | "local" | "modifier" | "sign" | "end";
  readonly text: string;
  readonly place: Place;
}

/**
 * What a statement is made of: blanks, strings, character constants, references to numbered labels (`1b`), numbers, names,
 * relocation functions (`%hi`), signs.
 */
const shapes = [
  ["string", /"(?:[^"\\]|\\.)*"/y],
  ["number", /'(?:\\.|[^\\])'?/y],
  ["number", /0[xX][\da-fA-F]+|0[bB][01]+(?![\w.$])/y],
  ["local", /\d+[bf](?![\w.$])/y],
  ["number", /\d+/y],
  ["name", /[A-Za-z_.$][\w.$]*/y],
  ["modifier", /%[a-z_]+(?=\s*\()/y],
  ["sign", /<<|>>|==|!=|<>|<=|>=|&&|\|\||[-+*/%&|^!~<>()=,:@\\{}[\]?]/y],
] as const;

const blanks = /\s*/y;

/** Reads a statement token by token. */
export class Cursor {
  readonly statement: Statement;
  #at: number;
  #next: Token | undefined;

  constructor(statement: Statement, at = 0) {
    this.statement = statement;
    this.#at = at;
  }

  peek(): Token {
    this.#next ??= this.#read();
    return this.#next;
  }

  take(): Token {
    const token = this.peek();
    this.#at = token.place.at + token.place.length;
    this.#next = undefined;
    return token;
  }

  /** Whether the statement ends here. */
  get done(): boolean {
    return this.peek().kind === "end";
  }

  /** Takes the sign if it is next. */
  accept(sign: string): boolean {
    const { kind, text } = this.peek();
    if (kind !== "sign" || text !== sign) return false;
    this.take();
    return true;
  }

  expect(sign: string, hint: string): void {
    if (!this.accept(sign)) throw this.wrong(`"${sign}" is missing`, hint);
  }

  name(what: string): Token {
    if (this.peek().kind !== "name") throw this.wrong(`${what} is missing`, `Write ${what} here.`);
    return this.take();
  }

  /** A mistake at the next token. */
  wrong(message: string, hint: string): Mistake {
    const { kind, text, place } = this.peek();
    return new Mistake(place, `${message}${kind === "end" ? "" : ` before "${text}"`}`, hint);
  }

  /** @throws Mistake if anything is left */
  end(hint: string): void {
    const { kind, text, place } = this.peek();
    if (kind !== "end") throw new Mistake(place, `"${text}" is too much here`, hint);
  }

  /** Where the next token begins. */
  get position(): number {
    return this.peek().place.at;
  }

  /** Goes back to where `position` was. */
  back(position: number): void {
    this.#at = position;
    this.#next = undefined;
  }

  /** All that is left, as it stands; it is taken. */
  rest(): { readonly text: string; readonly at: number } {
    const at = this.position;
    const text = this.statement.text.slice(at);
    this.back(this.statement.text.length);
    return { text, at };
  }

  #read(): Token {
    const { statement } = this;
    blanks.lastIndex = this.#at;
    blanks.exec(statement.text);
    const at = Math.max(this.#at, blanks.lastIndex);
    if (at >= statement.text.length) {
      const end = statement.text.trimEnd().length;
      return { kind: "end", text: "", place: { statement, at: Math.min(end, at), length: 1 } };
    }
    for (const [kind, shape] of shapes) {
      shape.lastIndex = at;
      const text = shape.exec(statement.text)?.[0];
      if (text !== undefined) return { kind, text, place: { statement, at, length: text.length } };
    }
    const character = String.fromCodePoint(statement.text.codePointAt(at) ?? 0);
    const place = { statement, at, length: character.length };
    throw character === '"'
      ? new Mistake(place, "a string has no end", 'Close it with ".')
      : new Mistake(place, `"${character}" means nothing here`, "Take it out, or put it into a string or a comment.");
  }
}

const escapes: Readonly<Record<string, number>> = {
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '"': 34,
  "\\": 92,
  "'": 39,
};

/** The bytes of a string or character constant, whose quotes are taken off: UTF-8, with C's escapes. */
export function unescape(text: string, encode: (text: string) => Iterable<number>): number[] {
  return [...text.matchAll(/\\([0-7]{1,3}|[xX][\da-fA-F]+|.)|[^\\]+/gs)].flatMap(([whole, escape]) => {
    if (escape === undefined) return [...encode(whole)];
    if (/^[0-7]/.test(escape)) return [Number.parseInt(escape, 8) & 255];
    if (/^[xX]./.test(escape)) return [Number.parseInt(escape.slice(1), 16) & 255];
    return [escapes[escape] ?? escape.charCodeAt(0)];
  });
}

/** The number that a token says. */
export function numberOf({ text }: Token, encode: (text: string) => Iterable<number>): bigint {
  if (text.startsWith("'")) return BigInt(unescape(text.slice(1).replace(/(.)'$/s, "$1"), encode)[0] ?? 0);
  if (/^0\d/.test(text) && /^[0-7]+$/.test(text)) return BigInt(`0o${text.slice(1)}`);
  return BigInt(text);
}
