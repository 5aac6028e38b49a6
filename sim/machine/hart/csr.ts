import { invariant } from "../../core/index.js";
import type { Exception } from "../instructions/index.js";
import { counterRows } from "./csr-counters.js";
import { floatRows } from "./csr-float.js";
import { machineRows } from "./csr-machine.js";
import { supervisorRows } from "./csr-supervisor.js";
import { illegalInstruction } from "./exceptions.js";
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
}

/** The hart as its CSRs see it. */
export interface CsrHart {
  readonly id: number;
  readonly state: PrivilegedState;
  readonly features: Features;
  readonly csrs: CsrTable;
  readonly floats: Floats;
  /** Marks the floating-point state dirty. @returns false where it is off */
  useFloats(): boolean;
  /** mstatus was written. */
  statusChanged(): void;
  /** Instructions begun and instructions retired since the reset, before the one that asks. */
  readonly cycles: number;
  readonly retired: number;
  time(): bigint;
  /** Sees to it that the supervisor's timer interrupt is pending from when the clock shows stimecmp. */
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
  /** Whether it may be accessed now, beyond what its number says. */
  readonly allowed?: (hart: CsrHart) => boolean;
  readonly read: (hart: CsrHart) => bigint;
  /** Stores what is legal of a value. Without it, every write is legal and changes nothing. */
  readonly write?: (hart: CsrHart, value: bigint) => void;
  /** What setting and clearing bits starts from, where that isn't what is read. */
  readonly held?: (hart: CsrHart) => bigint;
}

/** How an instruction changes what a CSR holds, given the operand. */
export type Change = "write" | "set" | "clear";

const rows: readonly Csr[] = [...machineRows, ...supervisorRows, ...counterRows, ...floatRows];

/** By their numbers; nothing stands where a hart has no CSR. */
export type CsrTable = readonly (Csr | undefined)[];

/** The CSRs that a hart with these features has. */
export function csrsOf(features: Features): CsrTable {
  const found: (Csr | undefined)[] = Array.from({ length: 4096 }, () => undefined);
  for (const row of rows) {
    if (row.exists?.(features) === false) continue;
    invariant(found[row.number] === undefined, `two CSRs have the number of ${row.name}`);
    found[row.number] = row;
  }
  return found;
}

/**
 * What the six instructions of Zicsr do.
 * @param reads whether it is read, with the side effects of reading
 * @param writes whether it is written; of a CSR that can't be, that is an illegal instruction
 * @returns what it held
 */
export function accessCsr(
  hart: CsrHart,
  number: number,
  change: Change,
  operand: bigint,
  reads: boolean,
  writes: boolean,
): bigint | Exception {
  const csr = hart.csrs[number];
  if (csr === undefined || ((number >> 8) & 3) > hart.state.mode.privilege) return illegalInstruction;
  if ((writes && number >> 10 === 3) || csr.allowed?.(hart) === false) return illegalInstruction;
  const old = reads ? csr.read(hart) : 0n;
  if (writes) {
    const held = change === "write" ? 0n : (csr.held?.(hart) ?? old);
    csr.write?.(hart, change === "write" ? operand : change === "set" ? held | operand : held & ~operand);
  }
  return old;
}
