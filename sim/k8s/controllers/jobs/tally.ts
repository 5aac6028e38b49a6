import type { Condition } from "../../client/pod-types.js";
import type { Kinds } from "../../client/types.js";
import { secondsAt } from "../controller.js";
import { hasEnded, isActive, isReady, restarts, type Pod } from "../pods.js";
import { judge } from "./failure-policy.js";
import { parseIndexes } from "./indexes.js";

export type Job = Kinds["jobs"];
export type JobStatus = NonNullable<Job["status"]>;

export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
export const indexKey = "batch.kubernetes.io/job-completion-index";
export const failuresKey = "batch.kubernetes.io/job-index-failure-count";

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === "Indexed";
export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(trackingFinalizer) ?? false;
const indexOf = ({ metadata }: Pod): number => Number(metadata.annotations?.[indexKey] ?? -1);

export const finishedBy = ({ status }: Job): Condition | undefined =>
  status?.conditions?.find(({ type, status: is }) => (type === "Complete" || type === "Failed") && is === "True");
const conditionOfJob = ({ status }: Job, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

/** A pod that is to go counts as failed, unless the Job waits for its end before it is replaced (`podReplacementPolicy`). */
const isFailed = (job: Job, pod: Pod): boolean =>
  pod.status?.phase === "Failed" ||
  (job.spec.podReplacementPolicy !== "Failed" &&
    pod.metadata.deletionTimestamp !== undefined &&
    pod.status?.phase !== "Succeeded");

/** How far a Job is, by its status and its pods together. */
export interface Tally {
  readonly active: readonly Pod[];
  readonly ready: number;
  /** On their way out, not yet ended. */
  readonly terminating: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Pods that have ended and are in no count yet. */
  readonly fresh: { readonly succeeded: readonly Pod[]; readonly failed: readonly Pod[] };
  readonly completed: ReadonlySet<number>;
  /** Indexes that are given up (`backoffLimitPerIndex`). */
  readonly failedIndexes: ReadonlySet<number>;
  /** How often each index has failed. */
  readonly failures: ReadonlyMap<number, number>;
  /** Why one pod ends the whole Job. */
  readonly fatal: string | undefined;
}

/**
 * Counts pods that have ended once each: they keep a finalizer until the status has them in a list of its own, and only what is in no
 * list is new. To count the pods that are there would be wrong: whoever deletes one that has ended would have its work done twice.
 */
export function tally(job: Job, pods: readonly Pod[]): Tally {
  const { status = {}, spec } = job;
  const { succeeded: listed = [], failed: listedFailed = [] } = status.uncountedTerminatedPods ?? {};
  const known = new Set([...listed, ...listedFailed]);
  const completions = spec.completions ?? 0;
  const completed = parseIndexes(status.completedIndexes ?? "", completions);
  const fresh = { succeeded: [] as Pod[], failed: [] as Pod[] };
  const failures = new Map<number, number>();
  const failedIndexes = parseIndexes(status.failedIndexes ?? "", completions);
  let fatal: string | undefined;
  for (const pod of pods) {
    const isNew = isTracked(pod) && !known.has(pod.metadata.uid ?? "");
    const index = indexOf(pod);
    const counts = !isIndexed(job) || (index >= 0 && index < completions);
    if (pod.status?.phase === "Succeeded") {
      if (isIndexed(job) && counts) completed.add(index);
      if (isNew && counts) fresh.succeeded.push(pod);
    } else if (isFailed(job, pod)) {
      const { action, message } = judge(job, pod);
      if (action === "FailJob") fatal ??= message;
      if (isNew && counts && action !== "Ignore") fresh.failed.push(pod);
      if (spec.backoffLimitPerIndex === undefined || !counts) continue;
      const times = Number(pod.metadata.annotations?.[failuresKey] ?? 0) + (action === "Ignore" ? 0 : 1);
      failures.set(index, Math.max(times, failures.get(index) ?? 0));
      if (times > spec.backoffLimitPerIndex || action === "FailIndex") failedIndexes.add(index);
    }
  }
  for (const index of completed) failedIndexes.delete(index);
  const active = pods.filter(isActive);
  return {
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod)).length,
    succeeded: isIndexed(job) ? completed.size : (status.succeeded ?? 0) + listed.length + fresh.succeeded.length,
    failed: (status.failed ?? 0) + listedFailed.length + fresh.failed.length,
    fresh,
    completed,
    failedIndexes,
    failures,
    fatal,
  };
}

export interface Verdict {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/** Whether a Job is decided; its pods may still be there. @param now in seconds since 1970 */
export function verdict(job: Job, counts: Tally, now: number): Verdict | undefined {
  const { spec, status = {} } = job;
  const failed = (reason: string, message: string): Verdict => ({ type: "Failed", reason, message });
  // What was once decided stays so, however the counts go on.
  for (const [type, as] of [
    ["FailureTarget", "Failed"],
    ["SuccessCriteriaMet", "Complete"],
  ] as const) {
    const before = conditionOfJob(job, type);
    if (before?.status === "True") return { type: as, reason: before.reason ?? "", message: before.message ?? "" };
  }
  if (counts.fatal !== undefined) return failed("PodFailurePolicy", counts.fatal);
  const limit = spec.backoffLimit ?? 6;
  const again = counts.active.reduce((sum, pod) => sum + restarts(pod), 0);
  const restarted = spec.template.spec.restartPolicy === "OnFailure" && (limit === 0 ? again > 0 : again >= limit);
  if (counts.failed > limit || restarted) {
    return failed("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  const { activeDeadlineSeconds: deadline } = spec;
  if (deadline !== undefined && status.startTime !== undefined && spec.suspend !== true) {
    if (now - secondsAt(status.startTime) >= deadline) {
      return failed("DeadlineExceeded", "Job was active longer than specified deadline");
    }
  }
  if (isIndexed(job)) {
    if (meets(job, counts)) {
      return { type: "Complete", reason: "SuccessPolicy", message: "Matched rules at index 0" };
    }
    if (spec.maxFailedIndexes !== undefined && counts.failedIndexes.size > spec.maxFailedIndexes) {
      const message = "Job has exceeded the specified maximal number of failed indexes";
      return failed("MaxFailedIndexesExceeded", message);
    }
    if (counts.failedIndexes.size > 0 && counts.failedIndexes.size + counts.completed.size >= (spec.completions ?? 0)) {
      return failed("FailedIndexes", "Job has failed indexes");
    }
  }
  const done =
    spec.completions === undefined
      ? counts.succeeded > 0 && counts.active.length === 0
      : counts.succeeded >= spec.completions;
  if (!done) return undefined;
  return { type: "Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" };
}

/** kubernetes, `success_policy.go` (KEP-3998). */
function meets({ spec }: Job, { completed }: Tally): boolean {
  return (spec.successPolicy?.rules ?? []).some(({ succeededIndexes, succeededCount }) => {
    const wanted = succeededIndexes === undefined ? completed : parseIndexes(succeededIndexes, spec.completions);
    const there = [...wanted].filter((index) => completed.has(index)).length;
    return there >= (succeededCount ?? wanted.size) && there > 0;
  });
}

/** How many pods should run now. */
export function wantedActive({ spec }: Job, { active, succeeded, failedIndexes }: Tally): number {
  const parallelism = spec.parallelism ?? 1;
  // Without a number of completions the first success says that there is no more work.
  if (spec.completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(spec.completions - succeeded - failedIndexes.size, parallelism));
}

/** The indexes that have no pod and aren't decided, the lowest first. */
export function pendingIndexes(job: Job, counts: Tally, limit: number): number[] {
  const taken = new Set(counts.active.map(indexOf));
  const found: number[] = [];
  for (let index = 0; index < (job.spec.completions ?? 0) && found.length < limit; index++) {
    if (!taken.has(index) && !counts.completed.has(index) && !counts.failedIndexes.has(index)) found.push(index);
  }
  return found;
}
