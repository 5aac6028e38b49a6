import type { World } from "../../../core/index.js";
import { timeText } from "../../client/clock.js";
import type { Condition } from "../../client/pod-types.js";
import { formatIndexes } from "./indexes.js";
import { isIndexed, type Job, type JobStatus, type Tally, type Verdict } from "./tally.js";

/** At most so many pods are noted at a time (kubernetes, `MaxUncountedPods`). */
const mostUncounted = 500;

/** The condition of an end, where a status has one. */
export const finished = ({ conditions = [] }: JobStatus): Condition | undefined =>
  conditions.find(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");

/** A Job's next status. @param tracked the uids of pods that still have the finalizer */
export function followed(
  world: World,
  job: Job,
  counts: Tally,
  active: number,
  decided: Verdict | undefined,
  tracked: ReadonlySet<string>,
): JobStatus {
  const { status = {}, spec } = job;
  const time = timeText(world);
  const indexed = isIndexed(job);
  const { succeeded: oldSucceeded = [], failed: oldFailed = [] } = status.uncountedTerminatedPods ?? {};
  // Who has no finalizer any more is counted, and in no list.
  const still = (uids: readonly string[]): string[] => uids.filter((uid) => tracked.has(uid));
  const uids = (pods: Tally["active"]): string[] =>
    pods.map(({ metadata }) => metadata.uid ?? "").slice(0, mostUncounted);
  const succeeded = [...still(oldSucceeded), ...(indexed ? [] : uids(counts.fresh.succeeded))];
  const failed = [...still(oldFailed), ...uids(counts.fresh.failed)];
  const uncounted = {
    ...(succeeded.length === 0 ? {} : { succeeded }),
    ...(failed.length === 0 ? {} : { failed }),
  };
  const counted = {
    succeeded: indexed
      ? counts.completed.size
      : (status.succeeded ?? 0) + oldSucceeded.length - still(oldSucceeded).length,
    failed: (status.failed ?? 0) + oldFailed.length - still(oldFailed).length,
  };
  const conditions = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
  const set = (type: string, is: "True" | "False", reason: string, message: string): void => {
    if (conditions.get(type)?.status === is) return;
    conditions.set(type, { type, status: is, lastProbeTime: time, lastTransitionTime: time, reason, message });
  };
  let { startTime } = status;
  if (decided === undefined) {
    if (spec.suspend === true) {
      set("Suspended", "True", "JobSuspended", "Job suspended");
      startTime = undefined;
    } else {
      if (conditions.has("Suspended")) set("Suspended", "False", "JobResumed", "Job resumed");
      startTime ??= time;
    }
  }
  let completionTime = status.completionTime;
  if (decided !== undefined) {
    const { type, reason, message } = decided;
    set(type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget", "True", reason, message);
    // The end is said when nothing runs any more and all is counted.
    if (active === 0 && counts.terminating === 0 && Object.keys(uncounted).length === 0) {
      set(type, "True", reason, message);
      if (type === "Complete") completionTime = time;
    }
  }
  const positive = (key: string, value: number): Record<string, number> => (value > 0 ? { [key]: value } : {});
  const completedIndexes = formatIndexes(counts.completed);
  return {
    ...(conditions.size === 0 ? {} : { conditions: [...conditions.values()] }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(completionTime === undefined ? {} : { completionTime }),
    ...positive("active", active),
    ...positive("succeeded", counted.succeeded),
    ...positive("failed", counted.failed),
    terminating: counts.terminating,
    ready: Math.min(counts.ready, active),
    uncountedTerminatedPods: uncounted,
    ...(indexed && completedIndexes !== "" ? { completedIndexes } : {}),
    ...(spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(counts.failedIndexes) }),
  };
}
