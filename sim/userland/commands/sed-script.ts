import { Failure } from "../program/command.js";
import { posixExpression } from "./basic-expressions.js";

/** Where a command applies. */
export type Address =
  | { readonly kind: "line"; readonly line: number }
  | { readonly kind: "step"; readonly first: number; readonly step: number }
  | { readonly kind: "last" }
  | { readonly kind: "match"; readonly expression: RegExp | undefined }
  | { readonly kind: "more"; readonly count: number };

export interface SedCommand {
  readonly from: Address | undefined;
  readonly to: Address | undefined;
  readonly negated: boolean;
  readonly name: string;
  /** Text, label or file. */
  readonly text: string;
  readonly expression?: RegExp | undefined;
  readonly replacement?: string;
  readonly flags?: { readonly global: boolean; readonly print: boolean; readonly count: number; readonly file: string };
  /** Where a block that begins here ends. */
  end: number;
  /** Whether a range is open. */
  active: boolean;
  /** The line at which a range that counts ends. */
  until: number;
}

/** Reads a script of sed(1). @throws Failure in GNU's words */
export function parseSed(script: string, extended: boolean): readonly SedCommand[] {
  return new Reader(script, extended).commands();
}

class Reader {
  readonly #text: string;
  readonly #extended: boolean;
  #at = 0;

  constructor(text: string, extended: boolean) {
    this.#text = text;
    this.#extended = extended;
  }

  #fail(message: string): Failure {
    return new Failure(`-e expression #1, char ${this.#at}: ${message}`);
  }

  commands(): readonly SedCommand[] {
    const all: SedCommand[] = [];
    const open: number[] = [];
    for (;;) {
      this.#skip(/[\s;]*/y);
      if (this.#text[this.#at] === "#") {
        this.#skip(/[^\n]*/y);
        continue;
      }
      if (this.#at >= this.#text.length) break;
      if (this.#text[this.#at] === "}") {
        this.#at++;
        const start = open.pop();
        if (start === undefined) throw this.#fail("unexpected `}'");
        const block = all[start];
        if (block !== undefined) block.end = all.length;
        continue;
      }
      const command = this.#command();
      if (command.name === "{") open.push(all.length);
      all.push(command);
    }
    if (open.length > 0) throw new Failure("-e expression #1, char 0: unmatched `{'");
    return all;
  }

  #skip(expression: RegExp): string {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #command(): SedCommand {
    const from = this.#address();
    let to: Address | undefined;
    if (from !== undefined) {
      this.#skip(/[ \t]*/y);
      if (this.#text[this.#at] === ",") {
        this.#at++;
        this.#skip(/[ \t]*/y);
        to = this.#address();
        if (to === undefined) throw this.#fail("unexpected `,'");
      }
    }
    this.#skip(/[ \t]*/y);
    const negated = this.#text[this.#at] === "!";
    if (negated) this.#skip(/[! \t]*/y);
    const name = this.#text[this.#at++] ?? "";
    const base = { from, to, negated, name, text: "", end: 0, active: false, until: 0 };
    switch (name) {
      case "":
        throw this.#fail("missing command");
      case "{":
        return base;
      case "s":
        return { ...base, ...this.#substitution() };
      case "y": {
        const [source, target] = this.#parts();
        const plain = (text: string): string => text.replaceAll("\\n", "\n").replaceAll("\\\\", "\\");
        if (Array.from(plain(source)).length !== Array.from(plain(target)).length)
          throw this.#fail("strings for `y' command are different lengths");
        return { ...base, text: plain(source), replacement: plain(target) };
      }
      case "a":
      case "i":
      case "c": {
        this.#skip(/[ \t]*(?:\\[ \t]*\n|\\(?=[^\n]))?[ \t]*/y);
        let text = "";
        while (this.#at < this.#text.length && this.#text[this.#at] !== "\n") {
          if (this.#text[this.#at] === "\\") this.#at++;
          text += this.#text[this.#at++] ?? "";
        }
        if (text === "") throw this.#fail("expected \\ after `a', `c' or `i'");
        return { ...base, text };
      }
      case ":":
      case "b":
      case "t":
      case "T": {
        const text = this.#skip(name === ":" ? /[^\n;]*/y : /[^\n;}]*/y).trim();
        if (name === ":" && text === "") throw this.#fail('":" lacks a label');
        return { ...base, text };
      }
      case "r":
      case "w":
        return { ...base, text: this.#skip(/[^\n]*/y).trim() };
      case "q":
      case "Q":
      case "l":
        return this.#ended({ ...base, text: this.#skip(/[ \t]*\d*/y).trim() });
      case "d":
      case "D":
      case "g":
      case "G":
      case "h":
      case "H":
      case "n":
      case "N":
      case "p":
      case "P":
      case "x":
      case "=":
      case "z":
        return this.#ended(base);
      default:
        throw this.#fail(`unknown command: \`${name}'`);
    }
  }

  #ended(command: SedCommand): SedCommand {
    this.#skip(/[ \t]*/y);
    const next = this.#text[this.#at];
    if (next !== undefined && !";\n}#".includes(next)) throw this.#fail("extra characters after command");
    return command;
  }

  #address(): Address | undefined {
    const number = this.#skip(/\d+/y);
    if (number !== "") {
      if (this.#text[this.#at] !== "~") return { kind: "line", line: Number(number) };
      this.#at++;
      return { kind: "step", first: Number(number), step: Number(this.#skip(/\d+/y)) };
    }
    const character = this.#text[this.#at];
    if (character === "$") {
      this.#at++;
      return { kind: "last" };
    }
    if (character === "+") {
      this.#at++;
      return { kind: "more", count: Number(this.#skip(/\d+/y)) };
    }
    if (character !== "/" && character !== "\\") return undefined;
    this.#at += character === "\\" ? 2 : 1;
    const delimiter = this.#text[this.#at - 1] ?? "/";
    const pattern = this.#until(delimiter, "unterminated address regex");
    const ignoreCase = this.#text[this.#at] === "I";
    if (ignoreCase) this.#at++;
    return { kind: "match", expression: this.#expression(pattern, ignoreCase) };
  }

  /** Text up to a delimiter that isn't escaped, nor in brackets. */
  #until(delimiter: string, missing: string): string {
    let text = "";
    let inSet = false;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] ?? "";
      if (character === delimiter && !inSet) {
        this.#at++;
        return text;
      }
      if (character === "\\" && !inSet) {
        const next = this.#text[++this.#at] ?? "";
        text += next === delimiter && !"|+?(){}".includes(delimiter) ? next : next === "\n" ? "\n" : `\\${next}`;
        continue;
      }
      if (character === "[" && !inSet) {
        inSet = true;
        const head = /^\[\^?\]?/.exec(this.#text.slice(this.#at))?.[0] ?? "[";
        text += head;
        this.#at += head.length - 1;
        continue;
      }
      if (character === "]") inSet = false;
      text += character;
    }
    throw this.#fail(missing);
  }

  /** The replacement: no brackets there. */
  #plainUntil(delimiter: string, missing: string): string {
    let text = "";
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] ?? "";
      if (character === delimiter) {
        this.#at++;
        return text;
      }
      if (character !== "\\") text += character;
      else {
        const next = this.#text[++this.#at] ?? "";
        text += next === delimiter && next !== "&" ? next : `\\${next}`;
      }
    }
    throw this.#fail(missing);
  }

  #parts(): readonly [string, string] {
    const delimiter = this.#text[this.#at++] ?? "";
    return [
      this.#plainUntil(delimiter, "unterminated `y' command"),
      this.#plainUntil(delimiter, "unterminated `y' command"),
    ];
  }

  #expression(pattern: string, ignoreCase: boolean): RegExp | undefined {
    if (pattern === "") return undefined;
    try {
      return posixExpression(pattern, this.#extended, ignoreCase ? "gi" : "g");
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw this.#fail(error.message);
    }
  }

  #substitution(): Pick<SedCommand, "expression" | "replacement" | "flags"> {
    const missing = "unterminated `s' command";
    const delimiter = this.#text[this.#at++] ?? "";
    if (delimiter === "" || delimiter === "\n" || delimiter === "\\") throw this.#fail(missing);
    const pattern = this.#until(delimiter, missing);
    const replacement = this.#plainUntil(delimiter, missing);
    const letters = this.#skip(/[gpiIe\d]*/y);
    const file =
      this.#text[this.#at] === "w"
        ? this.#skip(/w[^\n]*/y)
            .slice(1)
            .trim()
        : "";
    const next = this.#text[this.#at];
    if (next !== undefined && !" \t;\n}#".includes(next)) throw this.#fail("unknown option to `s'");
    return {
      expression: this.#expression(pattern, /i/i.test(letters)),
      replacement,
      flags: {
        global: letters.includes("g"),
        print: letters.includes("p"),
        count: Number(/\d+/.exec(letters)?.[0] ?? 1),
        file,
      },
    };
  }
}
