import { hartLayout } from "../layout.js";
import { modeOf, machine, privilegeOf, type Mode } from "./mode.js";
import { mppShift } from "./status.js";

/** What a counter counts: `base` is its value where it stands still, else what has to be added to the hart's own count. */
export interface Counter {
  base: bigint;
  stopped: boolean;
}

/** The fields that lie in the arena, where translated code works on them. */
export const arenaFields = [
  "mode",
  "mstatus",
  "medeleg",
  "mie",
  "lines",
  "software",
  "mtvec",
  "mepc",
  "mcause",
  "mtval",
  "mscratch",
  "stvec",
  "sepc",
  "scause",
  "stval",
  "sscratch",
] as const;

/**
 * What a hart holds beside its integer registers and pc. Names are those of the CSRs; a field of bits is a number where 32 of
 * them are enough. CSRs that are views of these (sstatus, sie, sip, misa, …) have no field. It begins as after a reset
 * (privileged ISA, "Reset"), what that leaves open being 0.
 */
export class PrivilegedState {
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  mideleg = 0;
  mcounteren = 0;
  menvcfg = 0n;
  scounteren = 0;
  senvcfg = 0n;
  satp = 0n;
  // Never: the timer of supervisor mode is pending from the start otherwise.
  stimecmp = -1n;
  readonly mcycle: Counter = { base: 0n, stopped: false };
  readonly minstret: Counter = { base: 0n, stopped: false };
  /** One byte and one address for each entry of physical memory protection. */
  readonly pmpcfg: number[];
  readonly pmpaddr: bigint[];
  /** Where LR reserved, until SC or what else ends it. */
  reservation: bigint | undefined = undefined;
  /** In WFI. */
  waiting = false;

  /** @param base where the hart's part of the arena begins */
  constructor(buffer: ArrayBuffer, base: number, pmpEntries: number) {
    this.#words = new Int32Array(buffer, base, hartLayout.size / 4);
    this.#longs = new BigInt64Array(buffer, base, hartLayout.size / 8);
    this.pmpcfg = Array.from({ length: pmpEntries }, () => 0);
    this.pmpaddr = Array.from({ length: pmpEntries }, () => 0n);
    this.#words.fill(0, hartLayout.privilege / 4, hartLayout.modes / 4);
    this.mode = modeOf(machine);
    this.mstatus = machine << mppShift;
  }

  get mode(): Mode {
    return modeOf(privilegeOf(this.#words[hartLayout.privilege / 4] ?? 0));
  }

  set mode({ privilege }: Mode) {
    this.#words[hartLayout.privilege / 4] = privilege;
  }

  // `lines` are the levels of the interrupt lines, `software` the bits of mip that software set.

  get mstatus(): number {
    return this.#words[hartLayout.mstatus / 4] ?? 0;
  }

  set mstatus(bits: number) {
    this.#words[hartLayout.mstatus / 4] = bits;
  }

  get medeleg(): number {
    return this.#words[hartLayout.medeleg / 4] ?? 0;
  }

  set medeleg(bits: number) {
    this.#words[hartLayout.medeleg / 4] = bits;
  }

  get mie(): number {
    return this.#words[hartLayout.mie / 4] ?? 0;
  }

  set mie(bits: number) {
    this.#words[hartLayout.mie / 4] = bits;
  }

  get lines(): number {
    return this.#words[hartLayout.lines / 4] ?? 0;
  }

  set lines(bits: number) {
    this.#words[hartLayout.lines / 4] = bits;
  }

  get software(): number {
    return this.#words[hartLayout.software / 4] ?? 0;
  }

  set software(bits: number) {
    this.#words[hartLayout.software / 4] = bits;
  }

  get mtvec(): bigint {
    return this.#longs[hartLayout.mtvec / 8] ?? 0n;
  }

  set mtvec(value: bigint) {
    this.#longs[hartLayout.mtvec / 8] = value;
  }

  get mepc(): bigint {
    return this.#longs[hartLayout.mepc / 8] ?? 0n;
  }

  set mepc(value: bigint) {
    this.#longs[hartLayout.mepc / 8] = value;
  }

  get mcause(): bigint {
    return this.#longs[hartLayout.mcause / 8] ?? 0n;
  }

  set mcause(value: bigint) {
    this.#longs[hartLayout.mcause / 8] = value;
  }

  get mtval(): bigint {
    return this.#longs[hartLayout.mtval / 8] ?? 0n;
  }

  set mtval(value: bigint) {
    this.#longs[hartLayout.mtval / 8] = value;
  }

  get mscratch(): bigint {
    return this.#longs[hartLayout.mscratch / 8] ?? 0n;
  }

  set mscratch(value: bigint) {
    this.#longs[hartLayout.mscratch / 8] = value;
  }

  get stvec(): bigint {
    return this.#longs[hartLayout.stvec / 8] ?? 0n;
  }

  set stvec(value: bigint) {
    this.#longs[hartLayout.stvec / 8] = value;
  }

  get sepc(): bigint {
    return this.#longs[hartLayout.sepc / 8] ?? 0n;
  }

  set sepc(value: bigint) {
    this.#longs[hartLayout.sepc / 8] = value;
  }

  get scause(): bigint {
    return this.#longs[hartLayout.scause / 8] ?? 0n;
  }

  set scause(value: bigint) {
    this.#longs[hartLayout.scause / 8] = value;
  }

  get stval(): bigint {
    return this.#longs[hartLayout.stval / 8] ?? 0n;
  }

  set stval(value: bigint) {
    this.#longs[hartLayout.stval / 8] = value;
  }

  get sscratch(): bigint {
    return this.#longs[hartLayout.sscratch / 8] ?? 0n;
  }

  set sscratch(value: bigint) {
    this.#longs[hartLayout.sscratch / 8] = value;
  }
}
