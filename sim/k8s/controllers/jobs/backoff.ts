import { secondsAt } from "../controller.js";
import type { Pod } from "../pods.js";

/** kubernetes, `DefaultJobPodFailureBackOff` and `MaxJobPodFailureBackOff`, in seconds. */
const first = 10;
const most = 600;

/** When a pod ended, in seconds since 1970: its last container's end, else what its conditions say. */
function endOf({ status, metadata }: Pod, now: number): number {
  const ends = (status?.containerStatuses ?? []).flatMap(({ state }) => {
    const at = (state?.terminated as { readonly finishedAt?: string } | undefined)?.finishedAt;
    return at === undefined ? [] : [secondsAt(at)];
  });
  if (ends.length > 0) return Math.max(...ends);
  return metadata.deletionTimestamp === undefined ? now : Math.min(now, secondsAt(metadata.deletionTimestamp));
}

/** Failures since the last success of one Job: it waits 10 s for its next pod, 20 s, …, at most 10 min. */
export interface BackoffRecord {
  readonly failures: number;
  /** In seconds since 1970. */
  readonly last: number;
}

/** The record after pods that have newly ended. @param now in seconds since 1970 */
export function recorded(
  before: BackoffRecord | undefined,
  { succeeded, failed }: { readonly succeeded: readonly Pod[]; readonly failed: readonly Pod[] },
  now: number,
): BackoffRecord {
  const since = Math.max(-1, ...succeeded.map((pod) => endOf(pod, now)));
  const after = failed.map((pod) => endOf(pod, now)).filter((at) => at > since);
  const start = since >= 0 ? 0 : (before?.failures ?? 0);
  return { failures: start + after.length, last: Math.max(0, since >= 0 ? 0 : (before?.last ?? 0), ...after) };
}

/** Seconds to wait before the next pod. */
export function remaining({ failures, last }: BackoffRecord, now: number): number {
  if (failures === 0) return 0;
  return Math.max(0, last + Math.min(most, first * 2 ** (failures - 1)) - now);
}
