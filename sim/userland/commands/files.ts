import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_CREAT, O_WRONLY, type Program, type Sys } from "../../os/index.js";
import { Failure, program, UsageFailure, type Command, type Invocation } from "../program/command.js";
import { parseOwner } from "../program/names.js";
import { quoteName } from "../program/quoting.js";
import { attributeCommands } from "./attributes.js";
import { cp, destinations, mv, rm } from "./copying.js";
import { parseTime } from "./dates.js";
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

const recursive = { short: "R", long: "recursive", help: "operate on files and directories recursively" };
const verbose = { short: "v", long: "verbose", help: "output a diagnostic for every file processed" };
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
  ...attributeCommands,
];

export const fileCommands: readonly Program<Sys>[] = commands.map(program);
