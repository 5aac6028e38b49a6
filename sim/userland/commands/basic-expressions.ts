import { characterClasses } from "../program/character-classes.js";

/**
 * A basic or extended regular expression of POSIX (XBD 9) as one of JavaScript's.
 * Simplification: the leftmost match is the first alternative's, not the longest of all; back-references as they are.
 * @throws SyntaxError
 */
export function posixExpression(pattern: string, extended: boolean, flags = ""): RegExp {
  return new RegExp(translate(pattern, extended), `su${flags}`);
}

const literal = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
/** GNU's own escapes. */
const escapes: Readonly<Record<string, string>> = {
  w: "[\\w]",
  W: "[^\\w]",
  s: "\\s",
  S: "\\S",
  b: "\\b",
  B: "\\B",
  "<": "\\b(?=\\w)",
  ">": "\\b(?<=\\w)",
  "`": "(?<![^])",
  "'": "(?![^])",
  n: "\\n",
  t: "\\t",
  r: "\\r",
  f: "\\f",
  v: "\\v",
};

function bracket(pattern: string, from: number): { readonly source: string; readonly end: number } {
  let at = from;
  let source = "[";
  if (pattern[at] === "^") {
    source += "^";
    at++;
  }
  for (let first = true; ; first = false) {
    const character = pattern[at];
    if (character === undefined) throw new SyntaxError("Unmatched [, [^, [:, [., or [=");
    if (character === "]" && !first) return { source: `${source}]`, end: at + 1 };
    const kind = character === "[" ? pattern[at + 1] : undefined;
    if (kind === ":" || kind === "." || kind === "=") {
      const end = pattern.indexOf(`${kind}]`, at + 2);
      const name = end < 0 ? "" : pattern.slice(at + 2, end);
      const members = kind === ":" ? characterClasses[name] : literal(name);
      if (end < 0 || members === undefined) throw new SyntaxError("Invalid character class name");
      source += members;
      at = end + 2;
      continue;
    }
    const isRange = character === "-" && !first && pattern[at + 1] !== "]" && pattern[at - 1] !== "[";
    source += isRange ? "-" : character.replace(/[\\\]^\-[&]/g, (one) => (one === "&" ? one : `\\${one}`));
    at++;
  }
}

function translate(pattern: string, extended: boolean): string {
  let source = "";
  /** Whether an asterisk here stands for itself. */
  let start = true;
  for (let at = 0; at < pattern.length;) {
    const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    at += character.length;
    if (character === "[") {
      const set = bracket(pattern, at);
      source += set.source;
      at = set.end;
      start = false;
      continue;
    }
    const escaped = character === "\\";
    const next = escaped ? (pattern[at] ?? "") : character;
    if (escaped) {
      if (next === "") throw new SyntaxError("Trailing backslash");
      at++;
    }
    const isOperator = "(){}|+?".includes(next) && escaped !== extended;
    if (isOperator) {
      if (next === "{") {
        const end = pattern.indexOf(extended ? "}" : "\\}", at);
        const count = pattern.slice(at, end);
        if (end < 0 || !/^\d*(?:,\d*)?$/.test(count)) {
          if (!extended) throw new SyntaxError("Invalid content of \\{\\}");
          source += "\\{";
          continue;
        }
        source += `{${count.startsWith(",") ? `0${count}` : count}}`;
        at = end + (extended ? 1 : 2);
      } else source += start && (next === "+" || next === "?") ? `\\${next}` : next;
      start = next === "(" || next === "|";
      continue;
    }
    if (escaped) source += /[1-9]/.test(next) ? `\\${next}` : (escapes[next] ?? literal(next));
    else if (next === "*") source += start ? "\\*" : source.endsWith("*") ? "" : "*";
    else if (next === ".") source += ".";
    else if (next === "^") {
      source += extended || start ? "^" : "\\^";
      start = true;
      continue;
    } else if (next === "$") {
      const ends = extended || at === pattern.length || pattern.startsWith("\\)", at) || pattern.startsWith("\\|", at);
      source += ends ? "$" : "\\$";
    } else source += literal(next);
    start = false;
  }
  return source;
}
