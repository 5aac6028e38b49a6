import type { Hart, HartEngine } from "../machine/index.js";
import type { Allocator } from "./allocator.js";
import type { Exits } from "./exits.js";
import type { HostCpu } from "./host-cpu.js";

/** What a virtual hart is executed with. */
export interface CpuParts {
  /** The virtual hart: the state that the guest believes in. It executes nothing by itself. */
  readonly guest: Hart;
  /** The physical one. */
  readonly host: HostCpu;
  /** What of the host's memory the guest reaches. */
  readonly allocator: Allocator;
  /** To be told of each exit. */
  readonly exits: Exits;
}

export type TechniqueName = "trap-and-emulate";

/**
 * A way to virtualize: what it supplies beside the parts that all share. It executes a virtual hart, as an engine of the machine
 * that the guest sees; interrupts, time, devices, debuggers and saved states are that machine's and the same for all.
 */
export interface Technique {
  readonly name: TechniqueName;
  /** In a figure's legend. */
  readonly title: string;
  createCpu(parts: CpuParts): HartEngine;
}
