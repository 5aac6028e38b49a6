import type { Width } from "../instructions/index.js";
import type { Clock, Device, Line } from "./device.js";
import { partOf, withPart } from "./registers.js";

/** A hart's two lines. */
export interface ClintLines {
  readonly software: Line;
  readonly timer: Line;
}

export interface ClintState {
  readonly software: readonly boolean[];
  readonly compare: readonly string[];
  readonly offset: string;
}

const base = { software: 0, compare: 0x4000, time: 0xbff8 } as const;
const never = 2n ** 64n - 1n;

/**
 * The core-local interruptor: one mtime, and for each hart a timer and a software interrupt.
 * Source: RISC-V Advanced Core Local Interruptor Specification 1.0-rc4, chapters 2 (MTIMER) and 3 (MSWI), at the places of
 * SiFive's CLINT (SiFive FU540-C000 Manual, chapter 9).
 */
export class Clint implements Device<ClintState> {
  readonly name = "clint";
  readonly size = 0x10000;
  readonly #clock: Clock;
  readonly #nanosecondsPerTick: number;
  readonly #lines: readonly ClintLines[];
  readonly #software: boolean[];
  readonly #compare: bigint[];
  readonly #cancel: ((() => void) | undefined)[];
  /** What mtime is ahead of the clock's ticks: software may write it. */
  #offset = 0n;

  constructor(clock: Clock, nanosecondsPerTick: number, lines: readonly ClintLines[]) {
    this.#clock = clock;
    this.#nanosecondsPerTick = nanosecondsPerTick;
    this.#lines = lines;
    this.#software = lines.map(() => false);
    this.#compare = lines.map(() => never);
    this.#cancel = lines.map(() => undefined);
  }

  get time(): bigint {
    return BigInt.asUintN(64, this.#clock.ticks + this.#offset);
  }

  load(offset: number, width: Width): bigint {
    return partOf(this.#word(offset >> 3), offset & 7, width);
  }

  store(offset: number, width: Width, value: bigint): void {
    const word = withPart(this.#word(offset >> 3), offset & 7, width, value);
    const hart = (offset - base.compare) >> 3;
    if (offset >> 3 === base.time >> 3) {
      this.#offset = word - this.#clock.ticks;
      this.#lines.forEach((_, each) => {
        this.#arm(each);
      });
    } else if (offset < base.compare) {
      // 2.3: the least bit of an MSIP register is the line's level, the others are 0.
      const first = (offset >> 3) * 2;
      [first, first + 1].forEach((each, place) => {
        this.#setSoftware(each, ((word >> BigInt(32 * place)) & 1n) === 1n);
      });
    } else if (hart < this.#lines.length) {
      this.#compare[hart] = word;
      this.#arm(hart);
    }
  }

  reset(): void {
    this.#offset = -this.#clock.ticks;
    this.#lines.forEach((_, hart) => {
      this.#setSoftware(hart, false);
      this.#compare[hart] = never;
      this.#arm(hart);
    });
  }

  save(): ClintState {
    return { software: [...this.#software], compare: this.#compare.map(String), offset: String(this.#offset) };
  }

  restore(state: ClintState): void {
    this.#offset = BigInt(state.offset);
    this.#lines.forEach((_, hart) => {
      this.#setSoftware(hart, state.software[hart] ?? false);
      this.#compare[hart] = BigInt(state.compare[hart] ?? never);
      this.#arm(hart);
    });
  }

  #word(index: number): bigint {
    if (index === base.time >> 3) return this.time;
    const hart = index - (base.compare >> 3);
    if (hart >= 0) return this.#compare[hart] ?? 0n;
    const level = (each: number): bigint => (this.#software[each] === true ? 1n : 0n);
    return level(2 * index) | (level(2 * index + 1) << 32n);
  }

  #setSoftware(hart: number, level: boolean): void {
    if (hart >= this.#lines.length) return;
    this.#software[hart] = level;
    this.#lines[hart]?.software(level);
  }

  /** The timer's line is up as long as mtime ≥ mtimecmp, compared as unsigned numbers (1.3). */
  #arm(hart: number): void {
    this.#cancel[hart]?.();
    this.#cancel[hart] = undefined;
    const compare = this.#compare[hart] ?? never;
    const due = this.time >= compare;
    this.#lines[hart]?.timer(due);
    if (due) return;
    const at = Number(compare - this.#offset) * this.#nanosecondsPerTick;
    if (Number.isSafeInteger(at)) {
      this.#cancel[hart] = this.#clock.at(at, () => {
        this.#arm(hart);
      });
    }
  }
}
