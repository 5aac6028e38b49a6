import type { Signal } from "../../core/index.js";

/** Pages that are kept together: what Linux reads ahead at most, 128 KiB (VM_READAHEAD_PAGES, linux/mm.h). */
export const batchPages = 32;

/** A group that pays for pages, as these lists see it. */
export interface Payer<G> {
  readonly removed: boolean;
  readonly parent: G | undefined;
}

/** The file of a batch, as reclaim sees it. */
export interface BatchFile<G extends Payer<G>> {
  /** A batch of it holds nothing any more. */
  forget(batch: Batch<G>): void;
  /** Begins to write bytes back, in a group's name. @returns when they are written; undefined where they are already */
  submit(group: G, pages: number): Signal<unknown> | undefined;
}

/**
 * Pages of a file that lie beside each other, read or written by the same group: they age and go together, as a large
 * folio's do. Bits say which of the 32 there are.
 */
export class Batch<G extends Payer<G>> {
  previous: Batch<G> | undefined;
  next: Batch<G> | undefined;
  readonly file: BatchFile<G> | undefined;
  /** Which batch of its file. */
  readonly number: number;
  /** The same place of the file, of another group. */
  beside: Batch<G> | undefined;
  private payer: G | undefined;
  present: number;
  dirty: number;
  /** Being written back, and when that is done. */
  writing: number;
  written: Signal<unknown> | undefined;
  referenced: boolean;
  active: boolean;
  dirtySince: number;

  constructor(file: BatchFile<G> | undefined, number: number, owner: G | undefined) {
    this.previous = undefined;
    this.next = undefined;
    this.file = file;
    this.number = number;
    this.beside = undefined;
    this.payer = owner;
    this.present = 0;
    this.dirty = 0;
    this.writing = 0;
    this.written = undefined;
    this.referenced = false;
    this.active = false;
    this.dirtySince = 0;
  }

  /** Who pays: where that group was removed, the one above. */
  get owner(): G {
    let owner = this.payer;
    while (owner?.removed === true && owner.parent !== undefined) owner = owner.parent;
    this.payer = owner;
    if (owner === undefined) throw new RangeError("the end of a list has no owner");
    return owner;
  }
}

/** Batches in the order of their use, the latest first. */
export class BatchList<G extends Payer<G>> {
  readonly #end = new Batch<G>(undefined, -1, undefined);
  pages = 0;

  constructor() {
    this.#end.next = this.#end.previous = this.#end;
  }

  /** The one that wasn't used for longest. */
  get last(): Batch<G> | undefined {
    const last = this.#end.previous;
    return last === this.#end ? undefined : last;
  }

  push(batch: Batch<G>): void {
    const { next } = this.#end;
    batch.previous = this.#end;
    batch.next = next;
    this.#end.next = batch;
    if (next !== undefined) next.previous = batch;
    this.pages += countBits(batch.present);
  }

  remove(batch: Batch<G>): void {
    const { previous, next } = batch;
    if (previous !== undefined) previous.next = next;
    if (next !== undefined) next.previous = previous;
    batch.previous = batch.next = undefined;
    this.pages -= countBits(batch.present);
  }

  /** Takes over another list, as its oldest. */
  append(other: BatchList<G>): void {
    const first = other.#end.next;
    const last = other.#end.previous;
    const before = this.#end.previous;
    if (first === undefined || last === undefined || before === undefined || first === other.#end) return;
    before.next = first;
    first.previous = before;
    last.next = this.#end;
    this.#end.previous = last;
    this.pages += other.pages;
  }
}

/** A group's own pages of files, by their use: who is used again while it is inactive becomes active. */
export class LruLists<G extends Payer<G>> {
  readonly inactive: BatchList<G> = new BatchList();
  readonly active: BatchList<G> = new BatchList();

  /** A group is removed: what it leaves goes to the one above. */
  append(other: LruLists<G>): void {
    this.inactive.append(other.inactive);
    this.active.append(other.active);
  }
}

/** How many pages such bits stand for. */
export function countBits(bits: number): number {
  let left = bits - ((bits >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return (((left + (left >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** The bits of the pages from `from` to before `to`. */
export const bitsOf = (from: number, to: number): number =>
  to <= from ? 0 : to - from >= batchPages ? -1 : ((1 << (to - from)) - 1) << from;
