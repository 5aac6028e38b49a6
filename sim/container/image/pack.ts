import { isZero, type Activity } from "../../core/index.js";
import {
  attempt,
  Errno,
  majorOf,
  minorOf,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  type Sys,
} from "../../os/index.js";
import type { EntryType, Extent, TarEntry } from "../../userland/index.js";
import { opaqueMarker, whiteoutPrefix } from "./tree-path.js";

export interface PackOptions {
  /** Whether overlayfs's marks become whiteouts: what a container's upper directory holds becomes a layer. */
  readonly layer?: boolean;
  /** What the tree's top is called in the archive; "" leaves it without an entry of its own. */
  readonly prefix?: string;
  /** Whether what is mounted in the tree is left out: `tar --one-file-system`. */
  readonly oneFileSystem?: boolean;
}

type Attributes = Sys["lstat"] extends (path: string) => Activity<infer A> ? A : never;

const types: Readonly<Record<number, EntryType>> = {
  [S_IFREG]: "file",
  [S_IFDIR]: "directory",
  [S_IFLNK]: "symlink",
  [S_IFCHR]: "character",
  [S_IFBLK]: "block",
  [S_IFIFO]: "fifo",
};

/**
 * The entries of a tree, read by system calls; in the order of their names, so that the same tree gives the same bytes.
 * Sockets are left out, as tar does. Blocks of zeros become holes.
 */
export function* pack(sys: Sys, path: string, options: PackOptions = {}): Activity<TarEntry[]> {
  const top = yield* sys.lstat(path);
  const packing = new Packing(sys, options, options.oneFileSystem === true ? top.dev : undefined);
  yield* packing.add(path, options.prefix ?? "", top);
  return packing.entries;
}

class Packing {
  readonly entries: TarEntry[] = [];
  readonly #sys: Sys;
  readonly #layer: boolean;
  readonly #device: number | undefined;
  /** Names of files with several links, by device and inode: the first one holds the bytes. */
  readonly #linked = new Map<string, string>();

  /** @param device whose directories are looked into; any where undefined */
  constructor(sys: Sys, { layer = false }: PackOptions, device: number | undefined) {
    this.#sys = sys;
    this.#layer = layer;
    this.#device = device;
  }

  *add(path: string, name: string, found: Attributes): Activity<undefined> {
    const sys = this.#sys;
    const type = types[found.mode & S_IFMT];
    if (type === undefined) return undefined;
    const cut = name.lastIndexOf("/") + 1;
    if (this.#layer && type === "character" && found.rdev === 0) {
      this.entries.push(this.#entry(`${name.slice(0, cut)}${whiteoutPrefix}${name.slice(cut)}`, "file", found));
      return undefined;
    }
    const xattrs = type === "symlink" ? undefined : yield* this.#xattrs(path);
    const more = { ...(xattrs !== undefined && { xattrs }) };
    if (type === "symlink") {
      this.entries.push({ ...this.#entry(name, type, found), target: yield* sys.readlink(path) });
    } else if (type === "character" || type === "block") {
      const device = { major: majorOf(found.rdev), minor: minorOf(found.rdev) };
      this.entries.push({ ...this.#entry(name, type, found), ...device, ...more });
    } else if (type === "file") {
      const key = `${found.dev}:${found.ino}`;
      const first = this.#linked.get(key);
      if (first !== undefined) {
        this.entries.push({ ...this.#entry(name, "hardlink", found), target: first });
        return undefined;
      }
      if (found.nlink > 1) this.#linked.set(key, name);
      const extents = yield* readExtents(sys, path, found.size);
      this.entries.push({ ...this.#entry(name, type, found), size: found.size, extents, ...more });
    } else {
      if (name !== "") this.entries.push({ ...this.#entry(name, type, found), ...more });
      if (type === "directory") yield* this.#inside(path, name, found);
    }
    return undefined;
  }

  *#inside(path: string, name: string, found: Attributes): Activity<undefined> {
    const sys = this.#sys;
    if (this.#device !== undefined && found.dev !== this.#device) return undefined;
    const prefix = name === "" ? "" : `${name}/`;
    if (this.#layer && (yield* isOpaque(sys, path)))
      this.entries.push(this.#entry(`${prefix}${opaqueMarker}`, "file", found));
    const fd = yield* sys.open(path);
    const names = (yield* sys.getdents64(fd)).map((entry) => entry.name).filter((one) => one !== "." && one !== "..");
    yield* sys.close(fd);
    for (const inner of names.sort()) {
      const below = `${path === "/" ? "" : path}/${inner}`;
      yield* this.add(below, `${prefix}${inner}`, yield* sys.lstat(below));
    }
    return undefined;
  }

  #entry(name: string, type: EntryType, { mode, uid, gid, mtime }: Attributes): TarEntry {
    const seconds = Math.max(0, Math.floor(mtime / 1e9));
    return { name, type, mode: mode & 0o7777, uid, gid, mtime: seconds, size: 0, extents: [] };
  }

  *#xattrs(path: string): Activity<Map<string, Uint8Array> | undefined> {
    const sys = this.#sys;
    const listed = yield* attempt(sys.listxattr(path));
    const names = listed instanceof Errno ? [] : listed.filter((name) => !name.startsWith("trusted."));
    if (names.length === 0) return undefined;
    const xattrs = new Map<string, Uint8Array>();
    for (const name of [...names].sort()) xattrs.set(name, yield* sys.getxattr(path, name));
    return xattrs;
  }
}

function* isOpaque(sys: Sys, path: string): Activity<boolean> {
  const mark = yield* attempt(sys.getxattr(path, "trusted.overlay.opaque"));
  return !(mark instanceof Errno) && mark[0] === 0x79;
}

/** Bytes read at a time, and the unit in which holes are looked for. */
const step = 65_536;
const page = 4096;

function* readExtents(sys: Sys, path: string, size: number): Activity<Extent[]> {
  const extents: Extent[] = [];
  const fd = yield* sys.open(path);
  for (let at = 0; at < size;) {
    const bytes = yield* sys.pread64(fd, step, at);
    if (bytes.length === 0) break;
    // What is read may be the file's own memory, which may change.
    addExtents(extents, at, bytes.slice());
    at += bytes.length;
  }
  yield* sys.close(fd);
  return extents;
}

/** Adds what is no hole: pages of zeros are left out. */
function addExtents(extents: Extent[], offset: number, bytes: Uint8Array): void {
  let from: number | undefined;
  for (let at = 0; at < bytes.length; at += page) {
    const zero = at + page <= bytes.length && isZero(bytes.subarray(at, at + page));
    if (!zero) from ??= at;
    else if (from !== undefined) {
      extents.push({ offset: offset + from, bytes: bytes.subarray(from, at) });
      from = undefined;
    }
  }
  if (from !== undefined) extents.push({ offset: offset + from, bytes: bytes.subarray(from) });
}
