import { hartLayout } from "./layout.js";

/** Its number says who may access it; `place` is where the hart keeps it, as in `hartLayout`. */
export interface PlainCsr {
  readonly name: Name;
  readonly number: number;
  readonly place: number;
  readonly mask: bigint;
}

type Name = Extract<keyof typeof hartLayout, `${"m" | "s"}${"tvec" | "scratch" | "epc" | "cause" | "tval"}`>;

/**
 * CSRs that only hold what was written to them: whoever may access them does so where the hart keeps them, and nothing else
 * comes of it. Bits outside of `mask` are always 0.
 *
 * Source: privileged ISA. Trap vectors keep their lower mode bit alone (0 is direct, 1 vectored); addresses of instructions are
 * even, as there are instructions of 16 bits.
 */
export const plainCsrs: readonly PlainCsr[] = [
  { name: "mtvec", number: 0x305, place: hartLayout.mtvec, mask: ~2n },
  { name: "mscratch", number: 0x340, place: hartLayout.mscratch, mask: -1n },
  { name: "mepc", number: 0x341, place: hartLayout.mepc, mask: ~1n },
  { name: "mcause", number: 0x342, place: hartLayout.mcause, mask: -1n },
  { name: "mtval", number: 0x343, place: hartLayout.mtval, mask: -1n },
  { name: "stvec", number: 0x105, place: hartLayout.stvec, mask: ~2n },
  { name: "sscratch", number: 0x140, place: hartLayout.sscratch, mask: -1n },
  { name: "sepc", number: 0x141, place: hartLayout.sepc, mask: ~1n },
  { name: "scause", number: 0x142, place: hartLayout.scause, mask: -1n },
  { name: "stval", number: 0x143, place: hartLayout.stval, mask: -1n },
];

const byNumber: ReadonlyMap<number, PlainCsr> = new Map(plainCsrs.map((csr) => [csr.number, csr]));

/** The CSR of that number, if it is one of these. */
export const plainCsr = (number: number | undefined): PlainCsr | undefined =>
  number === undefined ? undefined : byNumber.get(number);

/** The lowest privilege that may access a CSR (privileged ISA, "CSR Address Mapping Conventions"). */
export const privilegeNeeded = (number: number): number => (number >> 8) & 3;
