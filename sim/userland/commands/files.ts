import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_CREAT, O_WRONLY, type Program, type Sys } from "../../os/index.js";
import { Failure, program, UsageFailure, type Command, type Invocation } from "../program/command.js";
import { parseOwner, groups, users } from "../program/names.js";
import { quoteName } from "../program/quoting.js";
import { cp, destinations, mv, rm } from "./copying.js";
import { formatTime, parseTime } from "./dates.js";
import { find } from "./find.js";
import { ls } from "./ls.js";
import { changedMode, showMode } from "./modes.js";
import { join, namesIn } from "./tree.js";

function* makeDirectories(it: Invocation): Activity<number> {
  const mask = yield* it.sys.umask(0);
  yield* it.sys.umask(mask);
  const text = it.value("m");
  const mode = text === undefined ? undefined : changedMode(text, 0o777, mask);
  if (text !== undefined && mode === undefined) throw new Failure(`invalid mode ${quoteName(text)}`);
  for (const path of it.operands) {
    const pieces = path.split(/(?<=[^/])(?=\/)/);
    const steps = it.has("p") ? pieces.map((_, at) => pieces.slice(0, at + 1).join("")) : [path];
    for (const [at, step] of steps.entries()) {
      const final = at === steps.length - 1;
      const failure = yield* attempt(it.sys.mkdir(step, 0o777));
      if (!(failure instanceof Errno)) {
        if (final && mode !== undefined) yield* it.sys.chmod(step, mode);
        if (it.has("v")) it.out.put(`mkdir: created directory ${quoteName(step)}\n`);
        continue;
      }
      if (it.has("p") && failure.code === "EEXIST") {
        const about = yield* attempt(it.sys.stat(step));
        if (!(about instanceof Errno) && (about.mode & 0o170000) === 0o040000) continue;
      }
      yield* it.complain(`cannot create directory ${quoteName(step)}: ${failure.message}`);
      break;
    }
  }
  return it.status;
}

function* removeDirectories(it: Invocation): Activity<number> {
  for (const path of it.operands) {
    let rest = path;
    for (;;) {
      const failure = yield* attempt(it.sys.rmdir(rest));
      if (failure instanceof Errno) {
        if (!(it.has("ignore-fail-on-non-empty") && failure.code === "ENOTEMPTY"))
          yield* it.complain(
            `failed to remove ${rest === path ? "" : "directory "}${quoteName(rest)}: ${failure.message}`,
          );
        break;
      }
      const parent = rest.replace(/\/+[^/]*\/*$/, "");
      if (!it.has("p") || parent === rest || parent === "") break;
      rest = parent;
    }
  }
  return it.status;
}

function* makeLinks(it: Invocation): Activity<number> {
  const symbolic = it.has("s");
  const [only] = it.operands;
  const pairs: readonly (readonly [string, string])[] =
    it.operands.length === 1 && only !== undefined && it.value("t") === undefined
      ? [[only, only.replace(/\/+$/, "").replace(/^.*\//, "")]]
      : yield* linkPairs(it);
  for (const [from, to] of pairs) {
    if (it.has("f")) {
      const [one, other] = [yield* attempt(it.sys.lstat(from)), yield* attempt(it.sys.lstat(to))];
      const same =
        !(one instanceof Errno) && !(other instanceof Errno) && one.ino === other.ino && one.dev === other.dev;
      if (same && !symbolic) {
        yield* it.complain(`${quoteName(from)} and ${quoteName(to)} are the same file`);
        continue;
      }
      yield* attempt(it.sys.unlink(to));
    }
    const about = symbolic ? undefined : yield* attempt(it.sys.lstat(from));
    if (about instanceof Errno) {
      yield* it.complain(`failed to access ${quoteName(from)}: ${about.message}`);
      continue;
    }
    if (about !== undefined && (about.mode & 0o170000) === 0o040000) {
      yield* it.complain(`${from}: hard link not allowed for directory`);
      continue;
    }
    const failure = yield* attempt(symbolic ? it.sys.symlink(from, to) : it.sys.link(from, to));
    if (failure instanceof Errno) {
      const arrow = symbolic || failure.code === "EEXIST" ? "" : ` => ${quoteName(from)}`;
      yield* it.complain(
        `failed to create ${symbolic ? "symbolic" : "hard"} link ${quoteName(to)}${arrow}: ${failure.message}`,
      );
    } else if (it.has("v")) it.out.put(`${quoteName(to)} ${symbolic ? "->" : "=>"} ${quoteName(from)}\n`);
  }
  return it.status;
}

function* linkPairs(it: Invocation): Activity<readonly (readonly [string, string])[]> {
  const [from, to] = it.operands;
  if (it.has("n", "T") && it.operands.length === 2 && from !== undefined && to !== undefined) {
    const about = yield* attempt(it.sys.lstat(to));
    if (about instanceof Errno || (about.mode & 0o170000) === 0o120000) return [[from, to]];
  }
  return yield* destinations(it);
}

function* touch(it: Invocation): Activity<number> {
  const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
  const given = it.value("d");
  let time = now;
  if (given !== undefined) {
    const parsed = parseTime(given, now);
    if (parsed === undefined) throw new Failure(`invalid date format ${quoteName(given)}`);
    time = parsed;
  }
  const reference = it.value("r");
  let stamps = { atime: time, mtime: time };
  if (reference !== undefined) {
    const about = yield* attempt(it.sys.stat(reference));
    if (about instanceof Errno)
      throw new Failure(`failed to get attributes of ${quoteName(reference)}: ${about.message}`);
    stamps = { atime: about.atime, mtime: about.mtime };
  }
  const { atime, mtime } = stamps;
  const wanted = it.has("a") && !it.has("m") ? { atime } : it.has("m") && !it.has("a") ? { mtime } : { atime, mtime };
  const plain = given === undefined && reference === undefined && !it.has("a", "m");
  for (const path of it.operands) {
    const exists = !((yield* attempt(it.sys.stat(path))) instanceof Errno);
    if (!exists) {
      if (it.has("c")) continue;
      const fd = yield* attempt(it.sys.open(path, O_CREAT | O_WRONLY, 0o666));
      if (fd instanceof Errno) {
        yield* it.complain(`cannot touch ${quoteName(path)}: ${fd.message}`);
        continue;
      }
      yield* it.sys.close(fd);
      if (plain) continue;
    }
    const failure = yield* attempt(it.sys.utimensat(-100, path, plain ? undefined : wanted, it.has("h") ? 0x100 : 0));
    if (failure instanceof Errno) yield* it.complain(`setting times of ${quoteName(path)}: ${failure.message}`);
  }
  return it.status;
}

/** Does something to a file, and to all below it where -R says so. */
function* eachBelow(it: Invocation, path: string, work: (path: string) => Activity<undefined>): Activity<undefined> {
  const about = yield* attempt(it.sys.lstat(path));
  if (about instanceof Errno) {
    yield* it.complain(`cannot access ${quoteName(path)}: ${about.message}`);
    return undefined;
  }
  yield* work(path);
  if (!it.has("R") || (about.mode & 0o170000) !== 0o040000) return undefined;
  const names = yield* namesIn(it.sys, path);
  if (names instanceof Errno) yield* it.complain(`cannot read directory ${quoteName(path)}: ${names.message}`);
  else for (const name of names) yield* eachBelow(it, join(path, name), work);
  return undefined;
}

function* changeModes(it: Invocation): Activity<number> {
  const [text = "", ...paths] = it.operands;
  const mask = yield* it.sys.umask(0);
  yield* it.sys.umask(mask);
  if (changedMode(text, 0, mask) === undefined) throw new UsageFailure(`invalid mode: ${quoteName(text)}`);
  for (const path of paths)
    yield* eachBelow(it, path, function* (one) {
      const about = yield* attempt(it.sys.stat(one));
      if (about instanceof Errno) {
        yield* it.complain(`cannot operate on dangling symlink ${quoteName(one)}`);
        return undefined;
      }
      const mode = changedMode(text, about.mode, mask) ?? 0;
      const failure = yield* attempt(it.sys.chmod(one, mode));
      if (failure instanceof Errno) yield* it.complain(`changing permissions of ${quoteName(one)}: ${failure.message}`);
      else if (it.has("v"))
        it.out.put(
          `mode of ${quoteName(one)} changed to ${(mode & 0o7777).toString(8).padStart(4, "0")} (${showMode(mode).slice(1)})\n`,
        );
      return undefined;
    });
  return it.status;
}

function* changeOwners(it: Invocation): Activity<number> {
  const [text = "", ...paths] = it.operands;
  const owner = yield* parseOwner(it.sys, it.name === "chgrp" ? `:${text}` : text);
  if (typeof owner === "string") throw new Failure(owner.replace("':", "'"));
  for (const path of paths)
    yield* eachBelow(it, path, function* (one) {
      const call = it.has("h") ? it.sys.lchown : it.sys.chown;
      const failure = yield* attempt(call.call(it.sys, one, owner.uid ?? -1, owner.gid ?? -1));
      if (failure instanceof Errno)
        yield* it.complain(
          `changing ${it.name === "chgrp" ? "group" : "ownership"} of ${quoteName(one)}: ${failure.message}`,
        );
      return undefined;
    });
  return it.status;
}

const typeNames: Readonly<Record<number, string>> = {
  0o140000: "socket",
  0o120000: "symbolic link",
  0o100000: "regular file",
  0o060000: "block special file",
  0o040000: "directory",
  0o020000: "character special file",
  0o010000: "fifo",
};

function* stat(it: Invocation): Activity<number> {
  const owners = yield* users(it.sys);
  const names = yield* groups(it.sys);
  const stamp = (nanos: number): string => formatTime("%Y-%m-%d %H:%M:%S.%N %z", nanos);
  for (const path of it.operands) {
    const about = yield* attempt(it.has("L") ? it.sys.stat(path) : it.sys.lstat(path));
    if (about instanceof Errno) {
      yield* it.complain(`cannot statx ${quoteName(path)}: ${about.message}`);
      continue;
    }
    const type = typeNames[about.mode & 0o170000] ?? "weird file";
    const shownType = type === "regular file" && about.size === 0 ? "regular empty file" : type;
    const link = type === "symbolic link" ? ` -> ${quoteName(yield* it.sys.readlink(path))}` : "";
    const owner = owners.find(({ uid }) => uid === about.uid)?.name ?? "UNKNOWN";
    const group = names.find(({ gid }) => gid === about.gid)?.name ?? "UNKNOWN";
    const octal = (about.mode & 0o7777).toString(8);
    const values: Readonly<Record<string, string>> = {
      n: path,
      N: quoteName(path) + link,
      s: String(about.size),
      b: String(about.blocks),
      B: "512",
      o: "4096",
      f: about.mode.toString(16),
      F: shownType,
      a: octal,
      A: showMode(about.mode),
      h: String(about.nlink),
      i: String(about.ino),
      u: String(about.uid),
      U: owner,
      g: String(about.gid),
      G: group,
      d: String(about.dev),
      t: ((about.rdev >> 8) & 0xfff).toString(16),
      T: (about.rdev & 0xff).toString(16),
      x: stamp(about.atime),
      X: String(Math.floor(about.atime / 1e9)),
      y: stamp(about.mtime),
      Y: String(Math.floor(about.mtime / 1e9)),
      z: stamp(about.ctime),
      Z: String(Math.floor(about.ctime / 1e9)),
      w: "-",
      W: "0",
      "%": "%",
    };
    const pattern =
      it.value("c") ??
      `  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: 0,%d\tInode: %-11i  Links: %h\nAccess: (%04a/%10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: %w`;
    const text = pattern.replace(/%([-0]?)(\d*)([a-zA-Z%])/g, (whole, flag: string, width: string, letter: string) => {
      const value = values[letter];
      if (value === undefined) return whole;
      return flag === "-" ? value.padEnd(Number(width)) : value.padStart(Number(width), flag === "0" ? "0" : " ");
    });
    it.out.put(`${text}\n`);
  }
  return it.status;
}

/** The path of a file without links in it, realpath(3). @param missing how much of it may be missing */
function* canonical(sys: Sys, path: string, missing: "none" | "last" | "all"): Activity<string | Errno> {
  let names = (path.startsWith("/") ? path : `${yield* sys.getcwd()}/${path}`)
    .split("/")
    .filter((name) => name !== "" && name !== ".");
  let done = "";
  for (let links = 0; names.length > 0;) {
    const [name = "", ...rest] = names;
    names = rest;
    if (name === "..") {
      done = done.replace(/\/[^/]*$/, "");
      continue;
    }
    const next = `${done}/${name}`;
    const about = yield* attempt(sys.lstat(next));
    if (about instanceof Errno) {
      if (missing === "none" || (missing === "last" && rest.length > 0)) return about;
    } else if ((about.mode & 0o170000) === 0o120000 && ++links < 40) {
      const target = yield* sys.readlink(next);
      if (target.startsWith("/")) done = "";
      names = [...target.split("/").filter((one) => one !== "" && one !== "."), ...rest];
      continue;
    }
    done = next;
  }
  return done === "" ? "/" : done;
}

function* showCanonical(it: Invocation): Activity<number> {
  const plain = it.name === "readlink" && !it.has("f", "e", "m");
  for (const path of it.operands) {
    const how = it.has("e") ? "none" : it.has("m") ? "all" : "last";
    const found = yield* attempt(plain ? it.sys.readlink(path) : canonical(it.sys, path, how));
    if (!(found instanceof Errno)) it.out.put(found + (it.has("n") ? "" : "\n"));
    else if (it.name === "realpath" && !it.has("q")) yield* it.complain(`${path}: ${found.message}`);
    else it.status = 1;
  }
  return it.status;
}

const recursive = { short: "R", long: "recursive", help: "operate on files and directories recursively" };
const verbose = { short: "v", long: "verbose", help: "output a diagnostic for every file processed" };
const canonicalOptions = [
  { short: "e", long: "canonicalize-existing", help: "all components of the path must exist" },
  { short: "m", long: "canonicalize-missing", help: "no path components need exist" },
];

const commands: readonly Command[] = [
  ls,
  cp,
  mv,
  rm,
  find,
  {
    name: "mkdir",
    usage: ["[OPTION]... DIRECTORY..."],
    about: "Create the DIRECTORY(ies), if they do not already exist.",
    options: [
      { short: "m", long: "mode", argument: "MODE", help: "set file mode (as in chmod), not a=rwx - umask" },
      { short: "p", long: "parents", help: "no error if existing, make parent directories as needed" },
      { short: "v", long: "verbose", help: "print a message for each created directory" },
    ],
    operands: [1, Infinity],
    run: makeDirectories,
  },
  {
    name: "rmdir",
    usage: ["[OPTION]... DIRECTORY..."],
    about: "Remove the DIRECTORY(ies), if they are empty.",
    options: [
      { long: "ignore-fail-on-non-empty", help: "ignore each failure to remove a non-empty directory" },
      { short: "p", long: "parents", help: "remove DIRECTORY and its ancestors" },
    ],
    operands: [1, Infinity],
    run: removeDirectories,
  },
  {
    name: "ln",
    usage: ["[OPTION]... [-T] TARGET LINK_NAME", "[OPTION]... TARGET", "[OPTION]... TARGET... DIRECTORY"],
    about: "Create links: hard ones, or symbolic ones with -s.",
    options: [
      { short: "f", long: "force", help: "remove existing destination files" },
      {
        short: "n",
        long: "no-dereference",
        help: "treat LINK_NAME as a normal file if it is a symbolic link to a directory",
      },
      { short: "s", long: "symbolic", help: "make symbolic links instead of hard links" },
      {
        short: "t",
        long: "target-directory",
        argument: "DIRECTORY",
        help: "specify the DIRECTORY in which to create the links",
      },
      { short: "T", long: "no-target-directory", help: "treat LINK_NAME as a normal file always" },
      { short: "v", long: "verbose", help: "print name of each linked file" },
    ],
    operands: [1, Infinity],
    run: makeLinks,
  },
  {
    name: "touch",
    usage: ["[OPTION]... FILE..."],
    about: "Update the access and modification times of each FILE to the current time.",
    options: [
      { short: "a", help: "change only the access time" },
      { short: "c", long: "no-create", help: "do not create any files" },
      { short: "d", long: "date", argument: "STRING", help: "parse STRING and use it instead of current time" },
      { short: "h", long: "no-dereference", help: "affect each symbolic link instead of any referenced file" },
      { short: "m", help: "change only the modification time" },
      { short: "r", long: "reference", argument: "FILE", help: "use this file's times instead of current time" },
    ],
    operands: [1, Infinity],
    run: touch,
  },
  {
    name: "chmod",
    usage: ["[OPTION]... MODE[,MODE]... FILE...", "[OPTION]... OCTAL-MODE FILE..."],
    about: "Change the mode of each FILE to MODE.",
    options: [recursive, verbose],
    rewrite: (words) => {
      // A mode may begin with a minus.
      const at = words.findIndex((word) => /^-[rwxXst]+$/.test(word));
      return at < 0 ? words : [...words.slice(0, at), "--", ...words.slice(at)];
    },
    operands: [2, Infinity],
    run: changeModes,
  },
  ...["chown", "chgrp"].map((name): Command => ({
    name,
    usage: [name === "chown" ? "[OPTION]... [OWNER][:[GROUP]] FILE..." : "[OPTION]... GROUP FILE..."],
    about: "Change the owner and/or group of each FILE.",
    options: [
      recursive,
      verbose,
      { short: "h", long: "no-dereference", help: "affect symbolic links instead of any referenced file" },
    ],
    operands: [2, Infinity],
    run: changeOwners,
  })),
  {
    name: "stat",
    usage: ["[OPTION]... FILE..."],
    about: "Display file status.",
    options: [
      { short: "c", long: "format", argument: "FORMAT", help: "use the specified FORMAT instead of the default" },
      { short: "L", long: "dereference", help: "follow links" },
    ],
    operands: [1, Infinity],
    run: stat,
  },
  {
    name: "readlink",
    usage: ["[OPTION]... FILE..."],
    about: "Print value of a symbolic link or canonical file name",
    options: [
      { short: "f", long: "canonicalize", help: "canonicalize by following every symlink" },
      ...canonicalOptions,
      { short: "n", long: "no-newline", help: "do not output the trailing delimiter" },
    ],
    operands: [1, Infinity],
    run: showCanonical,
  },
  {
    name: "realpath",
    usage: ["[OPTION]... FILE..."],
    about: "Print the resolved absolute file name; all but the last component must exist.",
    options: [...canonicalOptions, { short: "q", long: "quiet", help: "suppress most error messages" }],
    operands: [1, Infinity],
    run: showCanonical,
  },
];

export const fileCommands: readonly Program<Sys>[] = commands.map(program);
