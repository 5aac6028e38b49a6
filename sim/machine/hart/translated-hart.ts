import type { Exception, Isa } from "../instructions/index.js";
import type { Evaluator } from "./evaluator.js";
import type { VirtualMemory } from "./memory.js";
import type { Protection } from "./pmp.js";
import type { Routines } from "./routines.js";
import type { PrivilegedState } from "./state.js";

/** The hart as the engine of translated code sees it. */
export interface TranslatedHart {
  readonly id: number;
  readonly isa: Isa;
  readonly state: PrivilegedState;
  readonly memory: VirtualMemory;
  readonly protection: Protection;
  readonly routines: Routines;
  readonly evaluator: Evaluator;
  pc: bigint;
  /** How many instructions may still be begun. */
  readonly left: number;
  /** Whether it has to stop before the next instruction. */
  readonly stopping: boolean;
  /** That many instructions have been begun. */
  count(instructions: number): void;
  /** Executes the instruction at pc by its meaning, or takes the trap that it ends in. */
  step(): void;
  trap(exception: Exception): void;
  /** Whether a debugger wants to know of what happens on the address's page. */
  isWatched(address: bigint): boolean;
  hasBreakpoint(page: bigint): boolean;
}
