import type { Progress } from "./hosted-guest.js";
import type { MigrationMethod } from "./options.js";

/** One round: pages sent while the guest ran, or, in the last, while it stood. Times in nanoseconds. */
export interface Round {
  readonly round: number;
  readonly began: number;
  readonly ended: number;
  /** Pages sent; those of zeros among them; those left for the next round. */
  readonly pages: number;
  readonly zeros: number;
  readonly skipped: number;
  /** On the wire. */
  readonly bytes: number;
  /** Pages written meanwhile, and how many that is in a second. */
  readonly dirtied: number;
  readonly dirtyRate: number;
  /** The share of its time that the guest was kept from executing. */
  readonly throttle: number;
  readonly running: boolean;
}

/** A page that the guest wanted before it had come, how long it waited, and whether it had to ask. */
export interface Fault {
  readonly page: number;
  readonly at: number;
  readonly waited: number;
  readonly asked: boolean;
}

/** What becomes of a migration, as it goes on. Times in nanoseconds. */
export interface Report {
  method: MigrationMethod;
  began: number;
  /** When the guest stopped at the source, and went on wherever it does; undefined before. */
  stopped: number | undefined;
  resumed: number | undefined;
  ended: number;
  /** Until when the guest was followed. */
  followed: number;
  outcome: "completed" | "failed" | "lost";
  /** Why the guest was stopped, or what went wrong. */
  reason: string;
  rounds: Round[];
  faults: Fault[];
  /** Pages that were pushed, and those fetched. */
  pushed: number;
  /** On the wire, both ways. */
  bytes: number;
  progress: Progress[];
}

export const newReport = (method: MigrationMethod, began: number): Report => ({
  method,
  began,
  stopped: undefined,
  resumed: undefined,
  ended: began,
  followed: began,
  outcome: "completed",
  reason: "",
  rounds: [],
  faults: [],
  pushed: 0,
  bytes: 0,
  progress: [],
});
