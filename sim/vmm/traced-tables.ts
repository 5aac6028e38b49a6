import type { Hart, Machine } from "../machine/index.js";
import type { Allotment } from "./frames.js";
import { pageSize, pte } from "./privileged.js";
import type { ShadowTables } from "./shadow-paging.js";

/** An entry of the guest's tables is a double word, and is written as one. */
const entryBytes = 8;
/** Why a page is a table, where no other table's entry leads to it: satp does, or hgatp. */
const root = -1;

const pageOf = (address: number): number => address - (address % pageSize);
const entriesOf = (page: number): number[] =>
  Array.from({ length: pageSize / entryBytes }, (_, index) => page + entryBytes * index);
const rootOf = (satp: bigint): number => Number(BigInt.asUintN(44, satp)) * pageSize;

/** An entry of the guest's that the shadow was made from. */
interface Source {
  /** Which of the shadow's entries were. */
  readonly leaves: Set<number>;
  /** The tables to which it leads. */
  readonly next: Set<number>;
}

interface Leaf {
  readonly address: bigint;
  /** The guest's page that is reached there. */
  readonly page: number;
  /** Where the entries lie that the walk has read, in their order. */
  readonly sources: readonly number[];
}

export interface TracedTablesParts {
  readonly guest: Hart;
  readonly shadow: ShadowTables;
  readonly host: Machine;
  readonly ramBase: number;
  readonly allotment: Allotment;
  /** Whether all stores of the guest's are made through this shadow: it has one hart. */
  readonly isAlone: boolean;
}

/**
 * *Traces* on the guest's page tables: pages from which the shadow was made are write-protected in it, so that each store to one is an
 * exit. The store is emulated, and what was made from the entry is dropped at once. So the shadow is never stale: a fence
 * costs it nothing, and address spaces keep theirs while others execute; but each change of an entry costs an exit, and the next use a hidden fault.
 *
 * Every entry of the shadow knows the entries that its walk has read. A page is a table as long as one of these leads to it. A
 * topmost table is one until it is changed while another is in use, which a kernel does that frees it or makes a process anew; and none is written
 * but by aligned double words. (KVM's `mmu.c` knows a table that isn't one any more by misaligned stores and by floods of them.)
 *
 * Source: K. Adams and O. Agesen, "A Comparison of Software and Hardware Techniques for x86 Virtualization", ASPLOS 2006, section 2 on
 * memory traces, where a change is also carried over into the shadow's entry.
 */
export class TracedTables {
  readonly #parts: TracedTablesParts;
  /** By the entries' places: guest physical of the guest's, the host's of the shadow's. */
  readonly #sources = new Map<number, Source>();
  readonly #leaves = new Map<number, Leaf>();
  /** What is write-protected, by page: entries that lead there, or `root`. */
  readonly #reasons = new Map<number, Set<number>>();
  /** Entries of the shadow that let the guest write a page. */
  readonly #writable = new Map<number, Set<number>>();

  constructor(parts: TracedTablesParts) {
    this.#parts = parts;
    parts.host.bus.onWritten((address, length) => {
      this.#written(address - parts.allotment.address + parts.ramBase, length);
    });
  }

  /** Whether the shadow holds nothing that the guest's tables don't say, so that fences concern it not. */
  get isCurrent(): boolean {
    return this.#parts.isAlone;
  }

  /** Whether a page is a table. */
  has(page: number): boolean {
    return this.#reasons.has(page);
  }

  /**
   * The shadow has a new entry, or more rights in one.
   * @param place where it lies
   */
  note(place: number, leaf: Leaf): void {
    this.#remove(place);
    this.#leaves.set(place, leaf);
    if ((this.#parts.shadow.flagsAt(place) & pte.W) !== 0) {
      const known = this.#writable.get(leaf.page);
      if (known === undefined) this.#writable.set(leaf.page, new Set([place]));
      else known.add(place);
    }
    let reason = root;
    for (const at of leaf.sources) {
      this.#trace(pageOf(at), reason);
      let source = this.#sources.get(at);
      if (source === undefined) this.#sources.set(at, (source = { leaves: new Set(), next: new Set() }));
      source.leaves.add(place);
      reason = at;
    }
  }

  /** The shadow has no entries any more. */
  clear(): void {
    for (const notes of [this.#sources, this.#leaves, this.#reasons, this.#writable]) notes.clear();
  }

  #trace(page: number, reason: number): void {
    this.#sources.get(reason)?.next.add(page);
    const known = this.#reasons.get(page);
    if (known !== undefined) {
      known.add(reason);
      return;
    }
    this.#reasons.set(page, new Set([reason]));
    for (const place of this.#writable.get(page) ?? []) {
      const leaf = this.#leaves.get(place);
      if (leaf !== undefined) this.#parts.shadow.protect(place, leaf.address);
    }
    this.#writable.delete(page);
  }

  /** The guest's memory changed, or is about to: by an instruction that was emulated, a hart's mark in an entry, or a device. */
  #written(start: number, length: number): void {
    if (this.#reasons.size === 0) return;
    const { ramBase, allotment } = this.#parts;
    const end = Math.min(start + length, ramBase + allotment.size);
    for (let page = pageOf(Math.max(start, ramBase)); page < end; page += pageSize) {
      if (!this.#reasons.has(page)) continue;
      const isEntry = length === entryBytes && start % entryBytes === 0;
      if (isEntry && this.#isTable(page)) this.#drop([start]);
      else {
        this.#reasons.delete(page);
        this.#drop(entriesOf(page));
      }
    }
  }

  #isTable(page: number): boolean {
    const reasons = this.#reasons.get(page);
    if (reasons?.has(root) !== true || reasons.size > 1) return true;
    const { satp, vsatp, hgatp } = this.#parts.guest.state;
    return [satp, vsatp, hgatp].some((register) => rootOf(register) === page);
  }

  /** Drops what was made from these entries of the guest's; what is no table any more because of that, isn't traced any more. */
  #drop(entries: number[]): void {
    for (let at = entries.pop(); at !== undefined; at = entries.pop()) {
      const source = this.#sources.get(at);
      if (source === undefined) continue;
      this.#sources.delete(at);
      for (const place of source.leaves) {
        const leaf = this.#leaves.get(place);
        this.#remove(place);
        if (leaf !== undefined) this.#parts.shadow.drop(place, leaf.address);
      }
      for (const page of source.next) {
        const reasons = this.#reasons.get(page);
        if (reasons?.delete(at) !== true || reasons.size > 0) continue;
        this.#reasons.delete(page);
        entries.push(...entriesOf(page));
      }
    }
  }

  #remove(place: number): void {
    const leaf = this.#leaves.get(place);
    if (leaf === undefined) return;
    this.#leaves.delete(place);
    this.#writable.get(leaf.page)?.delete(place);
    for (const at of leaf.sources) this.#sources.get(at)?.leaves.delete(place);
  }
}
