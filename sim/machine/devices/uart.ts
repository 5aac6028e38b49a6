import type { Width } from "../instructions/index.js";
import type { Device, Line } from "./device.js";

export interface UartState {
  readonly registers: Registers;
  readonly fifo: readonly number[];
  readonly waiting: readonly number[];
}

interface Registers {
  interruptEnable: number;
  lineControl: number;
  modemControl: number;
  scratch: number;
  divisor: number;
  fifoControl: number;
  /** Of modem status the changes since it was last read. */
  changes: number;
  overrun: boolean;
  /** That the transmitter became empty has not been seen yet. */
  emptied: boolean;
}

const initial: Registers = {
  interruptEnable: 0,
  lineControl: 0,
  modemControl: 0,
  scratch: 0,
  divisor: 0,
  fifoControl: 0,
  changes: 0,
  overrun: false,
  emptied: false,
};

const fifoSize = 16;
/** Received bytes from which on there is an interrupt, by the upper bits of the FIFO control register. */
const triggers = [1, 4, 8, 14] as const;
const enable = { received: 1, empty: 2, lineStatus: 4, modemStatus: 8 } as const;
/** As the interrupt identification register names them, the most urgent first. */
const identity = { lineStatus: 6, received: 4, timeout: 12, empty: 2, modemStatus: 0, none: 1 } as const;
const loopback = 0x10;
const divisorLatch = 0x80;
/** Data terminal ready, clear to send and carrier detect: a line that is always there. */
const connected = 0xb0;

/**
 * A serial line with FIFOs. What is sent is there at once: the transmitter is always empty, and a byte below the FIFO's
 * trigger level has timed out at once. What is received waits on the line until the FIFO has room, so nothing is lost.
 * Source: PC16550D data sheet (National Semiconductor, 1995), section 8.
 */
export class Uart implements Device<UartState> {
  readonly name = "uart";
  readonly size = 0x100;
  readonly #interrupt: Line;
  readonly #send: (byte: number) => void;
  #registers: Registers = { ...initial };
  #fifo: number[] = [];
  #waiting: number[] = [];

  constructor(interrupt: Line, send: (byte: number) => void) {
    this.#interrupt = interrupt;
    this.#send = send;
  }

  /** Bytes arrive on the line. */
  receive(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#waiting.push(byte);
    this.#refill();
    this.#settle();
  }

  load(offset: number, width: Width): bigint {
    const value = BigInt(this.#read(offset));
    // Registers of 8 bits beside one another: a wider access reads the first, as the bus of the chip has 8 lines.
    return width === 8 ? value : value & 0xffn;
  }

  store(offset: number, _width: Width, value: bigint): void {
    this.#write(offset, Number(value & 0xffn));
    this.#settle();
  }

  reset(): void {
    this.#registers = { ...initial };
    this.#fifo = [];
    this.#waiting = [];
    this.#settle();
  }

  save(): UartState {
    return { registers: { ...this.#registers }, fifo: [...this.#fifo], waiting: [...this.#waiting] };
  }

  restore(state: UartState): void {
    this.#registers = { ...state.registers };
    this.#fifo = [...state.fifo];
    this.#waiting = [...state.waiting];
    this.#settle();
  }

  #read(register: number): number {
    const r = this.#registers;
    const latched = (r.lineControl & divisorLatch) !== 0;
    switch (register) {
      case 0: {
        if (latched) return r.divisor & 0xff;
        const byte = this.#fifo.shift() ?? 0;
        this.#refill();
        this.#settle();
        return byte;
      }
      case 1:
        return latched ? r.divisor >> 8 : r.interruptEnable;
      case 2: {
        const source = this.#source();
        // 8.6.3: reading it where it names the empty transmitter takes that back.
        if (source === identity.empty) r.emptied = false;
        this.#settle();
        return source | (this.#hasFifo ? 0xc0 : 0);
      }
      case 3:
        return r.lineControl;
      case 4:
        return r.modemControl;
      case 5: {
        const status = 0x60 | (this.#fifo.length > 0 ? 1 : 0) | (r.overrun ? 2 : 0);
        r.overrun = false;
        this.#settle();
        return status;
      }
      case 6: {
        const status = this.#modemStatus() | r.changes;
        r.changes = 0;
        this.#settle();
        return status;
      }
      case 7:
        return r.scratch;
      default:
        return 0;
    }
  }

  #write(register: number, value: number): void {
    const r = this.#registers;
    const latched = (r.lineControl & divisorLatch) !== 0;
    switch (register) {
      case 0:
        if (latched) r.divisor = (r.divisor & 0xff00) | value;
        else this.#transmit(value);
        return;
      case 1:
        if (latched) r.divisor = (r.divisor & 0xff) | (value << 8);
        else {
          if ((value & ~r.interruptEnable & enable.empty) !== 0) r.emptied = true;
          r.interruptEnable = value & 0x0f;
        }
        return;
      case 2:
        // 8.6.2: switching the FIFOs on or off empties them, as bit 1 does.
        if (((value ^ r.fifoControl) & 1) !== 0 || (value & 2) !== 0) this.#fifo = [];
        r.fifoControl = value & 0xc9;
        this.#refill();
        return;
      case 3:
        r.lineControl = value;
        return;
      case 4: {
        const before = this.#modemStatus();
        r.modemControl = value & 0x1f;
        this.#noteChanges(before);
        this.#refill();
        return;
      }
      case 7:
        r.scratch = value;
    }
  }

  #transmit(byte: number): void {
    const r = this.#registers;
    r.emptied = true;
    if ((r.modemControl & loopback) === 0) this.#send(byte);
    else if (this.#fifo.length < this.#depth) this.#fifo.push(byte);
    else r.overrun = true;
  }

  get #hasFifo(): boolean {
    return (this.#registers.fifoControl & 1) !== 0;
  }

  get #depth(): number {
    return this.#hasFifo ? fifoSize : 1;
  }

  /** In loopback the line is cut off (8.6.7). */
  #refill(): void {
    if ((this.#registers.modemControl & loopback) !== 0) return;
    const room = Math.min(this.#depth - this.#fifo.length, this.#waiting.length);
    if (room > 0) this.#fifo.push(...this.#waiting.splice(0, room));
  }

  /** 8.6.7: in loopback the four outputs are the inputs: RTS → CTS, DTR → DSR, OUT1 → RI, OUT2 → DCD. */
  #modemStatus(): number {
    const { modemControl } = this.#registers;
    if ((modemControl & loopback) === 0) return connected;
    const [dtr, rts] = [modemControl & 1, (modemControl >> 1) & 1];
    return (rts << 4) | (dtr << 5) | ((modemControl & 0x0c) << 4);
  }

  /** The lower half of modem status: what changed, of the ring indicator only that it ended. */
  #noteChanges(before: number): void {
    const after = this.#modemStatus();
    this.#registers.changes |= ((before ^ after) >> 4) & (0x0b | ((before & ~after) >> 4));
  }

  #source(): number {
    const { interruptEnable, fifoControl, overrun, emptied, changes } = this.#registers;
    const enabled = (bit: number): boolean => (interruptEnable & bit) !== 0;
    if (enabled(enable.lineStatus) && overrun) return identity.lineStatus;
    if (enabled(enable.received) && this.#fifo.length > 0) {
      const trigger = this.#hasFifo ? (triggers[fifoControl >> 6] ?? 1) : 1;
      return this.#fifo.length >= trigger ? identity.received : identity.timeout;
    }
    if (enabled(enable.empty) && emptied) return identity.empty;
    if (enabled(enable.modemStatus) && changes !== 0) return identity.modemStatus;
    return identity.none;
  }

  #settle(): void {
    this.#interrupt(this.#source() !== identity.none);
  }
}
