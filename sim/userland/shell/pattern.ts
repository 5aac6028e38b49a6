import { characterClasses } from "../program/character-classes.js";

/**
 * Patterns of the shell, POSIX 2.14: `*`, `?`, brackets. A backslash makes the next character stand for itself: so text
 * that was quoted is put into a pattern.
 */

/** Text that stands for itself in a pattern. */
export const escapePattern = (text: string): string => text.replace(/[*?[\]\\\-!^]/g, "\\$&");

/** Whether a pattern can stand for more than one name. */
export function isPattern(pattern: string): boolean {
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") at++;
    else if (character === "*" || character === "?" || character === "[") return true;
  }
  return false;
}

/** A pattern that isn't one, as the text that it stands for. */
export const unescapePattern = (pattern: string): string => pattern.replace(/\\(.?)/gs, "$1");

const literal = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
const inSet = (character: string): string => character.replace(/[\\\]^\-[]/g, "\\$&");

/** A bracket expression from behind its `[`. @returns undefined where it isn't closed: then `[` stands for itself */
function bracket(pattern: string, from: number): { readonly source: string; readonly end: number } | undefined {
  let at = from;
  const negated = pattern[at] === "!" || pattern[at] === "^";
  if (negated) at++;
  let set = "";
  for (let first = true; ; first = false) {
    const character = pattern[at];
    if (character === undefined) return undefined;
    if (character === "]" && !first) break;
    if (character === "[" && pattern[at + 1] === ":") {
      const end = pattern.indexOf(":]", at + 2);
      const named = end < 0 ? undefined : characterClasses[pattern.slice(at + 2, end)];
      if (named !== undefined) {
        set += named;
        at = end + 2;
        continue;
      }
    }
    const low = memberAt(pattern, at);
    at = low.end;
    if (pattern[at] === "-" && pattern[at + 1] !== "]" && pattern[at + 1] !== undefined) {
      const high = memberAt(pattern, at + 1);
      at = high.end;
      // A range that goes down has no members.
      if (low.character <= high.character) set += `${inSet(low.character)}-${inSet(high.character)}`;
    } else set += inSet(low.character);
  }
  if (set === "") return { source: negated ? "[^]" : "[]", end: at + 1 };
  return { source: `[${negated ? "^" : ""}${set}]`, end: at + 1 };
}

function memberAt(pattern: string, at: number): { readonly character: string; readonly end: number } {
  const place = pattern[at] === "\\" && at + 1 < pattern.length ? at + 1 : at;
  const character = String.fromCodePoint(pattern.codePointAt(place) ?? 0);
  return { character, end: place + character.length };
}

/** The source of a regular expression for a pattern. @param star what an asterisk becomes */
function patternSource(pattern: string, star: string): string {
  let source = "";
  for (let at = 0; at < pattern.length;) {
    const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    at += character.length;
    if (character === "*") source += source.endsWith(star) ? "" : star;
    else if (character === "?") source += ".";
    else if (character === "\\" && at < pattern.length) {
      const next = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
      source += literal(next);
      at += next.length;
    } else if (character === "[") {
      const found = bracket(pattern, at);
      if (found === undefined) source += "\\[";
      else {
        source += found.source;
        at = found.end;
      }
    } else source += literal(character);
  }
  return source;
}

const compiled = new Map<string, RegExp>();
/** Patterns are few, but a loop may make many. */
const remembered = 1000;

function compile(source: string, flags: string): RegExp {
  const key = `${flags}/${source}`;
  let found = compiled.get(key);
  if (found === undefined) {
    if (compiled.size >= remembered) compiled.clear();
    // In the mode of Unicode, hyphens and other marks may not be escaped outside of sets; `v` would want more.
    found = new RegExp(source, flags);
    compiled.set(key, found);
  }
  return found;
}

/** Whether the whole text matches. */
export const matches = (pattern: string, text: string): boolean =>
  compile(`^(?:${patternSource(pattern, ".*")})$`, "su").test(text);

/** ${x#pattern} and its like: the text without the shortest or longest match at its beginning or end. */
export function remove(text: string, pattern: string, operator: "#" | "##" | "%" | "%%"): string {
  if (operator === "#" || operator === "##") {
    const found = compile(`^(?:${patternSource(pattern, operator === "#" ? ".*?" : ".*")})`, "su").exec(text);
    return found === null ? text : text.slice(found[0].length);
  }
  const whole = compile(`^(?:${patternSource(pattern, ".*")})$`, "su");
  const starts = Array.from({ length: text.length + 1 }, (_, at) => at);
  if (operator === "%") starts.reverse();
  const start = starts.find((at) => whole.test(text.slice(at)));
  return start === undefined ? text : text.slice(0, start);
}
