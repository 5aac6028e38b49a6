/**
 * hart: the hardware thread as the privileged specification has it.
 *
 * hart           registers, mode, lines, time, run and why it came back; options: what may be chosen of it
 * state          what a hart holds beside registers; saved: the same as plain data
 * mode, status   privileges; mstatus and its view sstatus
 * worlds         which CSRs are the guest's and which the hypervisor's own (V); hypervisor-status: hstatus; satp: what names page tables
 * csr            the table of CSRs and how instructions access them; csr-row: one of them; csr-machine, csr-supervisor,
 *                csr-hypervisor, csr-guest, csr-counters, csr-float: its rows
 * floats         floating-point registers, flags and rounding mode
 * trap           into a handler and back; trap-details: what a hypervisor is told besides; interrupts: which one is next, guest-interrupts:
 *                a guest's view of them; exceptions: causes; timers: stimecmp, vstimecmp
 * extensions     what misa says of the ISA
 * routines       what instructions ask of a hart
 * memory         loads, stores and fetches by virtual address; walk: Sv39's tables; two-stage: a guest's; pmp: physical memory protection
 * evaluator      the reference engine
 * trap-code      environment calls and returns from traps as WebAssembly, for the fast engine
 * unit-memory    what units' accesses do that find no page in a TLB; access-code: their part of it in WebAssembly; walk-code: page tables
 *                walked there; walk-notes: what it has to know for that
 * engine         the fast one: units where code is hot, the interpreter where it is cold; translated-hart: what it asks of
 *                the hart; code-pages: the units; code-places: the pages that the interpreter goes through; tlb: what they find
 *                memory and each other by; halves: addresses as two numbers
 * shared         what the harts of one machine have in common
 *
 * Source: The RISC-V Instruction Set Manual, volume II (privileged).
 */
import { Hart, type HartParts } from "./hart.js";

export type { Hart, HartClock, HartParts, Stop, Watchpoint } from "./hart.js";
export {
  usualPatience,
  type EngineName,
  type HartEngine,
  type HartOptions,
  type HartWork,
  type Misaligned,
} from "./options.js";
export type { HartBus, RamPages } from "./memory.js";
export type { HartSaved } from "./saved.js";
export { highOf, lowOf } from "./halves.js";

/**
 * A hart after its reset: in machine mode, at address 0, registers 0.
 */
export function createHart(parts: HartParts): Hart {
  return new Hart(parts);
}
