import { UsageError, type Activity } from "../../core/index.js";
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  attempt,
  Errno,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_WRONLY,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  type Sys,
} from "../../os/index.js";
import type { TarEntry } from "../../userland/index.js";
import { demandInside, opaqueMarker, partsOf, refuseDevice, whiteoutPrefix } from "./tree-path.js";

export interface UnpackOptions {
  /** Whether names like ".wh.file" mean what a layer takes away, and become overlayfs's marks. */
  readonly layer?: boolean;
}

/**
 * Unpacks entries below a directory, by system calls of a child that has it as its root (as Docker's untar does), so that
 * no link leads out, whatever it says. The caller needs CAP_SYS_CHROOT, CAP_CHOWN and the like: it is root.
 * A layer's whiteouts become character devices 0/0 and opaque directories, as overlayfs has them.
 * @throws UsageError for names with "..", links above the top, devices, attributes of overlayfs's own; Errno
 */
export function* unpack(
  sys: Sys,
  directory: string,
  entries: readonly TarEntry[],
  options: UnpackOptions = {},
): Activity<undefined> {
  let failure: { readonly error: unknown } | undefined;
  const pid = yield* sys.clone(function* (child) {
    try {
      yield* child.chroot(directory);
      yield* child.chdir("/");
      yield* child.umask(0);
      yield* new Unpacking(child, options).all(entries);
    } catch (error) {
      failure = { error };
    }
  });
  yield* sys.wait4(pid);
  if (failure !== undefined) throw failure.error;
  return undefined;
}

/** One archive on its way onto a file system. */
class Unpacking {
  readonly #sys: Sys;
  readonly #layer: boolean;
  /** Directories' times come last: what is put into them changes them. */
  readonly #times = new Map<string, number>();
  /** Directories that are known to be there. */
  readonly #made = new Set<string>([""]);

  constructor(sys: Sys, { layer = false }: UnpackOptions) {
    this.#sys = sys;
    this.#layer = layer;
  }

  *all(entries: readonly TarEntry[]): Activity<undefined> {
    for (const entry of entries) yield* this.#one(entry);
    for (const [path, mtime] of this.#times) yield* this.#stamp(path, mtime);
    return undefined;
  }

  *#one(entry: TarEntry): Activity<undefined> {
    const parts = partsOf(entry.name);
    const name = parts.pop();
    if (name === undefined) return entry.type === "directory" ? yield* this.#finish("/", entry) : undefined;
    const parent = `/${parts.join("/")}`;
    yield* this.#directories(parts);
    if (this.#layer && name.startsWith(whiteoutPrefix)) return yield* this.#whiteout(parent, name);
    const path = `${parent === "/" ? "" : parent}/${name}`;
    yield* this.#clear(path, entry.type === "directory");
    yield* this.#make(path, entry);
    return entry.type === "hardlink" ? undefined : yield* this.#finish(path, entry);
  }

  *#make(path: string, entry: TarEntry): Activity<undefined> {
    const sys = this.#sys;
    const { mode, target = "" } = entry;
    switch (entry.type) {
      case "file": {
        const fd = yield* sys.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0o777);
        for (const { offset, bytes } of entry.extents) yield* sys.pwrite64(fd, bytes, offset);
        const last = entry.extents.at(-1);
        if ((last === undefined ? 0 : last.offset + last.bytes.length) < entry.size)
          yield* sys.ftruncate(fd, entry.size);
        return yield* sys.close(fd);
      }
      case "directory": {
        const made = yield* attempt(sys.mkdir(path, mode & 0o777));
        if (made instanceof Errno && made.code !== "EEXIST") throw made;
        this.#made.add(path);
        return undefined;
      }
      case "symlink":
        demandInside(entry.name, target);
        return yield* sys.symlink(target, path);
      case "hardlink":
        // Not through a link: linkat(2) without AT_SYMLINK_FOLLOW.
        return yield* sys.link(`/${partsOf(target).join("/")}`, path);
      case "fifo":
        return yield* sys.mknod(path, S_IFIFO | (mode & 0o777), 0);
      case "character":
      case "block":
        throw refuseDevice(entry.name);
    }
  }

  *#finish(path: string, { type, mode, uid, gid, mtime, xattrs, name }: TarEntry): Activity<undefined> {
    const sys = this.#sys;
    yield* sys.lchown(path, uid, gid);
    if (type === "symlink") return yield* this.#stamp(path, mtime);
    yield* sys.chmod(path, mode & 0o7777);
    for (const [key, value] of xattrs ?? []) {
      if (key.startsWith("trusted."))
        throw new UsageError(
          `the archive is refused: "${name}" has the attribute ${key}`,
          "Leave attributes of the file system's own out of images.",
        );
      yield* sys.setxattr(path, key, value);
    }
    if (type === "directory") this.#times.set(path, mtime);
    else yield* this.#stamp(path, mtime);
    return undefined;
  }

  *#stamp(path: string, mtime: number): Activity<undefined> {
    const time = mtime * 1e9;
    return yield* this.#sys.utimensat(AT_FDCWD, path, { atime: time, mtime: time }, AT_SYMLINK_NOFOLLOW);
  }

  /** What an archive doesn't say of directories above its files: they are root's. */
  *#directories(parts: readonly string[]): Activity<undefined> {
    let path = "";
    for (const part of parts) {
      path += `/${part}`;
      if (this.#made.has(path)) continue;
      const made = yield* attempt(this.#sys.mkdir(path, 0o755));
      if (made instanceof Errno && made.code !== "EEXIST") throw made;
      this.#made.add(path);
    }
    return undefined;
  }

  *#whiteout(parent: string, name: string): Activity<undefined> {
    const sys = this.#sys;
    if (name === opaqueMarker) return yield* sys.setxattr(parent, "trusted.overlay.opaque", "y");
    // Marks of AUFS itself mean nothing elsewhere.
    if (name.startsWith(`${whiteoutPrefix}${whiteoutPrefix}`)) return undefined;
    const hidden = name.slice(whiteoutPrefix.length);
    if (hidden === "" || hidden === "." || hidden === "..")
      throw new UsageError(`the archive is refused: "${name}" hides nothing`, "Make the layer again.");
    const path = `${parent === "/" ? "" : parent}/${hidden}`;
    yield* this.#clear(path, false);
    return yield* sys.mknod(path, S_IFCHR, 0);
  }

  /** Makes room for an entry: directories merge, all else is replaced. */
  *#clear(path: string, forDirectory: boolean): Activity<undefined> {
    if (forDirectory && this.#made.has(path)) return undefined;
    const found = yield* attempt(this.#sys.lstat(path));
    if (found instanceof Errno) {
      if (found.code === "ENOENT") return undefined;
      throw found;
    }
    if ((found.mode & S_IFMT) === S_IFDIR) {
      if (forDirectory) return undefined;
      for (const made of [...this.#made]) if (made === path || made.startsWith(`${path}/`)) this.#made.delete(made);
      for (const timed of [...this.#times.keys()])
        if (timed === path || timed.startsWith(`${path}/`)) this.#times.delete(timed);
    }
    return yield* removeTree(this.#sys, path);
  }
}

/** rm -rf: what is at a path, and below. Nothing where it isn't there. */
export function* removeTree(sys: Sys, path: string): Activity<undefined> {
  const found = yield* attempt(sys.lstat(path));
  if (found instanceof Errno) {
    if (found.code === "ENOENT") return undefined;
    throw found;
  }
  if ((found.mode & S_IFMT) !== S_IFDIR) return yield* sys.unlink(path);
  const fd = yield* sys.open(path);
  const names = yield* sys.getdents64(fd);
  yield* sys.close(fd);
  for (const { name } of names) if (name !== "." && name !== "..") yield* removeTree(sys, `${path}/${name}`);
  return yield* sys.rmdir(path);
}
