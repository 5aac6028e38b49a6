import type { Signal } from "../../core/index.js";
import type { Cgroup } from "../cgroup/cgroup.js";
import { pageSize } from "../vfs/content.js";

/** Pages that are kept together: what Linux reads ahead at most, 128 KiB (VM_READAHEAD_PAGES, linux/mm.h). */
export const batchPages = 32;

/** The file of a batch, as reclaim sees it. */
export interface BatchFile {
  /** A batch of it holds nothing any more. */
  forget(batch: Batch): void;
  /** Begins to write bytes back, in a group's name. @returns when they are written; undefined where they are already */
  submit(cgroup: Cgroup, pages: number): Signal<unknown> | undefined;
}

/**
 * Pages of a file that lie beside each other, read or written by the same group: they age and go together, as a large
 * folio's do. Bits say which of the 32 there are.
 */
export class Batch {
  previous: Batch | undefined;
  next: Batch | undefined;
  readonly file: BatchFile | undefined;
  /** Which batch of its file. */
  readonly number: number;
  /** The same place of the file, of another group. */
  beside: Batch | undefined;
  private payer: Cgroup | undefined;
  present: number;
  dirty: number;
  /** Being written back, and when that is done. */
  writing: number;
  written: Signal<unknown> | undefined;
  referenced: boolean;
  active: boolean;
  dirtySince: number;

  constructor(file: BatchFile | undefined, number: number, owner: Cgroup | undefined) {
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
  get owner(): Cgroup {
    let owner = this.payer;
    while (owner?.removed === true && owner.parent !== undefined) owner = owner.parent;
    this.payer = owner;
    if (owner === undefined) throw new RangeError("the end of a list has no owner");
    return owner;
  }
}

/** Batches in the order of their use, the latest first. */
class BatchList {
  readonly #end = new Batch(undefined, -1, undefined);
  pages = 0;

  constructor() {
    this.#end.next = this.#end.previous = this.#end;
  }

  /** The one that wasn't used for longest. */
  get last(): Batch | undefined {
    const last = this.#end.previous;
    return last === this.#end ? undefined : last;
  }

  push(batch: Batch): void {
    const { next } = this.#end;
    batch.previous = this.#end;
    batch.next = next;
    this.#end.next = batch;
    if (next !== undefined) next.previous = batch;
    this.pages += countBits(batch.present);
  }

  remove(batch: Batch): void {
    const { previous, next } = batch;
    if (previous !== undefined) previous.next = next;
    if (next !== undefined) next.previous = previous;
    batch.previous = batch.next = undefined;
    this.pages -= countBits(batch.present);
  }

  /** Takes over another list, as its oldest. */
  append(other: BatchList): void {
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
export class LruLists {
  readonly inactive: BatchList = new BatchList();
  readonly active: BatchList = new BatchList();

  /** A group is removed: what it leaves goes to the one above. */
  append(other: LruLists): void {
    this.inactive.append(other.inactive);
    this.active.append(other.active);
  }
}

const listsOf = (cgroup: Cgroup): LruLists => (cgroup.lru ??= new LruLists());
const listOf = (batch: Batch): BatchList => listsOf(batch.owner)[batch.active ? "active" : "inactive"];

/** Changes what a batch has, and its place on the lists. */
export function setPresent(batch: Batch, present: number): void {
  const before = batch.present;
  const list = listOf(batch);
  const bytes = (countBits(present) - countBits(before)) * pageSize;
  if (before !== 0 && present !== 0) list.pages += bytes / pageSize;
  else if (before !== 0) list.remove(batch);
  batch.present = present;
  if (before === 0 && present !== 0) list.push(batch);
  if (batch.active) batch.owner.note("active", bytes);
}

/** Puts a batch at the head of a list. */
export function requeue(batch: Batch, active: boolean): void {
  listOf(batch).remove(batch);
  if (active !== batch.active) {
    const bytes = countBits(batch.present) * pageSize;
    batch.owner.note("active", active ? bytes : -bytes);
    batch.owner.happenedTo(active ? "pgactivate" : "pgdeactivate", bytes / pageSize);
  }
  batch.active = active;
  batch.referenced = false;
  listOf(batch).push(batch);
}

/** A batch is used once more: the second time it becomes active. mark_page_accessed() in mm/swap.c. */
export function markAccessed(batch: Batch): void {
  if (batch.active || !batch.referenced) batch.referenced = true;
  else requeue(batch, true);
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
