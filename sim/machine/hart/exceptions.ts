import type { Exception } from "../instructions/index.js";

/** mcause's exception codes (privileged ISA, "Machine Cause"). */
export const cause = {
  illegalInstruction: 2,
  breakpoint: 3,
  loadMisaligned: 4,
  storeMisaligned: 6,
  /** Plus the privilege. */
  environmentCall: 8,
} as const;

export type Access = "read" | "write" | "execute";

/** An address that may not be reached physically, and one that the page tables don't allow. */
export const accessFault: Readonly<Record<Access, number>> = { execute: 1, read: 5, write: 7 };
export const pageFault: Readonly<Record<Access, number>> = { execute: 12, read: 13, write: 15 };

/** The hart fills in the instruction's bits as its value. */
export const illegalInstruction: Exception = { cause: cause.illegalInstruction, value: 0n };
