import { isZero } from "../core/index.js";
import { pageSize } from "./layout.js";

/** Of a page: not written; written, and stores pass; written, and the next store is to be seen. */
export const mark = { clean: 0, written: 1, guarded: 2 } as const;

/**
 * Which pages of RAM were written since that was last asked, whatever was written there: a hypervisor's dirty log. Harts' TLBs may
 * let a store past it only where the page is marked already; so whoever collects or protects has to have them forget their entries.
 */
export class DirtyPages {
  readonly #ram: Uint8Array;
  readonly #base: number;
  /** A `mark` for each page; all are written while nobody has asked. */
  readonly #marks: Uint8Array;
  #asked = false;
  readonly #marked: ((address: number, bytes: number) => void) | undefined;

  /**
   * @param base the physical address at which RAM begins
   * @param marked is told of what is marked
   * @param marks keeps the marks, a byte for each page, where others are to see them
   */
  constructor(
    ram: Uint8Array,
    base: number,
    marked?: (address: number, bytes: number) => void,
    marks: Uint8Array = new Uint8Array(Math.ceil(ram.length / pageSize)),
  ) {
    this.#ram = ram;
    this.#base = base;
    this.#marked = marked;
    this.#marks = marks.fill(mark.written);
  }

  /** Bytes in RAM are written. */
  mark(address: number, bytes: number): void {
    const first = this.#number(address);
    const last = this.#number(address + bytes - 1);
    for (let page = first; page <= last; page++) this.#marks[page] = mark.written;
    this.#marked?.(address, bytes);
  }

  /** Whether the page is marked that the address lies in, so that stores to it need not be seen. */
  has(address: number): boolean {
    return this.#marks[this.#number(address)] === mark.written;
  }

  /** The next store to the page is seen again, as after `collect`; that it was written is still to be collected. */
  protect(address: number): void {
    const page = this.#number(address);
    if (this.#marks[page] === mark.written) this.#marks[page] = mark.guarded;
  }

  /** The addresses of the pages that are marked, and from now on none is; the first time, of all that hold anything. */
  collect(): number[] {
    const found: number[] = [];
    this.#marks.forEach((marked, page) => {
      const at = page * pageSize;
      if (marked !== mark.clean && (this.#asked || !isZero(this.#ram.subarray(at, at + pageSize))))
        found.push(this.#base + at);
    });
    this.#marks.fill(mark.clean);
    this.#asked = true;
    return found;
  }

  #number(address: number): number {
    return Math.floor((address - this.#base) / pageSize);
  }
}
