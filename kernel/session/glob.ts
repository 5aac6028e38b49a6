/** Whether a text as a whole fits a pattern. */
export type Glob = (text: string) => boolean;

type Token = "*" | ((character: string) => boolean);

/**
 * IPython's history search takes the patterns of SQLite's GLOB: `*`, `?`, `[a-z]` and `[^a-z]`; a `]` right behind the
 * opening one is a member, an unclosed `[` fits nothing. Takes at most text × pattern steps, whatever the pattern.
 */
export function glob(pattern: string): Glob {
  const tokens = tokensOf(pattern);
  return (text) => fits(tokens, Array.from(text));
}

function tokensOf(pattern: string): Token[] {
  return Array.from(pattern.matchAll(/\[(\^?)(\]?[^\]]*)\]|[^]/gu), ([token, negated, set]) => {
    if (token === "*") return "*";
    if (token === "?") return () => true;
    if (set !== undefined) {
      const isMember = membership(set);
      return (character) => isMember(character) === (negated === "");
    }
    return token === "[" ? () => false : (character) => character === token;
  });
}

function membership(set: string): (character: string) => boolean {
  const ranges = Array.from(set.matchAll(/([^])-([^])|[^]/gu), ([single, from, to]) => [from ?? single, to ?? single]);
  return (character) =>
    ranges.some(([from = "", to = ""]) => compare(from, character) <= 0 && compare(character, to) <= 0);
}

const compare = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);

/** Only the latest star ever has to take more: what an earlier one could take, that one can too. */
function fits(tokens: readonly Token[], text: readonly string[]): boolean {
  let [token, at] = [0, 0];
  let star: { readonly token: number; at: number } | undefined;
  for (;;) {
    const next = tokens[token];
    const character = text[at];
    if (next === "*") star = { token: ++token, at };
    else if (next !== undefined && character !== undefined && next(character)) {
      token++;
      at++;
    } else if (next === undefined && character === undefined) return true;
    else if (star !== undefined && star.at < text.length) {
      at = ++star.at;
      ({ token } = star);
    } else return false;
  }
}
