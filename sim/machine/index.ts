/**
 * machine: a RISC-V computer of 64 bits, and the ways to execute its instructions.
 *
 * Glossary
 *   hart         a hardware thread: registers, a pc, CSRs, a mode
 *   mode         machine (M), supervisor (S), user (U); with the hypervisor extension also VS and VU
 *   meaning      what an instruction does, as data; written once, in `instructions`, and read by everything else
 *   engine       what executes a hart's instructions by their meanings
 *   exception    why an instruction did not happen, by its cause; a trap takes the hart to a handler
 *   unit         code of one page, a function of the guest or some small ones, as one WebAssembly function
 *   context      what decides how addresses translate: mode, address space, the bits of mstatus that matter
 *
 * The way: a decoded instruction's meaning is evaluated as it stands (the reference); or all meanings together make one
 * WebAssembly function that takes words apart as it meets them (the interpreter, for what is cold); or a page of
 * instructions becomes a unit (for what is hot). Code in WebAssembly finds memory through a TLB in the machine's own
 * memory, counts what it executes, and goes back to the host for all that is more than arithmetic.
 *
 * layout         where a hart keeps what, in the memory that engines share; plain-csrs: CSRs that are nothing but memory
 * float/         IEEE 754 arithmetic in software, exact in results and flags
 * instructions/  rows (encoding, operands, meaning), the ISA they make, decoder, the manual's notation; the reference engine
 * assembler/     text → program
 * disassembler/  bits → text
 * debug/         GDB's remote protocol, for a machine
 * translate/     the code for a meaning at a site; blocks of a page, their nest, a unit; the interpreter;
 *                floats/: what float/ does, fast
 *
 * machine        the computer that students get: run, look, save, go back; factories: machine({...}); options: what it is made of
 * board          harts, RAM and devices, wired; memory-map: where; boot: what is in memory at power-on
 * schedule       turns and virtual time; machine-stop, stops, lost-harts, text-match: reasons to stop
 * engine-choice  which engine executes from now on; work: which executed how much; lesson/: what engines do, in the open: a block and what became of it
 * history        snapshots and inputs, to go back; state: what is saved; memory-pages: RAM as data;
 *                dirty-pages: which were written; inspect: registers and memory as views; page-walk: an address's way
 * arena, bus     the memory that all share; physical addresses; window: RAM that is a part of another machine's, for
 *                virtual machines
 * devices/       CLINT, PLIC, UART, real-time clock, finisher, virtio; links and wires between cards;
 *                network-end: a link as a machine that goes back uses it
 * device-tree    what firmware and kernels are told of the machine; fdt: its format
 * image/         ELF, kernels and flat code
 * console        a guest's terminal
 *
 * Sources: The RISC-V Instruction Set Manual, volumes I (unprivileged) and II (privileged).
 */
export * from "./float/index.js";
export * from "./instructions/index.js";
export * from "./assembler/index.js";
export * from "./disassembler/index.js";
export * from "./debug/index.js";
export { attention, emptyTag, entrySize, hartLayout, jumpEntries, tlbEntries } from "./layout.js";
export * from "./hart/index.js";
export { Console, hearConsoles } from "./console.js";
export { hub, loopback, type Link, type Send } from "./devices/link.js";
export { wire, type Wire, type WireOptions, type WireState } from "./devices/wire.js";
export type { RecordOptions } from "./history.js";
export {
  lesson,
  type Bird,
  type BirdOptions,
  type Bochs,
  type BochsOptions,
  type Counter,
  type CompareOptions,
  type Crusoe,
  type CrusoeOptions,
  type Dynamo,
  type DynamoOptions,
  type LessonName,
  type TranslatedLine,
  type Translation,
} from "./lesson/index.js";
export type { Executable } from "./image/load.js";
export type { ImageSymbol } from "./image/image.js";
export { machine, machineWithin } from "./factories.js";
export { Machine } from "./machine.js";
export type { MachineOptions, RunOptions } from "./options.js";
export { pageWalk } from "./page-walk.js";
export type { MachineStop } from "./machine-stop.js";
export type { Kept, MachineState, PartsState } from "./state.js";
export type { Place } from "./stops.js";
export type { MachineWork } from "./work.js";
export { createFloats } from "./translate/floats/index.js";
export { translateUnit } from "./translate/unit.js";
export type { Unit } from "./translate/unit-source.js";
