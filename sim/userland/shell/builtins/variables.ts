import type { Activity } from "../../../core/index.js";
import { attempt, Errno } from "../../../os/index.js";
import { decode } from "../../program/encoding.js";
import { ShellError, type OptionName, type Shell } from "../state.js";
import { runTraps } from "../traps.js";
import { letterOptions, numberOf, quote, type Builtins } from "./builtin.js";

const longNames: Readonly<Record<string, OptionName>> = {
  errexit: "e",
  noglob: "f",
  ignoreeof: "I",
  interactive: "i",
  monitor: "m",
  noexec: "n",
  stdin: "s",
  xtrace: "x",
  verbose: "v",
  vi: "V",
  emacs: "E",
  noclobber: "C",
  allexport: "a",
  notify: "b",
  nounset: "u",
  nolog: "nolog",
  debug: "debug",
  pipefail: "pipefail",
};

/** Sets options as `set` and the shell's own command line have them. @returns how many words were taken */
export function setOptions(shell: Shell, words: readonly string[], letters = "efImnsxvVECabu"): number {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (!/^[-+]./.test(word) || word === "--") break;
    const on = word.startsWith("-");
    for (const letter of word.slice(1)) {
      if (letter === "o") {
        const name = words[++at];
        const option = name === undefined ? undefined : longNames[name];
        if (option === undefined) throw new ShellError(`set: Illegal option ${word[0] ?? "-"}o ${name ?? ""}`);
        change(shell, option, on);
      } else if (letters.includes(letter)) change(shell, letter as OptionName, on);
      else throw new ShellError(`set: Illegal option ${word[0] ?? "-"}${letter}`);
    }
  }
  return at;
}

function change(shell: Shell, option: OptionName, on: boolean): void {
  if (on) shell.options.add(option);
  else shell.options.delete(option);
}

function* listed(shell: Shell, words: readonly string[], attribute: "exported" | "readonly"): Activity<number> {
  const { options, rest } = letterOptions(words, "p");
  const [command = ""] = words;
  if (options.has("p") || rest.length === 0) {
    let text = "";
    for (const name of shell.variables.names(attribute)) {
      const value = shell.variables.get(name);
      text += `${command} ${name}${value === undefined ? "" : `=${quote(value)}`}\n`;
    }
    yield* shell.print(text);
    return 0;
  }
  for (const word of rest) {
    const [name, value] = split(word, command);
    if (value !== undefined) shell.assign(name, value);
    shell.variables.mark(name, attribute);
  }
  return 0;
}

/** @throws ShellError for what is no name */
function split(word: string, command: string): readonly [string, string | undefined] {
  const end = word.indexOf("=");
  const name = end < 0 ? word : word.slice(0, end);
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new ShellError(`${command}: ${name}: bad variable name`);
  return [name, end < 0 ? undefined : word.slice(end + 1)];
}

/** Commands about variables, parameters and options. */
export const variableBuiltins: Builtins = {
  set: {
    special: true,
    *run(shell, words) {
      const rest = words.slice(1);
      if (rest.length === 0) {
        yield* shell.print(
          shell.variables
            .names()
            .map((name) => `${name}=${quote(shell.variables.get(name) ?? "")}\n`)
            .join(""),
        );
        return 0;
      }
      if (rest.length === 1 && (rest[0] === "-o" || rest[0] === "+o")) {
        const options: ReadonlySet<string> = shell.options;
        const lines = Object.entries(longNames).map(([name, letter]) =>
          rest[0] === "+o"
            ? `set ${options.has(letter) ? "-" : "+"}o ${name}`
            : name.padEnd(16) + (options.has(letter) ? "on" : "off"),
        );
        yield* shell.print(`${rest[0] === "-o" ? "Current option settings\n" : ""}${lines.join("\n")}\n`);
        return 0;
      }
      const taken = setOptions(shell, rest);
      const operands = rest.slice(taken);
      if (operands[0] === "--") shell.positional = operands.slice(1);
      else if (operands[0] === "-") shell.positional = operands.slice(1);
      else if (operands.length > 0) shell.positional = operands;
      return 0;
    },
  },
  shift: {
    special: true,
    *run(shell, words) {
      const count = numberOf(words[1] ?? "1", "shift");
      if (count > shell.positional.length || count < 0) throw new ShellError("shift: can't shift that many");
      shell.positional = shell.positional.slice(count);
      return 0;
    },
  },
  export: { special: true, run: (shell, words) => listed(shell, words, "exported") },
  readonly: { special: true, run: (shell, words) => listed(shell, words, "readonly") },
  unset: {
    special: true,
    *run(shell, words) {
      const { options, rest } = letterOptions(words, "fv");
      for (const name of rest) {
        if (options.has("f")) shell.functions.delete(name);
        else if (!/^[A-Za-z_]\w*$/.test(name)) throw new ShellError(`unset: ${name}: bad variable name`);
        else if (options.has("v") || shell.variables.get(name) !== undefined || !shell.functions.delete(name))
          shell.unset(name);
      }
      return 0;
    },
  },
  local: {
    special: true,
    *run(shell, words) {
      for (const word of words.slice(1)) {
        const [name, value] = split(word, "local");
        if (!shell.variables.localize(name)) throw new ShellError("local: not in a function");
        if (value !== undefined) shell.assign(name, value);
      }
      return 0;
    },
  },
  getopts: { run: getopts },
  read: { run: read },
};

function* getopts(shell: Shell, words: readonly string[]): Activity<number> {
  const [, letters, variable, ...given] = words;
  if (letters === undefined || variable === undefined)
    throw new ShellError("getopts: Usage: getopts optstring var [arg]");
  const args = given.length > 0 ? given : shell.positional;
  const silent = letters.startsWith(":");
  const place = shell.optionPlace;
  const wordNow = args[place.word - 1];
  const give = (option: string, argument: string | undefined): void => {
    shell.assign(variable, option);
    if (argument === undefined) shell.variables.unset("OPTARG");
    else shell.assign("OPTARG", argument);
    const { word, letter } = place;
    shell.assign("OPTIND", String(letter > 0 ? word + 1 : word));
    shell.optionPlace = { word, letter };
  };
  if (place.letter === 0) {
    const ends = wordNow === "--";
    if (wordNow === undefined || ends || !wordNow.startsWith("-") || wordNow === "-") {
      if (ends) place.word++;
      give("?", undefined);
      return 1;
    }
    place.letter = 1;
  }
  const option = wordNow?.[place.letter] ?? "";
  const isLast = place.letter + 1 >= (wordNow?.length ?? 0);
  const next = (): void => {
    place.word++;
    place.letter = 0;
  };
  const known = option === ":" ? -1 : letters.indexOf(option, silent ? 1 : 0);
  if (known < 0) {
    if (isLast) next();
    else place.letter++;
    if (!silent) yield* shell.tell(`Illegal option -${option}\n`);
    give("?", silent ? option : undefined);
    return 0;
  }
  if (letters[known + 1] !== ":") {
    if (isLast) next();
    else place.letter++;
    give(option, undefined);
    return 0;
  }
  let argument = wordNow?.slice(place.letter + 1);
  next();
  if (isLast) {
    argument = args[place.word - 1];
    if (argument === undefined) {
      if (!silent) yield* shell.tell(`No arg for -${option} option\n`);
      give(silent ? ":" : "?", silent ? option : undefined);
      return 0;
    }
    place.word++;
  }
  give(option, argument);
  return 0;
}

/** Reads a line, byte by byte: what comes behind it is for others. */
function* read(shell: Shell, words: readonly string[]): Activity<number> {
  const { raw, prompt, names } = readArguments(words);
  if (prompt !== undefined && !((yield* attempt(shell.sys.ioctl(0, "TCGETS"))) instanceof Errno))
    yield* shell.tell(prompt);
  const bytes: number[] = [];
  /** Which of the bytes were escaped. */
  const quoted = new Set<number>();
  let ended = false;
  let escaped = false;
  for (;;) {
    const got = yield* attempt(shell.sys.read(0, 1));
    if (got instanceof Errno) {
      if (got.code !== "EINTR") throw new ShellError(`read: ${got.message}`, 1);
      yield* runTraps(shell);
      if (shell.jump !== undefined || shell.interactive) return 130;
      continue;
    }
    const [byte] = got;
    if (byte === undefined) {
      ended = true;
      break;
    }
    if (escaped) {
      escaped = false;
      if (byte === 10) continue;
      quoted.add(bytes.length);
      bytes.push(byte);
    } else if (byte === 92 && !raw) escaped = true;
    else if (byte === 10) break;
    else if (byte !== 0) bytes.push(byte);
  }
  assignFields(shell, names, bytes, quoted);
  return ended ? 1 : 0;
}

function readArguments(words: readonly string[]): {
  readonly raw: boolean;
  readonly prompt: string | undefined;
  readonly names: readonly string[];
} {
  let raw = false;
  let prompt: string | undefined;
  let at = 1;
  for (; /^-./.test(words[at] ?? ""); at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      at++;
      break;
    }
    for (const [place, letter] of Array.from(word.slice(1)).entries()) {
      if (letter === "r") raw = true;
      else if (letter === "p") {
        prompt = word.length > place + 2 ? word.slice(place + 2) : words[++at];
        break;
      } else throw new ShellError(`read: Illegal option -${letter}`);
    }
  }
  const names = words.slice(at);
  if (names.length === 0) throw new ShellError("read: arg count");
  for (const name of names) if (!/^[A-Za-z_]\w*$/.test(name)) throw new ShellError(`read: ${name}: bad variable name`);
  return { raw, prompt, names };
}

/** Splits what was read by IFS; the last variable gets the rest, without separators of white space at its end. */
function assignFields(shell: Shell, names: readonly string[], bytes: number[], quoted: ReadonlySet<number>): void {
  const separators = shell.fieldSeparators;
  const is = (at: number, kind: "space" | "any"): boolean => {
    const character = String.fromCharCode(bytes[at] ?? 0);
    if (at >= bytes.length || quoted.has(at) || !separators.includes(character)) return false;
    return kind === "any" || /[ \t\n]/.test(character);
  };
  const text = (from: number, to: number): string => decode(Uint8Array.from(bytes.slice(from, to)));
  let at = 0;
  while (is(at, "space")) at++;
  for (const name of names.slice(0, -1)) {
    const from = at;
    while (at < bytes.length && !is(at, "any")) at++;
    shell.assign(name, text(from, at));
    while (is(at, "space")) at++;
    if (is(at, "any")) {
      at++;
      while (is(at, "space")) at++;
    }
  }
  let end = bytes.length;
  while (end > at && is(end - 1, "space")) end--;
  // One separator at the end belongs to a last field that holds no other.
  let inner = at;
  while (inner < end && !is(inner, "any")) inner++;
  if (inner < end) {
    let behind = inner;
    while (is(behind, "space")) behind++;
    if (is(behind, "any")) behind++;
    while (is(behind, "space")) behind++;
    if (behind >= end) end = inner;
  }
  shell.assign(names.at(-1) ?? "", text(at, end));
}
