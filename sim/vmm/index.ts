/**
 * vmm: virtual machine monitors, made of the parts that Popek and Goldberg's proof is made of.
 *
 * Glossary
 *   guest        software for a machine: here, small kernels in their assembler's source
 *   virtual machine   the machine that a guest sees; its *virtual hart* is the state that the guest believes in
 *   host         the physical machine; the VMM owns its hart ("Type I"), and every trap of a guest comes back to it as data
 *   exit         one such trap, and what the VMM did about it
 *   sensitive, privileged, innocuous   what theorem 1 is about: an ISA is virtualizable if sensitive instructions are privileged
 *   de-privileged   a guest's kernel runs in user mode, so that privileged instructions trap
 *   dispatcher, allocator, interpreter routines   the parts: whom a trap goes to; who decides what a guest may reach; what does to the virtual
 *                machine what a privileged instruction would have done to a real one
 *   shadow       page tables that the host walks in place of the guest's
 *   trace        write protection of a guest's page table, so that the shadow made from it follows each store
 *   hidden fault a page fault that only fills the shadow; the guest never hears of it
 *   fidelity     the guest ends as on a bare machine: registers, CSRs, memory, devices, console, and the time by its own clock
 *
 * The map V from a guest's state to the host's is made explicit by one construction: a virtual machine is a `Machine` whose RAM is a window
 * into the host's and whose harts are executed by a VMM, as engines of theirs. So time, interrupts, devices, debuggers, saved states,
 * dirty pages are the machine's own, and a guest's state can be compared with a bare machine's byte for byte.
 *
 * vmm              the monitor: one host, virtual machines in turns; virtual-machine: one of them; guest: what runs in it
 * host-cpu         the physical hart: runs a guest in user mode until it traps
 * dispatcher, allocator, interpreter   the parts
 * shadow-paging    views of a guest's memory; traced-tables: its page tables write-protected; shadow-policy: that, or a virtual TLB;
 *                frames: the host's memory, in allotments
 * technique        what a way to virtualize supplies
 * direct-cpu       a virtual hart whose instructions the host executes, until one traps
 * trap-and-emulate privileged instructions trap
 * binary-translation   sensitive instructions are rewritten; code-cache: into what
 * paravirtualization   guests that ask; hypercalls: what they ask, and where they find answers; block-backend: who answers a disk's ring;
 *                port-view: what porting took
 * address-views  a guest's addresses and the host's, for who debugs a kernel
 * hardware-assist   the guest has a virtual mode of the processor; hypervisor-cpu: entering it; nested-paging: its second stage of
 *                tables; exit-controls: what it comes back for; device-access: what htinst tells of an access to a device
 * exits, exit-reasons, exit-views, costs   exits as data, as pictures, and in cycles of a model
 * host-os          what a monitor that is a process ("Type II") asks of its host, and the path of an exit; driver-fault: what a driver takes down
 * nanobenchmarks   one privileged event each, by technique, beside published cycles; lmbench: what a process costs its kernel
 * nesting        a guest that is a monitor or a hypervisor, level upon level, and what each costs
 * guests/          the kernels
 * memory/          frames that guests share, balloons, snapshots, clones
 * migration/       a guest goes to another host while it runs
 * popek-goldberg/  instructions classified by experiment; the paper's theorems, its machine, its isomorphism
 *
 * Source: G. J. Popek and R. P. Goldberg, "Formal Requirements for Virtualizable Third Generation Architectures", CACM 17(7), 1974.
 */
import { UsageError, nearest } from "../core/index.js";
import { paravirtualization } from "./paravirtualization.js";
import { binaryTranslation } from "./binary-translation.js";
import { hardwareAssist } from "./hardware-assist.js";
import type { Technique, TechniqueName } from "./technique.js";
import { trapAndEmulate } from "./trap-and-emulate.js";
import { Vmm, type VmmOptions } from "./vmm.js";

export * from "./popek-goldberg/index.js";
export { walkReferences } from "./costs.js";
export type { CostParameters } from "./costs.js";
export type { ExitReason } from "./exit-reasons.js";
export type { Exit, Exits } from "./exits.js";
export { bare, guest, type Guest } from "./guest.js";
export { ballooning, guests, writer, type BallooningOptions, type WriterOptions } from "./guests/index.js";
export { hypervised, hypervisedState } from "./guests/hypervisor/index.js";
export { monitored, monitoredState } from "./guests/monitor/index.js";
export * from "./memory/index.js";
export * from "./migration/index.js";
export {
  nanobenchmarks,
  processBenchmarks,
  type NanobenchmarkColumn,
  type NanobenchmarkOptions,
  type Nanobenchmarks,
} from "./nanobenchmarks.js";
export { driverFault, type DriverFault, type DriverFaultOptions, type DriverPlace } from "./driver-fault.js";
export { smallHost } from "./guests/host-kernel.js";
export type { HostOs } from "./host-os.js";
export { nesting, type Nesting, type NestingOptions } from "./nesting.js";
export { portDifference, portView } from "./port-view.js";
export type { Technique, TechniqueName } from "./technique.js";
export { binaryTranslation, binaryTranslationWith, type BinaryTranslationOptions } from "./binary-translation.js";
export { paravirtualization } from "./paravirtualization.js";
export { exitControlsView, type ExitControls } from "./exit-controls.js";
export { hardwareAssist, hardwareAssistWith } from "./hardware-assist.js";
export type { ShadowPolicy } from "./shadow-policy.js";
export { trapAndEmulate, trapAndEmulateWith } from "./trap-and-emulate.js";
export type { VirtualMachine } from "./virtual-machine.js";
export type { Vmm, VmmOptions, VmmRunOptions } from "./vmm.js";

/** The ways to virtualize that there are. */
export const techniques: readonly Technique[] = [trapAndEmulate, binaryTranslation, paravirtualization, hardwareAssist];

function techniqueOf(technique: Technique | TechniqueName): Technique {
  if (typeof technique !== "string") return technique;
  const found = techniques.find(({ name }) => name === technique);
  if (found !== undefined) return found;
  const names = techniques.map(({ name }) => name);
  throw new UsageError(
    `there is no technique "${technique}"`,
    `Did you mean "${nearest(technique, names) ?? ""}"? There are: ${names.join(", ")}.`,
  );
}

/**
 * Makes a machine, a VMM that owns it, and a virtual machine for each guest.
 * @throws UsageError for a technique or an option that there isn't, for no guest, and as `machine` does
 */
export function create(technique: Technique | TechniqueName, options?: Partial<VmmOptions>): Vmm {
  return new Vmm(techniqueOf(technique), options);
}
