import type { Row, TableView } from "../../core/index.js";
import type { KubeObject } from "../objects/value.js";
import { viewOf, withNode } from "./cluster.js";
import type { ClusterView, Plugin } from "./framework.js";
import {
  firstRefusal,
  Judgements,
  verdicts,
  type ClassJudgements,
  type NamedFilter,
  type NamedScoring,
  type RefusedNode,
} from "./judgement.js";
import { NodeInfo } from "./node-info.js";
import { PodInfo } from "./pod-info.js";
import { interPodAffinity } from "./plugins/affinity.js";
import { nodeAffinity, nodeName, nodePorts, nodeUnschedulable, taintToleration } from "./plugins/node.js";
import { defaultBinder, imageLocality, schedulingGates } from "./plugins/others.js";
import { balancedAllocation, nodeResourcesFit } from "./plugins/resources.js";
import { podTopologySpread } from "./plugins/spread.js";

export type { RefusedNode } from "./judgement.js";

/**
 * The default profile in its order, with its weights (kubernetes 1.32, `apis/config/v1/default_plugins.go`). PrioritySort is the
 * queue's order, DefaultPreemption the scheduler's own step. Those that look at volumes need to know of storage: a scheduler adds
 * them, `volumePlugins`.
 */
export const defaultPlugins: readonly Plugin[] = [
  schedulingGates,
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  podTopologySpread,
  interPodAffinity,
  balancedAllocation,
  imageLocality,
  defaultBinder,
];

export interface ScoredNode {
  readonly name: string;
  /** By plugin, weighted. */
  readonly scores: Readonly<Record<string, number>>;
  readonly total: number;
}

export interface Decision {
  /** Where the pod goes; undefined where no node fits. */
  readonly node: string | undefined;
  readonly feasible: readonly ScoredNode[];
  readonly refused: readonly RefusedNode[];
  /** How many nodes there are; not all need have been looked at. */
  readonly nodes: number;
  /** How many have been looked at. */
  readonly examined: number;
}

/** How many feasible nodes are enough, where there are many (kubernetes, `numFeasibleNodesToFind`). */
export function enoughNodes(nodes: number): number {
  if (nodes < 100) return nodes;
  const percentage = Math.max(5, 50 - Math.floor(nodes / 125));
  return Math.max(100, Math.floor((nodes * percentage) / 100));
}

export interface DecisionOptions {
  readonly plugins?: readonly Plugin[];
  /** Which node is looked at first: the next pod's search begins where the last one ended. Default 0. */
  readonly start?: number;
  /** Chooses among nodes of the same score: a whole number below its argument. Default the first. */
  readonly choose?: (count: number) => number;
  /** By node, pods that have been promised room there: to those of lower priority they are there already. */
  readonly nominated?: ReadonlyMap<string, readonly PodInfo[]>;
  /** What earlier decisions found out. Default nothing. */
  readonly judgements?: Judgements;
}

/** Finds a node for a pod: filters, then scores what is left. Nothing is changed. */
export function decide(pod: KubeObject, nodes: readonly NodeInfo[], options: DecisionOptions = {}): Decision {
  return search(new PodInfo(pod), viewOf(nodes), options);
}

const filtersOf = (pod: PodInfo, cluster: ClusterView, plugins: readonly Plugin[]): readonly NamedFilter[] =>
  plugins.flatMap((plugin) => {
    const asks = plugin.filter?.(pod, cluster);
    return asks === undefined ? [] : [{ name: plugin.name, asks, local: plugin.local === true }];
  });

/** What speaks against a pod on a node that is in another state than the cluster has it in. */
export const refusalAmong = (
  pod: PodInfo,
  cluster: ClusterView,
  plugins: readonly Plugin[],
  changed: NodeInfo,
): RefusedNode | undefined => firstRefusal(filtersOf(pod, withNode(cluster, changed), plugins), changed);

/** As `decide`, for a pod that has been read and a cluster that is kept. */
export function search(pod: PodInfo, cluster: ClusterView, options: DecisionOptions = {}): Decision {
  const { plugins = defaultPlugins, start = 0, choose = () => 0, nominated, judgements = new Judgements() } = options;
  const { nodes } = cluster;
  const filters = filtersOf(pod, cluster, plugins);
  const others = filters.findIndex(({ local }) => !local);
  const lead = others < 0 ? filters : filters.slice(0, others);
  const rest = others < 0 ? [] : filters.slice(others);
  const local = scoringsOf(
    pod,
    cluster,
    plugins.filter((plugin) => plugin.local === true),
    nodes,
  );
  const known = judgements.of(pod, cluster);
  /** What speaks against a node beside its judgement. */
  const against = (node: NodeInfo, alone: RefusedNode | undefined): RefusedNode | undefined => {
    alone ??= rest.length === 0 ? undefined : firstRefusal(rest, node);
    const promised = nominated?.get(node.name)?.filter((each) => each.priority >= pod.priority && each.key !== pod.key);
    if (promised === undefined || promised.length === 0) return alone;
    // Both ways: a promise may not be kept.
    return refusalAmong(pod, cluster, plugins, new NodeInfo(node.node, [...node.pods.values(), ...promised])) ?? alone;
  };
  const judgedAlone = rest.length === 0 && (nominated === undefined || nominated.size === 0);
  const enough = enoughNodes(nodes.length);
  const fitting: number[] = [];
  const refused: RefusedNode[] = [];
  let examined = 0;
  for (let place = nodes.length === 0 ? 0 : start % nodes.length; examined < nodes.length; examined++) {
    if (fitting.length >= enough) break;
    let verdict = known.verdicts[place];
    if (verdict === verdicts.unknown) verdict = known.judge(place, lead, local);
    if (judgedAlone && verdict === verdicts.fits) fitting.push(place);
    else {
      const node = nodes[place];
      const alone = known.kept[place]?.refused;
      const why = judgedAlone || node === undefined ? alone : against(node, alone);
      if (why === undefined) fitting.push(place);
      else refused.push(why);
    }
    place = place + 1 === nodes.length ? 0 : place + 1;
  }
  const { totals, feasible } = scored(pod, cluster, plugins, fitting, known, local);
  let best = -Infinity;
  let ties: number[] = [];
  for (let i = 0; i < totals.length; i++) {
    const total = totals[i] ?? 0;
    if (total > best) {
      best = total;
      ties = [i];
    } else if (total === best) ties.push(i);
  }
  const chosen = ties.length === 0 ? undefined : fitting[ties[ties.length === 1 ? 0 : choose(ties.length)] ?? 0];
  return {
    node: chosen === undefined ? undefined : nodes[chosen]?.name,
    // Thousands of these are made for a pod that few will ask about.
    get feasible() {
      return feasible();
    },
    refused,
    nodes: nodes.length,
    examined,
  };
}

const scoringsOf = (
  pod: PodInfo,
  cluster: ClusterView,
  plugins: readonly Plugin[],
  feasible: readonly NodeInfo[],
): readonly NamedScoring[] =>
  plugins.flatMap((plugin) => {
    const scoring = plugin.score?.(pod, cluster, feasible);
    return scoring === undefined ? [] : [{ plugin, ...scoring }];
  });

/** @param fitting the places of the nodes that are left @param local the scorings of local plugins */
function scored(
  pod: PodInfo,
  cluster: ClusterView,
  plugins: readonly Plugin[],
  fitting: readonly number[],
  known: ClassJudgements,
  local: readonly NamedScoring[],
): { readonly totals: readonly number[]; readonly feasible: () => readonly ScoredNode[] } {
  if (fitting.length === 0) return { totals: [], feasible: () => [] };
  const nodes = placed(cluster.nodes, fitting);
  const totals = fitting.map((place) => known.sums[place] ?? 0);
  /** By plugin, weighted; what isn't here is in the judgements. */
  const columns = new Map<string, readonly number[]>();
  const count = ({ plugin, normalize }: NamedScoring, values: number[]): void => {
    normalize?.(values, nodes);
    for (let i = 0; i < values.length; i++) {
      const value = (values[i] ?? 0) * plugin.weight;
      values[i] = value;
      totals[i] = (totals[i] ?? 0) + value;
    }
    columns.set(plugin.name, values);
  };
  for (const [i, scoring] of local.entries()) {
    const raw = known.raw[i];
    if (scoring.normalize === undefined || raw === undefined) continue;
    count(
      scoring,
      fitting.map((place) => raw[place] ?? 0),
    );
  }
  const others = plugins.filter((plugin) => plugin.local !== true);
  for (const scoring of scoringsOf(pod, cluster, others, nodes)) count(scoring, nodes.map(scoring.of));
  const judged = placed(known.kept, fitting);
  const locals = new Map(local.map(({ plugin }, i) => [plugin.name, i]));
  const feasible = (): readonly ScoredNode[] =>
    nodes.map(({ name }, row) => {
      const scores: Record<string, number> = {};
      for (const plugin of plugins) {
        const place = locals.get(plugin.name);
        const own = place === undefined ? undefined : judged[row]?.scores[place];
        const score = columns.get(plugin.name)?.[row] ?? (own === undefined ? undefined : own * plugin.weight);
        if (score !== undefined) scores[plugin.name] = score;
      }
      return { name, scores, total: totals[row] ?? 0 };
    });
  return { totals, feasible };
}

/** The elements at some places. */
function placed<T>(all: readonly (T | undefined)[], places: readonly number[]): readonly T[] {
  const found: T[] = [];
  for (const place of places) {
    const element = all[place];
    if (element !== undefined) found.push(element);
  }
  return found;
}

/**
 * Why a pod has no node, as its event says it (kubernetes, `FitError`): reasons with how many nodes gave each.
 * @param preemption what the attempt to preempt pods came to, where it did not help
 */
export function fitError({ nodes, refused }: Pick<Decision, "nodes" | "refused">, preemption = ""): string {
  if (nodes === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  for (const { reasons } of refused) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const told = [...counts].map(([reason, count]) => `${count} ${reason}`).sort((a, b) => (a < b ? -1 : 1));
  const more = preemption === "" ? "" : ` preemption: ${preemption}`;
  return `0/${nodes} nodes are available:${told.length === 0 ? "" : ` ${told.join(", ")}.`}${more}`;
}

/** A decision to look at: each node, what refused it or how each plugin scored it, the best first. */
export function explain(pod: KubeObject, decision: Decision): TableView {
  const { feasible } = decision;
  const names = Object.keys(feasible[0]?.scores ?? {});
  const chosen = feasible
    .toSorted((a, b) => b.total - a.total)
    .map(({ name, scores, total }): Row => {
      return { node: name, verdict: name === decision.node ? "chosen" : "fits", ...scores, total };
    });
  const others = decision.refused.map(({ name, plugin, reasons }): Row => {
    const none = Object.fromEntries(names.map((each) => [each, null]));
    return { node: name, verdict: `${plugin}: ${reasons.join(", ")}`, ...none, total: null };
  });
  return {
    as: "table",
    title: `Why is ${pod.metadata.name ?? "the pod"} ${decision.node === undefined ? "on no node" : `on ${decision.node}`}?`,
    columns: [...["node", "verdict"].map((key) => ({ key })), ...[...names, "total"].map((key) => ({ key }))],
    rows: [...chosen, ...others],
    caption: `${decision.nodes} nodes; scores are weighted.${decision.node === undefined ? ` ${fitError(decision)}` : ""}`,
  };
}
