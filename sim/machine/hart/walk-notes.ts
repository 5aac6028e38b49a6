import { hartLayout, noContext, pageSize, walkEntry, walkSize } from "../layout.js";
import type { HartBus, RamPages } from "./memory.js";
import type { Privilege } from "./mode.js";
import type { Protection } from "./pmp.js";
import { rootOf } from "./satp.js";
import { leafMask, leafMatch, pte, reservedHigh } from "./walk.js";

/** Of RAM, the pages that all modes may read and write: the first one's number from RAM's begin, and how many there are. */
interface OpenPages {
  readonly ram: RamPages;
  readonly first: number;
  readonly count: number;
}

/**
 * Tells WebAssembly by what page tables it may fill the TLBs itself (`walk-code`), a note for each privilege, in the hart's part of
 * the arena. What isn't the common case has none: guests' two stages, tables in RAM whose accesses have to be seen.
 */
export class WalkNotes {
  readonly #words: Int32Array;
  readonly #bus: HartBus;
  readonly #protection: Protection;
  /** Undefined where that is to be found out. */
  #open: OpenPages | undefined;
  /** The last satp, and where its topmost table is in the arena; 0 where it isn't in open pages. */
  #satp = 0n;
  #root = 0;

  constructor(buffer: ArrayBuffer, base: number, bus: HartBus, protection: Protection) {
    this.#words = new Int32Array(buffer, base, hartLayout.size / 4);
    this.#bus = bus;
    this.#protection = protection;
    this.forget();
  }

  /** Nothing is known any more; protection may have changed. */
  forget(): void {
    for (let privilege = 0; privilege < 4; privilege++) {
      this.#words[(hartLayout.walks + privilege * walkSize) / 4] = noContext;
    }
    this.#open = undefined;
    this.#satp = 0n;
  }

  /**
   * The data context of that number is the privilege's, by the tables of satp, which says Sv39.
   * @param bits SUM and MXR of mstatus
   */
  note(privilege: Privilege, context: number, satp: bigint, bits: number): void {
    const { pages } = this.#bus;
    if (pages === undefined) return;
    const { ram, first, count } = (this.#open ??= this.#openPages(pages));
    if (satp !== this.#satp) {
      this.#satp = satp;
      const page = (rootOf(satp) - ram.base) / pageSize;
      this.#root = page >= first && page < first + count ? ram.start + page * pageSize : 0;
    }
    if (this.#root === 0) return;
    const at = (hartLayout.walks + privilege * walkSize) / 4;
    const words = this.#words;
    // By R alone, where MXR lets X do as well: then the host finds it.
    const mask = leafMask("read", privilege, bits) | pte.R | pte.A;
    const marks = ram.marks + first;
    words[at + walkEntry.context / 4] = context;
    words[at + walkEntry.root / 4] = this.#root;
    words[at + walkEntry.mask / 4] = mask;
    words[at + walkEntry.mask / 4 + 1] = reservedHigh | 0;
    words[at + walkEntry.match / 4] = leafMatch(mask, privilege);
    words[at + walkEntry.match / 4 + 1] = 0;
    words[at + walkEntry.first / 4] = ram.base / pageSize + first;
    words[at + walkEntry.first / 4 + 1] = 0;
    words[at + walkEntry.pages / 4] = count;
    words[at + walkEntry.pages / 4 + 1] = 0;
    words[at + walkEntry.host / 4] = ram.start + first * pageSize;
    words[at + walkEntry.dirty / 4] = marks;
    words[at + walkEntry.code / 4] = marks + ram.count;
  }

  #openPages(ram: RamPages): OpenPages {
    const { start, end } = this.#protection.openRange(ram.base, ram.base + ram.count * pageSize);
    const first = Math.ceil((start - ram.base) / pageSize);
    return { ram, first, count: Math.max(0, Math.floor((end - ram.base) / pageSize) - first) };
  }
}
