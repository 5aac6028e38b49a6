import { matches, parseLabelSelector, type Selector } from "../../objects/selectors.js";
import { listAt, numberAt, objectAt, stringAt } from "../../objects/value.js";
import { refusal, unresolvable, untolerated, type ClusterView, type Plugin } from "../framework.js";
import type { NodeInfo } from "../node-info.js";
import type { PodInfo } from "../pod-info.js";
import { requiredNodes } from "./node.js";

interface Constraint {
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly topologyKey: string;
  readonly selector: Selector;
  /** Whether a node's pods count: its node inclusion policies. */
  readonly includes: (node: NodeInfo) => boolean;
}

const hostname = "kubernetes.io/hostname";

function constraintsOf({ pod, labels, tolerations }: PodInfo, when: "DoNotSchedule" | "ScheduleAnyway"): Constraint[] {
  const required = requiredNodes(pod);
  return listAt(pod, "spec", "topologySpreadConstraints")
    .filter((each) => stringAt(each, "whenUnsatisfiable") === when)
    .map((each) => {
      const own = listAt(each, "matchLabelKeys").flatMap((key) => {
        const value = typeof key === "string" ? labels[key] : undefined;
        return typeof key === "string" && value !== undefined
          ? [{ key, operator: "In" as const, values: [value] }]
          : [];
      });
      const affinity = (stringAt(each, "nodeAffinityPolicy") ?? "Honor") === "Honor";
      const taints = stringAt(each, "nodeTaintsPolicy") === "Honor";
      return {
        maxSkew: numberAt(each, "maxSkew") ?? 1,
        minDomains: numberAt(each, "minDomains") ?? 1,
        topologyKey: stringAt(each, "topologyKey") ?? "",
        selector: [...parseLabelSelector(objectAt(each, "labelSelector")), ...own],
        includes: (node) =>
          (!affinity || required === undefined || required(node)) &&
          (!taints || untolerated(node, tolerations) === undefined),
      };
    });
}

/** How many of a node's pods a constraint counts: those of the namespace that it selects and that aren't on their way out. */
function counted({ pods }: NodeInfo, { selector }: Constraint, namespace: string): number {
  let sum = 0;
  for (const pod of pods.values())
    if (pod.namespace === namespace && !pod.terminating && matches(selector, pod.labels)) sum++;
  return sum;
}

const hasAll = ({ labels }: NodeInfo, constraints: readonly Constraint[]): boolean =>
  constraints.every(({ topologyKey }) => labels[topologyKey] !== undefined);

/** By constraint and domain, how many pods there are. */
function countDomains(
  constraints: readonly Constraint[],
  cluster: ClusterView,
  namespace: string,
): Map<string, number>[] {
  const counts = constraints.map(() => new Map<string, number>());
  for (const node of cluster.nodes) {
    if (!hasAll(node, constraints)) continue;
    for (const [i, constraint] of constraints.entries()) {
      const domain = node.labels[constraint.topologyKey];
      if (domain === undefined || !constraint.includes(node)) continue;
      counts[i]?.set(domain, (counts[i].get(domain) ?? 0) + counted(node, constraint, namespace));
    }
  }
  return counts;
}

/**
 * Spreads pods over domains (kubernetes, `plugins/podtopologyspread`).
 * Simplification: no default constraints; a pod without its own is left to the other plugins.
 */
export const podTopologySpread: Plugin = {
  name: "PodTopologySpread",
  weight: 2,
  filter: (pod, cluster) => {
    const constraints = constraintsOf(pod, "DoNotSchedule");
    if (constraints.length === 0) return undefined;
    const domains = countDomains(constraints, cluster, pod.namespace).map((counts, i) => {
      const few = counts.size < (constraints[i]?.minDomains ?? 1);
      let least = Infinity;
      for (const count of counts.values()) least = Math.min(least, count);
      return { counts, least: few ? 0 : least };
    });
    const missing = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)");
    const skewed = refusal("node(s) didn't match pod topology spread constraints");
    return ({ labels }) => {
      for (const [i, { topologyKey, maxSkew, selector }] of constraints.entries()) {
        const domain = labels[topologyKey];
        if (domain === undefined) return missing;
        const { counts, least } = domains[i] ?? { counts: new Map<string, number>(), least: 0 };
        const self = matches(selector, pod.labels) ? 1 : 0;
        if ((counts.get(domain) ?? 0) + self - least > maxSkew) return skewed;
      }
      return undefined;
    };
  },
  score: (pod, cluster, feasible) => {
    const constraints = constraintsOf(pod, "ScheduleAnyway");
    if (constraints.length === 0) return undefined;
    const scored = feasible.filter((node) => hasAll(node, constraints));
    const counts = countDomains(constraints, cluster, pod.namespace);
    // So that a key with few domains isn't drowned by one with many.
    const weights = constraints.map(({ topologyKey }) => {
      const values =
        topologyKey === hostname ? scored.length : new Set(scored.map(({ labels }) => labels[topologyKey])).size;
      return Math.log(values + 2);
    });
    return {
      of: (node) => {
        if (!hasAll(node, constraints)) return 0;
        let score = 0;
        for (const [i, constraint] of constraints.entries()) {
          const { topologyKey, maxSkew } = constraint;
          const domain = node.labels[topologyKey] ?? "";
          const there =
            topologyKey === hostname ? counted(node, constraint, pod.namespace) : (counts[i]?.get(domain) ?? 0);
          score += there * (weights[i] ?? 1) + maxSkew - 1;
        }
        return Math.round(score);
      },
      normalize: (scores, nodes) => {
        const counts = nodes.map((node) => hasAll(node, constraints));
        const those = scores.filter((_score, i) => counts[i] === true);
        const least = those.reduce((a, b) => Math.min(a, b), Infinity);
        const most = those.reduce((a, b) => Math.max(a, b), 0);
        for (let i = 0; i < scores.length; i++) {
          if (counts[i] !== true) scores[i] = 0;
          else scores[i] = most === 0 ? 100 : Math.floor((100 * (most + least - (scores[i] ?? 0))) / most);
        }
      },
    };
  },
};
