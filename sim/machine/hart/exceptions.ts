import type { Exception } from "../instructions/index.js";

/** mcause's exception codes (privileged ISA, "Machine Cause"). */
export const cause = {
  illegalInstruction: 2,
  breakpoint: 3,
  loadMisaligned: 4,
  storeMisaligned: 6,
  /** Plus the privilege, and 1 more for VS-mode. */
  environmentCall: 8,
  virtualInstruction: 22,
} as const;

export type Access = "read" | "write" | "execute";

/** An address that may not be reached physically, one that the page tables don't allow, and one that the hypervisor's don't. */
export const accessFault: Readonly<Record<Access, number>> = { execute: 1, read: 5, write: 7 };
export const pageFault: Readonly<Record<Access, number>> = { execute: 12, read: 13, write: 15 };
export const guestPageFault: Readonly<Record<Access, number>> = { execute: 20, read: 21, write: 23 };

/** Whether the exception's value is the instruction's bits. */
export const showsBits = (number: number): boolean =>
  number === cause.illegalInstruction || number === cause.virtualInstruction;

const causesOf = (...accesses: readonly Access[]): number =>
  accesses.reduce(
    (sum, access) => sum | (1 << accessFault[access]) | (1 << pageFault[access]) | (1 << guestPageFault[access]),
    0,
  );

/** As bits: causes that loads, stores and atomic instructions have by the address that they access; */
export const dataCauses: number =
  causesOf("read", "write") | (1 << cause.loadMisaligned) | (1 << cause.storeMisaligned);
/** and all whose value is an address. */
export const addressCauses: number = dataCauses | causesOf("execute") | (1 << cause.breakpoint);

/** The hart fills in the instruction's bits as its value. */
export const illegalInstruction: Exception = { cause: cause.illegalInstruction, value: 0n };

/** The hart fills in the address. */
export const breakpoint: Exception = { cause: cause.breakpoint, value: 0n };

/** As an illegal instruction; what a guest may not do although its hypervisor may (hypervisor extension, "Trap Cause Codes"). */
export const virtualInstruction: Exception = { cause: cause.virtualInstruction, value: 0n };
