import type { Condition } from "../../client/pod-types.js";
import type { Kinds } from "../../client/types.js";
import type { Pod } from "../pods.js";

export type Node = Kinds["nodes"];
export type Taint = NonNullable<NonNullable<Node["spec"]>["taints"]>[number];
type Toleration = NonNullable<Pod["spec"]["tolerations"]>[number];

export const notReadyKey = "node.kubernetes.io/not-ready";
export const unreachableKey = "node.kubernetes.io/unreachable";

export const taintsOf = ({ spec }: Node): readonly Taint[] => spec?.taints ?? [];

/** kubernetes, `Toleration.ToleratesTaint`. */
export const tolerates = (toleration: Toleration, { key, value = "", effect }: Taint): boolean => {
  const { key: wanted = "", operator = "Equal", value: like = "", effect: when = "" } = toleration;
  if (when !== "" && when !== effect) return false;
  if (wanted !== "" && wanted !== key) return false;
  return operator === "Exists" || (wanted !== "" && like === value);
};

/** Seconds for which a pod may stay on a node with these taints: none where one of them isn't tolerated, Infinity without an end. */
export function tolerated(pod: Pod, taints: readonly Taint[]): number {
  const { tolerations = [] } = pod.spec;
  let least = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const used = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (used.length === 0) return 0;
    for (const { tolerationSeconds } of used) least = Math.min(least, Math.max(0, tolerationSeconds ?? least));
  }
  return least;
}

/** The condition of a kind that a node has said, or has been said of it. */
export const conditionOf = ({ status }: Node, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);
