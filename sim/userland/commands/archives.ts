import { UsageError, type Activity, type Nanos } from "../../core/index.js";
import { attempt, Errno, O_CREAT, O_EXCL, O_TRUNC, O_WRONLY, type Sys } from "../../os/index.js";
import { gunzip, gzip, isGzip } from "../archive/gzip.js";
import { bytesOf, fileEntry, type TarEntry } from "../archive/tar/entry.js";
import { readTar } from "../archive/tar/reader.js";
import { writeTar } from "../archive/tar/writer.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { groups, users } from "../program/names.js";
import { readAll, writeAll } from "../program/streams.js";
import { formatTime } from "./dates.js";
import { showMode } from "./modes.js";
import { join, namesIn } from "./tree.js";

/** gzip -6 at about 40 MB/s, and back at 300: what its manual's authors and everybody since measure on x86-64. */
const packing = 25;
const unpacking = 3.3;
const work = (bytes: number, each: number): Nanos => Math.ceil(bytes * each) as Nanos;

// tar.

/** A file and what is below it, as entries. Mistakes are told, and the rest goes on. */
function* entriesAt(it: Invocation, path: string, seen: Map<string, string>): Activity<readonly TarEntry[]> {
  const { sys } = it;
  const about = yield* attempt(sys.lstat(path));
  if (about instanceof Errno) {
    yield* it.complain(`${path}: Cannot stat: ${about.message}`, 2);
    return [];
  }
  const name = path.replace(/^\/+/, "").replace(/(.)\/+$/, "$1");
  const { mode, uid, gid, mtime } = about;
  const head = { mode: mode & 0o7777, uid, gid, mtime: Math.floor(mtime / 1e9) };
  const plain = { ...fileEntry(name, new Uint8Array(0), head) };
  const all: TarEntry[] = [];
  if (it.has("v")) it.out.put(`${plain.name}${(mode & 0o170000) === 0o040000 ? "/" : ""}\n`);
  switch (mode & 0o170000) {
    case 0o040000: {
      all.push({ ...plain, type: "directory" });
      const names = yield* namesIn(sys, path);
      if (names instanceof Errno) yield* it.complain(`${path}: Cannot open: ${names.message}`, 2);
      else for (const one of names) all.push(...(yield* entriesAt(it, join(path, one), seen)));
      return all;
    }
    case 0o120000:
      return [{ ...plain, type: "symlink", target: yield* sys.readlink(path) }];
    case 0o010000:
      return [{ ...plain, type: "fifo" }];
    case 0o100000: {
      const key = `${about.dev}:${about.ino}`;
      const first = seen.get(key);
      if (first !== undefined) return [{ ...plain, type: "hardlink", target: first }];
      if (about.nlink > 1) seen.set(key, name);
      const bytes = yield* it.read(path);
      return bytes === undefined ? [] : [fileEntry(name, bytes, head)];
    }
    default:
      return [];
  }
}

const failing = "Exiting with failure status due to previous errors";

function* create(it: Invocation, target: string): Activity<number> {
  const { sys } = it;
  if (it.operands.length === 0) {
    yield* it.complain("Cowardly refusing to create an empty archive", 2);
    yield* it.tell("Try 'tar --help' or 'tar --usage' for more information.");
    return 2;
  }
  const given = it.operands.filter((one) => one.startsWith("/"));
  if (given.length > 0) yield* it.tell(`${it.called}: Removing leading \`/' from member names`);
  const seen = new Map<string, string>();
  const entries: TarEntry[] = [];
  for (const path of it.operands) entries.push(...(yield* entriesAt(it, path, seen)));
  // tar writes whole records of 20 blocks.
  const plain = writeTar(entries);
  const whole = new Uint8Array(Math.ceil(plain.length / 10_240) * 10_240);
  whole.set(plain);
  if (it.has("z")) yield* sys.compute(work(whole.length, packing));
  const bytes = it.has("z") ? gzip(whole) : whole;
  if (target === "-") yield* writeAll(sys, 1, bytes);
  else {
    const fd = yield* attempt(sys.open(target, O_WRONLY | O_CREAT | O_TRUNC, 0o666));
    if (fd instanceof Errno) {
      yield* it.complain(`${target}: Cannot open: ${fd.message}`, 2);
      throw new Failure("Error is not recoverable: exiting now", 2);
    }
    yield* writeAll(sys, fd, bytes);
    yield* sys.close(fd);
  }
  if (it.status > 0) yield* it.complain(failing, 2);
  return it.status;
}

function* archived(it: Invocation, source: string): Activity<readonly TarEntry[]> {
  const fd = yield* it.open(source, (path, why) => `${path}: Cannot open: ${why}`);
  if (fd === undefined) throw new Failure("Error is not recoverable: exiting now", 2);
  const bytes = yield* readAll(it.sys, fd);
  yield* it.close(fd);
  try {
    const plain = isGzip(bytes) ? gunzip(bytes) : bytes;
    if (isGzip(bytes)) yield* it.sys.compute(work(plain.length, unpacking));
    const entries = readTar(plain);
    const wanted = it.operands.map((one) => one.replace(/(.)\/+$/, "$1"));
    const hits = (name: string): boolean =>
      wanted.length === 0 || wanted.some((one) => name === one || name.startsWith(`${one}/`));
    for (const one of wanted)
      if (!entries.some(({ name }) => name === one || name.startsWith(`${one}/`)))
        yield* it.complain(`${one}: Not found in archive`, 2);
    return entries.filter(({ name }) => hits(name));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    yield* it.complain("This does not look like a tar archive", 2);
    throw new Failure(failing, 2);
  }
}

const letters = { file: "-", hardlink: "h", directory: "d", symlink: "l", character: "c", block: "b", fifo: "p" };
const shownName = ({ name, type }: TarEntry): string => (type === "directory" ? `${name}/` : name);

function* list(it: Invocation, source: string): Activity<number> {
  const entries = yield* archived(it, source);
  const owners = new Map((yield* users(it.sys)).map(({ uid, name }) => [uid, name]));
  const teams = new Map((yield* groups(it.sys)).map(({ gid, name }) => [gid, name]));
  // The column of sizes grows with what it has had to hold.
  let width = 19;
  for (const entry of entries) {
    if (!it.has("v")) {
      it.out.put(`${shownName(entry)}\n`);
      continue;
    }
    const owner = `${owners.get(entry.uid) ?? entry.uid}/${teams.get(entry.gid) ?? entry.gid}`;
    const size = String(entry.size);
    width = Math.max(width, owner.length + size.length + 1);
    const time = formatTime("%Y-%m-%d %H:%M", entry.mtime * 1e9);
    const link =
      entry.type === "symlink"
        ? ` -> ${entry.target ?? ""}`
        : entry.type === "hardlink"
          ? ` link to ${entry.target ?? ""}`
          : "";
    const mode = letters[entry.type] + showMode(entry.mode).slice(1);
    it.out.put(`${mode} ${owner}${size.padStart(width - owner.length)} ${time} ${shownName(entry)}${link}\n`);
  }
  if (it.status > 0) yield* it.complain(failing, 2);
  return it.status;
}

/** Where an entry goes: no path leads out of the directory. */
function placeOf(name: string, strip: number): string | undefined {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") || parts.length <= strip ? undefined : parts.slice(strip).join("/");
}

function* extract(it: Invocation, source: string): Activity<number> {
  const { sys } = it;
  const isRoot = (yield* sys.geteuid()) === 0;
  const strip = Number(it.value("strip-components") ?? 0);
  const mask = yield* sys.umask(0);
  yield* sys.umask(mask);
  const later: (readonly [string, TarEntry])[] = [];
  for (const entry of yield* archived(it, source)) {
    const path = placeOf(entry.name, strip);
    if (path === undefined) {
      if (entry.name.split("/").includes("..")) yield* it.complain(`${entry.name}: Member name contains '..'`, 2);
      continue;
    }
    if (it.has("v")) it.out.put(`${shownName(entry)}\n`);
    const above = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= above.length; depth++)
      yield* attempt(sys.mkdir(above.slice(0, depth).join("/"), 0o777));
    if (it.has("O")) {
      if (entry.type === "file") it.out.putBytes(bytesOf(entry));
      continue;
    }
    const failure = yield* attempt(make(sys, path, entry, strip));
    if (failure instanceof Errno) {
      yield* it.complain(`${path}: Cannot open: ${failure.message}`, 2);
      continue;
    }
    if (isRoot && !it.has("no-same-owner")) yield* attempt(sys.lchown(path, entry.uid, entry.gid));
    if (entry.type === "directory") later.push([path, entry]);
    else if (entry.type === "file" || entry.type === "fifo") yield* finish(sys, path, entry, it, isRoot, mask);
  }
  // A directory's times and rights come last: what is put into it would change or need them.
  for (const [path, entry] of later.toReversed()) yield* finish(sys, path, entry, it, isRoot, mask);
  if (it.status > 0) yield* it.complain(failing, 2);
  return it.status;
}

function* finish(
  sys: Sys,
  path: string,
  { mode, mtime }: TarEntry,
  it: Invocation,
  isRoot: boolean,
  mask: number,
): Activity<undefined> {
  yield* attempt(sys.chmod(path, isRoot || it.has("p") ? mode : mode & ~mask));
  if (!it.has("m")) yield* attempt(sys.utimensat(-100, path, { atime: mtime * 1e9, mtime: mtime * 1e9 }));
  return undefined;
}

function* make(sys: Sys, path: string, entry: TarEntry, strip: number): Activity<undefined> {
  if (entry.type !== "directory") yield* attempt(sys.unlink(path));
  switch (entry.type) {
    case "directory": {
      const made = yield* attempt(sys.mkdir(path, 0o700));
      if (made instanceof Errno && made.code !== "EEXIST") throw made;
      return undefined;
    }
    case "symlink":
      yield* sys.symlink(entry.target ?? "", path);
      return undefined;
    case "hardlink":
      yield* sys.link(placeOf(entry.target ?? "", strip) ?? "", path);
      return undefined;
    case "fifo":
      yield* sys.mknod(path, 0o010000 | entry.mode);
      return undefined;
    case "character":
    case "block": {
      const { major = 0, minor = 0 } = entry;
      const type = entry.type === "block" ? 0o060000 : 0o020000;
      yield* sys.mknod(path, type | entry.mode, (major << 8) | minor);
      return undefined;
    }
    case "file": {
      const fd = yield* sys.open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600);
      yield* writeAll(sys, fd, bytesOf(entry));
      yield* sys.close(fd);
      return undefined;
    }
  }
}

function* tar(it: Invocation): Activity<number> {
  const modes = ["c", "t", "x"].filter((one) => it.has(one));
  if (modes.length > 1) {
    yield* it.tell(
      `tar: You may not specify more than one '-Acdtrux', '--delete' or  '--test-label' option\nTry 'tar --help' or 'tar --usage' for more information.`,
    );
    return 2;
  }
  const [mode] = modes;
  if (mode === undefined) {
    yield* it.tell(
      "tar: You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\nTry 'tar --help' or 'tar --usage' for more information.",
    );
    return 2;
  }
  const given = it.value("f") ?? "-";
  const directory = it.value("C");
  // The archive is where the command began, members are where -C says.
  const archive = given === "-" || given.startsWith("/") ? given : join(yield* it.sys.getcwd(), given);
  const fatal = function* (path: string, { message }: Errno): Activity<never> {
    yield* it.complain(`${path}: Cannot open: ${message}`, 2);
    throw new Failure("Error is not recoverable: exiting now", 2);
  };
  if (mode !== "c" && given !== "-") {
    const about = yield* attempt(it.sys.stat(archive));
    if (about instanceof Errno) yield* fatal(given, about);
  }
  if (directory !== undefined) {
    const failure = yield* attempt(it.sys.chdir(directory));
    if (failure instanceof Errno) yield* fatal(directory, failure);
  }
  return yield* mode === "c" ? create(it, archive) : mode === "t" ? list(it, archive) : extract(it, archive);
}

// gzip.

/** A compressed file's name without its suffix; undefined for none that gzip knows. */
function plainName(path: string): string | undefined {
  if (path.endsWith(".tgz")) return `${path.slice(0, -4)}.tar`;
  return path.endsWith(".gz") && path.length > 3 ? path.slice(0, -3) : undefined;
}

function* gzipFile(it: Invocation, path: string, unpacks: boolean, out: boolean): Activity<undefined> {
  const { sys } = it;
  // gunzip and zcat are scripts that call gzip: it is the one that speaks.
  const say = function* (message: string, status: number): Activity<undefined> {
    yield* it.tell(`gzip: ${message}`);
    it.status = Math.max(it.status, status);
    return undefined;
  };
  const about = path === "-" ? undefined : yield* attempt(sys.stat(path));
  if (about instanceof Errno) {
    yield* say(`${path}: ${about.message}`, 1);
    return undefined;
  }
  if (about !== undefined && (about.mode & 0o170000) === 0o040000) {
    yield* say(`${path} is a directory -- ignored`, 2);
    return undefined;
  }
  const target = unpacks ? plainName(path) : `${path}.gz`;
  if (!out && !unpacks && plainName(path) !== undefined) {
    yield* say(`${path} already has .gz suffix -- unchanged`, 0);
    return undefined;
  }
  if (!out && target === undefined) {
    yield* say(`${path}: unknown suffix -- ignored`, 2);
    return undefined;
  }
  const bytes = yield* it.read(path);
  if (bytes === undefined) return undefined;
  if (unpacks && !isGzip(bytes)) {
    yield* it.tell("");
    yield* say(`${path === "-" ? "stdin" : path}: not in gzip format`, 1);
    return undefined;
  }
  let result: Uint8Array;
  try {
    result = unpacks ? gunzip(bytes) : gzip(bytes);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    yield* it.tell("");
    yield* say(`${path === "-" ? "stdin" : path}: unexpected end of file`, 1);
    return undefined;
  }
  yield* sys.compute(unpacks ? work(result.length, unpacking) : work(bytes.length, packing));
  if (out) {
    it.out.putBytes(result);
    yield* it.out.flush();
    return undefined;
  }
  const place = target ?? path;
  if (!it.has("f") && !((yield* attempt(sys.lstat(place))) instanceof Errno)) {
    yield* say(`${place} already exists;\tnot overwritten`, 2);
    return undefined;
  }
  const fd = yield* sys.open(place, O_WRONLY | O_CREAT | O_TRUNC, 0o600);
  yield* writeAll(sys, fd, result);
  yield* sys.close(fd);
  if (about !== undefined) {
    yield* attempt(sys.chown(place, about.uid, about.gid));
    yield* sys.chmod(place, about.mode & 0o7777);
    yield* sys.utimensat(-100, place, { atime: about.atime, mtime: about.mtime });
  }
  if (!it.has("k")) yield* sys.unlink(path);
  return undefined;
}

function* gzipAll(it: Invocation): Activity<number> {
  const unpacks = it.has("d") || it.name !== "gzip";
  const out = it.has("c") || it.name === "zcat";
  const paths = it.operands.length === 0 ? ["-"] : it.operands;
  for (const path of paths) yield* gzipFile(it, path, unpacks, out || path === "-");
  return it.status;
}

export const archiveCommands: readonly Command[] = [
  {
    name: "tar",
    usage: ["[OPTION...] [FILE]..."],
    about: "Store and extract files from an archive.",
    options: [
      { short: "c", long: "create", help: "create a new archive" },
      { short: "t", long: "list", help: "list the contents of an archive" },
      { short: "x", long: "extract", help: "extract files from an archive" },
      { short: "f", long: "file", argument: "ARCHIVE", help: "use archive file" },
      { short: "C", long: "directory", argument: "DIR", help: "change to directory DIR" },
      { short: "z", long: "gzip", help: "filter the archive through gzip" },
      { short: "v", long: "verbose", help: "verbosely list files processed" },
      { short: "p", long: "preserve-permissions", help: "extract information about file permissions" },
      { short: "m", long: "touch", help: "don't extract file modified time" },
      { short: "O", long: "to-stdout", help: "extract files to standard output" },
      { long: "strip-components", argument: "NUMBER", help: "strip NUMBER leading components from file names" },
      { long: "no-same-owner", help: "extract files as yourself" },
    ],
    usageStatus: 64,
    // `tar xzf FILE`: the first word may lack its dash; letters with arguments take the words behind it.
    rewrite(words) {
      const [first = "", ...rest] = words;
      if (!/^[a-zA-Z]+$/.test(first)) return words;
      const letters = Array.from(first);
      const plain = letters.filter((one) => one !== "f" && one !== "C");
      const taking = letters.filter((one) => one === "f" || one === "C");
      return [...plain, ...taking]
        .flatMap((one, at) => (at < plain.length ? [`-${one}`] : [`-${one}`, rest[at - plain.length] ?? "-"]))
        .concat(rest.slice(taking.length));
    },
    run: tar,
  },
  ...(["gzip", "gunzip", "zcat"] as const).map((name): Command => ({
    name,
    usage: ["[OPTION]... [FILE]..."],
    about:
      name === "gzip" ? "Compress or uncompress FILEs (by default, compress FILES in-place)." : "Uncompress FILEs.",
    options: [
      { short: "c", long: "stdout", help: "write on standard output, keep original files unchanged" },
      { short: "d", long: "decompress", help: "decompress" },
      { short: "f", long: "force", help: "force overwrite of output file" },
      { short: "k", long: "keep", help: "keep (don't delete) input files" },
      ...["1", "6", "9"].map((short) => ({ short, help: "compress as with 6, whatever is asked for" })),
    ],
    run: gzipAll,
  })),
];
