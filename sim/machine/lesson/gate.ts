import type { Hart, HartBus } from "../hart/index.js";
import type { Exception, HartState, Routine, Width } from "../instructions/index.js";
import { pageSize } from "../layout.js";
import type { ScheduledAtom } from "./molecules.js";

/** Why a block could not be executed as it was scheduled. */
export type Trouble =
  /** An instruction faults. */
  | "fault"
  /** A load went before a store to the same place. */
  | "alias"
  /** What has to happen once, and in order: a device's access, a change of code. */
  | "device"
  /** A load that went first would have been the first access to its page, which page tables record. */
  | "page"
  /** More than the wide machine does by itself: an access across pages, registers that are not on. */
  | "special";

interface GatedStore {
  readonly index: number;
  readonly physical: number;
  readonly width: Width;
  readonly value: bigint;
}

interface GuardedLoad {
  readonly index: number;
  readonly physical: number;
  readonly bytes: number;
}

/** What stands for an exception while a block is tried: the evaluator stops at it. */
const troubled: Exception = { cause: -1, value: 0n };

/**
 * A hart's state as a block of molecules changes it: registers are the working ones, of which a shadow is kept; stores wait at the
 * gate until the block commits; loads that went before stores are guarded.
 */
export class GatedState implements HartState {
  readonly x: BigInt64Array;
  readonly f: BigInt64Array;
  readonly #hart: Hart;
  readonly #bus: HartBus;
  readonly #shadow: BigInt64Array;
  #shadowFlags = 0;
  #stores: GatedStore[] = [];
  #loads: GuardedLoad[] = [];
  #atom: ScheduledAtom | undefined;
  /** Pages that have been read since addresses last changed their meaning. */
  readonly #read = new Set<bigint>();
  #trouble: Trouble | undefined;
  /** The page that trouble of that name was about last. */
  #page = 0n;

  constructor(hart: Hart, bus: HartBus) {
    this.#hart = hart;
    this.#bus = bus;
    this.x = hart.registers;
    this.f = hart.floats.registers;
    this.#shadow = hart.registers.slice();
  }

  get pc(): bigint {
    return this.#hart.pc;
  }

  set pc(address: bigint) {
    this.#hart.pc = address;
  }

  get roundingMode(): number {
    return this.#hart.floats.mode;
  }

  raise(flags: number): void {
    this.#hart.floats.flags |= flags;
  }

  /** A block begins. */
  begin(): void {
    // Integer and floating-point registers, and the pc behind them.
    this.#shadow.set(this.#hart.registers);
    this.#shadowFlags = this.#hart.floats.flags;
    this.#stores = [];
    this.#loads = [];
  }

  /** An atom begins. */
  enter(atom: ScheduledAtom): void {
    this.#atom = atom;
    this.#trouble = undefined;
    this.pc = atom.address;
  }

  /** Why the atom did not happen. */
  get trouble(): Trouble {
    return this.#trouble ?? "fault";
  }

  /** The working registers become the ones to come back to, and what waits at the gate goes to memory. */
  commit(): void {
    for (const { physical, width, value } of this.#stores) this.#hart.memory.write(physical, width, value);
  }

  /** All is as it was at the block's begin. */
  rollBack(): void {
    this.#hart.registers.set(this.#shadow);
    this.#hart.floats.flags = this.#shadowFlags;
  }

  /** Addresses may mean something else now. */
  forget(): void {
    this.#read.clear();
  }

  /** The page that was trouble has been read since, in the program's order. */
  wasRead(): void {
    this.#read.add(this.#page);
  }

  load(address: bigint, width: Width): bigint | Exception {
    const { index = 0, hoisted = false } = this.#atom ?? {};
    const bytes = width / 8;
    const page = pageOf(address);
    if (pageOf(address + BigInt(bytes - 1)) !== page) return this.#fail("special");
    // Page tables note the first access to a page, and a load that goes first may turn out not to have happened.
    if (hoisted && this.#hart.memory.dataMode.privilege !== 3 && !this.#read.has(page)) {
      this.#page = page;
      return this.#fail("page");
    }
    const physical = this.#hart.memory.translate(address, bytes, "read");
    if (typeof physical !== "number") return physical;
    const value = this.#hart.memory.read(physical, width);
    if (value === undefined) return this.#fail("device");
    this.#read.add(page);
    if (hoisted) this.#loads.push({ index, physical, bytes });
    return this.#withGated(value, physical, width, index);
  }

  loadToStore(): bigint | Exception {
    return this.#fail("special");
  }

  store(address: bigint, width: Width, value: bigint): Exception | undefined {
    const { index = 0 } = this.#atom ?? {};
    const bytes = width / 8;
    if (pageOf(address + BigInt(bytes - 1)) !== pageOf(address)) return this.#fail("special");
    const physical = this.#hart.memory.translate(address, bytes, "write");
    if (typeof physical !== "number") return physical;
    const { code } = this.#hart.translated;
    if (this.#bus.ramAt(physical, bytes) === undefined || code.isCode(physical, bytes)) return this.#fail("device");
    if (this.#loads.some((load) => load.index > index && overlap(load, { physical, bytes })))
      return this.#fail("alias");
    this.#stores.push({ index, physical, width, value });
    return undefined;
  }

  call(routine: Routine): bigint | Exception {
    // Their first use marks them as dirty, which can't be taken back.
    return routine === "useFloats" && this.#hart.floats.dirty ? 0n : this.#fail("special");
  }

  /** What a load finds where stores that it follows in the program wait at the gate: of each byte, what the last one stores. */
  #withGated(value: bigint, physical: number, width: Width, index: number): bigint {
    let found = BigInt.asUintN(width, value);
    for (const store of this.#stores) {
      const stored = { physical: store.physical, bytes: store.width / 8 };
      if (store.index > index || !overlap(stored, { physical, bytes: width / 8 })) continue;
      for (let byte = 0; byte < stored.bytes; byte++) {
        const at = store.physical + byte - physical;
        if (at < 0 || at >= width / 8) continue;
        const shift = BigInt(8 * at);
        found = (found & ~(0xffn << shift)) | (((store.value >> BigInt(8 * byte)) & 0xffn) << shift);
      }
    }
    return BigInt.asIntN(width, found);
  }

  #fail(trouble: Trouble): Exception {
    this.#trouble = trouble;
    return troubled;
  }
}

const pageOf = (address: bigint): bigint => address & BigInt(-pageSize);

interface Range {
  readonly physical: number;
  readonly bytes: number;
}

const overlap = (a: Range, b: Range): boolean => a.physical < b.physical + b.bytes && b.physical < a.physical + a.bytes;
