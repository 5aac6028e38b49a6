import { KubectlFailure, usage } from "./failure.js";

/**
 * Flags of a command, as text: `--selector=-l --all-namespaces!-A --replicas=`. With `=` a flag takes a value, with `!` none, with `?` one
 * behind an equals sign alone; what follows is its short form.
 */
export interface Flags {
  readonly long: ReadonlyMap<string, Flag>;
  readonly short: ReadonlyMap<string, Flag>;
}

interface Flag {
  readonly name: string;
  readonly takes: "value" | "nothing" | "perhaps";
}

/** What every command takes. */
const everywhere =
  "--namespace=-n --context= --cluster= --user= --kubeconfig= --token= --server=-s --as= --as-group= --as-uid= --request-timeout= --v=-v --cache-dir= --insecure-skip-tls-verify!";

export function flagsOf(text: string): Flags {
  const long = new Map<string, Flag>();
  const short = new Map<string, Flag>();
  for (const word of `${text} ${everywhere}`.trim().split(/\s+/)) {
    const [, name = "", mark = "!", letter] = /^--([\w-]+)([=!?])(?:-(\w))?$/.exec(word) ?? [];
    const flag: Flag = { name, takes: mark === "=" ? "value" : mark === "?" ? "perhaps" : "nothing" };
    long.set(name, flag);
    if (letter !== undefined) short.set(letter, flag);
  }
  return { long, short };
}

/** A command line, read. */
export class CommandLine {
  /** `get`, `rollout status`. */
  readonly command: string;
  readonly args: readonly string[];
  /** How many of the words stand before `--`; all of them where there is none. */
  readonly beforeDash: number;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  /** @throws KubectlFailure in pflag's words */
  constructor(command: string, flags: Flags, words: readonly string[]) {
    this.command = command;
    const values = new Map<string, string[]>();
    const args: string[] = [];
    let dash: number | undefined;
    const give = (name: string, value: string): void => {
      values.set(name, [...(values.get(name) ?? []), value]);
    };
    for (let at = 0; at < words.length; at++) {
      const word = words[at] ?? "";
      if (word === "--") {
        dash = args.length;
        args.push(...words.slice(at + 1));
        break;
      }
      if (word.startsWith("--")) {
        const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
        const flag = flags.long.get(name);
        if (flag === undefined) throw usage(`unknown flag: --${name}`, command);
        if (value !== undefined) give(flag.name, value);
        else if (flag.takes !== "value") give(flag.name, flag.takes === "nothing" ? "true" : "");
        else if (at + 1 < words.length) give(flag.name, words[++at] ?? "");
        else throw usage(`flag needs an argument: --${name}`, command);
      } else if (word.startsWith("-") && word.length > 1) {
        for (let letters = word.slice(1); letters !== "";) {
          const letter = letters.charAt(0);
          const flag = flags.short.get(letter);
          if (flag === undefined) throw usage(`unknown shorthand flag: '${letter}' in ${word}`, command);
          letters = letters.slice(1);
          if (flag.takes === "nothing" && !letters.startsWith("=")) give(flag.name, "true");
          else if (letters !== "") {
            give(flag.name, letters.replace(/^=/, ""));
            letters = "";
          } else if (flag.takes === "perhaps") give(flag.name, "");
          else if (at + 1 < words.length) give(flag.name, words[++at] ?? "");
          else throw usage(`flag needs an argument: '${letter}' in ${word}`, command);
        }
      } else args.push(word);
    }
    this.args = args;
    this.beforeDash = dash ?? args.length;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Whether a flag without a value is on. */
  is(name: string, otherwise = false): boolean {
    const value = this.value(name);
    return value === undefined ? otherwise : value !== "false" && value !== "0";
  }

  /** The last one given. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** All that were given. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** @throws KubectlFailure naming those that aren't there */
  required(...names: readonly string[]): void {
    const missing = names.filter((name) => !this.has(name));
    if (missing.length > 0)
      throw new KubectlFailure(`Error: required flag(s) ${missing.map((name) => `"${name}"`).join(", ")} not set`);
  }
}
