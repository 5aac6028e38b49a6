import { withDefaults } from "../core/index.js";
import { unitLength } from "./code-cache.js";
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
  worldSwitch: 150,
  emulation: 216,
  walkReference: 18,
  translation: 216,
};

/** Sv39 has as many levels, so a walk that misses all caches makes as many references. */
const walk = 3;

/** What exits cost, made of the parameters. */
export class Costs {
  readonly parameters: CostParameters;

  /** @throws UsageError for a parameter that there isn't */
  constructor(parameters?: Partial<CostParameters>) {
    this.parameters = withDefaults("costs", parameters, usualCosts);
  }

  /** One exit and the way back into the guest. */
  exit(reason: ExitReason): number {
    const { trap, worldSwitch, emulation, walkReference, translation } = this.parameters;
    const visit = trap + worldSwitch;
    // The guest's tables are walked, then the shadow's, and its entry is written.
    if (reason === "shadow fill") return visit + (2 * walk + 1) * walkReference;
    // A call within the guest's address space, where a translator's routines are: neither a trap nor another world.
    if (reason === "callout") return emulation;
    if (reason === "translation") return visit + unitLength * translation;
    // The walk shows that it is the guest's.
    if (reason === "page fault") return visit + walk * walkReference + emulation;
    return visit + emulation;
  }

  /** The same events on the bare machine: the traps that it takes itself, and its instructions. */
  bare(instructions: number, traps: number): number {
    return instructions * this.parameters.instruction + traps * this.parameters.trap;
  }
}
