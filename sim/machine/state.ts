import type { BoardState } from "./board.js";
import type { MemoryState, PageTable } from "./memory-pages.js";
import type { ScheduleState } from "./schedule.js";

/** All of a machine, as plain data. */
export interface MachineState {
  readonly schedule: ScheduleState;
  readonly board: BoardState;
  readonly memory: MemoryState;
}

/** A point to go back to, in memory. */
export interface Kept {
  readonly schedule: ScheduleState;
  readonly board: BoardState;
  readonly pages: PageTable;
}
