import { isZero } from "../core/index.js";
import { pageSize } from "./layout.js";

/**
 * Which pages of RAM were written since that was last asked, whatever was written there: a hypervisor's dirty log. Harts' TLBs may
 * let a store past it only where the page is marked already; so whoever collects has to have them forget their entries.
 */
export class DirtyPages {
  readonly #ram: Uint8Array;
  readonly #base: number;
  /** 1 for a page that was written; for all while nobody has asked. */
  readonly #marks: Uint8Array;
  #asked = false;
  readonly #marked: ((address: number, bytes: number) => void) | undefined;

  /**
   * @param base the physical address at which RAM begins
   * @param marked is told of what is marked
   */
  constructor(ram: Uint8Array, base: number, marked?: (address: number, bytes: number) => void) {
    this.#ram = ram;
    this.#base = base;
    this.#marked = marked;
    this.#marks = new Uint8Array(Math.ceil(ram.length / pageSize)).fill(1);
  }

  /** Bytes in RAM are written. */
  mark(address: number, bytes: number): void {
    const first = this.#number(address);
    const last = this.#number(address + bytes - 1);
    for (let page = first; page <= last; page++) this.#marks[page] = 1;
    this.#marked?.(address, bytes);
  }

  /** Whether the page is marked that the address lies in. */
  has(address: number): boolean {
    return this.#marks[this.#number(address)] === 1;
  }

  /** The addresses of the pages that are marked, and from now on none is; the first time, of all that hold anything. */
  collect(): number[] {
    const found: number[] = [];
    this.#marks.forEach((mark, page) => {
      const at = page * pageSize;
      if (mark === 1 && (this.#asked || !isZero(this.#ram.subarray(at, at + pageSize)))) found.push(this.#base + at);
    });
    this.#marks.fill(0);
    this.#asked = true;
    return found;
  }

  #number(address: number): number {
    return Math.floor((address - this.#base) / pageSize);
  }
}
