import { invariant } from "../core/index.js";
import type { Frames } from "./frames.js";
import { pageSize, pte, satpOf } from "./privileged.js";

const levels = 3;
/** Where the page number begins in an entry, in multiples of the flags. */
const numberUnit = 1024;
/** Fewer could not hold what a single instruction needs: two pages of code, two of data, three tables to each. */
export const leastFrames = 16;

/** In which view the guest sees memory: what its mode and mstatus let it access. */
export interface View {
  /** The guest's satp; 0 where its addresses are physical. */
  readonly space: bigint;
  /** Of the mode, SUM and MXR: a small number for each combination. */
  readonly key: number;
}

const nowhere = { space: 0n, key: -1, satp: 0n };

export interface ShadowOptions {
  readonly frames: Frames;
  /** The host forgets what tables said: of all addresses or of one. */
  readonly fence: (address?: bigint) => void;
  /** All entries are gone. */
  readonly forgotten?: () => void;
  /** Of a topmost table: 4 are Sv39x4's, whose addresses are guest physical ones; 1 where nothing is said. */
  readonly rootPages?: 1 | 4;
}

/**
 * Page tables that the host's hart walks in place of the guest's: Sv39, leaves of 4 KiB. A de-privileged guest is always in user mode,
 * and so is each entry. For each address space of the guest there are several, one for each view: supervisor's pages are
 * in the virtual supervisor's alone, user's pages in that only where SUM lets it read them. Where the guest's modes are the hart's own,
 * one view has both, as the guest's tables have.
 *
 * They are filled as the guest touches pages and lose what the guest fences: a *virtual TLB*. The architecture lets a TLB be stale
 * until SFENCE.VMA, so the guest's tables need not be write-protected, and a guest that changes many entries before it fences pays
 * nothing for each. What that costs is more hidden faults behind a fence, since all that it named has to be found again. With traces
 * (`TracedTables`) it is the other way.
 * (Privileged ISA, "Supervisor Memory-Management Fence Instruction"; "virtual TLB" as in the Intel SDM, volume 3, "Memory
 * Virtualization".)
 */
export class ShadowTables {
  readonly #frames: Frames;
  readonly #fence: (address?: bigint) => void;
  readonly #forgotten: (() => void) | undefined;
  readonly #rootPages: number;
  /** Bits of an address. */
  readonly #width: number;
  readonly #roots = new Map<bigint, (number | undefined)[]>();
  /**
   * Where something of a large leaf is in them, so that fencing one address of it concerns others: by level, the leaf's addresses
   * without the bits that lie within it.
   */
  readonly #large: readonly Set<number>[] = [new Set(), new Set(), new Set()];
  #fills = 0;
  /** The view entered last, which is asked for again and again. */
  #entered = nowhere;

  constructor({ frames, fence, forgotten, rootPages = 1 }: ShadowOptions) {
    this.#frames = frames;
    this.#rootPages = rootPages;
    this.#width = rootPages === 1 ? 39 : 41;
    this.#fence = fence;
    this.#forgotten = forgotten;
  }

  /** How many tables there are now, and how many entries were ever made. */
  get size(): { readonly tables: number; readonly fills: number } {
    return { tables: this.#frames.used, fills: this.#fills };
  }

  /** satp for the host while the guest has this view. */
  enter({ space, key }: View): bigint {
    if (key === this.#entered.key && space === this.#entered.space) return this.#entered.satp;
    const satp = satpOf(this.#rootOf(space, key));
    this.#entered = { space, key, satp };
    return satp;
  }

  /**
   * Lets the guest reach a page.
   * @param flags R, W, X and U as the view has them; the first three are added to those that are there
   * @param level of the guest's leaf
   * @returns where the entry lies, for `flagsAt`, `protect` and `drop`, until all is forgotten
   */
  map({ space, key }: View, address: bigint, page: number, flags: number, level: number): number {
    const number = this.#numberOf(address);
    let table = this.#rootOf(space, key);
    for (let step = levels - 1; step > 0; step--) {
      const at = table + 8 * this.#indexOf(number, step);
      const entry = this.#frames.read(at);
      if ((entry & pte.V) !== 0) table = Math.floor(entry / numberUnit) * pageSize;
      else {
        const next = this.#frames.take();
        if (next === undefined) {
          // The pool is the guest's share: it begins again rather than take more.
          this.forget(undefined);
          return this.map({ space, key }, address, page, flags, level);
        }
        this.#frames.write(at, (next / pageSize) * numberUnit + pte.V);
        table = next;
      }
    }
    const at = table + 8 * (number & 511);
    const before = this.#frames.read(at);
    const same = Math.floor(before / numberUnit) * pageSize === page;
    const kept = same ? before & (pte.R | pte.W | pte.X) : 0;
    const leaf = pte.V | pte.A | pte.D;
    this.#frames.write(at, (page / pageSize) * numberUnit + (leaf | kept | flags));
    if (!same && (before & pte.V) !== 0) this.#fence(address);
    if (level > 0) this.#large[level]?.add(number >>> (9 * level));
    this.#fills++;
    return at;
  }

  flagsAt(place: number): number {
    return this.#frames.read(place) & 0xff;
  }

  /** The guest's next store there comes to the VMM. */
  protect(place: number, address: bigint): void {
    const entry = this.#frames.read(place);
    this.#frames.write(place, entry - (entry & pte.W));
    this.#fence(address);
  }

  /** The entry is filled anew when it is used next. */
  drop(place: number, address: bigint): void {
    this.#frames.write(place, 0);
    this.#fence(address);
  }

  /** Where the host finds an address in a view, and its entry's flags; undefined where the entry isn't filled. Fills nothing. */
  lookUp({ space, key }: View, address: bigint): { readonly address: number; readonly flags: number } | undefined {
    const root = this.#roots.get(space)?.[key];
    const number = this.#numberOf(address);
    let table = root;
    for (let step = levels - 1; step > 0 && table !== undefined; step--) {
      const entry = this.#frames.read(table + 8 * this.#indexOf(number, step));
      table = (entry & pte.V) === 0 ? undefined : Math.floor(entry / numberUnit) * pageSize;
    }
    const leaf = table === undefined ? 0 : this.#frames.read(table + 8 * (number & 511));
    if ((leaf & pte.V) === 0) return undefined;
    const inside = Number(BigInt.asUintN(12, address));
    return { address: Math.floor(leaf / numberUnit) * pageSize + inside, flags: leaf & 0xff };
  }

  /** The addresses of pages that are filled in an address space, in any of its views; each once. */
  mapped(space: bigint): readonly bigint[] {
    const found = new Set<number>();
    const visit = (table: number, level: number, prefix: number): void => {
      for (let index = 0; index < 512; index++) {
        const entry = this.#frames.read(table + 8 * index);
        if ((entry & pte.V) === 0) continue;
        const number = prefix * 512 + index;
        if (level === 0) found.add(number);
        else visit(Math.floor(entry / numberUnit) * pageSize, level - 1, number);
      }
    };
    for (const root of this.#roots.get(space) ?? []) if (root !== undefined) visit(root, levels - 1, 0);
    return [...found].map((number) => BigInt(number) << 12n);
  }

  /** What an address means may have changed, or what all do. */
  forget(address: bigint | undefined): void {
    if (this.#frames.used === 0) return;
    if (address !== undefined && this.#unmap(address)) return;
    this.#frames.clear();
    this.#roots.clear();
    this.#entered = nowhere;
    for (const leaves of this.#large) leaves.clear();
    this.#forgotten?.();
    this.#fence();
  }

  /** @returns whether that was all: not for a leaf of 1 GiB, which is in too many tables */
  #unmap(address: bigint): boolean {
    const number = this.#numberOf(address);
    if (this.#large[2]?.has(number >>> 18) === true) return false;
    const whole = this.#large[1]?.delete(number >>> 9) === true;
    for (const roots of this.#roots.values()) {
      for (const root of roots) {
        if (root === undefined) continue;
        if (!whole) this.#unmapIn(root, number);
        else for (let page = 0; page < 512; page++) this.#unmapIn(root, (number & ~511) + page);
      }
    }
    this.#fence(whole ? undefined : address);
    return true;
  }

  #unmapIn(root: number, number: number): void {
    let table = root;
    for (let step = levels - 1; step > 0; step--) {
      const entry = this.#frames.read(table + 8 * this.#indexOf(number, step));
      if ((entry & pte.V) === 0) return;
      table = Math.floor(entry / numberUnit) * pageSize;
    }
    this.#frames.write(table + 8 * (number & 511), 0);
  }

  #numberOf(address: bigint): number {
    return Number(BigInt.asUintN(this.#width, address) >> 12n);
  }

  /** The topmost table may have more entries than the others. */
  #indexOf(number: number, step: number): number {
    return (number >>> (9 * step)) & (step === levels - 1 ? 512 * this.#rootPages - 1 : 511);
  }

  /** A topmost table lies at a multiple of its size. */
  #takeRoot(): number | undefined {
    const size = this.#rootPages * pageSize;
    let root = this.#frames.take();
    while (root !== undefined && root % size !== 0) root = this.#frames.take();
    let last = root;
    for (let page = 1; page < this.#rootPages && last !== undefined; page++) last = this.#frames.take();
    return last === undefined ? undefined : root;
  }

  #rootOf(space: bigint, key: number): number {
    let roots = this.#roots.get(space);
    if (roots === undefined) this.#roots.set(space, (roots = []));
    const known = roots[key];
    if (known !== undefined) return known;
    const root = this.#takeRoot();
    if (root === undefined) {
      this.forget(undefined);
      return this.#rootOf(space, key);
    }
    roots[key] = root;
    invariant(this.#frames.used > 0, "a root lies in a frame");
    return root;
  }
}
