import type { Exception, Width } from "../instructions/index.js";
import { pageSize } from "../layout.js";
import type { CodePages } from "./code-pages.js";
import type { HartBus, VirtualMemory } from "./memory.js";
import type { Protection } from "./pmp.js";
import { highOf, lowOf } from "./halves.js";
import type { Tlb } from "./tlb.js";
import { filled } from "./walk-code.js";

/** The hart as its units' accesses see it. */
export interface AccessedHart {
  readonly memory: VirtualMemory;
  readonly protection: Protection;
  /** Whether a debugger wants to know of what happens anywhere, and on the address's page. */
  readonly watching: boolean;
  isWatched(address: bigint): boolean;
}

export interface UnitMemoryParts {
  readonly hart: AccessedHart;
  readonly bus: HartBus;
  readonly code: CodePages;
  readonly tlb: Tlb;
  /** Sends the unit back to where it calls from, for the exception or the evaluator. @returns anything */
  readonly undone: (exception?: Exception) => bigint;
}

/** Loads and stores of units that did not find their page in a TLB: puts it there, or makes the access. */
export class UnitMemory {
  readonly #hart: AccessedHart;
  readonly #bus: HartBus;
  readonly #code: CodePages;
  readonly #tlb: Tlb;
  readonly #undone: (exception?: Exception) => bigint;

  constructor({ hart, bus, code, tlb, undone }: UnitMemoryParts) {
    this.#hart = hart;
    this.#bus = bus;
    this.#code = code;
    this.#tlb = tlb;
    this.#undone = undone;
  }

  /** Puts the page of an access into the TLB. It does nothing where more has to be looked at. */
  fill(low: number, high: number, width: number, access: "read" | "write"): number {
    const { memory } = this.#hart;
    const bytes = width / 8;
    if (!memory.isPlain(low, bytes, false) || this.#hart.watching) return filled.not;
    const physical = memory.locate(low, high, bytes, access);
    if (physical < 0) return filled.not;
    if (this.#bus.ramAt(physical, bytes) === undefined) {
      this.#undone();
      return filled.undone;
    }
    return this.#fill(low, high, physical, memory.writable, access) ? filled.now : filled.not;
  }

  load(address: bigint, width: Width, access: "read" | "write"): bigint {
    const { memory } = this.#hart;
    const bytes = width / 8;
    if (!memory.isPlain(lowOf(address), bytes, access === "write") || this.#hart.isWatched(address)) {
      return this.#undone();
    }
    const physical = memory.translate(address, bytes, access);
    if (typeof physical !== "number") return this.#undone(physical);
    const value = memory.read(physical, width);
    if (value === undefined) return this.#undone();
    this.#fill(lowOf(address), highOf(address), physical, memory.writable, access);
    return value;
  }

  store(address: bigint, width: Width, value: bigint): void {
    const { memory } = this.#hart;
    const bytes = width / 8;
    // The evaluator drops the code that a store changes, which may be the running unit.
    if (!memory.isPlain(lowOf(address), bytes, false) || this.#hart.isWatched(address)) {
      this.#undone();
      return;
    }
    const physical = memory.translate(address, bytes, "write");
    if (typeof physical !== "number") this.#undone(physical);
    else if (this.#bus.ramAt(physical, bytes) === undefined || this.#code.isCode(physical, bytes)) this.#undone();
    else {
      memory.write(physical, width, value);
      // Behind the write, which marks the page as dirty.
      this.#fill(lowOf(address), highOf(address), physical, memory.writable, "write");
    }
  }

  /** Whether a store there is one that the unit or `store` do: else the reservation has to be left for the evaluator. */
  canStore(address: bigint): boolean {
    const physical = this.#hart.memory.translate(address, 1, "write");
    if (typeof physical !== "number") return true;
    return (
      this.#bus.ramAt(physical, 8) !== undefined && !this.#code.isCode(physical, 8) && !this.#hart.isWatched(address)
    );
  }

  /**
   * From now on units read the page by themselves, and write it where `writes` says that the hart may.
   * @returns whether they can do what they were going to
   */
  #fill(low: number, high: number, physical: number, writes: boolean, access: "read" | "write"): boolean {
    const { memory, protection } = this.#hart;
    const page = physical - (physical % pageSize);
    const host = this.#bus.ramAt(page, pageSize);
    if (host === undefined) return false;
    const halves = { low, high };
    const { level, dataMode } = memory;
    const isRead = protection.allows(page, pageSize, "read", dataMode.privilege);
    if (isRead) this.#tlb.fill("read", halves, host, level);
    const isPlain = this.#bus.dirty.has(page) && !this.#code.holdsCode(page);
    const isWritten = writes && isPlain && protection.allows(page, pageSize, "write", dataMode.privilege);
    if (isWritten) this.#tlb.fill("write", halves, host, level);
    return access === "read" ? isRead : isWritten;
  }
}
