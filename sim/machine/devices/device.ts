import type { Persist } from "../../core/index.js";
import type { Width } from "../instructions/index.js";

/** What stands on the bus besides RAM: registers in a range of physical addresses. */
export interface Device<S = unknown> extends Persist<S> {
  readonly name: string;
  /** Bytes of its registers. */
  readonly size: number;
  /** Reading may change the device, as it does real ones. @returns the content, zero-extended */
  load(offset: number, width: Width): bigint;
  /** @param value zero-extended */
  store(offset: number, width: Width, value: bigint): void;
  /** As after power-on. */
  reset(): void;
}

/** An interrupt line: raised as long as its level is true. */
export type Line = (level: boolean) => void;

/** Time as devices know it: the world's, but from power-on, and a restored machine goes on at the time at which it was saved. */
export interface Clock {
  /** Nanoseconds since power-on, exact even in the middle of a hart's turn. */
  readonly now: number;
  /** Ticks of mtime. */
  readonly ticks: bigint;
  /** Has something happen at a time, or now where that is past. @returns what takes it back */
  at(time: number, action: () => void): () => void;
}
