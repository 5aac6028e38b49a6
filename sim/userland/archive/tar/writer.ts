import { concatBytes, encodeUtf8 } from "../../../core/index.js";
import type { EntryType, Extent, TarEntry } from "./entry.js";
import { blockSize, checksumOf, fields, roundUp, type Field } from "./header.js";

const typeFlags: Record<EntryType, string> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/** The greatest numbers of seven and eleven octal digits. */
const largestId = 0o7777777;
const largestSize = 0o77777777777;

interface Plain {
  readonly name: Uint8Array;
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly target: Uint8Array;
  readonly major: number;
  readonly minor: number;
}

function header(of: Plain): Uint8Array {
  const block = new Uint8Array(blockSize);
  const put = (field: Field, bytes: Uint8Array): void => {
    const [from, length] = fields[field];
    block.set(bytes.subarray(0, length), from);
  };
  const ascii = (field: Field, text: string): void => {
    const [from] = fields[field];
    for (let at = 0; at < text.length; at++) block[from + at] = text.charCodeAt(at);
  };
  const octal = (field: Field, value: number, most: number): void => {
    const [, length] = fields[field];
    ascii(field, (value > most ? 0 : value).toString(8).padStart(length - 1, "0"));
  };
  put("name", of.name);
  octal("mode", of.mode, largestId);
  octal("uid", of.uid, largestId);
  octal("gid", of.gid, largestId);
  octal("size", of.size, largestSize);
  octal("mtime", of.mtime, largestSize);
  ascii("type", of.flag);
  put("target", of.target);
  ascii("magic", "ustar\0");
  ascii("version", "00");
  octal("major", of.major, largestId);
  octal("minor", of.minor, largestId);
  ascii("checksum", `${checksumOf(block).toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** "25 ctime=1084839148.1212\n": a record's length counts its own digits. */
function record(key: string, value: Uint8Array): Uint8Array {
  const rest = concatBytes([encodeUtf8(` ${key}=`), value, encodeUtf8("\n")]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return concatBytes([encodeUtf8(String(length)), rest]);
}

const isPlain = (bytes: Uint8Array): boolean => bytes.length <= 100 && bytes.every((byte) => byte > 0 && byte < 128);

const filled = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length % blockSize === 0) return bytes;
  const whole = new Uint8Array(roundUp(bytes.length));
  whole.set(bytes);
  return whole;
};

/** GNU tar's sparse format 1.0: the map of extents stands before the data. */
function sparseData(extents: readonly Extent[], size: number): Uint8Array {
  const last = extents.at(-1);
  const ends = last !== undefined && last.offset + last.bytes.length === size;
  // A hole at the end is closed by an empty extent.
  const map = ends ? extents : [...extents, { offset: size, bytes: new Uint8Array(0) }];
  const numbers = [map.length, ...map.flatMap(({ offset, bytes }) => [offset, bytes.length])];
  return concatBytes([filled(encodeUtf8(`${numbers.join("\n")}\n`)), ...map.map(({ bytes }) => bytes)]);
}

/** Whether a file has a hole that is worth a map. */
const isSparse = ({ type, size, extents }: TarEntry): boolean =>
  type === "file" && size - extents.reduce((sum, { bytes }) => sum + bytes.length, 0) >= blockSize;

function entryBlocks(entry: TarEntry): Uint8Array[] {
  const { type, uid, gid, mtime, size } = entry;
  const wholeName = encodeUtf8(type === "directory" ? `${entry.name}/` : entry.name);
  const target = encodeUtf8(entry.target ?? "");
  const extended: [string, Uint8Array][] = [];
  const note = (key: string, value: string | number): number => extended.push([key, encodeUtf8(String(value))]);
  if (!isPlain(target)) note("linkpath", entry.target ?? "");
  if (uid > largestId) note("uid", uid);
  if (gid > largestId) note("gid", gid);
  const sparse = isSparse(entry);
  let name = wholeName;
  let data: Uint8Array = new Uint8Array(0);
  if (sparse) {
    data = sparseData(entry.extents, size);
    note("GNU.sparse.major", 1);
    note("GNU.sparse.minor", 0);
    note("GNU.sparse.name", entry.name);
    note("GNU.sparse.realsize", size);
    const at = entry.name.lastIndexOf("/") + 1;
    name = encodeUtf8(`${entry.name.slice(0, at)}GNUSparseFile.0/${entry.name.slice(at)}`);
  } else if (type === "file") data = dense(entry);
  if (!isPlain(name)) extended.push(["path", name]);
  if (data.length > largestSize) note("size", data.length);
  for (const [key, value] of entry.xattrs ?? []) extended.push([`SCHILY.xattr.${key}`, value]);
  const blocks: Uint8Array[] = [];
  const none = new Uint8Array(0);
  if (extended.length > 0) {
    extended.sort(([a], [b]) => (a < b ? -1 : 1));
    const records = concatBytes(extended.map(([key, value]) => record(key, value)));
    const at = entry.name.lastIndexOf("/") + 1;
    const about = encodeUtf8(`${entry.name.slice(0, at)}PaxHeaders.0/${entry.name.slice(at)}`);
    const plain = { mode: 0, uid: 0, gid: 0, mtime: 0, target: none, major: 0, minor: 0 };
    const shown = isPlain(about) ? about : encodeUtf8("PaxHeaders.0/entry");
    blocks.push(header({ ...plain, name: shown, flag: "x", size: records.length }), filled(records));
  }
  const { mode, major = 0, minor = 0 } = entry;
  blocks.push(header({ name, flag: typeFlags[type], mode, uid, gid, mtime, size: data.length, target, major, minor }));
  if (data.length > 0) blocks.push(filled(data));
  return blocks;
}

/** A file whose holes are too small for a map. */
function dense({ size, extents }: TarEntry): Uint8Array {
  const whole = new Uint8Array(size);
  for (const { offset, bytes } of extents) whole.set(bytes, offset);
  return whole;
}

/**
 * A tar archive in POSIX's pax format: plain ustar headers, extended ones only where a value doesn't fit (long names,
 * extended attributes as SCHILY.xattr, GNU's sparse format 1.0 for files with holes). The same entries give the same bytes.
 */
export function writeTar(entries: Iterable<TarEntry>): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) blocks.push(...entryBlocks(entry));
  // Two empty blocks end it.
  blocks.push(new Uint8Array(2 * blockSize));
  return concatBytes(blocks);
}
