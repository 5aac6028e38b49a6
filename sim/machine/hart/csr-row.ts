import type { UserCsr } from "../instructions/index.js";
import type { Floats } from "./floats.js";
import type { PrivilegedState } from "./state.js";

/** Extensions that are options of the hart, and sizes that the specification leaves open. */
export interface Features {
  /** misa's bits for the extensions that the ISA's rows show. */
  readonly extensions: bigint;
  readonly float: boolean;
  /** stimecmp: the supervisor's own timer. */
  readonly sstc: boolean;
  /** menvcfg.ADUE: the hart may set A and D in page tables. */
  readonly svadu: boolean;
  readonly pmpEntries: number;
  /** The hypervisor extension. */
  readonly hypervisor: boolean;
  /** A flawed ISA's. */
  readonly userCsrs: readonly UserCsr[];
}

/** The hart as its CSRs see it. */
export interface CsrHart {
  readonly id: number;
  readonly state: PrivilegedState;
  readonly features: Features;
  readonly csrs: CsrTable;
  readonly floats: Floats;
  /** Marks the floating-point state dirty. @returns false where it is off, for the hypervisor or for its guest */
  useFloats(): boolean;
  /** Instructions begun and instructions retired since the reset, before the one that asks. */
  readonly cycles: number;
  readonly retired: number;
  time(): bigint;
  /** Sees to it that the supervisor's timer interrupt is pending from when the clock shows stimecmp, and the guest's likewise. */
  setTimer(): void;
  /** What protects physical memory has changed. */
  protectionChanged(): void;
}

/**
 * One control and status register. Its number says who may access it, and whether it can be written (privileged ISA, "CSR
 * Address Mapping Conventions").
 */
export interface Csr {
  readonly name: string;
  readonly number: number;
  /** Whether this hart has it; unless said, every hart has. */
  readonly exists?: (features: Features) => boolean;
  /** Beyond what its number says: whether there is anything of it now below machine mode, or at all; else it is an illegal instruction; */
  readonly enabled?: (hart: CsrHart) => boolean;
  /** and whether it may be accessed by who now wants to, to a guest a virtual instruction where not. */
  readonly allowed?: (hart: CsrHart) => boolean;
  readonly read: (hart: CsrHart) => bigint;
  /** Stores what is legal of a value. Without it, every write is legal and changes nothing. */
  readonly write?: (hart: CsrHart, value: bigint) => void;
  /** What setting and clearing bits starts from, where that isn't what is read. */
  readonly held?: (hart: CsrHart) => bigint;
}

/** By their numbers; nothing stands where a hart has no CSR. */
export type CsrTable = readonly (Csr | undefined)[];
