import { digestOf } from "../image/digest.js";
import { bytesOf, readTar, type TarEntry } from "../../userland/index.js";
import { opaqueMarker, partsOf, whiteoutPrefix } from "../image/tree-path.js";

/** Files by their paths from the top, without slashes at either end: what instructions copy from. */
export type FileSet = ReadonlyMap<string, TarEntry>;

/**
 * A build's context, as a client sends it: a tar archive. Directories that it doesn't name are there, too.
 * @throws UsageError for names that lead out
 */
export function contextOf(entries: Iterable<TarEntry>, ignored: (path: string) => boolean = () => false): FileSet {
  const files = new Map<string, TarEntry>();
  for (const entry of entries) {
    const parts = partsOf(entry.name);
    const path = parts.join("/");
    if (path === "" || ignored(path)) continue;
    withParents(files, parts);
    files.set(path, { ...entry, name: path });
  }
  return files;
}

/** What layers make together, the lowest first: whiteouts take away, later files hide earlier ones (layer.md). */
export function stacked(layers: Iterable<readonly TarEntry[]>): FileSet {
  const files = new Map<string, TarEntry>();
  for (const entries of layers) {
    for (const { name } of entries) {
      const parts = partsOf(name);
      const last = parts.pop() ?? "";
      if (last === opaqueMarker) removeBelow(files, parts.join("/"));
      else if (last.startsWith(whiteoutPrefix)) {
        const hidden = [...parts, last.slice(whiteoutPrefix.length)].join("/");
        files.delete(hidden);
        removeBelow(files, hidden);
      }
    }
    for (const entry of entries) {
      const parts = partsOf(entry.name);
      if (parts.length === 0 || parts.at(-1)?.startsWith(whiteoutPrefix) === true) continue;
      const path = parts.join("/");
      if (entry.type !== "directory" && files.get(path)?.type === "directory") removeBelow(files, path);
      withParents(files, parts);
      files.set(path, { ...entry, name: path });
    }
  }
  return files;
}

function removeBelow(files: Map<string, TarEntry>, path: string): void {
  for (const one of [...files.keys()]) if (path === "" || one.startsWith(`${path}/`)) files.delete(one);
}

function withParents(files: Map<string, TarEntry>, parts: readonly string[]): void {
  for (let depth = 1; depth < parts.length; depth++) {
    const above = parts.slice(0, depth).join("/");
    if (files.has(above)) continue;
    const directory = { type: "directory", mode: 0o755, uid: 0, gid: 0, mtime: 0, size: 0, extents: [] } as const;
    files.set(above, { ...directory, name: above });
  }
}

/** A file that stands for itself: another link's bytes are its own. */
export function unlinked(files: FileSet, entry: TarEntry): TarEntry {
  if (entry.type !== "hardlink") return entry;
  const first = files.get(partsOf(entry.target ?? "").join("/"));
  return first === undefined ? entry : { ...first, name: entry.name };
}

const resolveLimit = 40;

/**
 * Where a path leads when links on the way are followed, within the set; the last part, too. A path that isn't there stays
 * as far as it goes.
 */
export function resolved(files: FileSet, path: string, depth = 0): string {
  const done: string[] = [];
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  for (const [place, part] of parts.entries()) {
    if (part === "..") {
      done.pop();
      continue;
    }
    const here = [...done, part].join("/");
    const entry = files.get(here);
    if (entry?.type === "symlink" && depth < resolveLimit) {
      const target = entry.target ?? "";
      const start = target.startsWith("/") ? [] : done;
      return resolved(files, [...start, target, ...parts.slice(place + 1)].join("/"), depth + 1);
    }
    done.push(part);
  }
  return done.join("/");
}

/** The entries of an archive that a file is, where it is one that ADD unpacks: tar, as it is or gzipped. */
export function archiveIn(entry: TarEntry, gunzip: (bytes: Uint8Array) => Uint8Array): TarEntry[] | undefined {
  if (entry.type !== "file") return undefined;
  const bytes = bytesOf(entry);
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!gzipped && !isTar(bytes)) return undefined;
  const whole = gzipped ? gunzip(bytes) : bytes;
  return isTar(whole) ? readTar(whole) : undefined;
}

/** "ustar" at byte 257: tar(5). */
const isTar = (bytes: Uint8Array): boolean =>
  bytes.length >= 512 && [0x75, 0x73, 0x74, 0x61, 0x72].every((letter, place) => bytes[257 + place] === letter);

/** What counts of a file for a build's cache: all but its times. */
export function checksumOf(entry: TarEntry): string {
  const { name, type, mode, uid, gid, target = "", major = 0, minor = 0, xattrs } = entry;
  const content = type === "file" ? digestOf(bytesOf(entry)) : "";
  const extra = [...(xattrs ?? [])].map(([key, value]) => `${key}=${digestOf(value)}`).join(",");
  return [name, type, mode.toString(8), uid, gid, target, `${major}:${minor}`, content, extra].join("\0");
}
