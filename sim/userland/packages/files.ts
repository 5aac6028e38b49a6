import { isZero, type Activity } from "../../core/index.js";
import { attempt, Errno, O_CREAT, O_EXCL, O_RDONLY, O_TRUNC, O_WRONLY, type Sys } from "../../os/index.js";
import { bytesOf, type TarEntry } from "../archive/tar/entry.js";
import { decode, encode } from "../program/encoding.js";
import { readAll, writeAll } from "../program/streams.js";

/** A whole file; undefined where there is none. @throws Errno */
export function* readBytesOf(sys: Sys, path: string): Activity<Uint8Array | undefined> {
  const fd = yield* attempt(sys.open(path, O_RDONLY));
  if (fd instanceof Errno) {
    if (fd.code === "ENOENT" || fd.code === "ENOTDIR") return undefined;
    throw fd;
  }
  try {
    return yield* readAll(sys, fd);
  } finally {
    yield* sys.close(fd);
  }
}

/** The same as text; "" where there is none. */
export function* readTextOf(sys: Sys, path: string): Activity<string> {
  const bytes = yield* readBytesOf(sys, path);
  return bytes === undefined ? "" : decode(bytes);
}

/** mkdir -p of what is above a path. */
export function* makeAbove(sys: Sys, path: string): Activity<undefined> {
  for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1))
    yield* attempt(sys.mkdir(path.slice(0, at), 0o755));
  return undefined;
}

/** Writes a file under another name, and renames it when it is whole: databases are never seen half written. */
export function* replaceFile(sys: Sys, path: string, content: string | Uint8Array, mode = 0o644): Activity<undefined> {
  const fresh = `${path}.new`;
  const fd = yield* sys.open(fresh, O_WRONLY | O_CREAT | O_TRUNC, mode);
  yield* writeAll(sys, fd, typeof content === "string" ? encode(content) : content);
  yield* sys.close(fd);
  return yield* sys.rename(fresh, path);
}

/** Blocks that hold only zeros are left out of files, as holes. */
const block = 4096;

function* writeSparse(sys: Sys, fd: number, bytes: Uint8Array): Activity<undefined> {
  for (let at = 0; at < bytes.length;) {
    let end = at;
    while (end < bytes.length && !isZero(bytes.subarray(end, end + block))) end += block;
    if (end > at) yield* sys.pwrite64(fd, bytes.subarray(at, end), at);
    at = end;
    while (at < bytes.length && isZero(bytes.subarray(at, at + block))) at += block;
  }
  return yield* sys.ftruncate(fd, bytes.length);
}

/** A path of an archive as one of the system, without a slash before it; undefined where it leads out. */
export function innerPath(name: string): string | undefined {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : parts.join("/");
}

/**
 * Puts an archive's file at a path. What is there gives way at the moment in which the new one is whole; a directory that is there stays.
 * @throws Errno
 */
export function* placeEntry(sys: Sys, path: string, entry: TarEntry): Activity<undefined> {
  const { type, mode, uid, gid, mtime } = entry;
  if (type === "directory") {
    const made = yield* attempt(sys.mkdir(path, mode));
    if (!(made instanceof Errno)) yield* sys.chown(path, uid, gid);
    else if (made.code !== "EEXIST") throw made;
    return undefined;
  }
  yield* makeAbove(sys, path);
  const fresh = `${path}.dpkg-new`;
  yield* attempt(sys.unlink(fresh));
  if (type === "symlink") yield* sys.symlink(entry.target ?? "", fresh);
  else {
    const fd = yield* sys.open(fresh, O_WRONLY | O_CREAT | O_EXCL, mode);
    yield* writeSparse(sys, fd, bytesOf(entry));
    yield* sys.close(fd);
    yield* sys.chown(fresh, uid, gid);
    yield* sys.chmod(fresh, mode);
    yield* sys.utimensat(-100, fresh, { atime: mtime * 1e9, mtime: mtime * 1e9 });
  }
  return yield* sys.rename(fresh, path);
}
