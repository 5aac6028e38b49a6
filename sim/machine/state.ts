import type { Board, BoardState } from "./board.js";
import { copyPages, putPages, restoreMemory, type MemoryState, type PageTable } from "./memory-pages.js";
import type { Schedule, ScheduleState } from "./schedule.js";

/** All of a machine but its memory: harts, devices, disks, time. */
export interface PartsState {
  readonly schedule: ScheduleState;
  readonly board: BoardState;
}

/** All of a machine, as plain data. */
export interface MachineState extends PartsState {
  readonly memory: MemoryState;
}

/** All of a machine, to go back to; pages that two such have in common are the same object. */
export interface Kept extends PartsState {
  readonly pages: PageTable;
}

export const saveParts = (schedule: Schedule, board: Board): PartsState => ({
  schedule: schedule.save(),
  board: board.save(),
});

export const keepParts = (schedule: Schedule, board: Board, earlier?: Kept): Kept => ({
  ...saveParts(schedule, board),
  pages: copyPages(board.bus, earlier?.pages),
});

/** Memory stays as it is where a state has none. */
export function restoreParts(schedule: Schedule, board: Board, state: PartsState | MachineState | Kept): void {
  if ("memory" in state) restoreMemory(board.bus, state.memory);
  if ("pages" in state) putPages(board.bus, state.pages);
  schedule.restore(state.schedule);
  board.restore(state.board);
}
