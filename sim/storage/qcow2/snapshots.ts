import { concatBytes, encodeUtf8, UsageError } from "../../core/index.js";
import { decodeUtf8, readUint64, viewOf, writeUint64 } from "../bytes.js";
import type { FileLike } from "../file.js";
import { clustersOf, readEntry, readPointer, writePointer, type ClusterMap } from "./mapping.js";
import { damaged, type Refcounts } from "./refcounts.js";

/** A frozen state of the virtual disk inside the image: a copy of the L1 table, which shares all clusters. */
export interface Snapshot {
  readonly id: string;
  readonly name: string;
  /** When it was taken, in seconds of the clock that the caller gave. */
  readonly seconds: number;
  readonly l1Offset: number;
  readonly l1Size: number;
  /** Bytes of the virtual disk then. */
  readonly diskSize: number;
  /** Bytes of a running machine's memory kept with it; not ours, but carried on. */
  readonly vmStateSize: number;
  /** The entry's bytes as they are in the table: what this implementation doesn't know is kept. */
  readonly raw: Uint8Array;
}

export interface SnapshotParts {
  readonly file: FileLike;
  readonly map: ClusterMap;
  readonly refcounts: Refcounts;
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly diskSize: number;
  readonly count: number;
  readonly offset: number;
  /** The table has a new place, which the header must name. */
  readonly moved: (offset: number, count: number) => void;
}

/** Bytes of a table's entry before those of variable length. */
const fixed = 40;

/**
 * The snapshots inside an image. Taking one copies the L1 table and counts all it reaches once more; nothing else moves.
 * As a write does, each change goes to the file in an order that costs clusters and no data where it is cut off.
 */
export class Snapshots {
  readonly #parts: SnapshotParts;
  #list: readonly Snapshot[];
  #offset: number;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
    this.#offset = parts.offset;
    this.#list = readTable(parts);
  }

  get list(): readonly Snapshot[] {
    return this.#list;
  }

  /** The table's place in the file; 0 where there is none. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes of the table. */
  get length(): number {
    return this.#list.reduce((sum, { raw }) => sum + raw.length, 0);
  }

  /** @throws UsageError where no snapshot has the name or id */
  find(name: string): Snapshot {
    const found = this.#list.find((entry) => entry.name === name) ?? this.#list.find((entry) => entry.id === name);
    if (found !== undefined) return found;
    const names = this.#list.map((entry) => `"${entry.name}"`).join(", ");
    throw new UsageError(
      `"${this.#parts.file.name}" has no snapshot "${name}"`,
      names === "" ? "It has none yet." : `It has ${names}.`,
    );
  }

  /**
   * Freezes the state: the L1 table is copied, and all that it reaches is counted once more, so that a write copies.
   * @throws UsageError for a name that is taken or empty
   */
  create(name: string, seconds: number): Snapshot {
    if (name === "" || this.#list.some((entry) => entry.name === name || entry.id === name)) {
      throw new UsageError(`a snapshot cannot be named "${name}"`, "Give a name that no other snapshot has.");
    }
    const { map, refcounts, file } = this.#parts;
    const bytes = map.l1Bytes();
    const view = viewOf(bytes);
    for (let i = 0; i < map.l1Size; i++) writePointer(view, i, readPointer(view, i).offset, false);
    this.#checkShareable(bytes);
    map.markShared();
    this.#share(bytes, 1);
    const clusters = Math.max(1, Math.ceil(bytes.length / map.clusterSize));
    const l1Offset = refcounts.allocate(clusters);
    refcounts.flush();
    const padded = new Uint8Array(clusters * map.clusterSize);
    padded.set(bytes);
    file.write(l1Offset, padded, "snapshots");
    const id = String(1 + this.#list.reduce((most, entry) => Math.max(most, Number(entry.id) || 0), 0));
    const made = encode({ id, name, seconds, l1Offset, l1Size: map.l1Size, diskSize: this.#parts.diskSize });
    this.#write([...this.#list, made]);
    return made;
  }

  /** Makes the snapshot's state the active one; what was active and in no snapshot is lost. */
  apply(name: string): void {
    const { map, refcounts, file } = this.#parts;
    const chosen = this.find(name);
    if (chosen.diskSize !== this.#parts.diskSize || chosen.l1Size > map.l1Size) {
      throw new UsageError(
        `the snapshot "${chosen.name}" is of a disk of ${chosen.diskSize} bytes, the image has ${this.#parts.diskSize}`,
        "A snapshot taken before a change of size, or of a running machine, is applied with `qemu-img snapshot -a`.",
      );
    }
    const before = map.l1Bytes();
    const after = new Uint8Array(before.length);
    after.set(file.read(chosen.l1Offset, chosen.l1Size * 8, "snapshots"));
    this.#checkShareable(after);
    this.#share(after, 1);
    refcounts.flush();
    map.l1.bytes.set(after);
    map.l1.changed(0, after.length);
    map.flush();
    this.#share(before, -1);
    refcounts.flush();
    map.markOwned();
  }

  /** Gives free what only the snapshot held. */
  delete(name: string): void {
    const { map, refcounts, file } = this.#parts;
    const chosen = this.find(name);
    const bytes = file.read(chosen.l1Offset, chosen.l1Size * 8, "snapshots");
    this.#write(this.#list.filter((entry) => entry !== chosen));
    this.#share(bytes, -1);
    refcounts.release(chosen.l1Offset, Math.max(1, Math.ceil(bytes.length / map.clusterSize)));
    refcounts.flush();
    map.markOwned();
  }

  /** One reference more, or less, to each L2 table and each cluster that an L1 table reaches. */
  #share(l1: Uint8Array, by: 1 | -1): void {
    const { map, refcounts, clusterBits, version } = this.#parts;
    const view = viewOf(l1);
    for (let l1Index = 0; l1Index < l1.length / 8; l1Index++) {
      const { offset } = readPointer(view, l1Index);
      if (offset === 0) continue;
      for (let index = 0; index < map.l2Entries; index++) {
        const entry = readEntry(map.cache.at(offset).view, index, clusterBits, version);
        for (const cluster of clustersOf(entry, map.clusterSize)) refcounts.change(cluster, by);
      }
      if (by === 1) refcounts.change(offset / map.clusterSize, 1);
      else map.releaseTable(offset);
    }
  }

  /** @throws UsageError where a refcount is as high as it can be, or wrong, before any is changed */
  #checkShareable(l1: Uint8Array): void {
    const { map, refcounts, clusterBits, version } = this.#parts;
    const view = viewOf(l1);
    for (let l1Index = 0; l1Index < l1.length / 8; l1Index++) {
      const { offset } = readPointer(view, l1Index);
      if (offset === 0) continue;
      refcounts.checkShareable(offset / map.clusterSize);
      for (let index = 0; index < map.l2Entries; index++) {
        const entry = readEntry(map.cache.at(offset).view, index, clusterBits, version);
        for (const cluster of clustersOf(entry, map.clusterSize)) refcounts.checkShareable(cluster);
      }
    }
  }

  /** Writes the table anew at another place, then names it in the header, then gives the old place free. */
  #write(list: readonly Snapshot[]): void {
    const { refcounts, file, map } = this.#parts;
    const old = { offset: this.#offset, length: this.length };
    const bytes = concatBytes(list.map(({ raw }) => raw));
    const clusters = Math.ceil(bytes.length / map.clusterSize);
    const offset = clusters === 0 ? 0 : refcounts.allocate(clusters);
    refcounts.flush();
    if (clusters > 0) {
      const padded = new Uint8Array(clusters * map.clusterSize);
      padded.set(bytes);
      file.write(offset, padded, "snapshots");
    }
    this.#parts.moved(offset, list.length);
    this.#list = list;
    this.#offset = offset;
    if (old.length > 0) refcounts.release(old.offset, Math.ceil(old.length / map.clusterSize));
    refcounts.flush();
  }
}

function encode(entry: Omit<Snapshot, "raw" | "vmStateSize">): Snapshot {
  const id = encodeUtf8(entry.id);
  const name = encodeUtf8(entry.name);
  const extra = 16; // VM state's and disk's size, which version 3 demands
  const raw = new Uint8Array(Math.ceil((fixed + extra + id.length + name.length) / 8) * 8);
  const view = viewOf(raw);
  writeUint64(view, 0, entry.l1Offset);
  view.setUint32(8, entry.l1Size);
  view.setUint16(12, id.length);
  view.setUint16(14, name.length);
  view.setUint32(16, Math.floor(entry.seconds));
  view.setUint32(36, extra);
  writeUint64(view, fixed + 8, entry.diskSize);
  raw.set(id, fixed + extra);
  raw.set(name, fixed + extra + id.length);
  return { ...entry, vmStateSize: 0, raw };
}

function readTable(parts: SnapshotParts): readonly Snapshot[] {
  const { file } = parts;
  const list: Snapshot[] = [];
  for (let at = parts.offset; list.length < parts.count;) {
    const head = viewOf(file.read(at, fixed, "snapshots"));
    const idLength = head.getUint16(12);
    const nameLength = head.getUint16(14);
    const extra = head.getUint32(36);
    const length = Math.ceil((fixed + extra + idLength + nameLength) / 8) * 8;
    if (at + fixed + extra + idLength + nameLength > file.size) throw damaged(file, "its snapshot table is cut short");
    const raw = file.read(at, length, "snapshots");
    const view = viewOf(raw);
    const l1Offset = readUint64(view, 0);
    const vmStateSize = extra >= 8 ? readUint64(view, fixed) : view.getUint32(32);
    const diskSize = extra >= 16 ? readUint64(view, fixed + 8) : parts.diskSize;
    if (l1Offset === undefined || vmStateSize === undefined || diskSize === undefined) {
      throw damaged(file, `entry ${list.length} of its snapshot table is invalid`);
    }
    const names = raw.subarray(fixed + extra);
    list.push({
      id: decodeUtf8(names.subarray(0, idLength)),
      name: decodeUtf8(names.subarray(idLength, idLength + nameLength)),
      seconds: view.getUint32(16),
      l1Offset,
      l1Size: view.getUint32(8),
      diskSize,
      vmStateSize,
      raw,
    });
    at += length;
  }
  return list;
}
