/** The reference, which evaluates each instruction's meaning, or the one that translates hot code to WebAssembly. */
export type EngineName = "evaluate" | "translate";

/** What becomes of loads and stores at addresses that are no multiple of their width, atomic ones apart: served in RAM, or exceptions. */
export type Misaligned = "serve" | "trap";

export interface HartOptions {
  readonly engine?: EngineName;
  /** How many instructions of a page are interpreted before it is translated; coming to it and leaving it counts as ten more. */
  readonly patience?: number;
  /** How many entries of physical memory protection there are: 0, 16 or 64. */
  readonly pmpEntries?: 0 | 16 | 64;
  /** Whether menvcfg.ADUE can be set: page tables' A and D are then marked by the hart and not by exceptions. */
  readonly svadu?: boolean;
  readonly misaligned?: Misaligned;
}

/**
 * Translation pays where it saves more than it takes: some 3 ms for a page, against 8 ns for each instruction, 400,000 times.
 */
export const usualPatience = 400_000;

/** How many instructions each way of executing them has begun. */
export interface HartWork {
  readonly evaluated: number;
  readonly interpreted: number;
  readonly inUnits: number;
}
