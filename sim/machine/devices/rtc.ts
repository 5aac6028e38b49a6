import type { Width } from "../instructions/index.js";
import type { Clock, Device, Line } from "./device.js";

export interface RtcState {
  readonly offset: string;
  readonly alarm: string | null;
  readonly alarmHigh: number;
  readonly timeHigh: number;
  readonly enabled: boolean;
  readonly pending: boolean;
}

const register = {
  timeLow: 0x00,
  timeHigh: 0x04,
  alarmLow: 0x08,
  alarmHigh: 0x0c,
  interruptEnable: 0x10,
  clearAlarm: 0x14,
  alarmStatus: 0x18,
  clearInterrupt: 0x1c,
} as const;

/**
 * A real-time clock that counts virtual nanoseconds from a date, not the host's.
 * Source: Android's goldfish real-time clock, as Linux's `drivers/rtc/rtc-goldfish.c` and `docs/GOLDFISH-VIRTUAL-HARDWARE.TXT`
 * of the Android emulator describe it.
 */
export class Rtc implements Device<RtcState> {
  readonly name = "rtc";
  readonly size = 0x1000;
  readonly #clock: Clock;
  readonly #interrupt: Line;
  /** What is added to the clock: the date at power-on, until software sets the time. */
  #offset: bigint;
  #alarm: bigint | undefined;
  #cancel: (() => void) | undefined;
  #alarmHigh = 0;
  /** Reading the lower half keeps the upper half as it was then. */
  #timeHigh = 0;
  #enabled = false;
  #pending = false;

  /** @param start seconds since 1970 at power-on */
  constructor(clock: Clock, interrupt: Line, start: number) {
    this.#clock = clock;
    this.#interrupt = interrupt;
    this.#offset = BigInt(start) * 1_000_000_000n;
  }

  load(offset: number, width: Width): bigint {
    const value = BigInt(this.#read(offset & ~3));
    return BigInt.asUintN(width, value >> BigInt(8 * (offset & 3)));
  }

  store(offset: number, _width: Width, value: bigint): void {
    const word = BigInt.asUintN(32, value);
    switch (offset) {
      case register.timeHigh:
        this.#timeHigh = Number(word);
        return;
      case register.timeLow:
        this.#offset = ((BigInt(this.#timeHigh) << 32n) | word) - BigInt(this.#clock.now);
        return;
      case register.alarmHigh:
        this.#alarmHigh = Number(word);
        return;
      case register.alarmLow:
        this.#alarm = (BigInt(this.#alarmHigh) << 32n) | word;
        this.#arm();
        return;
      case register.interruptEnable:
        this.#enabled = (word & 1n) !== 0n;
        break;
      case register.clearAlarm:
        this.#alarm = undefined;
        this.#arm();
        return;
      case register.clearInterrupt:
        this.#pending = false;
    }
    this.#settle();
  }

  /** The time goes on: a battery keeps it. */
  reset(): void {
    this.#alarm = undefined;
    this.#alarmHigh = this.#timeHigh = 0;
    this.#enabled = this.#pending = false;
    this.#arm();
    this.#settle();
  }

  save(): RtcState {
    return {
      offset: String(this.#offset),
      alarm: this.#alarm === undefined ? null : String(this.#alarm),
      alarmHigh: this.#alarmHigh,
      timeHigh: this.#timeHigh,
      enabled: this.#enabled,
      pending: this.#pending,
    };
  }

  restore(state: RtcState): void {
    this.#offset = BigInt(state.offset);
    this.#alarm = state.alarm === null ? undefined : BigInt(state.alarm);
    this.#alarmHigh = state.alarmHigh;
    this.#timeHigh = state.timeHigh;
    this.#enabled = state.enabled;
    this.#pending = state.pending;
    this.#arm();
    this.#settle();
  }

  get #time(): bigint {
    return BigInt.asUintN(64, BigInt(this.#clock.now) + this.#offset);
  }

  #read(offset: number): number {
    switch (offset) {
      case register.timeLow: {
        const time = this.#time;
        this.#timeHigh = Number(time >> 32n);
        return Number(time & 0xffffffffn);
      }
      case register.timeHigh:
        return this.#timeHigh;
      case register.interruptEnable:
        return this.#enabled ? 1 : 0;
      case register.alarmStatus:
        return this.#alarm === undefined ? 0 : 1;
      default:
        return 0;
    }
  }

  #arm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#alarm === undefined) return;
    const at = Number(this.#alarm - this.#offset);
    if (!Number.isSafeInteger(at)) return;
    this.#cancel = this.#clock.at(at, () => {
      this.#cancel = undefined;
      this.#alarm = undefined;
      this.#pending = true;
      this.#settle();
    });
  }

  #settle(): void {
    this.#interrupt(this.#pending && this.#enabled);
  }
}
