import type { Activity } from "../../core/index.js";

/** A system call on its way. */
export interface SystemCall<T> {
  readonly task: T;
  readonly number: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What a call gives: a value, or an activity where it may have to wait. An errno is thrown. */
export type Outcome = unknown;

/** Stands between programs and the kernel: seccomp, tracing, a sandbox of one's own. It may refuse, change, or watch. */
export type SystemCallInterposer<T> = (call: SystemCall<T>, next: (call: SystemCall<T>) => Outcome) => Outcome;

export const isActivity = (outcome: unknown): outcome is Activity<unknown> =>
  typeof outcome === "object" && outcome !== null && "next" in outcome && typeof outcome.next === "function";
