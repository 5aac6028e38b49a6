import { invariant } from "../core/index.js";
import type { Machine } from "../machine/index.js";
import { pageSize } from "./privileged.js";

/** Physical memory that has been given to somebody: whole pages, in one piece. */
export interface Allotment {
  readonly address: number;
  readonly size: number;
}

/**
 * The allocator's memory: hands out the host's RAM piece by piece. A piece is somebody's for good, so no two ever overlap; what is
 * within a piece is its owner's business. Whoever gets one finds zeros.
 */
export class HostMemory {
  readonly #machine: Machine;
  #next: number;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#next = machine.bus.ramBase;
  }

  allot(size: number): Allotment {
    const address = this.#next;
    const whole = Math.ceil(size / pageSize) * pageSize;
    const { bus } = this.#machine;
    const bytes = bus.bytes(address, whole);
    invariant(bytes !== undefined, `the host has no ${whole} bytes left`);
    bytes.fill(0);
    bus.written(address, whole);
    this.#next += whole;
    return { address, size: whole };
  }
}

/** Pages out of one allotment, for page tables. None is given back alone: all are taken back at once. */
export class Frames {
  readonly #words: BigUint64Array;
  readonly #allotment: Allotment;
  #used = 0;

  constructor(machine: Machine, allotment: Allotment) {
    this.#allotment = allotment;
    const { bus } = machine;
    const at = bus.ramAt(allotment.address, allotment.size);
    invariant(at !== undefined, "frames lie in RAM");
    this.#words = new BigUint64Array(bus.buffer, at, allotment.size / 8);
  }

  /** How many are in use. */
  get used(): number {
    return this.#used;
  }

  /** The address of a page of zeros; undefined where all are in use. */
  take(): number | undefined {
    const offset = this.#used * pageSize;
    if (offset === this.#allotment.size) return undefined;
    this.#used++;
    this.#words.fill(0n, offset / 8, (offset + pageSize) / 8);
    return this.#allotment.address + offset;
  }

  clear(): void {
    this.#used = 0;
  }

  /** An entry of a page table that lies in one of them. */
  read(address: number): number {
    return Number(this.#words[(address - this.#allotment.address) / 8] ?? 0n);
  }

  write(address: number, entry: number): void {
    this.#words[(address - this.#allotment.address) / 8] = BigInt(entry);
  }
}
