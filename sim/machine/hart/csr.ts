import { invariant } from "../../core/index.js";
import type { Exception } from "../instructions/index.js";
import { plainCsrs, privilegeNeeded } from "../plain-csrs.js";
import { counterRows } from "./csr-counters.js";
import { word } from "./csr-field.js";
import { floatRows } from "./csr-float.js";
import { machineRows } from "./csr-machine.js";
import type { Csr, CsrHart, CsrTable, Features } from "./csr-row.js";
import { supervisorRows } from "./csr-supervisor.js";
import { illegalInstruction } from "./exceptions.js";
import { user } from "./mode.js";

/** How an instruction changes what a CSR holds, given the operand. */
export type Change = "write" | "set" | "clear";

const rows: readonly Csr[] = [
  ...plainCsrs.map(({ number, name, mask }) => word(number, name, mask)),
  ...machineRows,
  ...supervisorRows,
  ...counterRows,
  ...floatRows,
];

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

/** Whether a flawed ISA lets user mode go on here, where the CSR is only read in any case. */
const isOpen = ({ state, features }: CsrHart, number: number, writes: boolean): boolean =>
  state.mode.privilege === user &&
  features.userCsrs.some((open) => open.number === number && (open.access === "ignoreWrites") === writes);

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
  if (csr === undefined) return illegalInstruction;
  if (privilegeNeeded(number) > hart.state.mode.privilege) {
    return isOpen(hart, number, writes) ? csr.read(hart) : illegalInstruction;
  }
  if ((writes && number >> 10 === 3) || csr.allowed?.(hart) === false) return illegalInstruction;
  const old = reads ? csr.read(hart) : 0n;
  if (writes) {
    const held = change === "write" ? 0n : (csr.held?.(hart) ?? old);
    csr.write?.(hart, change === "write" ? operand : change === "set" ? held | operand : held & ~operand);
  }
  return old;
}
