import { secondsAt } from "../controller.js";
import { isReady, readySince, type Pod } from "../pods.js";

/** What a pod used, and over which time. */
export interface Usage {
  readonly value: number;
  /** In seconds since 1970. */
  readonly at: number;
  readonly window: number;
}

export interface Measured {
  readonly pods: readonly Pod[];
  readonly usage: ReadonlyMap<string, Usage>;
  /** What the target is for one pod, in the unit of the usage: of a utilization, the pod's request times it. */
  readonly target: (pod: Pod) => number;
  /** What a pod counts as that nothing is known of, where it would be shrunk: its whole request, or the target where that is more. */
  readonly full: (pod: Pod) => number;
  readonly isCpu: boolean;
}

/** kubernetes, `--horizontal-pod-autoscaler-cpu-initialization-period` and `-initial-readiness-delay`, in seconds. */
const initialization = 300;
const initialDelay = 30;

/** A pod that starts uses much CPU that says nothing of the load. */
function isUnready(pod: Pod, usage: Usage, now: number): boolean {
  const start = secondsAt(pod.status?.["startTime"]);
  const condition = pod.status?.conditions?.find(({ type }) => type === "Ready");
  if (start === 0 || condition === undefined) return true;
  if (start + initialization > now) return !isReady(pod) || usage.at < readySince(pod) + usage.window;
  return !isReady(pod) && start + initialDelay > secondsAt(condition.lastTransitionTime);
}

/**
 * How many replicas a metric asks for: ⌈n·usage/target⌉, or as many as there are within the tolerance (kubernetes, `replica_calculator.go`).
 * Pods of which nothing is known are taken for what speaks against the change: full where it would shrink, idle where it would grow.
 *
 * @param now in seconds since 1970
 * @returns undefined where no pod has been measured
 */
export function proposal(
  { pods, usage, target, full, isCpu }: Measured,
  current: number,
  tolerance: number,
  now: number,
): { readonly replicas: number; readonly ratio: number } | undefined {
  const ready: Pod[] = [];
  const unready: Pod[] = [];
  const missing: Pod[] = [];
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === "Failed") continue;
    const used = usage.get(pod.metadata.name ?? "");
    if (pod.status?.phase === "Pending") unready.push(pod);
    else if (used === undefined) missing.push(pod);
    else if (isCpu && isUnready(pod, used, now)) unready.push(pod);
    else ready.push(pod);
  }
  if (ready.length === 0) return undefined;
  const used = (pod: Pod): number => usage.get(pod.metadata.name ?? "")?.value ?? 0;
  const sum = (list: readonly Pod[], of: (pod: Pod) => number): number =>
    list.reduce((total, pod) => total + of(pod), 0);
  const ratio = sum(ready, used) / sum(ready, target);
  const near = (value: number): boolean => Math.abs(1 - value) <= tolerance + 1e-9;
  // Rounded first: 2.0000000000000004 would become 3.
  const scaled = (value: number, count: number): number => Math.ceil(Math.round(value * count * 1e9) / 1e9);
  const grows = ratio > 1;
  if (missing.length === 0 && (unready.length === 0 || !grows)) {
    return { replicas: near(ratio) ? current : scaled(ratio, ready.length), ratio };
  }
  const all = [...ready, ...missing, ...(grows ? unready : [])];
  const assumed = sum(ready, used) + (grows ? 0 : sum(missing, full));
  const next = assumed / sum(all, target);
  if (near(next) || (grows && next < 1) || (!grows && next > 1)) return { replicas: current, ratio };
  const replicas = scaled(next, all.length);
  if ((next < 1 && replicas > current) || (next > 1 && replicas < current)) return { replicas: current, ratio };
  return { replicas, ratio };
}
