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
} as const;

/** Fields of mstatus. */
export const status: Readonly<Record<"FS" | "SUM" | "MXR", number>> = { FS: 3 << 13, SUM: 1 << 18, MXR: 1 << 19 };

/** Bits of a page-table entry. */
export const pte = { V: 1, R: 2, W: 4, X: 8, U: 16, A: 64, D: 128 } as const;

export const pageSize = 4096;

/** What a memory access is for; with the page fault that a refused one is. */
export type Access = "read" | "write" | "execute";

export const accessOf: Readonly<Record<number, Access>> = {
  [cause.fetchPageFault]: "execute",
  [cause.loadPageFault]: "read",
  [cause.storePageFault]: "write",
};

/** satp for Sv39 tables whose root lies there, all address spaces being one to the host. */
export const satpOf = (root: number): bigint => BigInt.asIntN(64, (8n << 60n) | BigInt(root / pageSize));

/** The address space that satp names: 0 where addresses are physical. */
export const spaceOf = (satp: bigint): bigint => (satp < 0n ? satp : 0n);
