import { sectorSize } from "../block-device.js";
import type { FileLike } from "../file.js";
import { damaged, type Refcounts } from "./refcounts.js";
import { Table, TableCache } from "./table.js";

/** What an L2 entry says of a cluster of the virtual disk. */
export interface Entry {
  readonly kind: "unallocated" | "zero" | "data" | "compressed";
  /** Where the cluster lies in the file; 0 where it has no place. */
  readonly offset: number;
  /** The cluster's refcount is exactly one, so that it may be written in place (bit 63, "copied"). */
  readonly owned: boolean;
  /** Bytes of the deflated data, to the end of its last 512-byte sector; only where compressed. */
  readonly length?: number;
}

export const unallocated: Entry = { kind: "unallocated", offset: 0, owned: false };

const high = 2 ** 32;
/** Bits 9 to 55 of an entry: an offset in the file. */
const offsetHigh = 0x00ffffff;
const offsetLow = 0xfffffe00;
const ownedBit = 0x80000000;
const compressedBit = 0x40000000;

/** The offset that a table's entry holds, and whether its target's refcount is one. */
export function readPointer(view: DataView, index: number): { readonly offset: number; readonly owned: boolean } {
  const top = view.getUint32(index * 8);
  const offset = (top & offsetHigh) * high + ((view.getUint32(index * 8 + 4) & offsetLow) >>> 0);
  return { offset, owned: (top & ownedBit) !== 0 };
}

export function writePointer(view: DataView, index: number, offset: number, owned: boolean): void {
  view.setUint32(index * 8, (Math.floor(offset / high) | (owned ? ownedBit : 0)) >>> 0);
  view.setUint32(index * 8 + 4, offset % high);
}

/** @param version in version 2 there is no zero flag, and its bit is reserved */
export function readEntry(view: DataView, index: number, clusterBits: number, version: 2 | 3): Entry {
  const top = view.getUint32(index * 8);
  const low = view.getUint32(index * 8 + 4);
  if ((top & compressedBit) !== 0) {
    // The descriptor's 62 bits: the offset's 62 − (cluster bits − 8), above it the number of further sectors.
    const offsetBits = 62 - (clusterBits - 8);
    const bits = (BigInt(top & 0x3fffffff) << 32n) | BigInt(low);
    const offset = Number(bits & ((1n << BigInt(offsetBits)) - 1n));
    const sectors = Number(bits >> BigInt(offsetBits)) + 1;
    return { kind: "compressed", offset, owned: false, length: sectors * 512 - (offset % 512) };
  }
  const { offset, owned } = readPointer(view, index);
  if (version === 3 && (low & 1) === 1) return { kind: "zero", offset, owned };
  return offset === 0 ? unallocated : { kind: "data", offset, owned };
}

function writeEntry(view: DataView, index: number, entry: Entry): void {
  writePointer(view, index, entry.offset, entry.owned);
  if (entry.kind === "zero") view.setUint32(index * 8 + 4, view.getUint32(index * 8 + 4) | 1);
}

export interface ClusterMapParts {
  readonly file: FileLike;
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly l1Offset: number;
  readonly l1Size: number;
  readonly refcounts: Refcounts;
  /** L2 tables held in memory. */
  readonly capacity: number;
}

/**
 * Which cluster of the file holds a cluster of the virtual disk. The L1 table, always in memory, points to L2 tables of
 * one cluster each, read when needed; an L2 entry points to the cluster.
 */
export class ClusterMap {
  readonly #parts: ClusterMapParts;
  readonly clusterSize: number;
  /** Entries of an L2 table: 8 bytes each. */
  readonly l2Entries: number;
  /** To the end of its last sector. */
  readonly l1: Table;
  readonly cache: TableCache;
  /** What the L1 entries said whose L2 tables were made or copied and are not in the file yet. */
  readonly #prepared = new Map<number, { readonly offset: number; readonly owned: boolean }>();

  constructor(parts: ClusterMapParts) {
    this.#parts = parts;
    this.clusterSize = 2 ** parts.clusterBits;
    this.l2Entries = this.clusterSize / 8;
    const whole = Math.ceil((parts.l1Size * 8) / sectorSize) * sectorSize;
    this.l1 = new Table(parts.file.read(parts.l1Offset, whole, "L1 table"));
    this.cache = new TableCache(parts.file, this.clusterSize, parts.capacity, "L2 table");
  }

  get l1Offset(): number {
    return this.#parts.l1Offset;
  }

  get l1Size(): number {
    return this.#parts.l1Size;
  }

  /** A copy of the L1 table. */
  l1Bytes(): Uint8Array {
    return this.l1.bytes.slice(0, this.l1Size * 8);
  }

  /** The L1 entry under which a cluster of the virtual disk is found. */
  l1Index(cluster: number): number {
    return Math.floor(cluster / this.l2Entries);
  }

  /** The entry of its L2 table. */
  l2Index(cluster: number): number {
    return cluster % this.l2Entries;
  }

  /** Where the L2 table of an L1 entry lies in the file; 0 where there is none. */
  l2Table(l1Index: number): { readonly offset: number; readonly owned: boolean } {
    const pointer = readPointer(this.l1.view, l1Index);
    this.#check(pointer.offset, `entry ${l1Index} of its L1 table`);
    return pointer;
  }

  entry(cluster: number): Entry {
    const { offset } = this.l2Table(this.l1Index(cluster));
    if (offset === 0) return unallocated;
    const index = this.l2Index(cluster);
    const entry = readEntry(this.cache.at(offset).view, index, this.#parts.clusterBits, this.#parts.version);
    const start = Math.floor(entry.offset / this.clusterSize) * this.clusterSize;
    this.#check(entry.kind === "compressed" ? start : entry.offset, `entry ${index} of the L2 table at ${offset}`);
    return entry;
  }

  /** Makes sure that the L2 table of a cluster is the active map's own: a shared one is copied, a missing one made. */
  prepare(cluster: number): void {
    const l1Index = this.l1Index(cluster);
    const { offset, owned } = this.l2Table(l1Index);
    if (owned && offset !== 0) return;
    const bytes = offset === 0 ? new Uint8Array(this.clusterSize) : this.cache.at(offset).bytes.slice();
    const fresh = this.#parts.refcounts.allocate();
    this.cache.create(fresh, bytes);
    this.#prepared.set(l1Index, { offset, owned });
    this.setL2Table(l1Index, fresh, true);
  }

  /**
   * Gives clusters whose L2 tables were prepared new entries, in memory and in the file. Where the file refuses, as on a
   * full disk, the entries are as they were; `rollback` does the rest.
   */
  update(entries: ReadonlyMap<number, Entry>): void {
    const before = [...entries.keys()].map((cluster) => [cluster, this.entry(cluster)] as const);
    try {
      for (const [cluster, entry] of entries) this.#set(cluster, entry);
      this.flush();
    } catch (error) {
      for (const [cluster, entry] of before) this.#set(cluster, entry);
      throw error;
    }
  }

  /** Takes back what was prepared and is not in the file. */
  rollback(): void {
    const made = [...this.#prepared.keys()].map((l1Index) => this.l2Table(l1Index).offset);
    for (const [l1Index, { offset, owned }] of this.#prepared) this.setL2Table(l1Index, offset, owned);
    for (const offset of made) this.cache.forget(offset);
    this.#prepared.clear();
    this.flush();
    for (const offset of made) this.#parts.refcounts.release(offset);
  }

  #set(cluster: number, entry: Entry): void {
    const index = this.l2Index(cluster);
    const table = this.cache.at(this.l2Table(this.l1Index(cluster)).offset);
    writeEntry(table.view, index, entry);
    table.changed(index * 8, 8);
  }

  setL2Table(l1Index: number, offset: number, owned: boolean): void {
    writePointer(this.l1.view, l1Index, offset, owned);
    this.l1.changed(l1Index * 8, 8);
  }

  /** Writes what changed: the L2 tables, then the L1 table that points to them; then gives replaced tables free. */
  flush(): void {
    this.cache.flush();
    this.l1.flush(this.#parts.file, this.#parts.l1Offset, "L1 table");
    const replaced = [...this.#prepared.values()].filter(({ offset }) => offset !== 0);
    this.#prepared.clear();
    for (const { offset } of replaced) this.releaseTable(offset);
  }

  /** One reference less to what an entry refers to. */
  release(entry: Entry): void {
    for (const cluster of clustersOf(entry, this.clusterSize))
      this.#parts.refcounts.release(cluster * this.clusterSize);
  }

  /** Gives clusters of the virtual disk new entries: in the tables first, then what they referred to is given free. */
  replace(entries: ReadonlyMap<number, Entry>): void {
    let before: readonly Entry[] = [];
    try {
      for (const cluster of entries.keys()) this.prepare(cluster);
      before = [...entries.keys()].map((cluster) => this.entry(cluster));
      this.#parts.refcounts.flush();
      this.update(entries);
    } catch (error) {
      this.rollback();
      this.#parts.refcounts.flush();
      throw error;
    }
    for (const entry of before) this.release(entry);
    this.#parts.refcounts.flush();
  }

  /** One reference less to an L2 table; one that nobody refers to may become anything else. */
  releaseTable(offset: number): void {
    this.#parts.refcounts.release(offset);
    if (this.#parts.refcounts.get(offset / this.clusterSize) === 0) this.cache.forget(offset);
  }

  /** Marks every entry of the active map by whether its target's refcount is one, after sharing has ended. */
  markOwned(): void {
    this.#mark((cluster) => this.#parts.refcounts.get(cluster) === 1);
  }

  /** Marks every entry of the active map as shared: before it is, so that no crash leaves a shared cluster owned. */
  markShared(): void {
    this.#mark(() => false);
  }

  #mark(isOwned: (cluster: number) => boolean): void {
    const { clusterBits, version } = this.#parts;
    for (let l1Index = 0; l1Index < this.l1Size; l1Index++) {
      const { offset, owned } = this.l2Table(l1Index);
      if (offset === 0) continue;
      const single = isOwned(offset / this.clusterSize);
      if (single !== owned) this.setL2Table(l1Index, offset, single);
      for (let index = 0; index < this.l2Entries; index++) {
        const table = this.cache.at(offset);
        const entry = readEntry(table.view, index, clusterBits, version);
        if (entry.offset === 0 || entry.kind === "compressed") continue;
        const alone = isOwned(entry.offset / this.clusterSize);
        if (alone === entry.owned) continue;
        writeEntry(table.view, index, { ...entry, owned: alone });
        table.changed(index * 8, 8);
      }
    }
    this.flush();
  }

  #check(offset: number, what: string): void {
    const { file } = this.#parts;
    if (offset % this.clusterSize === 0 && offset < file.size) return;
    throw damaged(file, `${what} points to byte ${offset}, where the file of ${file.size} bytes has no cluster`);
  }
}

/** The clusters of the file to which an L2 entry refers: more than one where compressed data crosses a boundary. */
export function clustersOf(entry: Entry, clusterSize: number): readonly number[] {
  if (entry.offset === 0) return [];
  const first = Math.floor(entry.offset / clusterSize);
  const last = Math.floor((entry.offset + (entry.length ?? 1) - 1) / clusterSize);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
