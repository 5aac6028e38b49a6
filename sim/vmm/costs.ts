import { withDefaults } from "../core/index.js";
import { unitLength } from "./code-cache.js";
import { callsOf, type HostOs, type HostWork } from "./host-os.js";
import type { ExitReason } from "./exit-reasons.js";

/** What things cost on the modelled host, in cycles. Each is a parameter; what a guest's run costs comes out of how often each happens. */
export interface CostParameters {
  /** Any instruction that executes directly. One a cycle: the machine's own simplification. */
  readonly instruction: number;
  /**
   * Into a trap handler and back, the handler's work not counted. 242: a native system call and its return on a Pentium 4 of 3.8 GHz
   * (Adams & Agesen 2006, nanobenchmark `syscall`).
   */
  readonly trap: number;
  /**
   * Out of a virtual mode of the processor and back into it. 3963: a Pentium 4 (Prescott), the first processor that had one
   * (O. Agesen et al., "Software Techniques for Avoiding Hardware Virtualization Exits", USENIX ATC 2012, table 1; processors of
   * 2011 took 784). Both figures are quoted from memory: the table itself has not been seen. Near it and read: an exit's direct cost of
   * 2,000 cycles on a Xeon X5570 of 2009 (A. Landau et al., "SplitX", WIOV 2011, table 1).
   */
  readonly hardwareExit: number;
  /** An access to a physical device. 3209: reading a port of the Pentium 4's chip set (Adams & Agesen 2006, nanobenchmark `in`). */
  readonly device: number;
  /**
   * Saving one context and loading another. 150: 31 registers stored and 31 loaded on the way in and on the way out, a cycle each,
   * and a dozen CSRs swapped, as Linux's arch/riscv/kvm/vcpu_switch.S does; this is a count of that code's instructions.
   */
  readonly worldSwitch: number;
  /** Decoding one instruction and doing in software what it would have done. 216: the software VMM's `in` (Adams & Agesen 2006). */
  readonly emulation: number;
  /** One reference to a page table, by a walk. 18: an L2 hit of the Pentium 4 (Intel, Optimization Reference Manual 2006, table 2-6). */
  readonly walkReference: number;
  /** Scanning and rewriting one instruction of kernel code: about what emulating it once takes, since it is decoded alike. */
  readonly translation: number;
}

const usualCosts: CostParameters = {
  instruction: 1,
  trap: 242,
  hardwareExit: 3963,
  device: 3209,
  worldSwitch: 150,
  emulation: 216,
  walkReference: 18,
  translation: 216,
};

/** Sv39's tables and Sv39x4's have as many levels. */
const levels = 3;

/**
 * References to page tables that a walk makes which misses all caches: of one stage, or of two (g+1)(h+1)-1, since each of the guest's
 * tables has to be found through the hypervisor's, and what they lead to as well (R. Bhargava et al., "Accelerating Two-Dimensional
 * Page Walks for Virtualized Systems", ASPLOS 2008).
 */
export const walkReferences: Readonly<Record<"one" | "two", number>> = {
  one: levels,
  two: (levels + 1) * (levels + 1) - 1,
};

/** How a guest comes to its VMM: by an ordinary trap, or out of a virtual mode. */
export type Crossing = "trap" | "hardware";

/** What exits cost, made of the parameters. */
export class Costs {
  readonly parameters: CostParameters;
  /** What the monitor is a process of, if it is one ("Type II"). */
  readonly hostOs: HostOs | null;
  readonly #crossing: Crossing;

  /** @throws UsageError for a parameter that there isn't */
  constructor(parameters?: Partial<CostParameters>, crossing: Crossing = "trap", hostOs: HostOs | null = null) {
    this.hostOs = hostOs;
    this.parameters = withDefaults("costs", parameters, usualCosts);
    this.#crossing = crossing;
  }

  /** One exit and the way back into the guest, by way of the host's kernel if there is one. */
  exit(reason: ExitReason): number {
    const { hostOs } = this;
    const own = this.#own(reason);
    return hostOs === null ? own : callsOf(reason).reduce((sum, call) => sum + this.#work(hostOs.calls[call]), own);
  }

  #work({ instructions, traps, devices }: HostWork): number {
    return this.bare(instructions, traps) + devices * this.parameters.device;
  }

  #own(reason: ExitReason): number {
    const { trap, hardwareExit, worldSwitch, emulation, walkReference, translation } = this.parameters;
    const isTrap = this.#crossing === "trap";
    const visit = (isTrap ? trap : hardwareExit) + worldSwitch;
    const walk = walkReferences.one * walkReference;
    // The guest's tables are walked, then the shadow's, and its entry is written.
    if (reason === "shadow fill") return visit + 2 * walk + walkReference;
    if (reason === "nested fill") return visit + walk + walkReference;
    // A call within the guest's address space, where a translator's routines are: neither a trap nor another world.
    if (reason === "callout") return emulation;
    if (reason === "translation") return visit + unitLength * translation;
    // The walk shows that it is the guest's.
    if (reason === "page fault") return visit + walk + emulation;
    // The walk shows that it is the guest's table, and the shadow's entry is written.
    if (reason === "trace") return visit + walk + emulation + walkReference;
    // The instruction is read from the guest's memory, but where the processor tells what it was (htinst).
    if (reason === "device access") return visit + emulation + (isTrap ? walk : 0);
    return visit + emulation;
  }

  /** A miss of the TLB that the hart mends by itself. */
  miss(stages: keyof typeof walkReferences): number {
    return walkReferences[stages] * this.parameters.walkReference;
  }

  /** The same events on the bare machine: the traps that it takes itself, and its instructions. */
  bare(instructions: number, traps: number): number {
    return instructions * this.parameters.instruction + traps * this.parameters.trap;
  }
}
