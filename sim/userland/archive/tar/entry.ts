/** What a tar entry is. */
export type EntryType = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";

/** Bytes of a file that begin at an offset. What no extent covers is a hole: zeros that nobody wrote. */
export interface Extent {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** One file of a tar archive. */
export interface TarEntry {
  /** As the archive has it, without a slash at the end: neither cleaned nor trusted. */
  readonly name: string;
  readonly type: EntryType;
  /** Permission bits, without the type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In whole seconds since 1970. */
  readonly mtime: number;
  /** Of a file: how long it is, holes included. */
  readonly size: number;
  /** Of a file: what it holds, ascending and apart. */
  readonly extents: readonly Extent[];
  /** A link's target. */
  readonly target?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/** A file of these bytes. */
export function fileEntry(
  name: string,
  bytes: Uint8Array,
  more: Partial<Omit<TarEntry, "name" | "type" | "extents">> = {},
): TarEntry {
  const extents = bytes.length === 0 ? [] : [{ offset: 0, bytes }];
  return { name, type: "file", mode: 0o644, uid: 0, gid: 0, mtime: 0, size: bytes.length, ...more, extents };
}

/** A file's bytes, its holes as zeros. */
export function bytesOf({ size, extents }: TarEntry): Uint8Array {
  const [only] = extents;
  if (extents.length === 1 && only?.offset === 0 && only.bytes.length === size) return only.bytes;
  const whole = new Uint8Array(size);
  for (const { offset, bytes } of extents) whole.set(bytes, offset);
  return whole;
}
