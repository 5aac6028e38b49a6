import type { Activity } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import type { Command, Invocation } from "../program/command.js";
import { groups, users } from "../program/names.js";
import { quoteName } from "../program/quoting.js";
import { formatTime } from "./dates.js";
import { showMode } from "./modes.js";

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

const canonicalOptions = [
  { short: "e", long: "canonicalize-existing", help: "all components of the path must exist" },
  { short: "m", long: "canonicalize-missing", help: "no path components need exist" },
];

/** Commands that tell what a name leads to, and what it is. */
export const attributeCommands: readonly Command[] = [
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
