import type { Hart } from "../machine/index.js";
import type { ExitReason } from "./exit-reasons.js";
import { accessOf, privilege } from "./privileged.js";

/** What a routine did: why it was needed, and the instruction's bits, 0 where none could be fetched. */
export interface Interpreted {
  readonly reason: ExitReason;
  readonly word: number;
}

const byName: ReadonlyMap<string, ExitReason> = new Map([
  ["sret", "return from trap"],
  ["mret", "return from trap"],
  ["wfi", "wait for interrupt"],
  ["sfence.vma", "address fence"],
  ["hfence.vvma", "address fence"],
  ["hfence.gvma", "address fence"],
  ["csrrw", "CSR access"],
  ["csrrs", "CSR access"],
  ["csrrc", "CSR access"],
  ["csrrwi", "CSR access"],
  ["csrrsi", "CSR access"],
  ["csrrci", "CSR access"],
]);
/** cycle to hpmcounter31. */
const counters = { first: 0xc00, last: 0xc1f } as const;

/**
 * Popek and Goldberg's interpreter routines, one for each privileged instruction: what the instruction does, done to the virtual
 * machine. The instruction's meaning, evaluated on the virtual hart, is just that, so the routines are the rows of the instruction
 * table, and the virtual machine's CSRs with all that is legal in them are the machine's own table. What the virtual hart answers
 * with an exception is one of the guest's own, and is delivered to the guest as the hart would.
 *
 * @param trapped the cause on the host; undefined where the host didn't try
 * @param bits the instruction's, where the host told them
 */
export function interpret(guest: Hart, trapped: number | undefined, bits?: number): Interpreted {
  const { privilege: mode, virtual } = guest.state.mode;
  const before = guest.retired;
  guest.step(bits);
  const faulted = guest.retired === before;
  const { last } = guest.evaluator;
  const word = last?.word ?? 0;
  if (!faulted) return { reason: reasonOf(last?.row.name, last?.fields.csr ?? 0, trapped), word };
  if (virtual && isHypervisors(guest)) return { reason: "nested exit", word };
  if (last?.row.name === "ecall") {
    return { reason: mode === privilege.user ? "system call" : "supervisor call", word };
  }
  if (trapped !== undefined && accessOf[trapped] !== undefined) return { reason: "page fault", word };
  return { reason: "exception", word };
}

/** Whether a trap has just come to HS-mode. */
const isHypervisors = ({ state: { mode } }: Hart): boolean => !mode.virtual && mode.privilege === privilege.supervisor;

function reasonOf(name: string | undefined, csr: number, trapped: number | undefined): ExitReason {
  if (trapped === undefined) return "interpretation";
  const reason = name === undefined ? undefined : byName.get(name);
  if (reason === "CSR access" && csr >= counters.first && csr <= counters.last) return "counter read";
  if (reason !== undefined) return reason;
  return accessOf[trapped] === "read" || accessOf[trapped] === "write" ? "device access" : "interpretation";
}
