/**
 * Go's text/template, as far as `--format` uses it: fields, variables, pipelines, if, range, with, else, comments and trimming. Absent:
 * define, template and block.
 */

/** What stands as one argument. */
export type Operand =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  /** `.A.B`, `$x.A`, `(…).A`: fields of the dot, of a variable, of a pipeline's value. */
  | { readonly kind: "chain"; readonly of: Base; readonly fields: readonly string[]; readonly text: string }
  | { readonly kind: "function"; readonly name: string };

type Base = { readonly variable: string } | { readonly pipe: Pipe } | "dot";

export type Command = readonly Operand[];

export interface Pipe {
  /** Variables that get its value: `$k, $v := range`. */
  readonly declares: readonly string[];
  readonly commands: readonly Command[];
}

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipe: Pipe; readonly at: number }
  | {
      readonly kind: "if" | "range" | "with";
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly at: number;
    };

/** Why a template isn't one, or can't be executed; its message is Go's. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

const wrong = (why: string): TemplateError => new TemplateError(`template: :1: ${why}`);

interface Piece {
  readonly action: boolean;
  readonly text: string;
  /** Where it stands, as Go counts it: bytes from the line's beginning. */
  readonly at: number;
}

/** Text and actions, with `{{-` and `-}}` having taken blanks away. */
function pieces(source: string): Piece[] {
  const found: Piece[] = [];
  let rest = 0;
  let trims = false;
  for (;;) {
    const open = source.indexOf("{{", rest);
    let text = source.slice(rest, open < 0 ? undefined : open);
    if (trims) text = text.trimStart();
    const before = open >= 0 && /^\{\{-\s/.test(source.slice(open));
    if (before) text = text.trimEnd();
    if (text !== "") found.push({ action: false, text, at: rest });
    if (open < 0) return found;
    const comment = /^\{\{(?:-\s)?\s*\/\*[\s\S]*?\*\/\s*-?\}\}/.exec(source.slice(open));
    const close = comment === null ? endOf(source, open + 2) : open + comment[0].length - 2;
    const inner = source.slice(open + (before ? 3 : 2), close);
    trims = /\s-$/.test(inner);
    const action = trims ? inner.slice(0, -1) : inner;
    if (comment === null) found.push({ action: true, text: action, at: open + (before ? 3 : 2) });
    rest = close + 2;
  }
}

/** Where an action ends: braces in its quotes don't count. @throws TemplateError */
function endOf(source: string, from: number): number {
  for (let at = from; at < source.length; at++) {
    const character = source[at] ?? "";
    if (character === '"' || character === "`") {
      const end = new RegExp(character === '"' ? /"(?:[^"\\]|\\.)*"/y : /`[^`]*`/y);
      end.lastIndex = at;
      const match = end.exec(source);
      if (match === null)
        throw wrong(character === '"' ? "unterminated quoted string" : "unterminated raw quoted string");
      at += match[0].length - 1;
    } else if (source.startsWith("}}", at)) return at;
  }
  throw wrong("unclosed action");
}

interface Token {
  readonly kind: "field" | "variable" | "word" | "string" | "number" | "mark" | "blank";
  readonly text: string;
  readonly at: number;
}

const tokenPattern =
  /\s+|(\.\w+)|(\$\w*)|([A-Za-z_]\w*)|("(?:[^"\\]|\\.)*"|`[^`]*`)|([+-]?\d+(?:\.\d+)?)|(:=|[=|(),.])/y;
const tokenKinds = ["field", "variable", "word", "string", "number", "mark"] as const;

function tokensOf({ text, at }: Piece): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const start = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) throw wrong(`unexpected ${JSON.stringify(text.slice(start, start + 1))} in command`);
    const groups: readonly (string | undefined)[] = match.slice(1);
    const place = groups.findIndex((one) => one !== undefined);
    tokens.push({ kind: tokenKinds[place] ?? "blank", text: match[0], at: at + start });
  }
  return tokens;
}

/** @throws TemplateError */
export function parseTemplate(source: string): readonly Node[] {
  const all = pieces(source);
  let place = 0;
  const block = (ends: readonly string[]): { readonly nodes: Node[]; readonly end: string } => {
    const nodes: Node[] = [];
    for (;;) {
      const piece = all[place++];
      if (piece === undefined) {
        if (ends.length === 0) return { nodes, end: "" };
        throw wrong("unexpected EOF");
      }
      if (!piece.action) {
        nodes.push({ kind: "text", text: piece.text });
        continue;
      }
      const parser = new ActionParser(tokensOf(piece));
      const word = parser.keyword();
      if (word === "end" || word === "else") {
        if (!ends.includes(word)) throw wrong(`unexpected {{${word}}}`);
        const nested = word === "else" && parser.peekWord() === "if";
        if (nested) {
          // {{else if x}} is an if of its own, which the same {{end}} ends.
          parser.keyword();
          nodes.push(conditional("if", parser, piece.at));
          return { nodes, end: "else if" };
        }
        return { nodes, end: word };
      }
      if (word === "if" || word === "range" || word === "with") nodes.push(conditional(word, parser, piece.at));
      else if (word !== undefined) throw wrong(`unexpected {{${word}}}`);
      else nodes.push({ kind: "action", pipe: parser.pipe(true), at: parser.first });
    }
  };
  const conditional = (kind: "if" | "range" | "with", parser: ActionParser, at: number): Node => {
    const pipe = parser.pipe(true);
    const { nodes, end } = block(["else", "end"]);
    if (end === "else if") {
      const last = nodes.pop();
      return { kind, pipe, body: nodes, otherwise: last === undefined ? [] : [last], at };
    }
    return { kind, pipe, body: nodes, otherwise: end === "else" ? block(["end"]).nodes : [], at };
  };
  return block([]).nodes;
}

const keywords = ["if", "range", "with", "else", "end", "define", "template", "block"];

class ActionParser {
  readonly first: number;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    this.#blanks();
    this.first = this.#tokens[this.#at]?.at ?? 0;
  }

  peekWord(): string | undefined {
    this.#blanks();
    const token = this.#tokens[this.#at];
    return token?.kind === "word" ? token.text : undefined;
  }

  keyword(): string | undefined {
    const word = this.peekWord();
    if (word === undefined || !keywords.includes(word)) return undefined;
    this.#at++;
    return word;
  }

  pipe(whole: boolean): Pipe {
    const declares: string[] = [];
    const start = this.#at;
    for (;;) {
      this.#blanks();
      const token = this.#tokens[this.#at];
      if (token?.kind !== "variable") break;
      this.#at++;
      this.#blanks();
      declares.push(token.text);
      if (this.#mark(",")) continue;
      break;
    }
    this.#blanks();
    if (declares.length > 0 && !this.#mark(":=") && !this.#mark("=")) {
      declares.length = 0;
      this.#at = start;
    }
    const commands: Command[] = [this.#command()];
    while (this.#mark("|")) commands.push(this.#command());
    this.#blanks();
    const left = this.#tokens[this.#at];
    if (whole && left !== undefined) throw wrong(`unexpected ${JSON.stringify(left.text)} in command`);
    return { declares, commands };
  }

  #command(): Command {
    const operands: Operand[] = [];
    for (;;) {
      this.#blanks();
      const token = this.#tokens[this.#at];
      if (token === undefined || token.text === "|" || token.text === ")") break;
      operands.push(this.#operand(token));
    }
    if (operands.length === 0) throw wrong("missing value for command");
    return operands;
  }

  #operand(token: Token): Operand {
    this.#at++;
    switch (token.kind) {
      case "string":
        return {
          kind: "literal",
          value: token.text.startsWith("`") ? token.text.slice(1, -1) : unquote(token.text),
        };
      case "number":
        return { kind: "literal", value: Number(token.text) };
      case "field":
        return this.#chain("dot", [token.text.slice(1)], token.text);
      case "variable":
        return this.#chain({ variable: token.text }, [], token.text);
      case "word":
        if (token.text === "true" || token.text === "false") return { kind: "literal", value: token.text === "true" };
        if (token.text === "nil") return { kind: "literal", value: null };
        return { kind: "function", name: token.text };
      case "blank":
      case "mark": {
        if (token.text === ".") return { kind: "chain", of: "dot", fields: [], text: "." };
        if (token.text !== "(") throw wrong(`unexpected ${JSON.stringify(token.text)} in operand`);
        const pipe = this.pipe(false);
        if (!this.#mark(")")) throw wrong("unclosed left paren");
        return this.#chain({ pipe }, [], "(…)");
      }
    }
  }

  #chain(of: Base, begun: string[], text: string): Operand {
    const fields = begun;
    let all = text;
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind !== "field") break;
      this.#at++;
      fields.push(token.text.slice(1));
      all += token.text;
    }
    return { kind: "chain", of, fields, text: all };
  }

  #mark(text: string): boolean {
    this.#blanks();
    const token = this.#tokens[this.#at];
    if (token?.kind !== "mark" || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #blanks(): void {
    while (this.#tokens[this.#at]?.kind === "blank") this.#at++;
  }
}

/** A quoted string of Go's is JSON's but for a few escapes. */
function unquote(text: string): string {
  try {
    return JSON.parse(text.replace(/\\([av'])/g, (_, one: string) => (one === "'" ? "'" : ""))) as string;
  } catch {
    throw wrong(`invalid syntax in string ${text}`);
  }
}
