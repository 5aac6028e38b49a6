/**
 * Options of a command, declared once: the reading of its command line, `--help` and the words for mistakes come from
 * the table. As GNU's getopt_long(3) and coreutils have it.
 */
export interface Option {
  /** Its letter. */
  readonly short?: string;
  readonly long?: string;
  /** What its argument is called, where it takes one. */
  readonly argument?: string;
  /** The argument may be left out, and then must stick to the option. */
  readonly optional?: boolean;
  readonly help: string;
}

/** A command line that was read. */
export interface Parsed {
  /** In order: the option's letter, or its long name where it has none. */
  readonly options: readonly { readonly name: string; readonly value: string | undefined }[];
  readonly operands: readonly string[];
}

/** What is wrong with a command line, without the command's name. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

const nameOf = (option: Option): string => option.short ?? option.long ?? "";

/** @param permutes whether options may come behind operands; @throws OptionError */
export function parseOptions(table: readonly Option[], words: readonly string[], permutes: boolean): Parsed {
  const options: { name: string; value: string | undefined }[] = [];
  const operands: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      operands.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      if (!permutes) {
        operands.push(...words.slice(at));
        break;
      }
      operands.push(word);
      continue;
    }
    if (word.startsWith("--")) {
      const end = word.indexOf("=");
      const given = word.slice(2, end < 0 ? undefined : end);
      const option = longOption(table, given);
      let value = end < 0 ? undefined : word.slice(end + 1);
      if (option.argument === undefined && value !== undefined)
        throw new OptionError(`option '--${option.long ?? ""}' doesn't allow an argument`);
      if (option.argument !== undefined && option.optional !== true && value === undefined) {
        value = words[++at];
        if (value === undefined) throw new OptionError(`option '--${option.long ?? ""}' requires an argument`);
      }
      options.push({ name: nameOf(option), value });
      continue;
    }
    for (let place = 1; place < word.length; place++) {
      const letter = word[place] ?? "";
      const option = table.find(({ short }) => short === letter);
      if (option === undefined) throw new OptionError(`invalid option -- '${letter}'`);
      if (option.argument === undefined) {
        options.push({ name: letter, value: undefined });
        continue;
      }
      let value: string | undefined = word.slice(place + 1);
      if (value === "") value = option.optional === true ? undefined : words[++at];
      if (value === undefined && option.optional !== true)
        throw new OptionError(`option requires an argument -- '${letter}'`);
      options.push({ name: letter, value });
      break;
    }
  }
  return { options, operands };
}

/** A long option by its name or an unambiguous beginning. */
function longOption(table: readonly Option[], given: string): Option {
  const exact = table.find(({ long }) => long === given);
  if (exact !== undefined) return exact;
  const candidates = table.filter(({ long }) => long?.startsWith(given) === true);
  const [only] = candidates;
  if (only === undefined) throw new OptionError(`unrecognized option '--${given}'`);
  if (candidates.length > 1) {
    const names = candidates.map(({ long }) => `'--${long ?? ""}'`).join(" ");
    throw new OptionError(`option '--${given}' is ambiguous; possibilities: ${names}`);
  }
  return only;
}

/** The table as `--help` shows it. */
export function describeOptions(table: readonly Option[]): string {
  return table
    .map(({ short, long, argument, optional, help }) => {
      const value = argument === undefined ? "" : optional === true ? `[=${argument}]` : `=${argument}`;
      const names =
        long === undefined
          ? `-${short ?? ""}${argument === undefined ? "" : ` ${argument}`}`
          : `${short === undefined ? "   " : `-${short},`} --${long}${value}`;
      return names.length < 27 ? `  ${names.padEnd(27)} ${help}\n` : `  ${names}\n${" ".repeat(30)}${help}\n`;
    })
    .join("");
}
