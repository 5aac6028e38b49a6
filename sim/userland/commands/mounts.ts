import type { Activity } from "../../core/index.js";
import {
  attempt,
  Errno,
  MNT_DETACH,
  MS_BIND,
  MS_MOVE,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { quoteName } from "../program/quoting.js";
import { humanSize } from "./modes.js";
import { isDirectory, join, namesIn } from "./tree.js";

/** Options of mount(8) that are flags of mount(2); what isn't here is the file system's. */
const flagOptions: Readonly<Record<string, number>> = {
  ro: MS_RDONLY,
  nosuid: MS_NOSUID,
  nodev: MS_NODEV,
  noexec: MS_NOEXEC,
  remount: MS_REMOUNT,
  bind: MS_BIND,
  rbind: MS_BIND | MS_REC,
  private: MS_PRIVATE,
  rprivate: MS_PRIVATE | MS_REC,
  shared: MS_SHARED,
  rshared: MS_SHARED | MS_REC,
  slave: MS_SLAVE,
  rslave: MS_SLAVE | MS_REC,
  unbindable: MS_UNBINDABLE,
  runbindable: MS_UNBINDABLE | MS_REC,
  move: MS_MOVE,
};
const idle = new Set(["rw", "defaults", "suid", "dev", "exec", "relatime", "async", "auto"]);

/** A line of /proc/self/mounts. */
interface Mounted {
  readonly source: string;
  readonly path: string;
  readonly type: string;
  readonly options: string;
}

function* mounted(it: Invocation): Activity<readonly Mounted[]> {
  const text = (yield* it.readText("/proc/self/mounts")) ?? "";
  const plain = (field: string): string =>
    field.replace(/\\(\d{3})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(" ").map(plain))
    .map(([source = "", path = "", type = "", options = ""]) => ({ source, path, type, options }));
}

function* mount(it: Invocation): Activity<number> {
  const long = Object.keys(flagOptions).filter(
    (name) =>
      it.has(name === "bind" ? "B" : name === "move" ? "M" : name === "rbind" ? "R" : name) || it.has(`make-${name}`),
  );
  const words = [...long, ...it.values("o").flatMap((text) => text.split(",")), ...(it.has("r") ? ["ro"] : [])];
  let [source, target] = it.operands;
  if (source === undefined) {
    const type = it.value("t");
    for (const one of yield* mounted(it))
      if (type === undefined || one.type === type)
        it.out.put(`${one.source} on ${one.path} type ${one.type} (${one.options})\n`);
    return 0;
  }
  let flags = 0;
  const data: string[] = [];
  for (const word of words) {
    const flag = flagOptions[word];
    if (flag !== undefined) flags |= flag;
    else if (!idle.has(word)) data.push(word);
  }
  if (target === undefined) [source, target] = ["none", source];
  const failure = yield* attempt(it.sys.mount(source, target, it.value("t"), flags, data.join(",")));
  if (!(failure instanceof Errno)) return 0;
  const why: Readonly<Record<string, string>> = {
    EPERM: "permission denied.",
    ENOENT: (yield* isDirectory(it.sys, target))
      ? `special device ${source} does not exist.`
      : "mount point does not exist.",
    ENODEV: `unknown filesystem type '${it.value("t") ?? ""}'.`,
    EINVAL: `wrong fs type, bad option, bad superblock on ${source}, missing codepage or helper program, or other error.`,
    ENOTDIR: "mount point is not a directory.",
    EBUSY: `${source} already mounted or mount point busy.`,
  };
  throw new Failure(`${target}: ${why[failure.code] ?? `mount(2) system call failed: ${failure.message}.`}`, 32);
}

function* unmount(it: Invocation): Activity<number> {
  const paths = it.has("a") ? (yield* mounted(it)).map(({ path }) => path).reverse() : it.operands;
  for (const path of paths) {
    const failure = yield* attempt(it.sys.umount2(path, it.has("l") ? MNT_DETACH : 0));
    if (!(failure instanceof Errno)) continue;
    const why: Readonly<Record<string, string>> = {
      EBUSY: "target is busy.",
      EINVAL: "not mounted.",
      ENOENT: "no mount point specified.",
      EPERM: "must be superuser to unmount.",
    };
    yield* it.complain(`${path}: ${why[failure.code] ?? `${failure.message}.`}`, 32);
  }
  return it.status;
}

function* diskFree(it: Invocation): Activity<number> {
  const all = yield* mounted(it);
  const rows: string[][] = [];
  const human = it.has("h");
  const chosen: Mounted[] = it.operands.length === 0 ? [...all] : [];
  for (const path of it.operands) {
    const found = yield* attempt(it.sys.stat(path));
    if (found instanceof Errno) {
      yield* it.complain(`${path}: ${found.message}`);
      continue;
    }
    for (const one of [...all].reverse()) {
      const about = yield* attempt(it.sys.stat(one.path));
      if (about instanceof Errno || about.dev !== found.dev) continue;
      chosen.push(one);
      break;
    }
  }
  const show = (bytes: number): string => (human ? humanSize(bytes) : String(Math.ceil(bytes / 1024)));
  for (const { source, path, type } of chosen) {
    const space = yield* attempt(it.sys.statfs(path));
    if (space instanceof Errno || (!Number.isFinite(space.total) && !it.has("a") && it.operands.length === 0)) continue;
    const total = Number.isFinite(space.total) ? space.total : 0;
    if (total === 0 && !it.has("a") && it.operands.length === 0) continue;
    const unused = Number.isFinite(space.free) ? space.free : 0;
    const used = total - unused;
    const share = total === 0 ? "-" : `${Math.ceil((used / total) * 100)}%`;
    rows.push([source, ...(it.has("T") ? [type] : []), show(total), show(used), show(unused), share, path]);
  }
  const head = [
    "Filesystem",
    ...(it.has("T") ? ["Type"] : []),
    human ? "Size" : "1K-blocks",
    "Used",
    human ? "Avail" : "Available",
    "Use%",
    "Mounted on",
  ];
  const table = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0), at === 0 ? 14 : 0));
  const left = it.has("T") ? 2 : 1;
  for (const row of table)
    it.out.put(
      `${row.map((cell, at) => (at === row.length - 1 ? cell : at < left ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(" ")}\n`,
    );
  return it.status;
}

function* diskUse(it: Invocation): Activity<number> {
  const seen = new Set<string>();
  const most = Number(it.value("d") ?? (it.has("s") ? 0 : Infinity));
  const bytewise = it.has("b");
  const show = (bytes: number): string =>
    it.has("h") ? humanSize(bytes) : String(Math.ceil(bytes / (bytewise ? 1 : it.has("m") ? 1048576 : 1024)));
  const measure = function* (path: string, depth: number): Activity<number> {
    const about = yield* attempt(it.sys.lstat(path));
    if (about instanceof Errno) {
      yield* it.complain(`cannot access ${quoteName(path)}: ${about.message}`);
      return 0;
    }
    const key = `${about.dev}:${about.ino}`;
    const directory = (about.mode & 0o170000) === 0o040000;
    if (!directory && about.nlink > 1 && seen.has(key)) return 0;
    seen.add(key);
    let sum = bytewise ? about.size : about.blocks * 512;
    if (directory) {
      const names = yield* namesIn(it.sys, path);
      if (names instanceof Errno) yield* it.complain(`cannot read directory ${quoteName(path)}: ${names.message}`);
      else for (const name of names) sum += yield* measure(join(path, name), depth + 1);
    }
    if (depth <= most && (directory || it.has("a") || depth === 0)) it.out.put(`${show(sum)}\t${path}\n`);
    return sum;
  };
  let total = 0;
  for (const path of it.operands.length === 0 ? ["."] : it.operands) total += yield* measure(path, 0);
  if (it.has("c")) it.out.put(`${show(total)}\ttotal\n`);
  return it.status;
}

export const mountCommands: readonly Command[] = [
  {
    name: "mount",
    usage: ["[-l] [-t <type>]", "[options] <source> <directory>"],
    about: "Mount a filesystem.",
    options: [
      { short: "o", long: "options", argument: "<list>", help: "comma-separated list of mount options" },
      { short: "r", long: "read-only", help: "mount the filesystem read-only" },
      { short: "t", long: "types", argument: "<list>", help: "the type of filesystem" },
      { short: "B", long: "bind", help: "mount a subtree somewhere else" },
      { short: "M", long: "move", help: "move a subtree to some other place" },
      { short: "R", long: "rbind", help: "mount a subtree and all submounts somewhere else" },
      ...["shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable"].map((kind) => ({
        long: `make-${kind}`,
        help: `mark a subtree as ${kind}`,
      })),
    ],
    operands: [0, 2],
    run: mount,
  },
  {
    name: "umount",
    usage: ["[options] <source> | <directory>"],
    about: "Unmount filesystems.",
    options: [
      { short: "a", long: "all", help: "unmount all filesystems" },
      { short: "l", long: "lazy", help: "detach the filesystem now, clean up things later" },
    ],
    run: unmount,
  },
  {
    name: "df",
    usage: ["[OPTION]... [FILE]..."],
    about: "Show information about the file system on which each FILE resides, or all file systems by default.",
    options: [
      { short: "a", long: "all", help: "include pseudo, duplicate, inaccessible file systems" },
      { short: "h", long: "human-readable", help: "print sizes in powers of 1024 (e.g., 1023M)" },
      { short: "k", help: "like --block-size=1K" },
      { short: "T", long: "print-type", help: "print file system type" },
    ],
    run: diskFree,
  },
  {
    name: "du",
    usage: ["[OPTION]... [FILE]..."],
    about: "Summarize device usage of the set of FILEs, recursively for directories.",
    options: [
      { short: "a", long: "all", help: "write counts for all files, not just directories" },
      { short: "b", long: "bytes", help: "equivalent to '--apparent-size --block-size=1'" },
      { short: "c", long: "total", help: "produce a grand total" },
      { short: "d", long: "max-depth", argument: "N", help: "print the total only if it is N or fewer levels below" },
      { short: "h", long: "human-readable", help: "print sizes in human readable format (e.g., 1K 234M 2G)" },
      { short: "k", help: "like --block-size=1K" },
      { short: "m", help: "like --block-size=1M" },
      { short: "s", long: "summarize", help: "display only a total for each argument" },
    ],
    run: diskUse,
  },
];
