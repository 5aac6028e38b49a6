import { isReady, readySince, restarts, type Pod } from "./pods.js";
import { secondsAt } from "./controller.js";

const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const deletionCost = "controller.kubernetes.io/pod-deletion-cost";

/** Which power of two the age is of: of pods of about the same age any may go. */
function magnitude(since: number, now: number): number {
  let power = -1;
  // In nanoseconds, as Go's durations are.
  for (let age = Math.floor((now - since) * 1e9); age >= 1; age /= 2) power++;
  return power;
}

/**
 * The pods to go first when a ReplicaSet shrinks come first (kubernetes, `ActivePodsWithRanks`): what serves least and is lost with least.
 * Ages count by powers of two (`LogarithmicScaleDown`): always the youngest would be wrong, it empties whichever zone came last.
 *
 * @param related pods of the same owner's other ReplicaSets too: a node that runs several of them loses one first
 * @param now in seconds since 1970
 */
export function rankForDeletion(pods: readonly Pod[], related: readonly Pod[], now: number): Pod[] {
  const onNode = new Map<string, number>();
  for (const { spec } of related) {
    if (spec.nodeName !== undefined) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1);
  }
  const doubled = ({ spec }: Pod): number => onNode.get(spec.nodeName ?? "") ?? 0;
  const cost = ({ metadata }: Pod): number => Number(metadata.annotations?.[deletionCost] ?? 0);
  const younger = (a: number, b: number): number => magnitude(a, now) - magnitude(b, now);
  const rules: readonly ((a: Pod, b: Pod) => number)[] = [
    (a, b) => Number(a.spec.nodeName !== undefined) - Number(b.spec.nodeName !== undefined),
    (a, b) => (phases[a.status?.phase ?? ""] ?? 0) - (phases[b.status?.phase ?? ""] ?? 0),
    (a, b) => Number(isReady(a)) - Number(isReady(b)),
    (a, b) => cost(a) - cost(b),
    (a, b) => doubled(b) - doubled(a),
    (a, b) => (isReady(a) && isReady(b) ? younger(readySince(a), readySince(b)) : 0),
    (a, b) => restarts(b) - restarts(a),
    (a, b) => younger(secondsAt(a.metadata.creationTimestamp), secondsAt(b.metadata.creationTimestamp)),
    (a, b) => ((a.metadata.uid ?? "") < (b.metadata.uid ?? "") ? -1 : 1),
  ];
  return [...pods].sort((a, b) => {
    for (const rule of rules) {
      const order = rule(a, b);
      if (order !== 0) return order;
    }
    return 0;
  });
}
