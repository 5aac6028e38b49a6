import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_APPEND, O_CREAT, O_TRUNC, O_WRONLY, type Program, type Sys } from "../../os/index.js";
import { program, type Command, type Invocation } from "../program/command.js";
import { decodeBytes, encode, encodeBytes } from "../program/encoding.js";
import { Input, writeAll } from "../program/streams.js";
import { cut, translateCharacters } from "./columns.js";
import { head, tail } from "./ends.js";
import { sortCommand } from "./sort.js";

const filesOf = (it: Invocation): readonly string[] => (it.operands.length === 0 ? ["-"] : it.operands);

function* concatenate(it: Invocation): Activity<number> {
  const numbers = it.has("b") ? "filled" : it.has("n") ? "all" : "none";
  const [ends, tabs, nonprinting] = [it.has("E", "A", "e"), it.has("T", "A", "t"), it.has("v", "A", "e", "t")];
  const plain = numbers === "none" && !ends && !tabs && !nonprinting && !it.has("s");
  let line = 0;
  let empty = false;
  for (const path of filesOf(it)) {
    const fd = yield* it.open(path);
    if (fd === undefined) continue;
    if (plain) {
      for (;;) {
        const bytes = yield* attempt(it.sys.read(fd, 131072));
        if (bytes instanceof Errno) {
          yield* it.complain(`${path}: ${bytes.message}`);
          break;
        }
        if (bytes.length === 0) break;
        yield* writeAll(it.sys, 1, bytes);
      }
    } else {
      const input = new Input(it.sys, fd);
      for (;;) {
        const bytes = yield* input.lineBytes();
        if (bytes === undefined) break;
        let text = decodeBytes(bytes);
        const blank = text === "\n";
        if (it.has("s") && blank && empty) continue;
        empty = blank;
        if (nonprinting) text = text.replace(/[^\t\n\x20-\x7e]/g, showByte);
        if (tabs) text = text.replaceAll("\t", "^I");
        if (ends) text = text.replace(/\n$/, "$\n");
        if (numbers === "all" || (numbers === "filled" && !blank)) text = `${String(++line).padStart(6)}\t${text}`;
        it.out.putBytes(encodeBytes(text));
        yield* it.out.drain();
      }
    }
    yield* it.close(fd);
  }
  return it.status;
}

/** ^X for control characters, M-x for bytes from 128 on. */
function showByte(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 128) return `M-${showByte(String.fromCharCode(code - 128))}`;
  return code === 127 ? "^?" : code < 32 ? `^${String.fromCharCode(code + 64)}` : character;
}

function* count(it: Invocation): Activity<number> {
  const asked = ["l", "w", "m", "c", "L"].filter((name) => it.has(name));
  const shown = asked.length === 0 ? ["l", "w", "c"] : asked;
  const rows: { readonly counts: readonly number[]; readonly name: string }[] = [];
  const totals = shown.map(() => 0);
  let size = 0;
  for (const path of filesOf(it)) {
    const bytes = yield* it.read(path);
    if (bytes === undefined) continue;
    size += bytes.length;
    const text = decodeBytes(bytes);
    const counts = shown.map((what) => {
      if (what === "l") return text.split("\n").length - 1;
      if (what === "w") return text.split(/[ \t\n\v\f\r]+/).filter((word) => word !== "").length;
      if (what === "L") return Math.max(...text.split("\n").map((line) => line.length));
      return bytes.length;
    });
    counts.forEach((value, at) => (totals[at] = what(shown[at], totals[at] ?? 0, value)));
    rows.push({ counts, name: it.operands.length === 0 ? "" : path });
  }
  if (it.operands.length > 1) rows.push({ counts: totals, name: "total" });
  // As wide as the sum of the sizes; what isn't a file may become large.
  const single = it.operands.length <= 1 && shown.length === 1;
  const plain = it.operands.length > 0 && !it.operands.includes("-");
  const width = single ? 1 : plain ? String(size).length : 7;
  for (const { counts, name } of rows)
    it.out.put(`${counts.map((value) => String(value).padStart(width)).join(" ")}${name === "" ? "" : ` ${name}`}\n`);
  return it.status;
}

const what = (kind: string | undefined, total: number, value: number): number =>
  kind === "L" ? Math.max(total, value) : total + value;

function* unique(it: Invocation): Activity<number> {
  const [from = "-", to] = it.operands;
  const fd = yield* it.open(from);
  if (fd === undefined) return 1;
  const input = new Input(it.sys, fd);
  const skip = Number(it.value("f") ?? 0);
  const key = (line: string): string => {
    let text = line.replace(/\n$/, "");
    for (let left = skip; left > 0; left--) text = text.replace(/^[ \t]*[^ \t]*/, "");
    text = text.slice(Number(it.value("s") ?? 0));
    if (it.value("w") !== undefined) text = text.slice(0, Number(it.value("w")));
    return it.has("i") ? text.toLowerCase() : text;
  };
  if (to !== undefined) {
    const out = yield* it.sys.open(to, O_WRONLY | O_CREAT | O_TRUNC);
    yield* it.sys.dup2(out, 1);
  }
  let current: string | undefined;
  let times = 0;
  const give = (): void => {
    if (current === undefined || (it.has("d") && times < 2) || (it.has("u") && times > 1)) return;
    it.out.put(`${it.has("c") ? `${String(times).padStart(7)} ` : ""}${current.replace(/\n$/, "")}\n`);
  };
  for (;;) {
    const line = yield* input.line();
    if (line !== undefined && current !== undefined && key(line) === key(current)) {
      times++;
      continue;
    }
    give();
    yield* it.out.drain();
    if (line === undefined) return it.status;
    current = line;
    times = 1;
  }
}

function* tee(it: Invocation): Activity<number> {
  const fds = [1];
  for (const path of it.operands) {
    const fd = yield* attempt(it.sys.open(path, O_WRONLY | O_CREAT | (it.has("a") ? O_APPEND : O_TRUNC)));
    if (fd instanceof Errno) yield* it.complain(`${path}: ${fd.message}`);
    else fds.push(fd);
  }
  if (it.has("i")) yield* it.sys.rt_sigaction("SIGINT", "SIG_IGN");
  for (;;) {
    const bytes = yield* it.sys.read(0, 65536);
    if (bytes.length === 0) return it.status;
    for (const fd of fds) yield* writeAll(it.sys, fd, bytes);
  }
}

function* compare(it: Invocation): Activity<number> {
  const [first = "-", second = "-"] = it.operands;
  const a = yield* it.read(first);
  const b = yield* it.read(second);
  if (a === undefined || b === undefined) return 2;
  const least = Math.min(a.length, b.length);
  let at = 0;
  while (at < least && a[at] === b[at]) at++;
  if (at === a.length && at === b.length) return 0;
  if (it.has("s")) return 1;
  const line = decodeBytes(a.subarray(0, at)).split("\n").length;
  if (at < least) it.out.put(`${first} ${second} differ: char ${at + 1}, line ${line}\n`);
  else {
    const shorter = a.length < b.length ? first : second;
    yield* writeAll(
      it.sys,
      2,
      encode(
        `cmp: EOF on ${shorter} after byte ${at}, ${decodeBytes(a.subarray(at - 1, at)) === "\n" ? `line ${line - 1}` : `in line ${line}`}\n`,
      ),
    );
  }
  return 1;
}

const commands: readonly Command[] = [
  {
    name: "cat",
    usage: ["[OPTION]... [FILE]..."],
    about: "Concatenate FILE(s) to standard output.",
    options: [
      { short: "A", long: "show-all", help: "equivalent to -vET" },
      { short: "b", long: "number-nonblank", help: "number nonempty output lines, overrides -n" },
      { short: "e", help: "equivalent to -vE" },
      { short: "E", long: "show-ends", help: "display $ at end of each line" },
      { short: "n", long: "number", help: "number all output lines" },
      { short: "s", long: "squeeze-blank", help: "suppress repeated empty output lines" },
      { short: "t", help: "equivalent to -vT" },
      { short: "T", long: "show-tabs", help: "display TAB characters as ^I" },
      { short: "u", help: "(ignored)" },
      { short: "v", long: "show-nonprinting", help: "use ^ and M- notation, except for LFD and TAB" },
    ],
    run: concatenate,
  },
  {
    name: "wc",
    usage: ["[OPTION]... [FILE]..."],
    about: "Print newline, word, and byte counts for each FILE.",
    options: [
      { short: "c", long: "bytes", help: "print the byte counts" },
      { short: "m", long: "chars", help: "print the character counts" },
      { short: "l", long: "lines", help: "print the newline counts" },
      { short: "L", long: "max-line-length", help: "print the maximum display width" },
      { short: "w", long: "words", help: "print the word counts" },
    ],
    run: count,
  },
  {
    name: "uniq",
    usage: ["[OPTION]... [INPUT [OUTPUT]]"],
    about: "Filter adjacent matching lines from INPUT (or standard input), writing to OUTPUT.",
    options: [
      { short: "c", long: "count", help: "prefix lines by the number of occurrences" },
      { short: "d", long: "repeated", help: "only print duplicate lines, one for each group" },
      { short: "f", long: "skip-fields", argument: "N", help: "avoid comparing the first N fields" },
      { short: "i", long: "ignore-case", help: "ignore differences in case when comparing" },
      { short: "s", long: "skip-chars", argument: "N", help: "avoid comparing the first N characters" },
      { short: "u", long: "unique", help: "only print unique lines" },
      { short: "w", long: "check-chars", argument: "N", help: "compare no more than N characters in lines" },
    ],
    operands: [0, 2],
    run: unique,
  },
  {
    name: "tee",
    usage: ["[OPTION]... [FILE]..."],
    about: "Copy standard input to each FILE, and also to standard output.",
    options: [
      { short: "a", long: "append", help: "append to the given FILEs, do not overwrite" },
      { short: "i", long: "ignore-interrupts", help: "ignore interrupt signals" },
    ],
    run: tee,
  },
  {
    name: "cmp",
    usage: ["[OPTION]... FILE1 [FILE2]"],
    about: "Compare two files byte by byte.",
    options: [{ short: "s", long: "quiet", help: "suppress all normal output" }],
    usageStatus: 2,
    operands: [1, 2],
    run: compare,
  },
  head,
  tail,
  cut,
  translateCharacters,
  sortCommand,
];

export const textCommands: readonly Program<Sys>[] = commands.map(program);
