import { UsageError } from "../../core/index.js";
import { globExpression } from "./patterns.js";

/** A variable's value; undefined where it has none. */
export type Lookup = (name: string) => string | undefined;

/**
 * Text in which quotes and variables count, read once from left to right: what the Dockerfile reference describes under
 * "Environment replacement" and calls "shell-like". Single quotes keep all; double quotes keep blanks; the escape takes the
 * next letter's meaning.
 */
class Words {
  readonly #text: string;
  readonly #escape: string;
  readonly #lookup: Lookup | undefined;
  #at = 0;

  /** @param lookup absent: variables and quotes stay as they are */
  constructor(text: string, escape: string, lookup: Lookup | undefined) {
    this.#text = text;
    this.#escape = escape;
    this.#lookup = lookup;
  }

  /** Words between blanks; an unquoted variable's value is split, too. */
  all(): string[] {
    const words: string[] = [];
    let word = "";
    let inside = false;
    while (this.#at < this.#text.length) {
      const letter = this.#text.charAt(this.#at);
      if (/\s/.test(letter)) {
        if (inside) words.push(word);
        word = "";
        inside = false;
        this.#at++;
      } else if (letter === "$" && this.#lookup !== undefined) {
        const [head = "", ...rest] = this.#variable().split(/\s+/);
        word += head;
        inside ||= head !== "" || rest.length > 0;
        for (const next of rest) {
          if (inside && word !== "") words.push(word);
          word = next;
          inside = next !== "";
        }
      } else {
        inside = true;
        word += this.#piece();
      }
    }
    if (inside) words.push(word);
    return words;
  }

  /** The whole text as one word. @param end where it ends, unquoted */
  one(end = ""): string {
    let word = "";
    while (this.#at < this.#text.length && this.#text.charAt(this.#at) !== end) word += this.#piece();
    return word;
  }

  /** The whole text, in which variables count and quotes don't: a here-document's content. */
  content(): string {
    let text = "";
    while (this.#at < this.#text.length) {
      const letter = this.#text.charAt(this.#at);
      if (letter === "$") {
        text += this.#variable();
        continue;
      }
      const escaped = letter === this.#escape && ["$", this.#escape].includes(this.#text.charAt(this.#at + 1));
      if (escaped) this.#at++;
      text += this.#text.charAt(this.#at++);
    }
    return text;
  }

  /** A quoted part, a variable, an escaped letter or a letter. */
  #piece(): string {
    const letter = this.#text.charAt(this.#at);
    if (letter === "'") return this.#single();
    if (letter === '"') return this.#double();
    if (letter === "$" && this.#lookup !== undefined) return this.#variable();
    this.#at++;
    if (letter !== this.#escape) return letter;
    const next = this.#text.charAt(this.#at);
    this.#at++;
    return this.#lookup === undefined ? letter + next : next;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw unbalanced("single-quote");
    const whole = this.#text.slice(this.#at, end + 1);
    this.#at = end + 1;
    return this.#lookup === undefined ? whole : whole.slice(1, -1);
  }

  #double(): string {
    let quoted = this.#lookup === undefined ? '"' : "";
    this.#at++;
    for (;;) {
      const letter = this.#text.charAt(this.#at);
      if (letter === "") throw unbalanced("double-quote");
      if (letter === "$" && this.#lookup !== undefined) {
        quoted += this.#variable();
        continue;
      }
      this.#at++;
      if (letter === '"') return this.#lookup === undefined ? `${quoted}"` : quoted;
      const next = this.#text.charAt(this.#at);
      // In double quotes the escape counts before three letters alone, as in a shell.
      if (letter === this.#escape && ['"', "$", this.#escape].includes(next)) {
        this.#at++;
        quoted += this.#lookup === undefined ? letter + next : next;
      } else quoted += letter;
    }
  }

  #variable(): string {
    this.#at++;
    if (this.#text.charAt(this.#at) !== "{") {
      const [name = ""] = /^(?:[A-Za-z_]\w*|[0-9@*#?$!-])/.exec(this.#text.slice(this.#at)) ?? [];
      if (name === "") return "$";
      this.#at += name.length;
      return this.#lookup?.(name) ?? "";
    }
    const [, name, operator = ""] =
      /^\{([A-Za-z_]\w*|[0-9@*#?$!-])(:?[-+?]|##?|%%?|\/\/?)?/.exec(this.#text.slice(this.#at)) ?? [];
    if (name === undefined) throw unsupported(this.#text.slice(this.#at - 1));
    this.#at += 1 + name.length + operator.length;
    const value = this.#lookup?.(name);
    const replacing = operator.startsWith("/");
    const operand = operator === "" ? "" : this.one(replacing ? "/" : "}");
    const slashed = replacing && this.#text.charAt(this.#at) === "/";
    if (slashed) this.#at++;
    const replacement = slashed ? this.one("}") : "";
    if (this.#text.charAt(this.#at) !== "}") throw unsupported(`\${${name}${operator}`);
    this.#at++;
    return modified({ name, value, operator, operand, replacement });
  }
}

interface Modified {
  readonly name: string;
  readonly value: string | undefined;
  readonly operator: string;
  readonly operand: string;
  readonly replacement: string;
}

/** What `${name…}` becomes: the reference's table of modifiers. */
function modified({ name, value, operator, operand, replacement }: Modified): string {
  const given = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  switch (operator.replace(":", "")) {
    case "-":
      return given ? (value ?? "") : operand;
    case "+":
      return given ? operand : "";
    case "?":
      if (!given)
        throw new UsageError(`${name}: ${operand === "" ? "not allowed to be unset" : operand}`, `Set ${name}.`);
      return value ?? "";
    case "#":
      return (value ?? "").replace(new RegExp(`^(?:${globExpression(operand, "shortest")})`), "");
    case "##":
      return (value ?? "").replace(new RegExp(`^(?:${globExpression(operand, "longest")})`), "");
    case "%":
      return withoutEnd(value ?? "", operand, "shortest");
    case "%%":
      return withoutEnd(value ?? "", operand, "longest");
    case "/":
      return (value ?? "").replace(new RegExp(globExpression(operand, "longest")), () => replacement);
    case "//":
      return (value ?? "").replace(new RegExp(globExpression(operand, "longest"), "g"), () => replacement);
    default:
      return value ?? "";
  }
}

/** A regular expression looks from the left, so ends are tried one after the other. */
function withoutEnd(value: string, pattern: string, which: "shortest" | "longest"): string {
  const whole = new RegExp(`^(?:${globExpression(pattern, "longest")})$`);
  const cuts = Array.from({ length: value.length + 1 }, (_, cut) => (which === "longest" ? cut : value.length - cut));
  const cut = cuts.find((one) => whole.test(value.slice(one)));
  return cut === undefined ? value : value.slice(0, cut);
}

const unbalanced = (what: string): UsageError =>
  new UsageError(`unexpected end of statement while looking for matching ${what}`, "Close the quotes.");
const unsupported = (text: string): UsageError =>
  new UsageError(
    `failed to process "${text}": unsupported modifier in substitution`,
    "Write ${name}, ${name:-word} or ${name:+word}.",
  );

/** Replaces variables, takes quotes away: one word. @throws UsageError for open quotes, unknown modifiers */
export const expandWord = (text: string, escape: string, lookup: Lookup): string =>
  new Words(text, escape, lookup).one();

/** The same, and what then stands between blanks. */
export const expandWords = (text: string, escape: string, lookup: Lookup): string[] =>
  new Words(text, escape, lookup).all();

/** Replaces variables and leaves quotes. @throws UsageError for unknown modifiers */
export const expandContent = (text: string, escape: string, lookup: Lookup): string =>
  new Words(text, escape, lookup).content();

/** Words as they stand, quotes and all: where blanks separate and where they don't. Open quotes run to the end. */
export function shellWords(text: string, escape: string): string[] {
  try {
    return new Words(text, escape, undefined).all();
  } catch (error) {
    // A shell's own text may have an apostrophe in a comment: that isn't the builder's business.
    if (error instanceof UsageError) return text.split(/\s+/).filter((word) => word !== "");
    throw error;
  }
}
