import type { Kinds } from "../client/types.js";
import { secondsAt } from "./controller.js";

export type Pod = Kinds["pods"];

const readyCondition = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === "Ready");

export const isReady = (pod: Pod): boolean => readyCondition(pod)?.status === "True";

/** Since when a pod is ready, in seconds since 1970; 0 where it isn't. */
export const readySince = (pod: Pod): number => (isReady(pod) ? secondsAt(readyCondition(pod)?.lastTransitionTime) : 0);

/** Ready for `minReadySeconds` without a break. @param now in seconds since 1970 */
export const isAvailable = (pod: Pod, minReadySeconds: number, now: number): boolean =>
  isReady(pod) && (minReadySeconds === 0 || readySince(pod) + minReadySeconds <= now);

export const hasEnded = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

/** Neither ended nor about to be deleted: what counts as a replica. */
export const isActive = (pod: Pod): boolean => !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined;

export const restarts = ({ status }: Pod): number =>
  Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount = 0 }) => restartCount));

/** By age, the oldest first; of two of one second by name, so that the order is the same wherever it is computed. */
export function byAge(a: Aged, b: Aged): number {
  const [first, second] = [secondsAt(a.metadata.creationTimestamp), secondsAt(b.metadata.creationTimestamp)];
  if (first !== second) return first - second;
  return (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1;
}

interface Aged {
  readonly metadata: { readonly name?: string; readonly creationTimestamp?: string };
}
