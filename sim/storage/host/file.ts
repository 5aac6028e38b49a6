import { UsageError } from "../../core/index.js";
import { sectorSize, type BlockDevice } from "../block-device.js";
import type { FileLike, Purpose } from "../file.js";
import type { Step } from "../image.js";
import { noteFileAccess } from "../recording.js";
import type { FreeSpace, Run } from "./space.js";

/** A run of a file's blocks that lie together on the volume. */
export interface Extent {
  /** First block of the file, first block of the volume, how many. */
  readonly at: number;
  readonly start: number;
  readonly count: number;
}

export interface HostFileState {
  readonly name: string;
  readonly size: number;
  readonly extents: readonly Extent[];
}

/**
 * A file on a volume of a simulated host: bytes in blocks, blocks in extents. Blocks are taken when they are first
 * written; what was never written is a hole that reads as zeros and takes no room.
 *
 * Accesses go to the disk as they come, in whole sectors, as with qemu's cache=none: the host's page cache is left out. A
 * part of a sector is read before it is written. The file's own extents are in memory.
 */
export class HostFile implements FileLike {
  readonly name: string;
  readonly writable = true;
  readonly blockSize: number;
  readonly device: BlockDevice;
  readonly #space: FreeSpace;
  #extents: Extent[] = [];
  #size = 0;

  constructor(name: string, device: BlockDevice, blockSize: number, space: FreeSpace) {
    this.name = name;
    this.device = device;
    this.blockSize = blockSize;
    this.#space = space;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the volume that it takes: what `du` shows. */
  get allocated(): number {
    return this.#extents.reduce((sum, { count }) => sum + count, 0) * this.blockSize;
  }

  /** In the order of the file. Many of them is what fragmentation means. */
  get extents(): readonly Extent[] {
    return this.#extents;
  }

  read(offset: number, length: number, purpose: Purpose = "data"): Uint8Array {
    noteFileAccess({ file: this.name, op: "read", offset, length, purpose });
    return this.#fetch(offset, length, purpose);
  }

  write(offset: number, bytes: Uint8Array, purpose: Purpose = "data"): void {
    if (bytes.length === 0) return;
    noteFileAccess({ file: this.name, op: "write", offset, length: bytes.length, purpose });
    const from = Math.floor(offset / this.blockSize);
    const to = Math.floor((offset + bytes.length - 1) / this.blockSize);
    const freshStart = this.#find(from) === undefined;
    const freshEnd = this.#find(to) === undefined;
    this.#allocate(from, to);
    const round = (at: number, unit: number, up: boolean): number =>
      (up ? Math.ceil(at / unit) : Math.floor(at / unit)) * unit;
    const start = round(offset, freshStart ? this.blockSize : sectorSize, false);
    const end = round(offset + bytes.length, freshEnd ? this.blockSize : sectorSize, true);
    let whole = bytes;
    if (end - start > bytes.length) {
      whole = new Uint8Array(end - start);
      if (!freshStart && start < offset) whole.set(this.#fetch(start, sectorSize, purpose));
      const read = !freshStart && start < offset && whole.length === sectorSize;
      if (!freshEnd && end > offset + bytes.length && !read) {
        whole.set(this.#fetch(end - sectorSize, sectorSize, purpose), whole.length - sectorSize);
      }
      whole.set(bytes, offset - start);
    }
    for (const piece of this.#pieces(start, whole.length)) {
      if (piece.sector === null) continue;
      this.device.write(piece.sector, whole.subarray(piece.from - start, piece.from - start + piece.length), purpose);
    }
    this.#size = Math.max(this.#size, offset + bytes.length);
  }

  truncate(size: number): void {
    if (size < this.#size) {
      const kept = Math.ceil(size / this.blockSize);
      const tail = Math.min(kept * this.blockSize, this.#size) - size;
      if (tail > 0 && this.#find(kept - 1) !== undefined) this.write(size, new Uint8Array(tail));
      const gone = this.#extents.filter(({ at, count }) => at + count > kept);
      this.#extents = this.#extents.filter(({ at, count }) => at + count <= kept);
      for (const { at, start, count } of gone) {
        const stay = Math.max(0, kept - at);
        if (stay > 0) this.#insert({ at, start, count: stay });
        this.#space.give({ start: start + stay, count: count - stay });
      }
    }
    this.#size = size;
  }

  /** Takes room for `size` bytes at once, in one run where there is one, as `fallocate` does. They read as zeros. */
  preallocate(size: number): void {
    const blocks = Math.ceil(size / this.blockSize);
    const together = this.#extents.length === 0 ? this.#space.takeTogether(blocks) : undefined;
    const taken = together === undefined ? this.#allocate(0, blocks - 1) : this.#place(0, [together]);
    for (const { start, count } of taken) {
      this.device.discard((start * this.blockSize) / sectorSize, (count * this.blockSize) / sectorSize);
    }
    this.#size = Math.max(this.#size, size);
  }

  flush(): void {
    this.device.flush();
  }

  /** Follows a byte of the file to its sector of the volume's device; null for a hole. */
  trace(offset: number): { readonly steps: readonly Step[]; readonly sector: number | null } {
    const block = Math.floor(offset / this.blockSize);
    const steps: Step[] = [
      {
        key: "block",
        what: `block of ${this.name}`,
        formula: `⌊${offset} / ${this.blockSize}⌋`,
        value: block,
        unit: "",
      },
    ];
    const extent = this.#find(block);
    if (extent === undefined) {
      steps.push({ key: "hole", what: "in no extent", formula: "a hole reads as zeros", value: "none", unit: "" });
      return { steps, sector: null };
    }
    const found = extent.start + block - extent.at;
    const perBlock = this.blockSize / sectorSize;
    const within = Math.floor((offset % this.blockSize) / sectorSize);
    const sector = found * perBlock + within;
    steps.push(
      {
        key: "extent",
        what: "block of the volume",
        formula: `${extent.start} + (${block} − ${extent.at})`,
        value: found,
        unit: "",
      },
      {
        key: "volume-sector",
        what: `sector of ${this.device.name}`,
        formula: `${found} · ${perBlock} + ⌊(${offset} mod ${this.blockSize}) / ${sectorSize}⌋`,
        value: sector,
        unit: "",
      },
    );
    return { steps, sector };
  }

  save(): HostFileState {
    return { name: this.name, size: this.#size, extents: this.#extents };
  }

  restore(state: HostFileState): void {
    if (state.name !== this.name)
      throw new UsageError(`the state of "${state.name}" is not that of "${this.name}"`, "Restore a file's own state.");
    this.#size = state.size;
    this.#extents = [...state.extents];
  }

  /** Gives all blocks back. */
  clear(): void {
    for (const { start, count } of this.#extents) this.#space.give({ start, count });
    this.#extents = [];
    this.#size = 0;
  }

  /** Reads whole sectors around the range, holes as zeros. */
  #fetch(offset: number, length: number, purpose: Purpose): Uint8Array {
    const start = Math.floor(offset / sectorSize) * sectorSize;
    const end = Math.ceil((offset + length) / sectorSize) * sectorSize;
    const out = new Uint8Array(end - start);
    for (const piece of this.#pieces(start, Math.max(0, end - start))) {
      if (piece.sector === null) continue;
      out.set(this.device.read(piece.sector, piece.length / sectorSize, purpose), piece.from - start);
    }
    if (offset + length > this.#size) out.fill(0, Math.max(0, this.#size - start));
    return out.subarray(offset - start, offset - start + length);
  }

  /** The index of the first extent that ends behind a block: the one that holds it, or the next. */
  #index(block: number): number {
    let low = 0;
    let high = this.#extents.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const extent = this.#extents[middle];
      if (extent !== undefined && extent.at + extent.count <= block) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #find(block: number): Extent | undefined {
    const extent = this.#extents[this.#index(block)];
    return extent !== undefined && extent.at <= block ? extent : undefined;
  }

  /** Gives each hole among the blocks a place, behind what stands before it where that is free. */
  #allocate(from: number, to: number): readonly Run[] {
    const taken: Run[] = [];
    for (let block = from; block <= to;) {
      const index = this.#index(block);
      const next = this.#extents[index];
      if (next !== undefined && next.at <= block) {
        block = next.at + next.count;
        continue;
      }
      const end = Math.min(to + 1, next?.at ?? Infinity);
      const before = this.#extents[index - 1];
      const runs = this.#space.take(end - block, before === undefined ? 0 : before.start + before.count);
      taken.push(...this.#place(block, runs));
      block = end;
    }
    return taken;
  }

  #place(block: number, runs: readonly Run[]): readonly Run[] {
    let at = block;
    for (const { start, count } of runs) {
      this.#insert({ at, start, count });
      at += count;
    }
    return runs;
  }

  #insert(extent: Extent): void {
    const index = this.#index(extent.at);
    this.#extents.splice(index, 0, extent);
    for (const left of [index, index - 1]) {
      const a = this.#extents[left];
      const b = this.#extents[left + 1];
      if (a === undefined || b === undefined) continue;
      if (a.at + a.count === b.at && a.start + a.count === b.start) {
        this.#extents.splice(left, 2, { at: a.at, start: a.start, count: a.count + b.count });
      }
    }
  }

  /** A byte range, in whole sectors, cut where it leaves an extent. */
  *#pieces(start: number, length: number): Generator<{ from: number; length: number; sector: number | null }> {
    for (let from = start; from < start + length;) {
      const block = Math.floor(from / this.blockSize);
      const extent = this.#extents[this.#index(block)];
      const held = extent !== undefined && extent.at <= block;
      const next = extent === undefined ? Infinity : held ? extent.at + extent.count : extent.at;
      const span = Math.min(start + length, next * this.blockSize) - from;
      const sector = held ? ((extent.start - extent.at) * this.blockSize + from) / sectorSize : null;
      yield { from, length: span, sector };
      from += span;
    }
  }
}
