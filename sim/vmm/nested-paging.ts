import { invariant } from "../core/index.js";
import type { Allotment, Frames } from "./frames.js";
import { pageSize, pte, satpOf, type Access } from "./privileged.js";

/** Entries of a table; a topmost one of Sv39x4 has four times as many, and lies at a multiple of its size. */
const entries = 512;
const rootPages = 4;
/** Where the page number begins in an entry, in multiples of the flags. */
const numberUnit = 1024;
const accesses: readonly Access[] = ["read", "write", "execute"];
const flagOf: Readonly<Record<Access, number>> = { read: pte.R, write: pte.W, execute: pte.X };

const spansOf = (bytes: number, span: number): number => Math.ceil(bytes / span) + 1;
/** Pages for the tables of so much memory, wherever it begins, and for what is lost to the root's alignment. */
export const nestedPages = (memory: number): number =>
  2 * rootPages - 1 + spansOf(memory, pageSize * entries ** 2) + spansOf(memory, pageSize * entries);

export interface NestedOptions {
  readonly frames: Frames;
  /** The guest's RAM: where the guest has it, and where the host does. */
  readonly ramBase: number;
  readonly allotment: Allotment;
  /** Whether the guest's own physical memory protection allows an access to a page of its. */
  readonly allows: (page: number, access: Access) => boolean;
  /** What its protection is; other tables where it is another. */
  readonly protection: () => string;
  /** Whether the page counts as written: a store that isn't seen has to be to such a page. */
  readonly isDirty: (page: number) => boolean;
  /** Pages that aren't here yet, and what is called before one of them is reached. */
  readonly absent: () => ReadonlySet<number> | undefined;
  readonly touch: (page: number) => void;
  /** The host forgets what tables said. */
  readonly fence: () => void;
}

/**
 * The hypervisor's page tables for one guest, Sv39x4 (privileged ISA, "Guest Physical Address Translation"): from guest physical
 * addresses to the host's. All of the guest's RAM is in them from the start, in leaves of 4 KiB, as it is its own; what isn't RAM has no
 * entry, so that devices are guest-page faults. Stores are let through to pages that are known to be dirty.
 *
 * The tables stand in for the guest's physical memory protection, too, which the host's hart doesn't know.
 */
export class NestedTables {
  readonly #options: NestedOptions;
  readonly #root: number;
  readonly #hgatp: bigint;
  /** Tables of the lowest level, by the number of what they map. */
  readonly #leaves = new Map<number, number>();
  /** Pages that stores are let through to. */
  readonly #open = new Set<number>();
  /** Pages that weren't here when their entries were made, and have none. */
  readonly #missing = new Set<number>();
  #protection: string | undefined;
  #absent: ReadonlySet<number> | undefined;
  #fills = 0;

  constructor(options: NestedOptions) {
    this.#options = options;
    const { frames, ramBase, allotment } = options;
    let root = frames.take();
    while (root !== undefined && root % (rootPages * pageSize) !== 0) root = frames.take();
    for (let page = 1; page < rootPages; page++) frames.take();
    invariant(root !== undefined, "nested tables have frames");
    this.#root = root;
    this.#hgatp = satpOf(root);
    for (let page = ramBase; page < ramBase + allotment.size; page += pageSize * entries) this.#tableOf(page);
    this.#tableOf(ramBase + allotment.size - 1);
  }

  /** hgatp for the host while the guest sees its memory so. */
  enter(): bigint {
    if (this.#protection === undefined) this.#build();
    return this.#hgatp;
  }

  /** How many tables there are, and how many entries were ever made or changed. */
  get size(): { readonly tables: number; readonly fills: number } {
    return { tables: this.#options.frames.used, fills: this.#fills };
  }

  /** Where the host has a guest physical address, and its entry's flags; undefined where there is none. */
  lookUp(physical: number): { readonly address: number; readonly flags: number } | undefined {
    const page = physical - (physical % pageSize);
    if (!this.#isRam(page) || this.#protection === undefined) return undefined;
    const entry = this.#options.frames.read(this.#tableOf(page) + 8 * ((page / pageSize) % entries));
    if ((entry & pte.V) === 0) return undefined;
    return { address: Math.floor(entry / numberUnit) * pageSize + (physical % pageSize), flags: entry & 0xff };
  }

  /**
   * Lets the guest's stores through to a page.
   * @returns whether they are now, and were not before
   */
  open(page: number): boolean {
    const { allows } = this.#options;
    if (this.#open.has(page) || !this.#isRam(page) || !allows(page, "write")) return false;
    this.#fill(page);
    return true;
  }

  /** A page that had not come when its entry was made gets it. @returns whether it is such a page */
  admit(page: number): boolean {
    if (!this.#missing.has(page)) return false;
    this.#options.touch(page);
    this.#fill(page);
    return true;
  }

  /** Pages may have become clean, and the guest's protection another. */
  forget(): void {
    const { isDirty, protection, absent, fence } = this.#options;
    if (this.#protection !== protection() || this.#absent !== absent()) this.#protection = undefined;
    else {
      for (const page of this.#open) if (!isDirty(page)) this.#fill(page);
    }
    fence();
  }

  #build(): void {
    const { ramBase, allotment, protection, absent, fence } = this.#options;
    this.#protection = protection();
    this.#absent = absent();
    this.#open.clear();
    for (let page = ramBase; page < ramBase + allotment.size; page += pageSize) this.#fill(page);
    fence();
  }

  #fill(page: number): void {
    const { frames, ramBase, allotment, allows, isDirty, absent } = this.#options;
    let flags = accesses.reduce((sum, access) => (allows(page, access) ? sum | flagOf[access] : sum), 0);
    if (!isDirty(page)) flags &= ~pte.W;
    if (absent()?.has(page) === true) {
      flags = 0;
      this.#missing.add(page);
    } else this.#missing.delete(page);
    if ((flags & pte.W) === 0) this.#open.delete(page);
    else this.#open.add(page);
    const entry = flags === 0 ? 0 : flags | pte.V | pte.U | pte.A | pte.D;
    const place = ((page - ramBase + allotment.address) / pageSize) * numberUnit;
    frames.write(this.#tableOf(page) + 8 * ((page / pageSize) % entries), place + entry);
    this.#fills++;
  }

  #isRam(page: number): boolean {
    const { ramBase, allotment } = this.#options;
    return page >= ramBase && page + pageSize <= ramBase + allotment.size;
  }

  #tableOf(page: number): number {
    const span = Math.floor(page / (pageSize * entries));
    const known = this.#leaves.get(span);
    if (known !== undefined) return known;
    const middle = this.#below(this.#root + 8 * Math.floor(span / entries));
    const table = this.#below(middle + 8 * (span % entries));
    this.#leaves.set(span, table);
    return table;
  }

  /** The table that an entry leads to, made where there is none. */
  #below(at: number): number {
    const { frames } = this.#options;
    const entry = frames.read(at);
    if (entry !== 0) return Math.floor(entry / numberUnit) * pageSize;
    const table = frames.take();
    invariant(table !== undefined, "nested tables have frames");
    frames.write(at, (table / pageSize) * numberUnit + pte.V);
    return table;
  }
}
