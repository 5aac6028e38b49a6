import type { Activity } from "../../../core/index.js";
import { ShellError, type Shell } from "../state.js";

/** A command that the shell does itself. A special one may end the shell by its errors, POSIX 2.14. */
export interface Builtin {
  readonly special?: boolean;
  readonly run: (shell: Shell, words: readonly string[]) => Activity<number>;
}

export type Builtins = Readonly<Record<string, Builtin>>;

/** Options in one letter each, from the front. @throws ShellError for one that isn't among `letters` */
export function letterOptions(
  words: readonly string[],
  letters: string,
): { readonly options: ReadonlySet<string>; readonly rest: readonly string[] } {
  const options = new Set<string>();
  let at = 1;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      at++;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    for (const letter of word.slice(1)) {
      if (!letters.includes(letter)) throw new ShellError(`${words[0] ?? ""}: Illegal option -${letter}`);
      options.add(letter);
    }
  }
  return { options, rest: words.slice(at) };
}

/** A number that an argument has to be. @throws ShellError in dash's words */
export function numberOf(text: string, name: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new ShellError(`${name}: Illegal number: ${text}`);
  return Number(text);
}

/** Text in quotes, so that the shell reads it again as it is. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;
