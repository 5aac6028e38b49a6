import type { Access } from "./exceptions.js";
import { supervisor, type Privilege } from "./mode.js";
import { updatesMarks } from "./csr-machine.js";
import type { Protection } from "./pmp.js";
import { status } from "./status.js";

/** Bits of a page-table entry (privileged ISA, "Sv32", taken over by Sv39). */
export const pte = { V: 1, R: 2, W: 4, X: 8, U: 16, A: 64, D: 128 } as const;
export const levels = 3;
/** Each level's numbers have 9 bits. */
const entries = 512;
/** Bits 63 to 54: reserved, or of extensions that aren't there. In the entry's upper half. */
export const reservedHigh = 0xffc00000;
/** Of an entry that names a table, what counts, and what that has to be: "The D, A, and U bits are reserved for future standard use". */
export const tableBits: { readonly mask: number; readonly match: number } = {
  mask: pte.V | pte.R | pte.W | pte.X | pte.U | pte.A | pte.D,
  match: pte.V,
};

/** What the walker needs of the physical memory: where RAM lies in `buffer`. */
export interface Ram {
  readonly buffer: ArrayBuffer;
  ramAt(address: number, bytes: number): number | undefined;
}

/** What it ended with when it did not find the page. "table" is `TableAddresses`'s. */
export type WalkFault = "page" | "access" | "table";

/** What a page has to allow: an access; or, of "peek", to be executed, although the access is a load (HLVX). */
export type Needed = Access | "peek";

/** The bits of mstatus and of menvcfg, or of their kind, that a walk goes by. */
export interface WalkRules {
  /** SUM and MXR. */
  readonly status: number;
  /** ADUE. */
  readonly environment: bigint;
}

/** Where tables lie whose addresses are no physical ones. */
export interface TableAddresses {
  /** The physical address of an entry to be read or marked; negative where there is none. */
  locateTable(address: number, access: "read" | "write"): number;
}

/** Walks Sv39's page tables. Addresses are numbers: those of 56 bits may lose their last bits, but nothing lies up there. */
export class Walker {
  readonly #ram: Ram;
  readonly #protection: Protection;
  readonly #view: DataView;
  /** Is told of each entry that the walk marks. */
  readonly #marked: (address: number, bytes: number) => void;
  /** What the last successful walk found: where the page of 4 KiB begins, the leaf's level. */
  page = 0;
  level = 0;
  /** Whether a store that is allowed what this access was allowed finds W and D there. */
  writable = false;

  constructor(ram: Ram, protection: Protection, marked: (address: number, bytes: number) => void) {
    this.#ram = ram;
    this.#protection = protection;
    this.#view = new DataView(ram.buffer);
    this.#marked = marked;
  }

  /**
   * Finds the page of an address, by the steps of "Virtual Address Translation Process". Where A or D is missing in an entry, it
   * is set, or that is a page fault, as menvcfg says (Svadu, Svade).
   * @param root the topmost table's address
   * @param number the virtual page number: 27 bits, or 29 where the topmost table is four times as large (Sv39x4)
   * @param tables who knows where tables lie, if their addresses aren't physical
   */
  walk(
    root: number,
    number: number,
    access: Needed,
    privilege: Privilege,
    { status: bits, environment }: WalkRules,
    tables?: TableAddresses,
  ): WalkFault | undefined {
    let table = root;
    for (let level = levels - 1; level >= 0; level--) {
      const index = level === levels - 1 ? number >>> (9 * level) : (number >>> (9 * level)) & (entries - 1);
      const given = table + 8 * index;
      const address = tables === undefined ? given : tables.locateTable(given, "read");
      if (address < 0) return "table";
      const at = this.#ram.ramAt(address, 8);
      if (at === undefined || !this.#protection.allows(address, 8, "read", supervisor)) return "access";
      const low = this.#view.getUint32(at, true);
      const high = this.#view.getUint32(at + 4, true);
      if ((low & pte.V) === 0 || (low & (pte.R | pte.W)) === pte.W || (high & reservedHigh) !== 0) return "page";
      // The page number begins at bit 10.
      const page = (high * 2 ** 22 + (low >>> 10)) * 4096;
      if ((low & (pte.R | pte.X)) === 0) {
        if ((low & tableBits.mask) !== tableBits.match) return "page";
        table = page;
        continue;
      }
      const below = entries ** level;
      const mask = leafMask(access, privilege, bits);
      if ((low & mask) !== leafMatch(mask, privilege) || (page / 4096) % below !== 0) return "page";
      const marks = access === "write" ? pte.A | pte.D : pte.A;
      if ((low & marks) !== marks) {
        if (!updatesMarks(environment)) return "page";
        if (tables !== undefined && tables.locateTable(given, "write") < 0) return "table";
        if (!this.#protection.allows(address, 8, "write", supervisor)) return "access";
        this.#marked(address, 8);
        this.#view.setUint32(at, low | marks, true);
      }
      this.page = page + (number % below) * 4096;
      this.level = level;
      this.writable = ((low | marks) & (pte.W | pte.D)) === (pte.W | pte.D);
      return undefined;
    }
    return "page";
  }
}

/** Which bits of a leaf decide whether it allows an access. @param bits SUM and MXR of mstatus, or their kind */
export function leafMask(access: Needed, privilege: Privilege, bits: number): number {
  const readable = (bits & status.MXR) === 0 ? pte.R : 0;
  const needed = { read: readable, write: pte.R | pte.W, execute: pte.X, peek: pte.X }[access];
  // What user mode has, supervisor mode never executes, and reads and writes with SUM only.
  const open = privilege === supervisor && access !== "execute" && (bits & status.SUM) !== 0;
  return pte.V | needed | (open ? 0 : pte.U);
}

/** What these bits are where it does. */
export function leafMatch(mask: number, privilege: Privilege): number {
  return privilege === supervisor ? mask & ~pte.U : mask;
}
