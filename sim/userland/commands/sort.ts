import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_CREAT, O_TRUNC, O_WRONLY } from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { compareBytes, decode, encode } from "../program/encoding.js";
import { writeAll } from "../program/streams.js";

/** A key: POS1[,POS2] with its own options. */
interface Key {
  readonly field: number;
  readonly character: number;
  readonly endField: number;
  readonly endCharacter: number;
  readonly options: string;
}

function keyOf(text: string): Key {
  const [, field, character, options = "", endField, endCharacter, endOptions = ""] =
    /^(\d+)(?:\.(\d+))?([bdfghinrV]*)(?:,(\d+)(?:\.(\d+))?([bdfghinrV]*))?$/.exec(text) ?? [];
  if (field === undefined) throw new Failure(`invalid number at field start: invalid count at start of '${text}'`, 2);
  if (field === "0") throw new Failure(`-: invalid field specification '${text}'`, 2);
  return {
    field: Number(field),
    character: Number(character ?? 1),
    endField: Number(endField ?? Infinity),
    endCharacter: Number(endCharacter ?? 0),
    options: options + endOptions,
  };
}

/** Where fields begin and end: with blanks before them belonging to them, or between separators. */
function fieldsOf(line: string, separator: string | undefined): readonly (readonly [number, number])[] {
  const fields: (readonly [number, number])[] = [];
  if (separator !== undefined) {
    let at = 0;
    for (const piece of line.split(separator)) {
      fields.push([at, at + piece.length]);
      at += piece.length + 1;
    }
    return fields;
  }
  for (const found of line.matchAll(/[ \t]*[^ \t]+/g)) fields.push([found.index, found.index + found[0].length]);
  return fields;
}

function extract(line: string, key: Key, separator: string | undefined): string {
  const fields = fieldsOf(line, separator);
  const start = fields[key.field - 1];
  if (start === undefined) return "";
  const skip = (at: number): number =>
    key.options.includes("b") ? at + (/^[ \t]*/.exec(line.slice(at))?.[0].length ?? 0) : at;
  const from = skip(start[0]) + key.character - 1;
  const end = fields[key.endField - 1];
  let to = line.length;
  if (end !== undefined) to = key.endCharacter === 0 ? end[1] : skip(end[0]) + key.endCharacter;
  return line.slice(from, Math.max(from, to));
}

const units = "KMGTPEZY";

function humanOf(text: string): number {
  const [, number = "0", unit = ""] = /^\s*(-?\d*\.?\d+)([KMGTPEZY]?)/i.exec(text) ?? [];
  const power = unit === "" ? 0 : units.indexOf(unit.toUpperCase()) + 1;
  return Number(number) * 1024 ** power;
}

function compareVersions(a: string, b: string): number {
  const [one, other] = [a, b].map((text) => text.match(/\d+|\D+/g) ?? []);
  for (let at = 0; at < Math.max(one?.length ?? 0, other?.length ?? 0); at++) {
    const [x = "", y = ""] = [one?.[at], other?.[at]];
    const order = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : compareBytes(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

function compareBy(options: string, a: string, b: string): number {
  const number = (text: string): number => Number(/^\s*(-?\d*\.?\d+)/.exec(text)?.[1] ?? 0);
  let order: number;
  if (options.includes("n")) order = number(a) - number(b);
  else if (options.includes("g")) order = (Number.parseFloat(a) || 0) - (Number.parseFloat(b) || 0);
  else if (options.includes("h")) order = humanOf(a) - humanOf(b);
  else if (options.includes("V")) order = compareVersions(a, b);
  else {
    const seen = (text: string): string => {
      let shown = options.includes("b") ? text.replace(/^[ \t]+/, "") : text;
      if (options.includes("d")) shown = shown.replace(/[^A-Za-z0-9 \t]/g, "");
      return options.includes("f") ? shown.toUpperCase() : shown;
    };
    order = compareBytes(seen(a), seen(b));
  }
  return options.includes("r") ? -order : order;
}

function* run(it: Invocation): Activity<number> {
  const global = Array.from("bdfghinrV")
    .filter((letter) => it.has(letter))
    .join("");
  const separator = it.value("t");
  if (separator !== undefined && separator.length !== 1) throw new Failure(`multi-character tab '${separator}'`, 2);
  const keys = it.values("k").map((text) => {
    const key = keyOf(text);
    return key.options === "" ? { ...key, options: global } : key;
  });
  const byKeys = (a: string, b: string): number => {
    for (const key of keys) {
      const order = compareBy(key.options, extract(a, key, separator), extract(b, key, separator));
      if (order !== 0) return order;
    }
    return keys.length === 0 ? compareBy(global, a, b) : 0;
  };
  const last = (a: string, b: string): number => (global.includes("r") ? -compareBytes(a, b) : compareBytes(a, b));
  const end = it.has("z") ? "\0" : "\n";
  const lines: string[] = [];
  for (const path of it.operands.length === 0 ? ["-"] : it.operands) {
    const fd = yield* it.open(path, (one, why) => `cannot read: ${one}: ${why}`);
    if (fd === undefined) return 2;
    yield* it.close(fd);
    const bytes = yield* it.read(path);
    if (bytes === undefined) return 2;
    const pieces = decode(bytes).split(end);
    if (pieces.at(-1) === "") pieces.pop();
    for (const piece of pieces) lines.push(piece);
  }
  if (it.has("c", "C")) {
    const at = lines.findIndex((line, place) => {
      const order = place === 0 ? -1 : byKeys(lines[place - 1] ?? "", line);
      return order > 0 || (order === 0 && it.has("u"));
    });
    if (at < 0) return 0;
    if (it.has("c"))
      yield* writeAll(it.sys, 2, encode(`sort: ${it.operands[0] ?? "-"}:${at + 1}: disorder: ${lines[at] ?? ""}\n`));
    return 1;
  }
  const stable = it.has("s") || it.has("u");
  lines.sort((a, b) => byKeys(a, b) || (stable ? 0 : last(a, b)));
  const shown = it.has("u") ? lines.filter((line, at) => at === 0 || byKeys(lines[at - 1] ?? "", line) !== 0) : lines;
  const target = it.value("o");
  if (target !== undefined) {
    const fd = yield* attempt(it.sys.open(target, O_WRONLY | O_CREAT | O_TRUNC));
    if (fd instanceof Errno) throw new Failure(`open failed: ${target}: ${fd.message}`, 2);
    yield* it.sys.dup2(fd, 1);
  }
  for (const line of shown) {
    it.out.put(line + end);
    yield* it.out.drain();
  }
  return it.status;
}

export const sortCommand: Command = {
  name: "sort",
  usage: ["[OPTION]... [FILE]..."],
  about: "Write sorted concatenation of all FILE(s) to standard output.",
  options: [
    { short: "b", long: "ignore-leading-blanks", help: "ignore leading blanks" },
    { short: "d", long: "dictionary-order", help: "consider only blanks and alphanumeric characters" },
    { short: "f", long: "ignore-case", help: "fold lower case to upper case characters" },
    { short: "g", long: "general-numeric-sort", help: "compare according to general numerical value" },
    { short: "h", long: "human-numeric-sort", help: "compare human readable numbers (e.g., 2K 1G)" },
    { short: "i", long: "ignore-nonprinting", help: "consider only printable characters" },
    { short: "n", long: "numeric-sort", help: "compare according to string numerical value" },
    { short: "r", long: "reverse", help: "reverse the result of comparisons" },
    { short: "V", long: "version-sort", help: "natural sort of (version) numbers within text" },
    { short: "c", long: "check", help: "check for sorted input; do not sort" },
    { short: "C", help: "like -c, but do not report first bad line" },
    { short: "k", long: "key", argument: "KEYDEF", help: "sort via a key; KEYDEF gives location and type" },
    { short: "o", long: "output", argument: "FILE", help: "write result to FILE instead of standard output" },
    { short: "s", long: "stable", help: "stabilize sort by disabling last-resort comparison" },
    { short: "t", long: "field-separator", argument: "SEP", help: "use SEP instead of non-blank to blank transition" },
    { short: "u", long: "unique", help: "output only the first of lines that compare equal" },
    { short: "z", long: "zero-terminated", help: "line delimiter is NUL, not newline" },
  ],
  usageStatus: 2,
  run,
};
