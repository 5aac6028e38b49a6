/** The reference, which evaluates each instruction's meaning, or the one that translates hot code to WebAssembly. */
export type EngineName = "evaluate" | "translate";

/** Another way to execute a hart's instructions. */
export interface HartEngine {
  /**
   * Whether it does nothing but execute instructions, and has counted them wherever anybody looks: the machine then lets it go on over
   * the ends of quanta, as it does its own engines.
   */
  readonly onlyExecutes?: boolean;
  /** Executes at least one instruction, at most `hart.left`, or takes its trap; not past what changes modes or interrupts. */
  burst(): void;
  /**
   * What addresses mean has changed: all of them, or what one page-table leaf maps.
   * @param fenced whether the hart has executed a fence: then nothing has changed but page tables
   */
  forget?(address: bigint | undefined, fenced: boolean): void;
  /** What it keeps of the hart beside the hart's own state, as plain data; undefined where that is nothing. */
  save?(): object | undefined;
  /** Goes on from what it saved; from undefined as with a hart that was saved without, at power-on for one. */
  restore?(saved: object | undefined): void;
}

/** What becomes of loads and stores at addresses that are no multiple of their width, atomic ones apart: served in RAM, or exceptions. */
export type Misaligned = "serve" | "trap";

export interface HartOptions {
  readonly engine?: EngineName;
  /**
   * How many instructions of a page are interpreted before what was executed of it is translated; coming to the interpreter and
   * leaving it counts as ten more. With 1, all that can be reached is translated, executed or not.
   */
  readonly patience?: number;
  /** How many entries of physical memory protection there are: 0, 16 or 64. */
  readonly pmpEntries?: 0 | 16 | 64;
  /** Whether menvcfg.ADUE can be set: page tables' A and D are then marked by the hart and not by exceptions. */
  readonly svadu?: boolean;
  readonly misaligned?: Misaligned;
}

/**
 * Translation pays where it saves more than it takes: up to 3 ms for the functions of a page, most of them the engine's that
 * compiles WebAssembly, against 8 ns for each instruction, 400,000 times.
 */
export const usualPatience = 400_000;

/** How many instructions each way of executing them has begun. */
export interface HartWork {
  readonly evaluated: number;
  readonly interpreted: number;
  readonly inUnits: number;
}
