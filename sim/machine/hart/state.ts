import { modeOf, machine, type Mode } from "./mode.js";
import { mppShift } from "./status.js";

/** What a counter counts: `base` is its value where it stands still, else what has to be added to the hart's own count. */
export interface Counter {
  base: bigint;
  stopped: boolean;
}

/**
 * What a hart holds beside its integer registers and pc. Names are those of the CSRs; a field of bits is a number where 32 of
 * them are enough. CSRs that are views of these (sstatus, sie, sip, misa, …) have no field.
 */
export interface PrivilegedState {
  mode: Mode;
  mstatus: number;
  medeleg: number;
  mideleg: number;
  mie: number;
  /** Levels of the interrupt lines, and the bits of mip that software set. */
  lines: number;
  software: number;
  mtvec: bigint;
  mepc: bigint;
  mcause: bigint;
  mtval: bigint;
  mscratch: bigint;
  mcounteren: number;
  menvcfg: bigint;
  stvec: bigint;
  sepc: bigint;
  scause: bigint;
  stval: bigint;
  sscratch: bigint;
  scounteren: number;
  senvcfg: bigint;
  satp: bigint;
  stimecmp: bigint;
  readonly mcycle: Counter;
  readonly minstret: Counter;
  /** One byte and one address for each entry of physical memory protection. */
  readonly pmpcfg: number[];
  readonly pmpaddr: bigint[];
  /** Where LR reserved, until SC or what else ends it. */
  reservation: bigint | undefined;
  /** In WFI. */
  waiting: boolean;
}

/** After a reset (privileged ISA, "Reset"), what that leaves open being 0. */
export function resetState(pmpEntries: number): PrivilegedState {
  return {
    mode: modeOf(machine),
    mstatus: machine << mppShift,
    medeleg: 0,
    mideleg: 0,
    mie: 0,
    lines: 0,
    software: 0,
    mtvec: 0n,
    mepc: 0n,
    mcause: 0n,
    mtval: 0n,
    mscratch: 0n,
    mcounteren: 0,
    menvcfg: 0n,
    stvec: 0n,
    sepc: 0n,
    scause: 0n,
    stval: 0n,
    sscratch: 0n,
    scounteren: 0,
    senvcfg: 0n,
    satp: 0n,
    // Never: the timer of supervisor mode is pending from the start otherwise.
    stimecmp: -1n,
    mcycle: { base: 0n, stopped: false },
    minstret: { base: 0n, stopped: false },
    pmpcfg: Array.from({ length: pmpEntries }, () => 0),
    pmpaddr: Array.from({ length: pmpEntries }, () => 0n),
    reservation: undefined,
    waiting: false,
  };
}
