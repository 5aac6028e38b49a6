import type { Activity } from "../../core/index.js";
import { s as seconds } from "../../core/index.js";
import { attempt, Errno, SEEK_SET } from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { quoteName } from "../program/quoting.js";
import { readAll, writeAll } from "../program/streams.js";

/** 10, 10k, 1M, with a sign that says from where. */
function countOf(text: string, what: string): { readonly sign: string; readonly count: number } {
  const [, sign = "", digits, unit = ""] = /^([-+]?)(\d+)([bkKMG]?)B?$/.exec(text) ?? [];
  if (digits === undefined) throw new Failure(`invalid number of ${what}: ${quoteName(text)}`);
  return { sign, count: Number(digits) * ({ "": 1, b: 512, k: 1024, K: 1024, M: 1048576, G: 1073741824 }[unit] ?? 1) };
}

/** Where the line begins that has `lines` lines before it. */
function afterLines(bytes: Uint8Array, lines: number): number {
  let at = 0;
  for (let left = lines; left > 0; left--) {
    const end = bytes.indexOf(10, at);
    if (end < 0) return bytes.length;
    at = end + 1;
  }
  return at;
}

/** Where the last `lines` lines begin. */
function lastLines(bytes: Uint8Array, lines: number): number {
  if (lines === 0) return bytes.length;
  let at = bytes.length - (bytes.at(-1) === 10 ? 1 : 0);
  for (let left = lines; left > 0 && at > 0; left--) {
    const end = bytes.lastIndexOf(10, at - 1);
    if (end < 0) return 0;
    at = end;
  }
  return at === 0 ? 0 : at + 1;
}

const oldForm = (words: readonly string[]): readonly string[] => {
  const [first = "", ...rest] = words;
  const [, count] = /^-(\d+)$/.exec(first) ?? [];
  return count === undefined ? words : ["-n", count, ...rest];
};

function* eachFile(it: Invocation, work: (fd: number, path: string) => Activity<undefined>): Activity<number> {
  const files = it.operands.length === 0 ? ["-"] : it.operands;
  const headers = it.has("v") || (files.length > 1 && !it.has("q"));
  let first = true;
  for (const path of files) {
    const fd = yield* it.open(path, (one, why) => `cannot open ${quoteName(one)} for reading: ${why}`);
    if (fd === undefined) continue;
    if (headers) it.out.put(`${first ? "" : "\n"}==> ${path === "-" ? "standard input" : path} <==\n`);
    first = false;
    yield* it.out.flush();
    const failure = yield* attempt(work(fd, path));
    if (failure instanceof Errno) yield* it.complain(`error reading ${quoteName(path)}: ${failure.message}`);
    yield* it.close(fd);
  }
  return it.status;
}

export const head: Command = {
  name: "head",
  usage: ["[OPTION]... [FILE]..."],
  about: "Print the first 10 lines of each FILE to standard output.",
  options: [
    { short: "c", long: "bytes", argument: "[-]NUM", help: "print the first NUM bytes of each file" },
    { short: "n", long: "lines", argument: "[-]NUM", help: "print the first NUM lines instead of the first 10" },
    { short: "q", long: "quiet", help: "never print headers giving file names" },
    { short: "v", long: "verbose", help: "always print headers giving file names" },
  ],
  rewrite: oldForm,
  *run(it) {
    const bytewise = it.last("c", "n") === "c";
    const { sign, count } = countOf(it.value(bytewise ? "c" : "n") ?? "10", bytewise ? "bytes" : "lines");
    return yield* eachFile(it, function* (fd) {
      if (sign === "-") {
        const bytes = yield* readAll(it.sys, fd);
        const end = bytewise ? Math.max(0, bytes.length - count) : lastLines(bytes, count);
        yield* writeAll(it.sys, 1, bytes.subarray(0, end));
        return undefined;
      }
      let left = count;
      while (left > 0) {
        const bytes = yield* it.sys.read(fd, bytewise ? Math.min(left, 8192) : 8192);
        if (bytes.length === 0) break;
        const end = bytewise ? bytes.length : afterLines(bytes, left);
        yield* writeAll(it.sys, 1, bytes.subarray(0, end));
        left -= bytewise ? end : bytes.subarray(0, end).filter((byte) => byte === 10).length;
      }
      return undefined;
    });
  },
};

export const tail: Command = {
  name: "tail",
  usage: ["[OPTION]... [FILE]..."],
  about: "Print the last 10 lines of each FILE to standard output.",
  options: [
    {
      short: "c",
      long: "bytes",
      argument: "[+]NUM",
      help: "output the last NUM bytes; or use -c +NUM to start with byte NUM",
    },
    { short: "f", long: "follow", argument: "HOW", optional: true, help: "output appended data as the file grows" },
    { short: "F", help: "same as --follow=name --retry" },
    { short: "n", long: "lines", argument: "[+]NUM", help: "output the last NUM lines, instead of the last 10" },
    { short: "q", long: "quiet", help: "never output headers giving file names" },
    {
      short: "s",
      long: "sleep-interval",
      argument: "N",
      help: "with -f, sleep for N seconds (default 1.0) between iterations",
    },
    { short: "v", long: "verbose", help: "always output headers giving file names" },
  ],
  rewrite: oldForm,
  *run(it) {
    const bytewise = it.last("c", "n") === "c";
    const { sign, count } = countOf(it.value(bytewise ? "c" : "n") ?? "10", bytewise ? "bytes" : "lines");
    const follows = it.has("f", "F");
    const places = new Map<string, number>();
    yield* eachFile(it, function* (fd, path) {
      const bytes = yield* readAll(it.sys, fd);
      places.set(path, bytes.length);
      const from =
        sign === "+"
          ? bytewise
            ? Math.max(0, count - 1)
            : afterLines(bytes, count - 1)
          : bytewise
            ? Math.max(0, bytes.length - count)
            : lastLines(bytes, count);
      yield* writeAll(it.sys, 1, bytes.subarray(from));
      return undefined;
    });
    while (follows && places.size > 0) {
      yield* it.sys.nanosleep(seconds(Number(it.value("s") ?? 1)));
      for (const [path, place] of places) {
        const fd = path === "-" ? 0 : yield* attempt(it.sys.open(path));
        if (fd instanceof Errno) continue;
        yield* attempt(it.sys.lseek(fd, place, SEEK_SET));
        const bytes = yield* readAll(it.sys, fd);
        yield* writeAll(it.sys, 1, bytes);
        places.set(path, place + bytes.length);
        yield* it.close(fd);
      }
    }
    return it.status;
  },
};
