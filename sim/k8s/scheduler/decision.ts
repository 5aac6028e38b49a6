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
  const { fitting } = known;
  let count = 0;
  const refused: RefusedNode[] = [];
  let examined = 0;
  for (let place = nodes.length === 0 ? 0 : start % nodes.length; examined < nodes.length; examined++) {
    if (count >= enough) break;
    let verdict = known.verdicts[place];
    if (verdict === verdicts.unknown) verdict = known.judge(place, lead, local);
    if (judgedAlone && verdict === verdicts.fits) fitting[count++] = place;
    else {
      const node = nodes[place];
      const alone = known.kept[place]?.refused;
      const why = judgedAlone || node === undefined ? alone : against(node, alone);
      if (why === undefined) fitting[count++] = place;
      else refused.push(why);
    }
    place = place + 1 === nodes.length ? 0 : place + 1;
  }
  const feasible = scored(pod, cluster, plugins, known, count, local);
  const chosen = count === 0 ? undefined : fitting[best(known.totals, count, choose)];
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

/** Which of the first so many totals is the greatest, or one of those. */
function best(totals: Float64Array, count: number, choose: (count: number) => number): number {
  let most = -Infinity;
  let ties = 0;
  for (let i = 0; i < count; i++) {
    const total = totals[i] ?? 0;
    if (total > most) {
      most = total;
      ties = 1;
    } else if (total === most) ties++;
  }
  let place = totals.indexOf(most);
  for (let more = ties > 1 ? choose(ties) : 0; more > 0; more--) place = totals.indexOf(most, place + 1);
  return place;
}

/**
 * Scores the nodes that are left, `count` of `known.fitting`, into `known.totals`.
 * @param local the scorings of local plugins
 * @returns what tells of each of them, however the cluster changes meanwhile
 */
function scored(
  pod: PodInfo,
  cluster: ClusterView,
  plugins: readonly Plugin[],
  known: ClassJudgements,
  count: number,
  local: readonly NamedScoring[],
): () => readonly ScoredNode[] {
  if (count === 0) return () => [];
  const { fitting, totals, sums } = known;
  const nodes = placed(cluster.nodes, fitting, count);
  const judged = placed(known.kept, fitting, count);
  for (let i = 0; i < count; i++) totals[i] = sums[fitting[i] ?? 0] ?? 0;
  const add = (values: readonly number[], { weight }: Plugin): void => {
    for (let i = 0; i < count; i++) totals[i] = (totals[i] ?? 0) + (values[i] ?? 0) * weight;
  };
  for (const [i, { normalize, plugin }] of local.entries()) {
    const raw = known.raw[i];
    if (normalize === undefined || raw === undefined) continue;
    const { values } = known;
    values.length = count;
    for (let row = 0; row < count; row++) values[row] = raw[fitting[row] ?? 0] ?? 0;
    normalize(values, nodes);
    add(values, plugin);
  }
  const others = plugins.filter((plugin) => plugin.local !== true);
  const columns = scoringsOf(pod, cluster, others, nodes).map(({ plugin, of, normalize }) => {
    const values = nodes.map(of);
    normalize?.(values, nodes);
    add(values, plugin);
    return { plugin, values };
  });
  return () => {
    const locals = local.map(({ plugin, normalize }, i) => {
      const values = judged.map(({ scores }) => scores[i] ?? 0);
      normalize?.(values, nodes);
      return { plugin, values };
    });
    const all = [...locals, ...columns].sort((a, b) => plugins.indexOf(a.plugin) - plugins.indexOf(b.plugin));
    return nodes.map(({ name }, row) => {
      const scores = Object.fromEntries(
        all.map(({ plugin, values }) => [plugin.name, (values[row] ?? 0) * plugin.weight]),
      );
      return { name, scores, total: Object.values(scores).reduce((sum, score) => sum + score, 0) };
    });
  };
}

/** The elements at the first so many places. */
function placed<T>(all: readonly (T | undefined)[], places: readonly number[], count: number): readonly T[] {
  const found = new Array<T>(count);
  for (let i = 0; i < count; i++) found[i] = all[places[i] ?? 0] as T;
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
