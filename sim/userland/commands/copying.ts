import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, type Sys } from "../../os/index.js";
import { Failure, UsageFailure, type Command, type Invocation } from "../program/command.js";
import { quoteName } from "../program/quoting.js";
import { writeAll } from "../program/streams.js";
import { baseName, isDirectory, join, namesIn } from "./tree.js";

type About = Exclude<Sys["lstat"] extends (...args: never) => Generator<unknown, infer T> ? T : never, Errno>;

/** How files are copied. */
interface Copying {
  readonly recursive: boolean;
  readonly links: boolean;
  readonly preserve: boolean;
  readonly force: boolean;
}

function* settle(it: Invocation, path: string, about: About): Activity<undefined> {
  yield* attempt(it.sys.lchown(path, about.uid, about.gid));
  if ((about.mode & 0o170000) === 0o120000) return undefined;
  yield* attempt(it.sys.chmod(path, about.mode & 0o7777));
  yield* attempt(it.sys.utimensat(-100, path, { atime: about.atime, mtime: about.mtime }));
  return undefined;
}

/** Copies a file or a tree. Mistakes are told, and the rest goes on. */
function* copy(it: Invocation, from: string, to: string, how: Copying): Activity<boolean> {
  const { sys } = it;
  const about = yield* attempt(how.links ? sys.lstat(from) : sys.stat(from));
  if (about instanceof Errno) {
    yield* it.complain(`cannot stat ${quoteName(from)}: ${about.message}`);
    return false;
  }
  const target = yield* attempt(sys.stat(to));
  if (!(target instanceof Errno) && target.dev === about.dev && target.ino === about.ino) {
    yield* it.complain(`${quoteName(from)} and ${quoteName(to)} are the same file`);
    return false;
  }
  const type = about.mode & 0o170000;
  let done: boolean;
  if (type === 0o040000) done = yield* copyDirectory(it, from, to, about, how);
  else if (type === 0o120000) {
    if (how.force) yield* attempt(sys.unlink(to));
    done = yield* tell(it, `cannot create symbolic link ${quoteName(to)}`, sys.symlink(yield* sys.readlink(from), to));
  } else if (type === 0o100000) done = yield* copyFile(it, from, to, about, how);
  else done = yield* tell(it, `cannot create special file ${quoteName(to)}`, sys.mknod(to, about.mode, about.rdev));
  if (done && how.preserve) yield* settle(it, to, about);
  return done;
}

function* tell(it: Invocation, what: string, call: Activity<unknown>): Activity<boolean> {
  const failure = yield* attempt(call);
  if (!(failure instanceof Errno)) return true;
  yield* it.complain(`${what}: ${failure.message}`);
  return false;
}

function* copyFile(it: Invocation, from: string, to: string, about: About, how: Copying): Activity<boolean> {
  const { sys } = it;
  const source = yield* attempt(sys.open(from, O_RDONLY));
  if (source instanceof Errno) {
    yield* it.complain(`cannot open ${quoteName(from)} for reading: ${source.message}`);
    return false;
  }
  const flags = O_WRONLY | O_CREAT | O_TRUNC;
  let target = yield* attempt(sys.open(to, flags, about.mode & 0o777));
  if (target instanceof Errno && how.force && !((yield* attempt(sys.unlink(to))) instanceof Errno))
    target = yield* attempt(sys.open(to, flags, about.mode & 0o777));
  if (target instanceof Errno) {
    yield* sys.close(source);
    yield* it.complain(`cannot create regular file ${quoteName(to)}: ${target.message}`);
    return false;
  }
  let done = true;
  for (;;) {
    const bytes = yield* sys.read(source, 131072);
    if (bytes.length === 0) break;
    const failure = yield* attempt(writeAll(sys, target, bytes));
    if (!(failure instanceof Errno)) continue;
    yield* it.complain(`error writing ${quoteName(to)}: ${failure.message}`);
    done = false;
    break;
  }
  yield* sys.close(source);
  yield* sys.close(target);
  return done;
}

function* copyDirectory(it: Invocation, from: string, to: string, about: About, how: Copying): Activity<boolean> {
  if (!how.recursive) {
    yield* it.complain(`-r not specified; omitting directory ${quoteName(from)}`);
    return false;
  }
  const exists = yield* isDirectory(it.sys, to);
  if (
    !exists &&
    !(yield* tell(it, `cannot create directory ${quoteName(to)}`, it.sys.mkdir(to, (about.mode & 0o777) | 0o700)))
  )
    return false;
  const names = yield* namesIn(it.sys, from);
  if (names instanceof Errno) {
    yield* it.complain(`cannot access ${quoteName(from)}: ${names.message}`);
    return false;
  }
  let done = true;
  const inner = { ...how, links: true };
  for (const name of names) if (!(yield* copy(it, join(from, name), join(to, name), inner))) done = false;
  if (!exists) {
    const mask = yield* it.sys.umask(0);
    yield* it.sys.umask(mask);
    yield* attempt(it.sys.chmod(to, about.mode & 0o7777 & ~mask));
  }
  return done;
}

/** Where operands go: the last is a directory that takes the others, or the one name of the other. */
export function* destinations(it: Invocation): Activity<readonly (readonly [string, string])[]> {
  const directory = it.value("t");
  const sources = directory === undefined ? it.operands.slice(0, -1) : it.operands;
  const target = directory ?? it.operands.at(-1);
  if (target === undefined) throw new UsageFailure("missing file operand");
  if (sources.length === 0) throw new UsageFailure(`missing destination file operand after ${quoteName(target)}`);
  const into = directory !== undefined || (!it.has("T") && (yield* isDirectory(it.sys, target)));
  if (!into && sources.length > 1) throw new Failure(`target ${quoteName(target)} is not a directory`);
  return sources.map((source) => [source, into ? join(target, baseName(source)) : target]);
}

export const cp: Command = {
  name: "cp",
  usage: ["[OPTION]... [-T] SOURCE DEST", "[OPTION]... SOURCE... DIRECTORY", "[OPTION]... -t DIRECTORY SOURCE..."],
  about: "Copy SOURCE to DEST, or multiple SOURCE(s) to DIRECTORY.",
  options: [
    { short: "a", long: "archive", help: "same as -dR --preserve=all" },
    { short: "d", help: "same as --no-dereference --preserve=links" },
    { short: "f", long: "force", help: "if an existing destination file cannot be opened, remove it and try again" },
    { short: "L", long: "dereference", help: "always follow symbolic links in SOURCE" },
    { short: "n", long: "no-clobber", help: "do not overwrite an existing file" },
    { short: "P", long: "no-dereference", help: "never follow symbolic links in SOURCE" },
    { short: "p", help: "same as --preserve=mode,ownership,timestamps" },
    { short: "R", help: "the same as -r" },
    { short: "r", long: "recursive", help: "copy directories recursively" },
    { short: "t", long: "target-directory", argument: "DIRECTORY", help: "copy all SOURCE arguments into DIRECTORY" },
    { short: "T", long: "no-target-directory", help: "treat DEST as a normal file" },
    { short: "v", long: "verbose", help: "explain what is being done" },
  ],
  *run(it) {
    const recursive = it.has("r", "R", "a");
    const how = {
      recursive,
      links: !it.has("L") && (it.has("a", "d", "P") || recursive),
      preserve: it.has("p", "a"),
      force: it.has("f"),
    };
    for (const [from, to] of yield* destinations(it)) {
      if (it.has("n") && !((yield* attempt(it.sys.lstat(to))) instanceof Errno)) continue;
      if ((yield* copy(it, from, to, how)) && it.has("v")) it.out.put(`${quoteName(from)} -> ${quoteName(to)}\n`);
    }
    return it.status;
  },
};

/** Removes a tree. @returns whether nothing of it is left */
function* removeTree(it: Invocation, path: string): Activity<boolean> {
  const about = yield* attempt(it.sys.lstat(path));
  if (about instanceof Errno) {
    yield* it.complain(`cannot remove ${quoteName(path)}: ${about.message}`);
    return false;
  }
  const removed = function* (what: string, call: Activity<unknown>): Activity<boolean> {
    const done = yield* tell(it, `cannot remove ${quoteName(path)}`, call);
    if (done && it.name === "rm" && it.has("v")) it.out.put(`removed ${what}${quoteName(path)}\n`);
    return done;
  };
  if ((about.mode & 0o170000) !== 0o040000) return yield* removed("", it.sys.unlink(path));
  const names = yield* namesIn(it.sys, path);
  let emptied = true;
  if (names instanceof Errno) {
    yield* it.complain(`cannot remove ${quoteName(path)}: ${names.message}`);
    return false;
  }
  for (const name of names) if (!(yield* removeTree(it, join(path, name)))) emptied = false;
  return emptied && (yield* removed("directory ", it.sys.rmdir(path)));
}

export const mv: Command = {
  name: "mv",
  usage: ["[OPTION]... [-T] SOURCE DEST", "[OPTION]... SOURCE... DIRECTORY", "[OPTION]... -t DIRECTORY SOURCE..."],
  about: "Rename SOURCE to DEST, or move SOURCE(s) to DIRECTORY.",
  options: [
    { short: "f", long: "force", help: "do not prompt before overwriting" },
    { short: "n", long: "no-clobber", help: "do not overwrite an existing file" },
    { short: "t", long: "target-directory", argument: "DIRECTORY", help: "move all SOURCE arguments into DIRECTORY" },
    { short: "T", long: "no-target-directory", help: "treat DEST as a normal file" },
    { short: "v", long: "verbose", help: "explain what is being done" },
  ],
  *run(it) {
    for (const [from, to] of yield* destinations(it)) {
      const about = yield* attempt(it.sys.lstat(from));
      if (about instanceof Errno) {
        yield* it.complain(`cannot stat ${quoteName(from)}: ${about.message}`);
        continue;
      }
      if (it.has("n") && !((yield* attempt(it.sys.lstat(to))) instanceof Errno)) continue;
      const target = yield* attempt(it.sys.lstat(to));
      if (!(target instanceof Errno) && target.ino === about.ino && target.dev === about.dev) {
        yield* it.complain(`${quoteName(from)} and ${quoteName(to)} are the same file`);
        continue;
      }
      const failure = yield* attempt(it.sys.rename(from, to));
      if (failure instanceof Errno && failure.code === "EXDEV") {
        // Between file systems it is a copy, and then a removal.
        if (!(yield* copy(it, from, to, { recursive: true, links: true, preserve: true, force: true }))) continue;
        yield* removeTree(it, from);
      } else if (failure instanceof Errno) {
        const why =
          failure.code === "EINVAL"
            ? `cannot move ${quoteName(from)} to a subdirectory of itself, ${quoteName(to)}`
            : `cannot move ${quoteName(from)} to ${quoteName(to)}: ${failure.message}`;
        yield* it.complain(why);
        continue;
      }
      if (it.has("v")) it.out.put(`renamed ${quoteName(from)} -> ${quoteName(to)}\n`);
    }
    return it.status;
  },
};

export const rm: Command = {
  name: "rm",
  usage: ["[OPTION]... [FILE]..."],
  about: "Remove (unlink) the FILE(s).",
  options: [
    { short: "f", long: "force", help: "ignore nonexistent files and arguments, never prompt" },
    { short: "i", help: "(prompts are not asked here: taken as yes)" },
    { short: "r", long: "recursive", help: "remove directories and their contents recursively" },
    { short: "R", help: "the same" },
    { short: "d", long: "dir", help: "remove empty directories" },
    { short: "v", long: "verbose", help: "explain what is being done" },
    { long: "no-preserve-root", help: "do not treat '/' specially" },
  ],
  *run(it) {
    if (it.operands.length === 0) {
      if (it.has("f")) return 0;
      throw new UsageFailure("missing operand");
    }
    for (const path of it.operands) {
      const recursive = it.has("r", "R");
      if (recursive && /^\/+$/.test(path) && !it.has("no-preserve-root")) {
        yield* it.complain("it is dangerous to operate recursively on '/'");
        yield* it.complain("use --no-preserve-root to override this failsafe");
        continue;
      }
      if (/(?:^|\/)\.{1,2}\/*$/.test(path)) {
        yield* it.complain(`refusing to remove '.' or '..' directory: skipping ${quoteName(path)}`);
        continue;
      }
      const about = yield* attempt(it.sys.lstat(path));
      if (about instanceof Errno) {
        if (!it.has("f") || (about.code !== "ENOENT" && about.code !== "ENOTDIR"))
          yield* it.complain(`cannot remove ${quoteName(path)}: ${about.message}`);
        continue;
      }
      const directory = (about.mode & 0o170000) === 0o040000;
      if (directory && !recursive && !it.has("d")) {
        yield* it.complain(`cannot remove ${quoteName(path)}: Is a directory`);
        continue;
      }
      const done = recursive
        ? yield* removeTree(it, path)
        : yield* tell(it, `cannot remove ${quoteName(path)}`, directory ? it.sys.rmdir(path) : it.sys.unlink(path));
      if (done && !recursive && it.has("v")) it.out.put(`removed ${directory ? "directory " : ""}${quoteName(path)}\n`);
    }
    return it.status;
  },
};
