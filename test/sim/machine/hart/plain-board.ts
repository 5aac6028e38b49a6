import {
  createHart,
  hartLayout,
  rv64,
  type Hart,
  type HartBus,
  type HartOptions,
  type Isa,
  type RamPages,
  type Width,
} from "../../../../sim/machine/index.js";
import { DirtyPages } from "../../../../sim/machine/dirty-pages.js";
import { pageSize } from "../../../../sim/machine/layout.js";
import { createMemory, type Memory } from "../../../../sim/wasm/index.js";

export const ramBase = 0x80000000;

/** Registers at which a test device lies, and what their accesses do. */
interface PlainDevice {
  readonly start: number;
  readonly size: number;
  load(offset: number, width: Width): bigint;
  store(offset: number, width: Width, value: bigint): void;
}

/** RAM and test devices. */
class PlainBus implements HartBus {
  readonly buffer: ArrayBuffer;
  readonly dirty: DirtyPages;
  readonly pages: RamPages;
  readonly devices: PlainDevice[] = [];
  readonly #ramStart: number;
  readonly #size: number;
  readonly #listeners: ((address: number, length: number) => void)[] = [];

  constructor(memory: Memory, ramStart: number, size: number) {
    this.buffer = memory.buffer;
    this.#ramStart = ramStart;
    this.#size = size;
    const count = size / pageSize;
    const marks = ramStart + size;
    const ram = new Uint8Array(memory.buffer, ramStart, size);
    this.dirty = new DirtyPages(ram, ramBase, undefined, new Uint8Array(memory.buffer, marks, count));
    this.pages = { base: ramBase, start: ramStart, count, marks };
  }

  ramAt(address: number, bytes: number): number | undefined {
    const offset = address - ramBase;
    return offset >= 0 && offset + bytes <= this.#size ? this.#ramStart + offset : undefined;
  }

  load(address: number, width: Width): bigint | undefined {
    const device = this.#deviceAt(address);
    return device?.load(address - device.start, width);
  }

  store(address: number, width: Width, value: bigint): boolean {
    const device = this.#deviceAt(address);
    device?.store(address - device.start, width, value);
    return device !== undefined;
  }

  onWritten(listener: (address: number, length: number) => void): void {
    this.#listeners.push(listener);
  }

  /** Writes as DMA does. */
  write(address: number, bytes: Uint8Array): void {
    const at = this.ramAt(address, bytes.length);
    if (at === undefined) throw new Error(`no RAM at ${address.toString(16)}`);
    new Uint8Array(this.buffer).set(bytes, at);
    this.dirty.mark(address, bytes.length);
    for (const listener of this.#listeners) listener(address, bytes.length);
  }

  read(address: number, length: number): Uint8Array {
    return new Uint8Array(this.buffer, this.ramAt(address, length), length).slice();
  }

  read64(address: number): bigint {
    return new DataView(this.buffer).getBigInt64(this.ramAt(address, 8) ?? 0, true);
  }

  #deviceAt(address: number): PlainDevice | undefined {
    return this.devices.find(({ start, size }) => address >= start && address < start + size);
  }
}

export interface PlainBoard {
  readonly arena: { readonly memory: Memory };
  readonly bus: PlainBus;
  readonly hart: Hart;
  /** What the last alarm was asked for. */
  deadline: bigint | undefined;
}

/** One hart with RAM, and room for another one's state, whose clock ticks once per 100 instructions. */
export function plainBoard(size: number, options: HartOptions = {}, isa: Isa = rv64): PlainBoard {
  const memory = createMemory(Math.ceil((2 * hartLayout.size + size + (2 * size) / pageSize) / 65536));
  const bus = new PlainBus(memory, 2 * hartLayout.size, size);
  const board: { arena: PlainBoard["arena"]; bus: PlainBus; hart: Hart; deadline: bigint | undefined } = {
    arena: { memory },
    bus,
    deadline: undefined,
    hart: createHart({
      id: 0,
      isa,
      arena: { memory },
      bus,
      clock: {
        time: () => BigInt(Math.floor(board.hart.cycles / 100)),
        alarm(_, deadline) {
          board.deadline = deadline;
        },
      },
      options,
    }),
  };
  board.hart.pc = BigInt(ramBase);
  return board;
}
