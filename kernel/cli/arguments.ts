import { parseArgs } from "node:util";
import { nearest, UsageError } from "../../sim/core/index.js";

export interface OptionSpec {
  /** What the option takes, as the help shows it: "FILE|DIR". A switch takes nothing. */
  readonly takes?: string;
  /** Its one-letter form. */
  readonly short?: string;
  /** It may be given more than once. */
  readonly repeats?: boolean;
  readonly help: string;
}

/** A command as its user sees it: the parser and the help both read it. */
export interface CommandSpec {
  readonly name: string;
  /** The arguments' names, as the help shows them; a command without them takes none. */
  readonly takes?: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
}

/** What was given. */
export interface Arguments {
  readonly positionals: readonly string[];
  has(option: string): boolean;
  /** Every value of an option, in order. */
  all(option: string): readonly string[];
  /** An option's value. */
  one(option: string): string | undefined;
}

/** "did you mean …?", or nothing where there is nothing alike. */
export function didYouMean(word: string, valid: readonly string[]): string {
  const likely = nearest(word, valid);
  return likely === undefined ? "" : `Did you mean "${likely}"?`;
}

function unknownOption({ name, options }: CommandSpec, rawName: string): UsageError {
  const valid = [...Object.keys(options), "help"].map((option) => `--${option}`);
  return new UsageError(`${name} has no option "${rawName}"`, didYouMean(rawName, valid));
}

/** @throws UsageError for an option that the command lacks, one without its value, one given twice, a stray argument */
export function parse(spec: CommandSpec, args: readonly string[]): Arguments {
  const options = Object.fromEntries(
    Object.entries(spec.options).map(([name, { takes, short }]) => {
      const type = takes === undefined ? ("boolean" as const) : ("string" as const);
      return [name, { type, ...(short === undefined ? {} : { short }) }];
    }),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(spec.options, name) ? spec.options[name] : undefined;
    if (option === undefined) throw unknownOption(spec, rawName);
    const missing = value === undefined || value === "" || (!token.inlineValue && value.startsWith("-"));
    if (option.takes !== undefined && missing) {
      throw new UsageError(`${rawName} needs a value`, `Give it as ${rawName} ${option.takes}.`);
    }
    if (option.takes === undefined && value !== undefined) {
      throw new UsageError(`${rawName} takes no value`, `Give ${rawName} alone.`);
    }
    const values = given.get(name);
    if (values !== undefined && option.repeats !== true) {
      throw new UsageError(`${rawName} is given twice`, "Give it once.");
    }
    given.set(name, [...(values ?? []), value ?? ""]);
  }
  if (spec.takes === undefined && positionals[0] !== undefined) {
    throw new UsageError(
      `${spec.name} takes no argument, and got "${positionals[0]}"`,
      `See virtlab ${spec.name} --help.`,
    );
  }
  return {
    positionals,
    has: (option) => given.has(option),
    all: (option) => given.get(option) ?? [],
    one: (option) => given.get(option)?.[0],
  };
}
