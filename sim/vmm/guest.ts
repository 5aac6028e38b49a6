import { KiB, MiB, UsageError } from "../core/index.js";
import { machine, rv64, type Executable, type Isa, type Machine, type MachineOptions } from "../machine/index.js";
import { sbiFirmware } from "./guests/sbi.js";

/** A part of a guest's memory. */
export interface Result {
  readonly symbol: string;
  readonly bytes: number;
}

/** A kernel that was changed for a VMM. */
export interface Port {
  readonly source: string;
  /** Lines of the kernel that were taken out, and lines that stand in their place; the firmware isn't counted. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly options: Guest["options"];
}

/** Software for a machine, bare or virtual. */
export interface Guest {
  readonly name: string;
  /** What it does, in a sentence. */
  readonly about: string;
  /** The assembler's source, where it is one of ours. */
  readonly source?: string;
  /** The machine that it is made for, the software in it. */
  readonly options: Partial<Omit<MachineOptions, "world" | "isa" | "name">>;
  /** The instructions that it needs, where `rv64` hasn't all. */
  readonly isa?: Isa;
  /** Where in its memory it leaves its results, and how many bytes they are: what a port of it is compared by. */
  readonly results: readonly Result[];
  /** The same kernel, changed to ask its VMM for what is privileged: for paravirtualization. */
  readonly ported?: Port;
}

export const guestMemory: number = KiB(512);

/** The guest on a machine of its own, without a VMM. */
export function bare(guest: Guest, options?: Partial<MachineOptions>): Machine {
  return machine({ memory: guestMemory, isa: guest.isa ?? rv64, ...guest.options, name: guest.name, ...options });
}

/** Room for a kernel at 2 MiB into RAM, where QEMU's board and ours have it, and for its device tree. */
const kernelMemory = MiB(64);

/**
 * Any software as a guest: a program, or firmware and a kernel, with the disks and whatever else its machine has. A kernel alone gets firmware with
 * the SBI's calls under it, and 64 MiB where nothing else is said.
 * @throws UsageError for a name that is empty
 */
export function guest(name: string, options: Guest["options"]): Guest {
  if (name === "") throw new UsageError("a guest needs a name", 'Give one: vmm.guest("mine", { program }).');
  const { kernel = null, firmware = null, program = null } = options;
  const alone = kernel !== null && firmware === null && program === null;
  const completed = alone ? { memory: kernelMemory, ...options, firmware: sbiFirmware() } : options;
  return { name, about: "software of your own", options: completed, results: [] };
}

/** What may stand for a guest: a kernel's file, which runs in supervisor mode. */
export function guestOf(given: Guest | Executable): Guest {
  return "options" in given ? given : guest("kernel", { kernel: given });
}
