import { invariant, UsageError } from "../../core/index.js";
import { readUint64, writeUint64 } from "../bytes.js";
import type { FileLike } from "../file.js";
import { Table, TableCache } from "./table.js";

export interface RefcountsParts {
  readonly file: FileLike;
  readonly clusterBits: number;
  /** A count has 2^order bits. */
  readonly order: number;
  readonly tableOffset: number;
  readonly tableClusters: number;
  /** The refcount table has a new place, which the header must name. */
  readonly moved: (offset: number, clusters: number) => void;
}

/** Bytes of refcount blocks held in memory: qemu's four blocks of its default 64 KiB clusters (docs/qcow2-cache.txt). */
const cached = 256 * 1024;

/**
 * How many times each cluster of the file is referred to. 0 is free; 1 is owned and may be written in place; more is
 * shared with a snapshot, so that a write copies first. Two levels: the refcount table points to refcount blocks of one
 * cluster each, which count themselves too.
 */
export class Refcounts {
  readonly #parts: RefcountsParts;
  readonly #clusterSize: number;
  readonly #cache: TableCache;
  /** Clusters that one block counts. */
  readonly blockEntries: number;
  #table: Table;
  #tableOffset: number;
  #tableClusters: number;
  /** No cluster before this one is free. */
  #hint = 0;

  constructor(parts: RefcountsParts) {
    this.#parts = parts;
    this.#clusterSize = 2 ** parts.clusterBits;
    this.#cache = new TableCache(parts.file, this.#clusterSize, Math.max(4, cached / this.#clusterSize), "refcounts");
    this.blockEntries = (this.#clusterSize * 8) / 2 ** parts.order;
    this.#tableOffset = parts.tableOffset;
    this.#tableClusters = parts.tableClusters;
    this.#table = new Table(parts.file.read(parts.tableOffset, parts.tableClusters * this.#clusterSize, "refcounts"));
  }

  get(cluster: number): number {
    const offset = this.blockOffset(Math.floor(cluster / this.blockEntries));
    if (offset === 0) return 0;
    return readCount(this.#cache.at(offset).view, cluster % this.blockEntries, this.#parts.order);
  }

  /** @throws UsageError where a count would leave what its bits hold; nothing is changed then */
  change(cluster: number, by: number): void {
    const count = this.get(cluster) + by;
    if (count < 0)
      throw damaged(this.#parts.file, `cluster ${cluster} is given free more often than it is referred to`);
    if (by > 0) this.#checkRoom(cluster);
    const offset = this.blockOffset(Math.floor(cluster / this.blockEntries));
    invariant(offset !== 0, "a cluster's refcount block exists before the cluster is used");
    const index = cluster % this.blockEntries;
    const block = this.#cache.at(offset);
    writeCount(block.view, index, this.#parts.order, count);
    block.changed(Math.floor((index * 2 ** this.#parts.order) / 8), Math.max(1, 2 ** this.#parts.order / 8));
    if (count === 0) this.#hint = Math.min(this.#hint, cluster);
  }

  /** @throws UsageError where a cluster in use cannot be referred to once more, or is counted as free */
  checkShareable(cluster: number): void {
    if (this.get(cluster) === 0) throw damaged(this.#parts.file, `cluster ${cluster} is in use and counted as free`);
    this.#checkRoom(cluster);
  }

  #checkRoom(cluster: number): void {
    const bits = 2 ** this.#parts.order;
    if (this.get(cluster) + 1 < 2 ** bits) return;
    throw new UsageError(
      `cluster ${cluster} of "${this.#parts.file.name}" is shared as often as its refcount of ${bits} bits can count`,
      "Delete a snapshot first, or make the image anew with wider refcounts.",
    );
  }

  /** Takes `count` free clusters in a row, the first that there are. @returns the offset of the first in the file */
  allocate(count = 1): number {
    let start = this.#find(count);
    for (
      let missing = this.#missingBlock(start, count);
      missing !== undefined;
      missing = this.#missingBlock(start, count)
    ) {
      this.#addBlock(missing, start);
      start = this.#find(count);
    }
    for (let cluster = start; cluster < start + count; cluster++) this.change(cluster, 1);
    this.#cover(start + count);
    return start * this.#clusterSize;
  }

  /** Counts the first clusters of a new image, which were written before anything could be counted. */
  adopt(clusters: number): void {
    this.#cover(clusters + 1);
    this.#link(this.#table, 0, clusters);
    for (let cluster = 0; cluster <= clusters; cluster++) this.change(cluster, 1);
  }

  /** One reference less to each of `count` clusters from an offset of the file on. */
  release(offset: number, count = 1): void {
    const first = offset / this.#clusterSize;
    for (let cluster = first; cluster < first + count; cluster++) this.change(cluster, -1);
  }

  flush(): void {
    this.#cache.flush();
    this.#table.flush(this.#parts.file, this.#tableOffset, "refcounts");
  }

  /** Forgets the blocks in memory. */
  cool(): void {
    this.#cache.clear();
  }

  /** One more than the last cluster that is in use. */
  used(): number {
    for (let index = this.blocks - 1; index >= 0; index--) {
      if (this.blockOffset(index) === 0) continue;
      for (let entry = this.blockEntries - 1; entry >= 0; entry--) {
        const cluster = index * this.blockEntries + entry;
        if (this.get(cluster) > 0) return cluster + 1;
      }
    }
    return 0;
  }

  /** How many blocks the table has room for. */
  get blocks(): number {
    return this.#table.bytes.length / 8;
  }

  /** Where the table lies in the file. */
  get table(): { readonly offset: number; readonly clusters: number } {
    return { offset: this.#tableOffset, clusters: this.#tableClusters };
  }

  /** The offset of a refcount block in the file; 0 where it doesn't exist and its clusters are all free. */
  blockOffset(index: number): number {
    if (index >= this.blocks) return 0;
    const offset = readUint64(this.#table.view, index * 8);
    if (offset === undefined || offset % this.#clusterSize !== 0 || offset >= this.#parts.file.size) {
      throw damaged(this.#parts.file, `entry ${index} of its refcount table is invalid`);
    }
    return offset;
  }

  /** The file reaches over its clusters before any is counted there, so that a file that doesn't was cut short. */
  #cover(clusters: number): void {
    if (this.#parts.file.size < clusters * this.#clusterSize) this.#parts.file.truncate(clusters * this.#clusterSize);
  }

  #find(count: number): number {
    while (this.get(this.#hint) > 0) this.#hint += 1;
    let run = 0;
    for (let cluster = this.#hint; ; cluster++) {
      run = this.get(cluster) === 0 ? run + 1 : 0;
      if (run === count) return cluster - count + 1;
    }
  }

  #missingBlock(start: number, count: number): number | undefined {
    const last = Math.floor((start + count - 1) / this.blockEntries);
    for (let index = Math.floor(start / this.blockEntries); index <= last; index++) {
      if (this.blockOffset(index) === 0) return index;
    }
    return undefined;
  }

  /** Makes a block in a free cluster that either an existing block or the new one itself counts. */
  #addBlock(index: number, cluster: number): void {
    if (index >= this.blocks) {
      this.#grow(index);
      return;
    }
    this.#cover(cluster + 1);
    this.#link(this.#table, index, cluster);
    this.change(cluster, 1);
    try {
      this.#cache.flush();
    } catch (error) {
      writeUint64(this.#table.view, index * 8, 0);
      this.#cache.forget(cluster * this.#clusterSize);
      throw error;
    }
  }

  #link(table: Table, index: number, cluster: number): void {
    this.#cache.create(cluster * this.#clusterSize, new Uint8Array(this.#clusterSize));
    writeUint64(table.view, index * 8, cluster * this.#clusterSize);
    table.changed(index * 8, 8);
  }

  /**
   * Moves the refcount table to the end of the file, half as large again at least, together with the blocks that count
   * the moved table and themselves. The header changes only after both are written; the old table is free after that.
   */
  #grow(index: number): void {
    const first = this.used();
    const block = (cluster: number): number => Math.floor(cluster / this.blockEntries);
    const missing = (last: number): number[] => {
      const indices = Array.from({ length: block(last) - block(first) + 1 }, (_, i) => block(first) + i);
      return indices.filter((i) => this.blockOffset(i) === 0);
    };
    let clusters = Math.ceil(this.#tableClusters * 1.5);
    let added: number[] = [];
    for (;;) {
      const last = first + clusters + added.length - 1;
      const entries = Math.max(index, block(last)) + 1;
      const needed = Math.max(clusters, Math.ceil((entries * 8) / this.#clusterSize));
      const blocks = missing(first + needed + added.length - 1);
      if (needed === clusters && blocks.length === added.length) break;
      clusters = needed;
      added = blocks;
    }
    const old = { table: this.#table, offset: this.#tableOffset, clusters: this.#tableClusters };
    this.#cover(first + clusters + added.length);
    const bytes = new Uint8Array(clusters * this.#clusterSize);
    bytes.set(old.table.bytes);
    const grown = new Table(bytes);
    grown.changed(0, bytes.length);
    added.forEach((missingIndex, i) => {
      this.#link(grown, missingIndex, first + clusters + i);
    });
    this.#table = grown;
    this.#tableOffset = first * this.#clusterSize;
    this.#tableClusters = clusters;
    for (let cluster = first; cluster < first + clusters + added.length; cluster++) this.change(cluster, 1);
    this.flush();
    this.#parts.moved(this.#tableOffset, clusters);
    this.release(old.offset, old.clusters);
  }
}

function readCount(view: DataView, index: number, order: number): number {
  if (order < 3) {
    const bits = 2 ** order;
    return (view.getUint8(Math.floor((index * bits) / 8)) >> ((index * bits) % 8)) & (2 ** bits - 1);
  }
  if (order === 3) return view.getUint8(index);
  if (order === 4) return view.getUint16(index * 2);
  if (order === 5) return view.getUint32(index * 4);
  return readUint64(view, index * 8) ?? Number.MAX_SAFE_INTEGER;
}

function writeCount(view: DataView, index: number, order: number, count: number): void {
  if (order < 3) {
    const bits = 2 ** order;
    const byte = Math.floor((index * bits) / 8);
    const shift = (index * bits) % 8;
    const mask = (2 ** bits - 1) << shift;
    view.setUint8(byte, (view.getUint8(byte) & ~mask) | (count << shift));
  } else if (order === 3) view.setUint8(index, count);
  else if (order === 4) view.setUint16(index * 2, count);
  else if (order === 5) view.setUint32(index * 4, count);
  else writeUint64(view, index * 8, count);
}

/** The image contradicts itself: nothing more is done to it. */
export function damaged(file: FileLike, what: string): UsageError {
  return new UsageError(
    `the image "${file.name}" is damaged: ${what}`,
    "`check()` lists what is wrong; `qemu-img check -r all` can repair it.",
  );
}
