import { CliError } from "../client.js";

/** Finds a variable's value; undefined where it is unset. */
export type Lookup = (name: string) => string | undefined;

const variable = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\$\{[^{}]*\})*))?\}|(.?))/gs;

/**
 * Variables in a value, as the Compose specification has them: `$X`, `${X}`, `${X:-default}`, `${X-default}`, `${X:?message}`, `${X:+other}`;
 * `$$` is a dollar sign. What stands behind the operator may have variables itself.
 * @param where for messages: "services.web.image"
 * @throws CliError for what is no variable, and for one that has to be set
 */
export function interpolate(text: string, lookup: Lookup, where: string): string {
  return text.replace(variable, (_, ...found: readonly (string | undefined)[]) => {
    const [dollar, plain, name = plain, operator, rest = ""] = found;
    if (dollar !== undefined) return "$";
    if (name === undefined)
      throw new CliError(
        `invalid interpolation format for ${where}: ${JSON.stringify(text)}. You may need to escape any $ with another $`,
      );
    const value = lookup(name);
    const given = operator?.startsWith(":") === true ? value !== undefined && value !== "" : value !== undefined;
    switch (operator?.at(-1) as "-" | "+" | "?" | undefined) {
      case "-":
        return given ? (value ?? "") : interpolate(rest, lookup, where);
      case "+":
        return given ? interpolate(rest, lookup, where) : "";
      case "?":
        if (!given)
          throw new CliError(
            `error while interpolating ${where}: required variable ${name} is missing a value: ${rest}`,
          );
        return value ?? "";
      case undefined:
        return value ?? "";
    }
  });
}

/** A file of NAME=value lines: `.env`, `env_file`. Single quotes hold everything, double ones know `\n`. */
export function parseEnvFile(text: string, lookup: Lookup, where: string): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const [place, row] of text.split(/\r?\n/).entries()) {
    const line = row.trim().replace(/^export\s+/, "");
    if (line === "" || line.startsWith("#")) continue;
    const [, name, equals, rest = ""] = /^([A-Za-z_][\w.-]*)\s*(=)?\s*(.*)$/s.exec(line) ?? [];
    if (name === undefined)
      throw new CliError(`failed to read ${where}: line ${place + 1}: unexpected character in variable name`);
    const own = (key: string): string | undefined => lookup(key) ?? found.get(key);
    const single = /^'([^']*)'/.exec(rest)?.[1];
    const double = /^"((?:[^"\\]|\\.)*)"/.exec(rest)?.[1];
    const bare = rest.replace(/\s+#.*$/, "");
    found.set(
      name,
      equals === undefined
        ? lookup(name)
        : (single ??
            interpolate(double?.replace(/\\n/g, "\n").replace(/\\(["\\$])/g, "$1") ?? bare, own, `${where}: ${name}`)),
    );
  }
  return found;
}

/** A command as a shell would split it: quotes hold words together, a backslash takes what follows as it is. */
export function shellWords(text: string, where: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
      else if (character === "\\" && quote === '"' && /["\\$`]/.test(text[at + 1] ?? ""))
        word = (word ?? "") + (text[++at] ?? "");
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (character === "\\") word = (word ?? "") + (text[++at] ?? "");
    else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  if (quote !== "") throw new CliError(`${where}: EOF found when expecting closing quote`);
  return word === undefined ? words : [...words, word];
}
