import type { Row, TableView } from "../../core/index.js";
import type { KubeObject } from "../objects/value.js";
import { viewOf, withNode } from "./cluster.js";
import type { ClusterView, Plugin, Scoring } from "./framework.js";
import {
  firstRefusal,
  judge,
  Judgements,
  localScores,
  type Judgement,
  type NamedFilter,
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
  const known = judgements.of(pod, nodes.length);
  const judged: Judgement[] = [];
  const enough = enoughNodes(nodes.length);
  const fitting: NodeInfo[] = [];
  const refused: RefusedNode[] = [];
  let examined = 0;
  for (; examined < nodes.length && fitting.length < enough; examined++) {
    const place = (start + examined) % nodes.length;
    const node = nodes[place];
    if (node === undefined) continue;
    const promised =
      nominated === undefined || nominated.size === 0
        ? undefined
        : nominated.get(node.name)?.filter((other) => other.priority >= pod.priority && other.key !== pod.key);
    const judgement = judge(known, place, lead, node);
    const alone = judgement.refused ?? (rest.length === 0 ? undefined : firstRefusal(rest, node));
    const against =
      promised === undefined || promised.length === 0
        ? alone
        : // Both ways: a promise may not be kept.
          (refusalAmong(pod, cluster, plugins, new NodeInfo(node.node, [...node.pods.values(), ...promised])) ?? alone);
    if (against === undefined) {
      fitting.push(node);
      judged.push(judgement);
    } else refused.push(against);
  }
  const { columns, totals } = scored(pod, cluster, plugins, fitting, judged);
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
    node: chosen?.name,
    // Thousands of these are made for a pod that few will ask about.
    get feasible() {
      return fitting.map(({ name }, row) => {
        const scores = Object.fromEntries(columns.map((column) => [column.name, column.values[row] ?? 0]));
        return { name, scores, total: totals[row] ?? 0 };
      });
    },
    refused,
    nodes: nodes.length,
    examined,
  };
}

function scored(
  pod: PodInfo,
  cluster: ClusterView,
  plugins: readonly Plugin[],
  nodes: readonly NodeInfo[],
  judged: readonly Judgement[],
): { readonly columns: readonly { name: string; values: readonly number[] }[]; readonly totals: readonly number[] } {
  const columns: { name: string; values: readonly number[] }[] = [];
  const totals = new Array<number>(nodes.length).fill(0);
  const scorings = (nodes.length === 0 ? [] : plugins).flatMap((plugin): (Scoring & { readonly plugin: Plugin })[] => {
    const scoring = plugin.score?.(pod, cluster, nodes);
    return scoring === undefined ? [] : [{ plugin, ...scoring }];
  });
  for (const judgement of judged) judgement.scores ??= localScores(scorings, judgement.node);
  let local = 0;
  for (const { plugin, of, normalize } of scorings) {
    const { name, weight } = plugin;
    const place = plugin.local === true ? local++ : -1;
    const values = place < 0 ? nodes.map(of) : judged.map(({ scores }) => scores?.[place] ?? 0);
    normalize?.(values, nodes);
    for (let i = 0; i < values.length; i++) {
      const value = (values[i] ?? 0) * weight;
      values[i] = value;
      totals[i] = (totals[i] ?? 0) + value;
    }
    columns.push({ name, values });
  }
  return { columns, totals };
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
