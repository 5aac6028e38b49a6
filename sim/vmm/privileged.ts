import type { Isa } from "../machine/index.js";

/** Numbers of the privileged architecture that a VMM reads (privileged ISA, "Machine-Level ISA", "Sv39"). */

export const privilege = { user: 0, supervisor: 1, machine: 3 } as const;

/** mcause's exception codes. */
export const cause = {
  illegalInstruction: 2,
  breakpoint: 3,
  callFromUser: 8,
  fetchPageFault: 12,
  loadPageFault: 13,
  storePageFault: 15,
  /** The hypervisor extension's. */
  guestFetchPageFault: 20,
  guestLoadPageFault: 21,
  virtualInstruction: 22,
  guestStorePageFault: 23,
} as const;

/** Those of loads and stores, as bits. */
export const dataCauses: number = [4, 5, 6, 7, 13, 15, 21, 23].reduce((sum, code) => sum | (1 << code), 0);

/** Fields of mstatus. */
export const status: Readonly<Record<"SIE" | "SPIE" | "SPP" | "FS" | "SUM" | "MXR" | "TVM" | "TW" | "TSR", number>> = {
  SIE: 1 << 1,
  SPIE: 1 << 5,
  SPP: 1 << 8,
  FS: 3 << 13,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
};

/** Fields of hstatus that a trap into HS-mode writes. */
export const hypervisorStatus: Readonly<Record<"GVA" | "SPV", number>> = { GVA: 1 << 6, SPV: 1 << 7 };

/** mip's bits of supervisor mode (1, 5, 9); a guest's in hvip are one further up. */
export const interrupts = { supervisor: 0x222, shift: 1 } as const;

/** Bits of a page-table entry. */
export const pte = { V: 1, R: 2, W: 4, X: 8, U: 16, A: 64, D: 128 } as const;

export const pageSize = 4096;

/** What a memory access is for; with the page fault that a refused one is. */
export type Access = "read" | "write" | "execute";

export const accessOf: Readonly<Record<number, Access>> = {
  [cause.fetchPageFault]: "execute",
  [cause.loadPageFault]: "read",
  [cause.storePageFault]: "write",
  [cause.guestFetchPageFault]: "execute",
  [cause.guestLoadPageFault]: "read",
  [cause.guestStorePageFault]: "write",
};

/** satp for Sv39 tables whose root lies there, all address spaces being one to the host. */
export const satpOf = (root: number): bigint => BigInt.asIntN(64, (8n << 60n) | BigInt(root / pageSize));

/** The address space that satp names: 0 where addresses are physical. */
export const spaceOf = (satp: bigint): bigint => (satp < 0n ? satp : 0n);

/** The address space of a guest's guest: by its own tables and its hypervisor's. It is no other's. */
export const nestedSpaceOf = (satp: bigint, hgatp: bigint): bigint =>
  (1n << 128n) | (BigInt.asUintN(64, hgatp) << 64n) | BigInt.asUintN(64, spaceOf(satp));

/** Routines of flawed ISAs that do in user mode what they should not. */
const unsound: ReadonlySet<string> = new Set(["probeAddress", "returnToUser", "returnOrJump", "waitOrPass"]);

/** What instructions ask of the hart by a row of the table. */
export const routinesOf = ({ meaning }: Isa["rows"][number]): readonly string[] =>
  meaning.flatMap((effect) => (effect.kind === "call" ? [effect.routine] : []));

/** Whether code that believes in a higher privilege can't tell that it is in user mode. */
export const isSoundInUserMode = ({ rows, userCsrs }: Isa): boolean =>
  userCsrs.length === 0 && !rows.some((row) => routinesOf(row).some((routine) => unsound.has(routine)));
