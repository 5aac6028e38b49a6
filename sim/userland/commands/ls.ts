import type { Activity } from "../../core/index.js";
import { attempt, Errno, majorOf, minorOf, O_DIRECTORY, O_RDONLY, S_IFDIR, S_IFLNK, type Sys } from "../../os/index.js";
import type { Command, Invocation } from "../program/command.js";
import { compareBytes } from "../program/encoding.js";
import { groups, users } from "../program/names.js";
import { quoteName } from "../program/quoting.js";
import { formatTime } from "./dates.js";
import { humanSize, showMode } from "./modes.js";

type About = Exclude<Sys["lstat"] extends (...args: never) => Generator<unknown, infer T> ? T : never, Errno>;

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly about: About;
  readonly target: string | undefined;
}

/** Half a year: what is older is shown with its year (coreutils' ls.c). */
const recent = (31556952 / 2) * 1e9;

class Listing {
  readonly #it: Invocation;
  readonly #owners: ReadonlyMap<number, string>;
  readonly #groups: ReadonlyMap<number, string>;
  readonly #now: number;
  readonly #wide: boolean;
  #any = false;

  constructor(
    it: Invocation,
    owners: ReadonlyMap<number, string>,
    groupNames: ReadonlyMap<number, string>,
    now: number,
    wide: boolean,
  ) {
    this.#it = it;
    this.#owners = owners;
    this.#groups = groupNames;
    this.#now = now;
    this.#wide = wide;
  }

  get #long(): boolean {
    return this.#it.has("l", "n", "g", "o", "full-time");
  }

  *entry(name: string, path: string, follow: boolean): Activity<Entry | Errno> {
    const about = yield* attempt(follow ? this.#it.sys.stat(path) : this.#it.sys.lstat(path));
    if (about instanceof Errno) return follow ? yield* this.entry(name, path, false) : about;
    const isLink = (about.mode & 0o170000) === S_IFLNK;
    const target = isLink && this.#long ? yield* attempt(this.#it.sys.readlink(path)) : undefined;
    return { name, path, about, target: typeof target === "string" ? target : undefined };
  }

  *list(paths: readonly string[]): Activity<undefined> {
    const it = this.#it;
    const files: Entry[] = [];
    const directories: Entry[] = [];
    for (const path of paths) {
      const found = yield* this.entry(
        path,
        path,
        !it.has("d") && !this.#long ? true : it.has("L", "H") || (!it.has("d") && !this.#long),
      );
      if (found instanceof Errno) {
        yield* it.complain(`cannot access ${quoteName(path)}: ${found.message}`, 2);
        continue;
      }
      const inside = (found.about.mode & 0o170000) === S_IFDIR && !it.has("d");
      (inside ? directories : files).push(found);
    }
    if (files.length > 0) this.#show(this.#sorted(files));
    for (const { path } of this.#sorted(directories)) yield* this.#directory(path, paths.length > 1 || it.has("R"));
    return undefined;
  }

  *#directory(path: string, titled: boolean): Activity<undefined> {
    const it = this.#it;
    const fd = yield* attempt(it.sys.open(path, O_RDONLY | O_DIRECTORY));
    if (fd instanceof Errno) {
      yield* it.complain(`cannot open directory ${quoteName(path)}: ${fd.message}`, 2);
      return undefined;
    }
    const names = yield* it.sys.getdents64(fd);
    yield* it.sys.close(fd);
    const entries: Entry[] = [];
    for (const { name } of names) {
      if (name.startsWith(".") && !it.has("a") && !(it.has("A") && name !== "." && name !== "..")) continue;
      const found = yield* this.entry(name, `${path === "/" ? "" : path.replace(/\/$/, "")}/${name}`, it.has("L"));
      if (!(found instanceof Errno)) entries.push(found);
    }
    if (titled) it.out.put(`${this.#any ? "\n" : ""}${path}:\n`);
    if (this.#long || it.has("s")) {
      const blocks = entries.reduce((sum, { about }) => sum + about.blocks, 0) / 2;
      it.out.put(`total ${it.has("h") ? humanSize(blocks * 1024) : Math.ceil(blocks)}\n`);
    }
    const sorted = this.#sorted(entries);
    this.#show(sorted);
    yield* it.out.drain();
    if (!it.has("R")) return undefined;
    for (const { name, path: inner, about } of sorted)
      if ((about.mode & 0o170000) === S_IFDIR && name !== "." && name !== "..") yield* this.#directory(inner, true);
    return undefined;
  }

  #sorted(entries: readonly Entry[]): readonly Entry[] {
    const it = this.#it;
    if (it.has("U", "f")) return entries;
    const by = it.last("t", "S", "X");
    const order = [...entries].sort((a, b) => {
      let difference = 0;
      if (by === "t")
        difference = it.has("c")
          ? b.about.ctime - a.about.ctime
          : it.has("u")
            ? b.about.atime - a.about.atime
            : b.about.mtime - a.about.mtime;
      else if (by === "S") difference = b.about.size - a.about.size;
      return difference || compareBytes(a.name, b.name);
    });
    return it.has("r") ? order.reverse() : order;
  }

  #mark({ about }: Entry): string {
    const type = about.mode & 0o170000;
    if (!this.#it.has("F", "p")) return "";
    if (type === S_IFDIR) return "/";
    if (!this.#it.has("F")) return "";
    if (type === S_IFLNK) return this.#long ? "" : "@";
    if (type === 0o140000) return "=";
    if (type === 0o010000) return "|";
    return (about.mode & 0o111) !== 0 && type === 0o100000 ? "*" : "";
  }

  #show(entries: readonly Entry[]): void {
    this.#any ||= true;
    const it = this.#it;
    if (!this.#long) {
      const names = entries.map(
        (entry) => `${it.has("i") ? `${entry.about.ino} ` : ""}${entry.name}${this.#mark(entry)}`,
      );
      it.out.put(this.#wide && !it.has("1") ? columns(names) : names.map((name) => `${name}\n`).join(""));
      return;
    }
    const rows = entries.map((entry) => this.#row(entry));
    const widths = [0, 1, 2, 3, 4].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
    for (const row of rows) {
      const [inode = "", mode = "", links = "", owner = "", group = "", size = "", time = "", name = ""] = row;
      const sizeWidth = Math.max(...rows.map((one) => one[5]?.length ?? 0));
      const cells = [
        ...(it.has("i") ? [inode.padStart(widths[0] ?? 0)] : []),
        mode,
        links.padStart(widths[2] ?? 0),
        ...(it.has("g") ? [] : [owner.padEnd(widths[3] ?? 0)]),
        ...(it.has("o", "G") ? [] : [group.padEnd(widths[4] ?? 0)]),
        size.padStart(sizeWidth),
        time,
        name,
      ];
      it.out.put(`${cells.join(" ")}\n`);
    }
  }

  #row(entry: Entry): readonly string[] {
    const { about, name, target } = entry;
    const it = this.#it;
    const type = about.mode & 0o170000;
    const isDevice = type === 0o060000 || type === 0o020000;
    const numeric = it.has("n");
    const owner = numeric ? undefined : this.#owners.get(about.uid);
    const group = numeric ? undefined : this.#groups.get(about.gid);
    const stamp = it.has("c") ? about.ctime : it.has("u") ? about.atime : about.mtime;
    const isRecent = stamp > this.#now - recent && stamp <= this.#now;
    const style =
      it.value("time-style") === "full-iso" || it.has("full-time")
        ? "%Y-%m-%d %H:%M:%S.%N %z"
        : it.value("time-style") === "long-iso"
          ? "%Y-%m-%d %H:%M"
          : isRecent
            ? "%b %e %H:%M"
            : "%b %e  %Y";
    return [
      String(about.ino),
      showMode(about.mode),
      String(about.nlink),
      owner ?? String(about.uid),
      group ?? String(about.gid),
      isDevice
        ? `${majorOf(about.rdev)}, ${minorOf(about.rdev)}`
        : it.has("h")
          ? humanSize(about.size)
          : String(about.size),
      formatTime(style, stamp),
      `${name}${this.#mark(entry)}${target === undefined ? "" : ` -> ${target}`}`,
    ];
  }
}

/** Names down columns of a screen 80 wide. */
function columns(names: readonly string[]): string {
  for (let rows = 1; ; rows++) {
    const count = Math.ceil(names.length / rows);
    const widths = Array.from({ length: count }, (_, column) =>
      Math.max(...names.slice(column * rows, (column + 1) * rows).map((name) => name.length)),
    );
    if (rows < names.length && widths.reduce((sum, width) => sum + width + 2, -2) > 80) continue;
    return Array.from({ length: rows }, (_, row) => {
      const cells = widths
        .map((width, column) => ({ name: names[column * rows + row], width }))
        .filter(({ name }) => name !== undefined);
      return `${cells.map(({ name = "", width }, at) => (at === cells.length - 1 ? name : name.padEnd(width + 2))).join("")}\n`;
    }).join("");
  }
}

export const ls: Command = {
  name: "ls",
  usage: ["[OPTION]... [FILE]..."],
  about: "List information about the FILEs (the current directory by default).",
  options: [
    { short: "a", long: "all", help: "do not ignore entries starting with ." },
    { short: "A", long: "almost-all", help: "do not list implied . and .." },
    { short: "c", help: "with -lt: sort by, and show, ctime" },
    { short: "C", help: "list entries by columns" },
    { short: "d", long: "directory", help: "list directories themselves, not their contents" },
    { short: "f", help: "do not sort, enable -aU" },
    { short: "F", long: "classify", help: "append indicator (one of */=>@|) to entries" },
    { long: "full-time", help: "like -l --time-style=full-iso" },
    { short: "g", help: "like -l, but do not list owner" },
    { short: "G", long: "no-group", help: "in a long listing, don't print group names" },
    { short: "h", long: "human-readable", help: "with -l, print sizes like 1K 234M 2G etc." },
    { short: "H", long: "dereference-command-line", help: "follow symbolic links listed on the command line" },
    { short: "i", long: "inode", help: "print the index number of each file" },
    { short: "l", help: "use a long listing format" },
    { short: "L", long: "dereference", help: "show information for the file the link references" },
    { short: "n", long: "numeric-uid-gid", help: "like -l, but list numeric user and group IDs" },
    { short: "o", help: "like -l, but do not list group information" },
    { short: "p", help: "append / indicator to directories" },
    { short: "r", long: "reverse", help: "reverse order while sorting" },
    { short: "R", long: "recursive", help: "list subdirectories recursively" },
    { short: "s", long: "size", help: "print the allocated size of each file, in blocks" },
    { short: "S", help: "sort by file size, largest first" },
    { short: "t", help: "sort by time, newest first" },
    { long: "time-style", argument: "TIME_STYLE", help: "time/date format with -l" },
    { short: "u", help: "with -lt: sort by, and show, access time" },
    { short: "U", help: "do not sort; list entries in directory order" },
    { short: "X", help: "sort alphabetically by entry extension" },
    { short: "1", help: "list one file per line" },
    { long: "color", argument: "WHEN", optional: true, help: "(ignored: output has no colours)" },
  ],
  usageStatus: 2,
  *run(it) {
    const owners = new Map((yield* users(it.sys)).map(({ uid, name }) => [uid, name]));
    const names = new Map((yield* groups(it.sys)).map(({ gid, name }) => [gid, name]));
    const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
    const terminal = !((yield* attempt(it.sys.ioctl(1, "TCGETS"))) instanceof Errno);
    const listing = new Listing(it, owners, names, now, it.has("C") || terminal);
    yield* listing.list(it.operands.length === 0 ? ["."] : it.operands);
    return it.status;
  },
};
