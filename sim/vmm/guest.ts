import { KiB } from "../core/index.js";
import { machine, rv64, type Isa, type Machine, type MachineOptions } from "../machine/index.js";

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
  /** Symbols of its memory at which it leaves its results, by what they are: what a port of it is compared by. */
  readonly results: readonly string[];
}

export const guestMemory: number = KiB(512);

/** The guest on a machine of its own, without a VMM. */
export function bare(guest: Guest, options?: Partial<MachineOptions>): Machine {
  return machine({ memory: guestMemory, isa: guest.isa ?? rv64, ...guest.options, name: guest.name, ...options });
}
