import { invariant } from "../../core/index.js";
import type { Exception } from "../instructions/index.js";
import { plainCsrs, privilegeNeeded } from "../plain-csrs.js";
import { counterRows } from "./csr-counters.js";
import { word } from "./csr-field.js";
import { floatRows } from "./csr-float.js";
import { guestRows } from "./csr-guest.js";
import { hypervisorRows } from "./csr-hypervisor.js";
import { machineRows } from "./csr-machine.js";
import type { Csr, CsrHart, CsrTable, Features } from "./csr-row.js";
import { supervisorRows } from "./csr-supervisor.js";
import { illegalInstruction, virtualInstruction } from "./exceptions.js";
import { machine, supervisor, user } from "./mode.js";

/** How an instruction changes what a CSR holds, given the operand. */
export type Change = "write" | "set" | "clear";

const rows: readonly Csr[] = [
  ...plainCsrs.map(({ number, name, mask }) => word(number, name, mask)),
  ...machineRows,
  ...supervisorRows,
  ...hypervisorRows,
  ...guestRows,
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
  const refused = refusal(hart, csr, writes);
  if (refused !== undefined) return isOpen(hart, number, writes) ? csr.read(hart) : refused;
  const old = reads ? csr.read(hart) : 0n;
  if (writes) {
    // `~` of a bigint takes three times as long as `^`.
    const held = change === "write" ? 0n : (csr.held?.(hart) ?? old);
    csr.write?.(hart, change === "write" ? operand : change === "set" ? held | operand : held & (operand ^ -1n));
  }
  return old;
}

/** The level of CSRs for the hypervisor, between supervisor's and machine's. */
const hypervisor = 2;

/**
 * Why it may not be accessed, if so. With V, what HS-mode might do is a virtual instruction: "attempts to access an implemented
 * non-high-half hypervisor CSR or VS CSR when the same access (read/write) would be allowed in HS-mode", and of a supervisor CSR in
 * VU-mode ("Trap Cause Codes").
 */
function refusal(hart: CsrHart, { number, enabled, allowed }: Csr, writes: boolean): Exception | undefined {
  const { privilege, virtual } = hart.state.mode;
  const needed = privilegeNeeded(number);
  if ((writes && number >> 10 === 3) || (needed === machine && privilege !== machine)) return illegalInstruction;
  if (enabled?.(hart) === false) return illegalInstruction;
  const isLow = needed === hypervisor ? virtual || privilege < supervisor : needed > user && privilege === user;
  if (!isLow && allowed?.(hart) !== false) return undefined;
  return virtual ? virtualInstruction : illegalInstruction;
}
