import { invariant } from "../../core/index.js";
import { sectorSize } from "../block-device.js";
import { viewOf } from "../bytes.js";
import type { FileLike, Purpose } from "../file.js";

/**
 * A table of the image in memory, which knows which of its sectors differ from the file's, so that an entry changed
 * costs a sector written and not a table.
 */
export class Table {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #dirty = new Set<number>();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }

  get dirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** To be called for each byte range that was changed. */
  changed(at: number, length = 1): void {
    for (let sector = Math.floor(at / sectorSize); sector * sectorSize < at + length; sector++) this.#dirty.add(sector);
  }

  /** Writes the changed sectors to the table's place in the file, neighbours together. */
  flush(file: FileLike, offset: number, purpose: Purpose): void {
    const sectors = [...this.#dirty].sort((a, b) => a - b);
    for (let i = 0; i < sectors.length;) {
      const from = sectors[i] ?? 0;
      let next = from;
      while (sectors[i] === next) {
        next += 1;
        i += 1;
      }
      file.write(offset + from * sectorSize, this.bytes.subarray(from * sectorSize, next * sectorSize), purpose);
      // Only now: what could not be written, as to a full disk, is written by the next flush.
      for (let sector = from; sector < next; sector++) this.#dirty.delete(sector);
    }
  }
}

/**
 * The tables in use, each of one cluster, the least recently used dropped first. A table not here costs a read of the
 * file before the data can be found: the price of a virtual disk larger than its cache.
 */
export class TableCache {
  readonly #file: FileLike;
  readonly #tableSize: number;
  readonly #capacity: number;
  readonly #purpose: Purpose;
  readonly #tables = new Map<number, Table>();
  #latest: { readonly offset: number; readonly table: Table } | undefined;
  /** Tables asked for that were here, and that had to be read. */
  hits = 0;
  misses = 0;

  constructor(file: FileLike, tableSize: number, capacity: number, purpose: Purpose) {
    invariant(capacity >= 1, "a cache of tables holds at least the one in use");
    this.#file = file;
    this.#tableSize = tableSize;
    this.#capacity = capacity;
    this.#purpose = purpose;
  }

  /** The table at an offset of the file. Good until the next call: it may be dropped then. */
  at(offset: number): Table {
    if (this.#latest?.offset === offset) {
      this.hits += 1;
      return this.#latest.table;
    }
    const held = this.#tables.get(offset);
    if (held !== undefined) {
      this.hits += 1;
      this.#tables.delete(offset);
      this.#tables.set(offset, held);
      this.#latest = { offset, table: held };
      return held;
    }
    this.misses += 1;
    return this.#keep(offset, new Table(this.#file.read(offset, this.#tableSize, this.#purpose)));
  }

  /** Puts a new table in place, which the next flush writes whole. */
  create(offset: number, bytes: Uint8Array): Table {
    const table = this.#keep(offset, new Table(bytes));
    table.changed(0, bytes.length);
    return table;
  }

  /** The cluster is no table any more. */
  forget(offset: number): void {
    if (this.#latest?.offset === offset) this.#latest = undefined;
    this.#tables.delete(offset);
  }

  /** Writes what changed and forgets all tables. */
  clear(): void {
    this.flush();
    this.#tables.clear();
    this.#latest = undefined;
  }

  flush(): void {
    for (const [offset, table] of this.#tables) if (table.dirty) table.flush(this.#file, offset, this.#purpose);
  }

  #keep(offset: number, table: Table): Table {
    this.#tables.delete(offset);
    this.#tables.set(offset, table);
    this.#latest = { offset, table };
    for (const [victim, old] of this.#tables) {
      if (this.#tables.size <= this.#capacity) break;
      if (old.dirty) old.flush(this.#file, victim, this.#purpose);
      this.#tables.delete(victim);
    }
    return table;
  }
}
