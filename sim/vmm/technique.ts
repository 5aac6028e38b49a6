import type { Hart, HartEngine, Isa, Machine } from "../machine/index.js";
import type { Allocator } from "./allocator.js";
import type { Crossing } from "./costs.js";
import type { Exits } from "./exits.js";
import type { Allotment, Frames } from "./frames.js";
import type { HostCpu } from "./host-cpu.js";

/** What a virtual hart is executed with. */
export interface CpuParts {
  /** The virtual hart: the state that the guest believes in. It executes nothing by itself. */
  readonly guest: Hart;
  /** The computer that the guest sees, whose hart it is. */
  readonly machine: Machine;
  /** The physical hart. */
  readonly host: HostCpu;
  /** What of the host's memory the guest reaches. */
  readonly allocator: Allocator;
  /** To be told of each exit. */
  readonly exits: Exits;
  /** The guest's RAM: where the guest has it, and where the host does. */
  readonly ramBase: number;
  readonly allotment: Allotment;
  /** Memory for what the technique keeps of its own. */
  readonly frames: Frames;
}

export type TechniqueName = "trap-and-emulate" | "binary-translation" | "paravirtualization" | "hardware-assist";

/**
 * A way to virtualize: what it supplies beside the parts that all share. It executes a virtual hart, as an engine of the machine
 * that the guest sees; interrupts, time, devices, debuggers and saved states are that machine's and the same for all.
 */
export interface Technique {
  readonly name: TechniqueName;
  /** In a figure's legend. */
  readonly title: string;
  /** Pages of the host's memory that it keeps of its own for each virtual hart of a machine with so many bytes. */
  pages(memory: number): number;
  /** The instructions that its host needs for guests that have these; the same where it says nothing. */
  hostIsa?(isa: Isa): Isa;
  /** How its guests come to it, for what that costs; by a trap where it says nothing. */
  readonly crossing?: Crossing;
  /** Whether it runs kernels that were ported to it, and no others. */
  readonly runsPorts?: boolean;
  createCpu(parts: CpuParts): HartEngine;
}
