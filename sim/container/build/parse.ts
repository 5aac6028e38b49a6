import { UsageError } from "../../core/index.js";
import type {
  Command,
  Instruction,
  Keyword,
  Meaning,
  Pair,
  RunMount,
  StageInstruction,
  Transfer,
} from "./instruction.js";
import { mistake, type Heredoc, type LogicalLine } from "./lines.js";
import { shellWords } from "./words.js";

/** The options that an instruction takes; "" for those without a value. */
const flagsOf: Partial<Record<Keyword, readonly string[]>> = {
  FROM: ["platform"],
  RUN: ["mount", "network", "security"],
  COPY: ["from", "chown", "chmod", "link", "parents", "exclude"],
  ADD: ["chown", "chmod", "link", "checksum", "exclude"],
  HEALTHCHECK: ["interval", "timeout", "start-period", "start-interval", "retries"],
};
const repeated = new Set(["mount", "exclude"]);
const booleans = new Set(["link", "parents"]);

/** An instruction's arguments while they are read. */
interface Arguments {
  readonly keyword: Keyword;
  readonly line: number;
  readonly rest: string;
  readonly escape: string;
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly heredocs: readonly Heredoc[];
  readonly below: string;
}

/** How each instruction's arguments are read. */
const readers: Readonly<Record<Keyword, (given: Arguments) => Meaning>> = {
  FROM: readFrom,
  ARG: ({ rest, escape, line }) => ({
    keyword: "ARG",
    names: demand(shellWords(rest, escape), "ARG", line).map((word) => {
      const cut = word.indexOf("=");
      if (cut === 0) throw mistake(line, "ARG names can not be blank", "Write ARG name, or ARG name=value.");
      return cut < 0 ? ([word, undefined] as const) : ([word.slice(0, cut), word.slice(cut + 1)] as const);
    }),
  }),
  ENV: (given) => ({ keyword: "ENV", pairs: readPairs(given) }),
  LABEL: (given) => ({ keyword: "LABEL", pairs: readPairs(given) }),
  RUN: readRun,
  COPY: (given) => ({ keyword: "COPY", ...readTransfer(given) }),
  ADD: (given) => ({ keyword: "ADD", ...readTransfer(given) }),
  CMD: ({ rest }) => ({ keyword: "CMD", command: commandOf(rest) }),
  ENTRYPOINT: ({ rest }) => ({ keyword: "ENTRYPOINT", command: commandOf(rest) }),
  EXPOSE: ({ rest, escape, line }) => ({
    keyword: "EXPOSE",
    words: demand(shellWords(rest, escape), "EXPOSE", line),
    exact: false,
  }),
  VOLUME: ({ rest, line }) => {
    const listed = jsonWords(rest);
    const words = demand(listed ?? blankWords(rest), "VOLUME", line);
    if (words.includes("")) throw mistake(line, "VOLUME specified can not be an empty string", "Name a directory.");
    return { keyword: "VOLUME", words, exact: listed !== undefined };
  },
  USER: ({ rest, line }) => ({ keyword: "USER", word: one(rest, "USER", line) }),
  WORKDIR: ({ rest, line }) => ({ keyword: "WORKDIR", word: one(rest, "WORKDIR", line) }),
  STOPSIGNAL: ({ rest, line }) => ({ keyword: "STOPSIGNAL", word: one(rest, "STOPSIGNAL", line) }),
  MAINTAINER: ({ rest, line }) => ({ keyword: "MAINTAINER", word: one(rest, "MAINTAINER", line) }),
  HEALTHCHECK: readHealth,
  SHELL: ({ rest, line }) => {
    const args = jsonWords(rest);
    if (args === undefined || args.length === 0)
      throw mistake(line, "SHELL requires the arguments to be in JSON form", 'Write SHELL ["/bin/bash", "-c"].');
    return { keyword: "SHELL", args };
  },
  ONBUILD: ({ rest, line }) => {
    const trigger = one(rest, "ONBUILD", line);
    const first = keywordOf(trigger);
    if (first === "ONBUILD")
      throw mistake(line, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", "Leave one of them out.");
    if (first === "FROM" || first === "MAINTAINER")
      throw mistake(line, `${first} isn't allowed as an ONBUILD trigger`, "Use another instruction.");
    return { keyword: "ONBUILD", trigger };
  },
};

const isKeyword = (word: string): word is Keyword => Object.hasOwn(readers, word);
const keywordOf = (text: string): string => (/^\S+/.exec(text)?.[0] ?? "").toUpperCase();

/** What a line says. @throws UsageError with its number */
export function parseInstruction({ line, text, heredocs, below }: LogicalLine, escape: string): Instruction {
  const keyword = keywordOf(text);
  if (!isKeyword(keyword))
    throw mistake(
      line,
      `unknown instruction: ${keyword}`,
      `A line begins with one of ${Object.keys(readers).join(", ")}.`,
    );
  const after = text.slice(keyword.length).trim();
  const { flags, rest } = readFlags(keyword, after, line);
  return {
    ...readers[keyword]({ keyword, line, rest, escape, flags, heredocs, below }),
    line,
    text: `${keyword} ${after}`,
  };
}

interface Flags {
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly rest: string;
}

function readFlags(keyword: Keyword, text: string, line: number): Flags {
  const known = flagsOf[keyword];
  const flags = new Map<string, string[]>();
  let rest = text;
  if (known === undefined) return { flags, rest };
  for (;;) {
    const [whole, name = "", value] = /^--([a-z-]*)(?:=(\S*))?(?:\s+|$)/.exec(rest) ?? [];
    if (whole === undefined) return { flags, rest };
    rest = rest.slice(whole.length);
    if (name === "") return { flags, rest };
    if (!known.includes(name))
      throw mistake(line, `unknown flag: --${name}`, `${keyword} takes ${known.map((one) => `--${one}`).join(", ")}.`);
    if (value === undefined && !booleans.has(name))
      throw mistake(line, `missing a value on flag: --${name}`, `Write --${name}=VALUE.`);
    const before = flags.get(name) ?? [];
    if (before.length > 0 && !repeated.has(name))
      throw mistake(line, `duplicate flag specified: --${name}`, "Leave one of them out.");
    flags.set(name, [...before, value ?? "true"]);
  }
}

const blankWords = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

/** A JSON list of texts; undefined for all else, which then is a text for the shell. */
function jsonWords(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((one): one is string => typeof one === "string")) return value;
    return undefined;
  } catch {
    return undefined;
  }
}

function commandOf(text: string): Command {
  const args = jsonWords(text);
  return args === undefined ? { form: "shell", text } : { form: "exec", args };
}

function demand<T>(words: readonly T[], keyword: Keyword, line: number): readonly T[] {
  if (words.length === 0)
    throw mistake(line, `${keyword} requires at least one argument`, `Write ${keyword} and what for.`);
  return words;
}

function one(text: string, keyword: Keyword, line: number): string {
  if (text === "") throw mistake(line, `${keyword} requires exactly one argument`, `Write ${keyword} and what for.`);
  return text;
}

function readFrom({ rest, line, flags }: Arguments): Meaning {
  const [image, as, name, ...more] = blankWords(rest);
  const wrong = mistake(
    line,
    "FROM requires either one or three arguments",
    "Write FROM image, or FROM image AS name.",
  );
  if (image === undefined || more.length > 0) throw wrong;
  const platform = flags.get("platform")?.[0];
  const said = { keyword: "FROM", image, ...(platform !== undefined && { platform }) } as const;
  if (as === undefined) return said;
  if (as.toUpperCase() !== "AS" || name === undefined) throw wrong;
  if (!/^[a-z][a-z0-9._-]*$/.test(name.toLowerCase()))
    throw mistake(
      line,
      `invalid name for build stage: "${name}", name can't start with a number or contain symbols`,
      "Begin it with a letter.",
    );
  return { ...said, name: name.toLowerCase() };
}

/** `name=value …`, or the old form `name value`, whose value is all that follows. */
function readPairs({ rest, escape, keyword, line }: Arguments): Pair[] {
  const words = demand(shellWords(rest, escape), keyword, line);
  const blank = mistake(line, `${keyword} names can not be blank`, `Write ${keyword} name=value.`);
  if (!words[0]?.includes("=")) {
    const [, name = "", value = ""] = /^(\S+)\s+([^]+)$/.exec(rest) ?? [];
    if (name === "") throw mistake(line, `${keyword} must have two arguments`, `Write ${keyword} name=value.`);
    return [[name, value]];
  }
  return words.map((word) => {
    const cut = word.indexOf("=");
    if (cut < 0)
      throw mistake(
        line,
        `Syntax error - can't find = in "${word}". Must be of the form: name=value`,
        "Put a value with blanks into quotes.",
      );
    if (cut === 0) throw blank;
    return [word.slice(0, cut), word.slice(cut + 1)];
  });
}

function readRun(given: Arguments): Meaning {
  const { rest, line, flags, heredocs, below } = given;
  for (const name of ["network", "security"] as const) {
    const value = flags.get(name)?.[0];
    if (value !== undefined && value !== "default" && value !== "sandbox")
      throw mistake(
        line,
        `--${name}=${value} isn't supported`,
        "Leave the flag out: steps run as ordinary containers do.",
      );
  }
  const mounts = (flags.get("mount") ?? []).map((text) => readMount(text, line));
  if (rest === "" && heredocs.length === 0)
    throw mistake(line, "RUN requires at least one argument", "Write RUN command.");
  const [script] = heredocs;
  // A here-document alone is the script itself; with a command before it, it is for the shell to read.
  if (script !== undefined && heredocs.length === 1 && /^<<\S+$/.test(rest))
    return { keyword: "RUN", command: { form: "shell", text: script.content }, script, mounts };
  const command = heredocs.length === 0 ? commandOf(rest) : ({ form: "shell", text: `${rest}\n${below}` } as const);
  return { keyword: "RUN", command, mounts };
}

function readMount(text: string, line: number): RunMount {
  const fields = new Map<string, string>();
  for (const field of text.split(",")) {
    const cut = field.indexOf("=");
    fields.set(cut < 0 ? field : field.slice(0, cut), cut < 0 ? "true" : field.slice(cut + 1));
  }
  const type = fields.get("type") ?? "bind";
  const target = fields.get("target") ?? fields.get("dst") ?? fields.get("destination");
  if (type !== "bind" && type !== "cache" && type !== "tmpfs")
    throw mistake(line, `unsupported mount type "${type}"`, "Use bind, cache or tmpfs.");
  if (target === undefined) throw mistake(line, `a mount of type ${type} without a target`, "Add target=/directory.");
  const from = fields.get("from");
  const writable = fields.has("rw") || fields.has("readwrite") || type !== "bind";
  return {
    type,
    target,
    source: fields.get("source") ?? fields.get("src") ?? "/",
    id: fields.get("id") ?? target,
    readonly: fields.has("ro") || fields.has("readonly") || !writable,
    ...(from !== undefined && { from }),
  };
}

function readTransfer({ keyword, rest, line, flags, heredocs }: Arguments): Transfer {
  const words = jsonWords(rest) ?? blankWords(rest);
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2)
    throw mistake(
      line,
      words.length === 0
        ? `${keyword} requires at least two arguments`
        : `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
      `Write ${keyword} source… destination.`,
    );
  const flag = (name: string): string | undefined => flags.get(name)?.[0];
  const [from, chown, chmod, checksum] = [flag("from"), flag("chown"), flag("chmod"), flag("checksum")];
  if (from !== undefined && heredocs.length > 0)
    throw mistake(line, "COPY --from can't take a here-document", "Copy the file in an instruction of its own.");
  return {
    sources: words.slice(0, -1).map((word) => (heredocs.length > 0 ? inlineName(word, heredocs) : word)),
    destination,
    exclude: flags.get("exclude") ?? [],
    parents: flag("parents") === "true",
    inline: heredocs,
    ...(from !== undefined && { from }),
    ...(chown !== undefined && { chown }),
    ...(chmod !== undefined && { chmod }),
    ...(checksum !== undefined && { checksum }),
  };
}

/** The name of the here-document that a source opens; other sources are themselves. */
function inlineName(word: string, heredocs: readonly Heredoc[]): string {
  const name = word.replace(/^\d*<<-?/, "").replace(/["']/g, "");
  return /^\d*<</.test(word) && heredocs.some((one) => one.name === name) ? name : word;
}

function readHealth({ rest, line, flags }: Arguments): Meaning {
  const type = keywordOf(rest);
  const command = rest.slice(type.length).trim();
  if (type === "NONE") {
    if (command !== "") throw mistake(line, "HEALTHCHECK NONE takes no arguments", "Leave the rest out.");
    return { keyword: "HEALTHCHECK", health: { command: "none" } };
  }
  if (type === "") throw mistake(line, "HEALTHCHECK requires at least one argument", "Write HEALTHCHECK CMD command.");
  if (type !== "CMD")
    throw mistake(line, `Unknown type "${type}" in HEALTHCHECK (try CMD)`, "Write HEALTHCHECK CMD command.");
  if (command === "") throw mistake(line, "Missing command after HEALTHCHECK CMD", "Say what is to be run.");
  const flag = (name: string): string | undefined => flags.get(name)?.[0];
  const [interval, timeout, startPeriod, startInterval, retries] = [
    flag("interval"),
    flag("timeout"),
    flag("start-period"),
    flag("start-interval"),
    flag("retries"),
  ];
  const times = retries === undefined ? undefined : Number(retries);
  if (times !== undefined && !(Number.isSafeInteger(times) && times >= 1))
    throw mistake(line, `--retries must be at least 1 (not ${retries ?? ""})`, "Give a whole number.");
  return {
    keyword: "HEALTHCHECK",
    health: {
      command: commandOf(command),
      ...(interval !== undefined && { interval }),
      ...(timeout !== undefined && { timeout }),
      ...(startPeriod !== undefined && { startPeriod }),
      ...(startInterval !== undefined && { startInterval }),
      ...(times !== undefined && { retries: times }),
    },
  };
}

/** A base image's ONBUILD, read as if it stood behind FROM. @throws UsageError with FROM's line */
export function parseTrigger(trigger: string, line: number, escape: string): StageInstruction {
  if (trigger.trim() === "") throw new UsageError("an image has an empty ONBUILD", "Build the base image again.");
  const instruction = parseInstruction({ line, text: trigger.trim(), heredocs: [], below: "" }, escape);
  if (instruction.keyword === "FROM")
    throw mistake(line, "FROM isn't allowed as an ONBUILD trigger", "Build the base image again.");
  return instruction;
}
