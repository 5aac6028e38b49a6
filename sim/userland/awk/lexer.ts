import { AwkSyntaxError } from "./syntax.js";

type TokenKind =
  "number" | "string" | "expression" | "name" | "call" | "builtin" | "keyword" | "operator" | "newline" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As it counts: a string without its quotes and escapes. */
  readonly text: string;
  readonly line: number;
}

const keywords = new Set(
  "BEGIN END function func if else while for do break continue next nextfile exit return delete in getline print printf".split(
    " ",
  ),
);

const builtinNames: ReadonlySet<string> = new Set(
  "length substr index split sub gsub match sprintf sin cos atan2 exp log sqrt int rand srand tolower toupper system close fflush".split(
    " ",
  ),
);

const operators = [
  ..."**= += -= *= /= %= ^= == <= >= != ++ -- && || >> !~ **".split(" "),
  ..."{ } ( ) [ ] ; , + - * / % ^ ! > < | ? : ~ $ =".split(" "),
];

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/** What escapes stand for, in strings and in values given on the command line; others stay as they are. */
export function unescape(text: string): string {
  return text.replace(/\\(?:([0-7]{1,3})|(\n)|(.))/gs, (whole, octal?: string, newline?: string, one?: string) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
    if (newline !== undefined) return "";
    return escapes[one ?? ""] ?? whole;
  });
}

/** Behind these a slash divides; elsewhere it begins a regular expression. */
const ends = (token: Token | undefined): boolean =>
  token !== undefined &&
  (["number", "string", "name", "builtin"].includes(token.kind) ||
    (token.kind === "operator" && [")", "]", "$", "++", "--"].includes(token.text)));

/** A program's words. @throws AwkSyntaxError */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let line = 1;
  const put = (kind: TokenKind, word: string): void => {
    found.push({ kind, text: word, line });
  };
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at, at + 256);
    const blank = /^(?:[ \t\r]+|\\\r?\n|#[^\n]*)/.exec(rest)?.[0];
    if (blank !== undefined) {
      if (blank.endsWith("\n")) line++;
      at += blank.length;
      continue;
    }
    const character = text[at] ?? "";
    if (character === "\n") {
      put("newline", "\n");
      line++;
      at++;
      continue;
    }
    if (character === '"' || (character === "/" && !ends(found.at(-1)))) {
      const end = closing(text, at, character);
      if (end < 0)
        throw new AwkSyntaxError(
          `line ${line}: ${character === '"' ? "runaway string constant" : "runaway regular expression"} ${text.slice(at, at + 10)} ...`,
        );
      const inside = text.slice(at + 1, end);
      if (character === '"') put("string", unescape(inside));
      else put("expression", inside.replaceAll("\\/", "/"));
      at = end + 1;
      continue;
    }
    const number = /^(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/.exec(rest)?.[0];
    if (number !== undefined) {
      put("number", number);
      at += number.length;
      continue;
    }
    const name = /^[A-Za-z_]\w*/.exec(text.slice(at, at + 1024))?.[0];
    if (name !== undefined) {
      at += name.length;
      if (keywords.has(name)) put("keyword", name === "func" ? "function" : name);
      else if (builtinNames.has(name)) put("builtin", name);
      else put(text[at] === "(" ? "call" : "name", name);
      continue;
    }
    const operator = operators.find((one) => text.startsWith(one, at));
    if (operator === undefined) throw new AwkSyntaxError(`line ${line}: unexpected character '${character}'`);
    put("operator", operator.replace("**", "^"));
    at += operator.length;
  }
  put("end", "");
  return found;
}

/** Where a string or regular expression ends; -1 where its line does first. A slash in brackets ends none. */
function closing(text: string, from: number, quote: string): number {
  let inBrackets = false;
  for (let at = from + 1; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\n") return -1;
    if (character === "\\") at++;
    else if (quote === "/" && inBrackets) inBrackets = character !== "]";
    else if (quote === "/" && character === "[") {
      inBrackets = true;
      if (text[at + 1] === "^") at++;
      if (text[at + 1] === "]") at++;
    } else if (character === quote) return at;
  }
  return -1;
}
