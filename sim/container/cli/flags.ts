import { CliError } from "./client.js";
import { parseDuration, parseSize } from "./units.js";

/** How a flag's value is read and shown in help: spf13/pflag's types, and Docker's own. */
export type FlagKind =
  | "bool"
  | "string"
  | "int"
  | "uint"
  | "decimal"
  | "bytes"
  | "duration"
  | "list"
  | "map"
  | "filter"
  | "mount"
  | "network"
  | "ulimit";

export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly kind: FlagKind;
  readonly help: string;
  /** As help shows it. */
  readonly fallback?: string;
}

/** `flag("all", "a", "bool", "…")`, `flag("env", "e", "list", "…")`: a row of a table of flags. */
export const flag = (name: string, short: string, kind: FlagKind, help: string, fallback?: string): Flag => ({
  ...{ name, kind, help },
  ...(short !== "" && { short }),
  ...(fallback !== undefined && { fallback }),
});

const many: readonly FlagKind[] = ["list", "map", "filter", "mount", "network", "ulimit"];
const truths = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((one) => [one, true] as const),
  ...["0", "f", "F", "FALSE", "false", "False"].map((one) => [one, false] as const),
]);

/** What stands on a command line. */
export class Flags {
  readonly operands: string[] = [];
  readonly #values = new Map<string, string[]>();

  set(flag: Flag, value: string): void {
    const before = many.includes(flag.kind) ? (this.#values.get(flag.name) ?? []) : [];
    this.#values.set(flag.name, [...before, value]);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  flag(name: string): boolean {
    return truths.get(this.text(name) ?? "false") ?? false;
  }

  /** Given, if only as no. */
  tristate(name: string): boolean | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : truths.get(text);
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }

  /** Bytes of "64m". */
  bytes(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseSize(text);
  }

  /** Nanoseconds of "1m30s". */
  duration(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseDuration(text);
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}

const labelOf = ({ name, short }: Flag): string => (short === undefined ? `--${name}` : `-${short}, --${name}`);

/** Go's strconv.Unquote's inverse, as far as messages need it. */
const quoted = (text: string): string => JSON.stringify(text);

/** Why a value doesn't fit a flag, in Docker's words; undefined where it does. */
function whyNot({ kind }: Flag, value: string): string | undefined {
  switch (kind) {
    case "bool":
      return truths.has(value) ? undefined : `strconv.ParseBool: parsing ${quoted(value)}: invalid syntax`;
    case "int":
      return /^[+-]?\d+$/.test(value) ? undefined : `strconv.ParseInt: parsing ${quoted(value)}: invalid syntax`;
    case "uint":
      return /^\d+$/.test(value) ? undefined : `strconv.ParseUint: parsing ${quoted(value)}: invalid syntax`;
    case "decimal":
      return /^\d*\.?\d+$|^\d+\.$/.test(value) ? undefined : `failed to parse ${value} as a rational number`;
    case "bytes":
      return value === "-1" || parseSize(value) !== undefined ? undefined : `invalid size: '${value}'`;
    case "duration":
      return parseDuration(value) === undefined ? `time: invalid duration ${quoted(value)}` : undefined;
    case "filter":
      return value.includes("=") ? undefined : "bad format of filter (expected name=value)";
    case "mount": {
      const wrong = value.split(",").find((one) => !one.includes("=") && !/^(readonly|ro|volume-nocopy)$/.test(one));
      return wrong === undefined ? undefined : `invalid field '${wrong}' must be a key=value pair`;
    }
    case "ulimit":
      return /^\w+=-?\d+(:-?\d+)?$/.test(value) ? undefined : `invalid ulimit argument: ${value}`;
    case "string":
    case "list":
    case "map":
    case "network":
      return undefined;
  }
}

/**
 * Reads a command line as spf13/pflag does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-abc`; `--` ends the flags.
 * @param interspersed whether flags may stand behind operands; else the first operand ends them
 * @throws CliError in the CLI's words
 */
export function parseFlags(table: readonly Flag[], words: readonly string[], interspersed: boolean): Flags {
  const flags = new Flags();
  const take = (one: Flag, value: string): void => {
    const why = whyNot(one, value);
    if (why !== undefined) throw new CliError(`invalid argument ${quoted(value)} for "${labelOf(one)}" flag: ${why}`);
    flags.set(one, value);
  };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      flags.operands.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      if (!interspersed) {
        flags.operands.push(...words.slice(at));
        break;
      }
      flags.operands.push(word);
      continue;
    }
    if (word.startsWith("--")) {
      const [name = "", value] = word.slice(2).split(/=(.*)/s);
      const one = table.find((row) => row.name === name);
      if (one === undefined) throw new CliError(`unknown flag: --${name}`);
      if (value !== undefined) take(one, value);
      else if (one.kind === "bool") take(one, "true");
      else {
        const next = words[++at];
        if (next === undefined) throw new CliError(`flag needs an argument: --${name}`);
        take(one, next);
      }
      continue;
    }
    for (let place = 1; place < word.length; place++) {
      const letter = word[place] ?? "";
      const one = table.find(({ short }) => short === letter);
      if (one === undefined)
        throw new CliError(`unknown shorthand flag: ${letter === "'" ? '"\'"' : `'${letter}'`} in ${word}`);
      const rest = word.slice(place + 1);
      if (rest.startsWith("=")) take(one, rest.slice(1));
      else if (one.kind === "bool") {
        take(one, "true");
        continue;
      } else if (rest !== "") take(one, rest);
      else {
        const next = words[++at];
        if (next === undefined) throw new CliError(`flag needs an argument: '${letter}' in ${word}`);
        take(one, next);
      }
      break;
    }
  }
  return flags;
}

/** How help names a flag's value. */
function valueName({ kind }: Flag): string {
  return kind === "bool" ? "" : ` ${kind}`;
}

/** The table as cobra shows it, wrapped to 80 columns. */
export function describeFlags(table: readonly Flag[]): string {
  const rows = [...table]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((one) => ({
      left: `  ${one.short === undefined ? "    " : `-${one.short}, `}--${one.name}${valueName(one)}`,
      help: one.help + (one.fallback === undefined ? "" : ` (default ${one.fallback})`),
    }));
  const width = Math.max(...rows.map(({ left }) => left.length)) + 3;
  return rows
    .map(
      ({ left, help }) => `${left.padEnd(width)}${wrapped(help, width, 80 - width).join(`\n${" ".repeat(width)}`)}\n`,
    )
    .join("");
}

/** pflag's wrapping: lines of at most `room`, and the last one a little longer. */
function wrapped(text: string, indent: number, room: number): string[] {
  const slop = 5;
  if (room < 24 || text.length <= room - slop + slop) return [text];
  const lines: string[] = [];
  let rest = text;
  while (rest.length > room) {
    const cut = rest.lastIndexOf(" ", room - slop);
    if (cut <= 0) break;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut + 1);
  }
  return indent > 0 ? [...lines, rest] : [rest];
}
