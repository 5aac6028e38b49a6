/**
 * The machine of Popek and Goldberg's paper: executable storage E, mode M, program counter P, relocation-bounds register R.
 *
 * instructions  what each does, once; the sound set and its variants
 * explore       all states, each decided only where somebody looks
 * examine       the classes of the instructions, from all states of a small machine
 * machine       a processor with storage that runs programs; the trap's sequence
 * monitor       a virtual machine: dispatcher, allocator, interpreter routines; hybrid, too
 * isomorphism   the map from a guest's states to the host's, and the squares that commute
 * recursion     monitors upon monitors, and what each costs
 */

export { examineThirdGeneration, exhaustively } from "./examine.js";
export { thirdGeneration, ThirdGeneration } from "./instructions.js";
export {
  isomorphism,
  type GuestState,
  type HostState,
  type Isomorphism,
  type IsomorphismOptions,
  type Square,
} from "./isomorphism.js";
export type { MonitorKind } from "./monitor.js";
export { recursion, type Recursion, type RecursionOptions } from "./recursion.js";
