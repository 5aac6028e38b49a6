import type { Exception, Isa } from "../instructions/index.js";
import type { Evaluator } from "./evaluator.js";
import type { Routines } from "./routines.js";
import type { PrivilegedState } from "./state.js";
import type { AccessedHart } from "./unit-memory.js";

/** The hart as the engine of translated code sees it. */
export interface TranslatedHart extends AccessedHart {
  readonly id: number;
  readonly isa: Isa;
  readonly state: PrivilegedState;
  readonly routines: Routines;
  readonly evaluator: Evaluator;
  pc: bigint;
  /** How many instructions may still be begun. */
  readonly left: number;
  /** Whether it has to stop before the next instruction. */
  readonly stopping: boolean;
  /** That many instructions have been begun, and so many of them ended in an exception that was taken already. */
  count(instructions: number, trapped?: number): void;
  /** Executes the instruction at pc by its meaning, or takes the trap that it ends in. */
  step(): void;
  trap(exception: Exception, bits?: number): void;
  hasBreakpoint(page: bigint): boolean;
}
