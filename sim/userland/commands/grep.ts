import type { Activity } from "../../core/index.js";
import { attempt, Errno, S_IFDIR } from "../../os/index.js";
import { Failure, UsageFailure, type Command, type Invocation } from "../program/command.js";
import { compareBytes, decode } from "../program/encoding.js";
import { readAll } from "../program/streams.js";
import { posixExpression } from "./basic-expressions.js";

interface Search {
  readonly expression: RegExp;
  readonly names: boolean;
}

function expressionOf(it: Invocation, patterns: readonly string[]): RegExp {
  const kind = it.last("E", "F", "G", "P") ?? (it.name === "egrep" ? "E" : it.name === "fgrep" ? "F" : "G");
  const sources = patterns.map((pattern) => {
    if (kind === "F") return pattern.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    try {
      return kind === "P" ? pattern : posixExpression(pattern, kind === "E").source;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new Failure(error.message, 2);
    }
  });
  let source = sources.map((one) => `(?:${one})`).join("|");
  if (it.has("x")) source = `^(?:${source})$`;
  else if (it.has("w")) source = `(?<!\\w)(?:${source})(?!\\w)`;
  return new RegExp(source, `gsu${it.has("i", "y") ? "i" : ""}`);
}

function* run(it: Invocation): Activity<number> {
  const operands = [...it.operands];
  const patterns = it.values("e").flatMap((text) => text.split("\n"));
  for (const path of it.values("f")) {
    const text = yield* it.readText(path);
    if (text === undefined) return 2;
    patterns.push(...text.replace(/\n$/, "").split("\n"));
  }
  if (it.values("e").length === 0 && it.values("f").length === 0) {
    const first = operands.shift();
    if (first === undefined) throw new UsageFailure("no pattern given");
    patterns.push(...first.split("\n"));
  }
  const recursive = it.has("r", "R");
  const expression = expressionOf(it, patterns);
  const paths = operands.length > 0 ? operands : recursive ? ["."] : ["-"];
  const names = it.last("h", "H") === "H" || (it.last("h", "H") === undefined && (paths.length > 1 || recursive));
  let any = false;
  for (const path of paths) {
    const found = yield* searchPath(it, path, { expression, names }, recursive);
    any ||= found;
    if (found && it.has("q")) return 0;
  }
  return it.status === 2 ? 2 : any ? 0 : 1;
}

function* searchPath(it: Invocation, path: string, search: Search, recursive: boolean): Activity<boolean> {
  const about = path === "-" ? undefined : yield* attempt(it.sys.stat(path));
  if (about instanceof Errno) {
    if (!it.has("s")) yield* it.complain(`${path}: ${about.message}`, 2);
    it.status = 2;
    return false;
  }
  if (about !== undefined && (about.mode & 0o170000) === S_IFDIR) {
    if (!recursive) {
      yield* it.complain(`${path}: Is a directory`, 2);
      return false;
    }
    const fd = yield* it.sys.open(path);
    const entries = yield* it.sys.getdents64(fd);
    yield* it.sys.close(fd);
    let any = false;
    for (const { name } of [...entries].sort((a, b) => compareBytes(a.name, b.name))) {
      if (name === "." || name === "..") continue;
      if (
        yield* searchPath(
          it,
          path === "." && it.operands.length < 2 ? name : `${path.replace(/\/$/, "")}/${name}`,
          search,
          true,
        )
      )
        any = true;
    }
    return any;
  }
  const fd = path === "-" ? 0 : yield* attempt(it.sys.open(path));
  if (fd instanceof Errno) {
    yield* it.complain(`${path}: ${fd.message}`, 2);
    return false;
  }
  const bytes = yield* readAll(it.sys, fd);
  yield* it.close(fd);
  return yield* searchText(it, path === "-" ? "(standard input)" : path, bytes, search);
}

function* searchText(
  it: Invocation,
  name: string,
  bytes: Uint8Array,
  { expression, names }: Search,
): Activity<boolean> {
  const lines = decode(bytes).split("\n");
  if (lines.at(-1) === "") lines.pop();
  const most = Number(it.value("m") ?? Infinity);
  const before = Number(it.value("B") ?? it.value("C") ?? 0);
  const after = Number(it.value("A") ?? it.value("C") ?? 0);
  const binary = bytes.includes(0) && !it.has("a");
  let count = 0;
  let shownTo = -1;
  let trailing = 0;
  const give = (at: number, mark: string, text: string): void => {
    it.out.put(`${names ? name + mark : ""}${it.has("n") ? `${at + 1}${mark}` : ""}${text}\n`);
  };
  for (const [at, line] of lines.entries()) {
    expression.lastIndex = 0;
    const hit = expression.test(line) !== it.has("v");
    if (!hit || count >= most) {
      if (trailing > 0 && !it.has("c", "l", "L", "q", "o")) {
        give(at, "-", line);
        shownTo = at;
        trailing--;
      } else if (count >= most) break;
      continue;
    }
    count++;
    if (it.has("q", "l", "L")) break;
    if (it.has("c")) continue;
    if (binary) {
      it.out.put(`grep: ${name}: binary file matches\n`);
      break;
    }
    if (it.has("o")) {
      expression.lastIndex = 0;
      if (!it.has("v")) for (const [text] of line.matchAll(expression)) if (text !== "") give(at, ":", text);
      continue;
    }
    const from = Math.max(shownTo + 1, at - before);
    if (shownTo >= 0 && from > shownTo + 1 && before + after > 0) it.out.put("--\n");
    for (let place = from; place < at; place++) give(place, "-", lines[place] ?? "");
    give(at, ":", line);
    shownTo = at;
    trailing = after;
    yield* it.out.drain();
  }
  if (it.has("c") && !it.has("q")) it.out.put(`${names ? `${name}:` : ""}${count}\n`);
  if (it.has("l") && count > 0) it.out.put(`${name}\n`);
  if (it.has("L") && count === 0) it.out.put(`${name}\n`);
  return it.has("L") ? count === 0 : count > 0;
}

export const grep: Command = {
  name: "grep",
  usage: ["[OPTION]... PATTERNS [FILE]..."],
  about: "Search for PATTERNS in each FILE.",
  options: [
    { short: "E", long: "extended-regexp", help: "PATTERNS are extended regular expressions" },
    { short: "F", long: "fixed-strings", help: "PATTERNS are strings" },
    { short: "G", long: "basic-regexp", help: "PATTERNS are basic regular expressions" },
    { short: "P", long: "perl-regexp", help: "PATTERNS are Perl regular expressions" },
    { short: "e", long: "regexp", argument: "PATTERNS", help: "use PATTERNS for matching" },
    { short: "f", long: "file", argument: "FILE", help: "take PATTERNS from FILE" },
    { short: "i", long: "ignore-case", help: "ignore case distinctions in patterns and data" },
    { short: "y", help: "same as -i" },
    { short: "w", long: "word-regexp", help: "match only whole words" },
    { short: "x", long: "line-regexp", help: "match only whole lines" },
    { short: "s", long: "no-messages", help: "suppress error messages" },
    { short: "v", long: "invert-match", help: "select non-matching lines" },
    { short: "m", long: "max-count", argument: "NUM", help: "stop after NUM selected lines" },
    { short: "n", long: "line-number", help: "print line number with output lines" },
    { short: "H", long: "with-filename", help: "print file name with output lines" },
    { short: "h", long: "no-filename", help: "suppress the file name prefix on output" },
    { short: "o", long: "only-matching", help: "show only nonempty parts of lines that match" },
    { short: "q", long: "quiet", help: "suppress all normal output" },
    { short: "a", long: "text", help: "process a binary file as if it were text" },
    { short: "r", long: "recursive", help: "search directories recursively" },
    { short: "R", long: "dereference-recursive", help: "likewise, but follow all symlinks" },
    { short: "L", long: "files-without-match", help: "print only names of FILEs with no selected lines" },
    { short: "l", long: "files-with-matches", help: "print only names of FILEs with selected lines" },
    { short: "c", long: "count", help: "print only a count of selected lines per FILE" },
    { short: "B", long: "before-context", argument: "NUM", help: "print NUM lines of leading context" },
    { short: "A", long: "after-context", argument: "NUM", help: "print NUM lines of trailing context" },
    { short: "C", long: "context", argument: "NUM", help: "print NUM lines of output context" },
    { long: "color", argument: "WHEN", optional: true, help: "(ignored: output has no colours)" },
  ],
  usageStatus: 2,
  run,
};
