import { matches, parseLabelSelector } from "../objects/selectors.js";
import { at, labelsOf, numberAt, objectAt, stringAt, type KubeObject } from "../objects/value.js";
import { fitError, refusalAmong, type Decision, type RefusedNode } from "./decision.js";
import type { ClusterView, Plugin } from "./framework.js";
import { NodeInfo } from "./node-info.js";
import type { PodInfo } from "./pod-info.js";

/** A node on which there would be room without some pods. */
export interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  /** How many of them their disruption budgets protect. */
  readonly violations: number;
}

export interface PreemptionQuestion {
  readonly pod: PodInfo;
  readonly cluster: ClusterView;
  readonly decision: Pick<Decision, "nodes" | "refused">;
  readonly plugins: readonly Plugin[];
  readonly budgets: readonly KubeObject[];
  /** A whole number below its argument: where the search begins. */
  readonly choose: (count: number) => number;
}

const startOf = ({ pod }: PodInfo): string => stringAt(pod, "status", "startTime") ?? "9";

/** The higher priority first, then who has run longer (kubernetes, `MoreImportantPod`). */
const byImportance = (a: PodInfo, b: PodInfo): number =>
  b.priority - a.priority || (startOf(a) < startOf(b) ? -1 : startOf(a) > startOf(b) ? 1 : 0);

/** Those whose budgets allow no further disruption, when all before them are disrupted. */
function protectedBy(budgets: readonly KubeObject[], pods: readonly PodInfo[]): Set<PodInfo> {
  const left = budgets.map((budget) => ({
    budget,
    selector: parseLabelSelector(objectAt(budget, "spec", "selector")),
    allowed: numberAt(budget, "status", "disruptionsAllowed") ?? 0,
  }));
  const found = new Set<PodInfo>();
  for (const pod of pods) {
    for (const each of left) {
      const { budget, selector } = each;
      if (budget.metadata.namespace !== pod.namespace || selector.length === 0) continue;
      if (!matches(selector, labelsOf(pod.pod))) continue;
      if (at(budget, "status", "disruptedPods", pod.pod.metadata.name ?? "") !== undefined) continue;
      if (--each.allowed < 0) found.add(pod);
    }
  }
  return found;
}

/** The fewest pods of a node that have to go, or why that doesn't help (`SelectVictimsOnNode`). */
function victimsOn(node: NodeInfo, { pod, cluster, plugins, budgets }: PreemptionQuestion): Candidate | RefusedNode {
  const lesser = [...node.pods.values()].filter(({ priority }) => priority < pod.priority);
  const failure = { name: node.name, plugin: "DefaultPreemption", resolvable: false };
  if (lesser.length === 0) return { ...failure, reasons: ["No preemption victims found for incoming pod"] };
  const without = new NodeInfo(node.node, node.pods.values());
  for (const { key } of lesser) without.remove(key);
  const against = refusalAmong(pod, cluster, plugins, without);
  if (against !== undefined) return against;
  lesser.sort(byImportance);
  const kept = protectedBy(budgets, lesser);
  const victims: PodInfo[] = [];
  let violations = 0;
  // Who can stay, stays: first those that are protected, then the most important.
  for (const each of [...lesser.filter((other) => kept.has(other)), ...lesser.filter((other) => !kept.has(other))]) {
    without.add(each);
    if (refusalAmong(pod, cluster, plugins, without) === undefined) continue;
    without.remove(each.key);
    victims.push(each);
    if (kept.has(each)) violations++;
  }
  return { node, victims: victims.sort(byImportance), violations };
}

/** Keeps those of the least value. */
function least(candidates: readonly Candidate[], value: (candidate: Candidate) => number): readonly Candidate[] {
  const values = candidates.map(value);
  const lowest = values.reduce((a, b) => Math.min(a, b), Infinity);
  return candidates.filter((_candidate, i) => values[i] === lowest);
}

/** `pickOneNodeForPreemption`: each rule decides among those that the rules before it left. */
function best(candidates: readonly Candidate[]): Candidate | undefined {
  let left = least(candidates, ({ violations }) => violations);
  left = least(left, ({ victims }) => victims[0]?.priority ?? -Infinity);
  // Shifted, so that many pods of negative priority don't come out less than a few.
  left = least(left, ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0));
  left = least(left, ({ victims }) => victims.length);
  // The one whose most important victims have run for the shortest time.
  const earliest = ({ victims }: Candidate): string =>
    victims
      .filter(({ priority }) => priority === victims[0]?.priority)
      .map(startOf)
      .reduce((a, b) => (a < b ? a : b), "9");
  const latest = left.map(earliest).reduce((a, b) => (a > b ? a : b), "");
  return left.find((candidate) => earliest(candidate) === latest);
}

/**
 * Looks for pods of lower priority without which there would be room (kubernetes, `plugins/defaultpreemption`,
 * `framework/preemption`). @returns the best candidate, or what the pod's event says of the attempt
 */
export function preempt(question: PreemptionQuestion): Candidate | string {
  const { pod, cluster, decision, choose } = question;
  if (stringAt(pod.pod, "spec", "preemptionPolicy") === "Never") return "not eligible due to preemptionPolicy=Never.";
  const byName = new Map(cluster.nodes.map((node) => [node.name, node]));
  const nominated = byName.get(stringAt(pod.pod, "status", "nominatedNodeName") ?? "");
  if (nominated !== undefined) {
    for (const other of nominated.pods.values())
      if (other.terminating && other.priority < pod.priority)
        return "not eligible due to a terminating pod on the nominated node.";
  }
  const refused = decision.refused.map((each): RefusedNode =>
    each.resolvable ? each : { ...each, reasons: ["Preemption is not helpful for scheduling"] },
  );
  const potential = refused.filter(({ resolvable }) => resolvable);
  // `minCandidateNodesPercentage` and `minCandidateNodesAbsolute`, by default.
  const enough = Math.min(potential.length, Math.max(100, Math.floor(potential.length / 10)));
  const start = potential.length === 0 ? 0 : choose(potential.length);
  const candidates: Candidate[] = [];
  const failures: RefusedNode[] = refused.filter(({ resolvable }) => !resolvable);
  for (let offset = 0; offset < potential.length; offset++) {
    const node = byName.get(potential[(start + offset) % potential.length]?.name ?? "");
    if (node === undefined) continue;
    const found = victimsOn(node, question);
    if ("victims" in found) candidates.push(found);
    else failures.push(found);
    if (candidates.length >= enough && candidates.some(({ violations }) => violations === 0)) break;
  }
  return best(candidates) ?? fitError({ nodes: decision.nodes, refused: failures });
}
