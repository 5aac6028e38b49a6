import type { Activity } from "../../core/index.js";
import { attempt, Errno } from "../../os/index.js";
import type { Command, Invocation } from "../program/command.js";
import { formatTime } from "./dates.js";
import { baseName, isDirectory, join, namesIn } from "./tree.js";

/** Lines `from`…`to` of one file stand where `other`…`otherTo` stand in the other; both ends exclusive, counted from 0. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly other: number;
  readonly otherTo: number;
}

/** The least changes that make one list of another: E. W. Myers, "An O(ND) Difference Algorithm" (1986). Of several that are least, GNU's may be another. */
function changesOf(a: readonly string[], b: readonly string[]): readonly Change[] {
  let begin = 0;
  while (begin < a.length && begin < b.length && a[begin] === b[begin]) begin++;
  let [endA, endB] = [a.length, b.length];
  while (endA > begin && endB > begin && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const kept = common(a.slice(begin, endA), b.slice(begin, endB));
  const changes: Change[] = [];
  let [x, y] = [begin, begin];
  for (const [keptX, keptY] of [...kept.map(([i, j]) => [i + begin, j + begin] as const), [endA, endB] as const]) {
    if (keptX > x || keptY > y) changes.push({ from: x, to: keptX, other: y, otherTo: keptY });
    [x, y] = [keptX + 1, keptY + 1];
  }
  return changes;
}

/** Pairs of places whose lines are kept, ascending. */
function common(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  const most = a.length + b.length;
  const reach = new Map([[1, 0]]);
  const history: Map<number, number>[] = [];
  const furthest = (depth: number, k: number): number => {
    const [down, right] = [reach.get(k + 1) ?? -1, reach.get(k - 1) ?? -1];
    return k === -depth || (k !== depth && right < down) ? down : right + 1;
  };
  for (let depth = 0; depth <= most; depth++) {
    history.push(new Map(reach));
    for (let k = -depth; k <= depth; k += 2) {
      let x = furthest(depth, k);
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace(history, a.length, b.length);
    }
  }
  return [];
}

function trace(
  history: readonly ReadonlyMap<number, number>[],
  x: number,
  y: number,
): readonly (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let depth = history.length - 1; depth >= 0; depth--) {
    const reach = history[depth] ?? new Map<number, number>();
    const k = x - y;
    const [down, right] = [reach.get(k + 1) ?? -1, reach.get(k - 1) ?? -1];
    const before = k === -depth || (k !== depth && right < down) ? k + 1 : k - 1;
    const beforeX = reach.get(before) ?? 0;
    const beforeY = beforeX - before;
    while (
      x > Math.max(beforeX, 0) &&
      y > Math.max(beforeY, 0) &&
      (depth === 0 || x > beforeX) &&
      (depth === 0 || y > beforeY)
    )
      pairs.push([--x, --y]);
    [x, y] = [beforeX, beforeY];
  }
  return pairs.reverse();
}

const missingEnd = "\\ No newline at end of file\n";
const line = (mark: string, text: string): string =>
  text.endsWith("\n") ? mark + text : `${mark}${text}\n${missingEnd}`;

function normal(a: readonly string[], b: readonly string[], changes: readonly Change[]): string {
  const range = (from: number, to: number): string => (to - from <= 1 ? String(to) : `${from + 1},${to}`);
  return changes
    .map(({ from, to, other, otherTo }) => {
      const kind = from === to ? "a" : other === otherTo ? "d" : "c";
      const removed = a.slice(from, to).map((text) => line("< ", text));
      const added = b.slice(other, otherTo).map((text) => line("> ", text));
      const between = kind === "c" ? "---\n" : "";
      return `${range(from, to)}${kind}${range(other, otherTo)}\n${removed.join("")}${between}${added.join("")}`;
    })
    .join("");
}

function unified(a: readonly string[], b: readonly string[], changes: readonly Change[], context: number): string {
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1);
    if (last !== undefined && change.from - (last.at(-1)?.to ?? 0) <= 2 * context) last.push(change);
    else hunks.push([change]);
  }
  const range = (from: number, length: number): string =>
    length === 1 ? String(from + 1) : `${length === 0 ? from : from + 1},${length}`;
  return hunks
    .map((hunk) => {
      const [first, last] = [hunk[0], hunk.at(-1)];
      if (first === undefined || last === undefined) return "";
      const begin = Math.max(0, first.from - context);
      const end = Math.min(a.length, last.to + context);
      const otherBegin = first.other - (first.from - begin);
      const otherEnd = last.otherTo + (end - last.to);
      let text = `@@ -${range(begin, end - begin)} +${range(otherBegin, otherEnd - otherBegin)} @@\n`;
      let at = begin;
      for (const { from, to, other, otherTo } of hunk) {
        for (; at < from; at++) text += line(" ", a[at] ?? "");
        for (; at < to; at++) text += line("-", a[at] ?? "");
        text += b
          .slice(other, otherTo)
          .map((one) => line("+", one))
          .join("");
      }
      for (; at < end; at++) text += line(" ", a[at] ?? "");
      return text;
    })
    .join("");
}

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** @param heading what stands before differences, of files in directories */
function* compareFiles(it: Invocation, left: string, right: string, heading: string): Activity<undefined> {
  const [a, b] = [yield* it.readText(left), yield* it.readText(right)];
  if (a === undefined || b === undefined) {
    it.status = 2;
    return undefined;
  }
  const seen = (text: string): string => {
    const blank = it.has("w") ? text.replace(/[ \t]+/g, "") : it.has("b") ? text.replace(/[ \t]+/g, " ") : text;
    return it.has("i") ? blank.toLowerCase() : blank;
  };
  const [linesA, linesB] = [linesOf(a), linesOf(b)];
  const changes = changesOf(linesA.map(seen), linesB.map(seen));
  if (changes.length === 0) {
    if (it.has("s")) it.out.put(`Files ${left} and ${right} are identical\n`);
    return undefined;
  }
  it.status = Math.max(it.status, 1);
  if (it.has("q")) it.out.put(`Files ${left} and ${right} differ\n`);
  else if (it.has("u") || it.has("U")) {
    const labels = it.values("label");
    const head = function* (mark: string, path: string, at: number): Activity<string> {
      const label = labels[at];
      if (label !== undefined) return `${mark} ${label}\n`;
      const { mtime } = yield* it.sys.stat(path);
      return `${mark} ${path}\t${formatTime("%Y-%m-%d %H:%M:%S.%N +0000", mtime)}\n`;
    };
    it.out.put(heading + (yield* head("---", left, 0)) + (yield* head("+++", right, 1)));
    it.out.put(unified(linesA, linesB, changes, Number(it.value("U") ?? 3)));
  } else it.out.put(heading + normal(linesA, linesB, changes));
  return undefined;
}

function* compareDirectories(it: Invocation, left: string, right: string): Activity<undefined> {
  const { sys } = it;
  const [a, b] = [yield* namesIn(sys, left), yield* namesIn(sys, right)];
  if (a instanceof Errno || b instanceof Errno) {
    yield* it.complain(`${a instanceof Errno ? left : right}: Permission denied`, 2);
    return undefined;
  }
  const options = it.options.map(({ name, value }) => `-${name.length > 1 ? "-" : ""}${name}${value ?? ""}`);
  for (const name of [...new Set([...a, ...b])].sort()) {
    if (!a.includes(name) || !b.includes(name)) {
      it.out.put(`Only in ${a.includes(name) ? left : right}: ${name}\n`);
      it.status = Math.max(it.status, 1);
      continue;
    }
    const [one, other] = [join(left, name), join(right, name)];
    const folders = [yield* isDirectory(sys, one), yield* isDirectory(sys, other)];
    if (folders[0] === true && folders[1] === true) {
      if (it.has("r")) yield* compareDirectories(it, one, other);
      else it.out.put(`Common subdirectories: ${one} and ${other}\n`);
    } else if (folders[0] !== folders[1]) {
      const kind = (folder: boolean | undefined): string => (folder === true ? "directory" : "regular file");
      it.out.put(`File ${one} is a ${kind(folders[0])} while file ${other} is a ${kind(folders[1])}\n`);
      it.status = Math.max(it.status, 1);
    } else yield* compareFiles(it, one, other, `${["diff", ...options, one, other].join(" ")}\n`);
  }
  return undefined;
}

function* run(it: Invocation): Activity<number> {
  let [left = "", right = ""] = it.operands;
  for (const path of [left, right]) {
    if (path === "-") continue;
    const about = yield* attempt(it.sys.stat(path));
    if (about instanceof Errno) yield* it.complain(`${path}: ${about.message}`, 2);
  }
  if (it.status > 0) return it.status;
  const folders = [yield* isDirectory(it.sys, left), yield* isDirectory(it.sys, right)];
  if (folders[0] === true && folders[1] === true) {
    yield* compareDirectories(it, left, right);
    return it.status;
  }
  if (folders[0] === true) left = join(left, baseName(right));
  if (folders[1] === true) right = join(right, baseName(left));
  yield* compareFiles(it, left, right, "");
  return it.status;
}

export const diff: Command = {
  name: "diff",
  usage: ["[OPTION]... FILES"],
  about: "Compare FILES line by line.",
  options: [
    { short: "u", help: "output 3 lines of unified context" },
    { short: "U", long: "unified", argument: "NUM", help: "output NUM lines of unified context" },
    { short: "q", long: "brief", help: "report only when files differ" },
    { short: "s", long: "report-identical-files", help: "report when two files are the same" },
    { short: "r", long: "recursive", help: "recursively compare any subdirectories found" },
    { short: "i", long: "ignore-case", help: "ignore case differences in file contents" },
    { short: "b", long: "ignore-space-change", help: "ignore changes in the amount of white space" },
    { short: "w", long: "ignore-all-space", help: "ignore all white space" },
    { long: "label", argument: "LABEL", help: "use LABEL instead of file name and timestamp" },
  ],
  usageStatus: 2,
  operands: [2, 2],
  run,
};
