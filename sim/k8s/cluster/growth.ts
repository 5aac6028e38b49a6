import {
  createWorld,
  ns,
  plot,
  s,
  UsageError,
  type GroupView,
  type PlotView,
  type TableView,
} from "../../core/index.js";
import { Cluster } from "./cluster.js";
import { fill, latencies } from "./load.js";

/** What a cluster's pods cost the control plane, counted, and how long its clients wait. */
export interface GrowthPoint {
  readonly nodes: number;
  readonly pods: number;
  /** From the first pod's creation until all run, for each pod: requests that write, events told to watchers, nodes that the scheduler looked at. */
  readonly writes: number;
  readonly events: number;
  readonly examined: number;
  /** Writes a second of virtual time while nothing happens: leases of all nodes and of the control plane, statuses of nodes. */
  readonly heartbeats: number;
  /** 99th percentiles in seconds of virtual time: of the slowest verb, and of pods that start. */
  readonly call: number;
  readonly podStart: number;
}

export interface GrowthOptions {
  /** How many nodes, cluster by cluster. Default 100, 200 and 500. */
  readonly nodes?: readonly number[];
  /** How many pods each node gets on average. Default 10; Kubernetes' limits are 5,000 nodes and 150,000 pods, 30 each. */
  readonly podsPerNode?: number;
  /** How many pods are timed, behind the others. Default 50. */
  readonly timed?: number;
  readonly seed?: number;
}

function writesOf({ api: { work } }: Cluster): number {
  const { create, update, patch, delete: one, deletecollection } = work.requests;
  return create + update + patch + one + deletecollection;
}

function pointOf(nodes: number, podsPerNode: number, timed: number, seed: number): GrowthPoint {
  const pods = nodes * podsPerNode;
  const world = createWorld({ seed, traceRows: 0 });
  // Pods are made one by one, and nobody else is to do something about them.
  const cluster = new Cluster({ world, nodes, cpus: 32, controllers: { controllers: [] } });
  cluster.start();
  const { work } = cluster.api;
  const before = { writes: writesOf(cluster), events: work.events, examined: cluster.scheduler.work.examined };
  fill(cluster, pods);
  const each = (now: number, then: number): number => (now - then) / pods;
  const costs = {
    writes: each(writesOf(cluster), before.writes),
    events: each(work.events, before.events),
    examined: each(cluster.scheduler.work.examined, before.examined),
  };
  // Leases are written each 10 s; statuses of nodes that are as they were each 5 min, so that few of them fall into this.
  const watched = 60;
  const written = writesOf(cluster);
  world.engine.run(ns(world.engine.now + s(watched)));
  const heartbeats = (writesOf(cluster) - written) / watched;
  const { calls, podStart } = latencies(cluster, timed);
  cluster.stop();
  return { nodes, pods, ...costs, heartbeats, call: Math.max(...Object.values(calls)), podStart };
}

function picture(points: readonly GrowthPoint[], caption: string): PlotView {
  const x = points.map(({ nodes }) => nodes);
  const series = (name: string, key: "writes" | "events" | "examined"): PlotView["series"][number] => ({
    name,
    mark: "line",
    x,
    y: points.map((point) => point[key]),
  });
  return plot({
    title: "What one more pod costs the control plane",
    caption,
    x: { label: "nodes", unit: "", scale: "log" },
    y: { label: "for each pod", unit: "", scale: "log" },
    series: [
      series("writes", "writes"),
      series("watch events", "events"),
      series("nodes examined by the scheduler", "examined"),
    ],
  });
}

/**
 * How costs grow with a cluster, counted and not timed, and its service level indicators beside the objectives: 1 s for a call, 5 s for a pod's
 * start (sig-scalability, `slos`). Nodes are hollow. A call takes its way and what etcd takes, the API server's own time is none: so what grows
 * here is work, not waiting.
 * @throws UsageError for numbers that can't be
 */
export function clusterGrowth(options: GrowthOptions = {}): GroupView & { readonly points: readonly GrowthPoint[] } {
  const { nodes = [100, 200, 500], podsPerNode = 10, timed = 50, seed = 1 } = options;
  const check = (count: number, what: string, most: number): void => {
    if (!Number.isInteger(count) || count < 1 || count > most)
      throw new UsageError(
        `there can't be ${count} ${what}`,
        `Give a whole number from 1 to ${most.toLocaleString("en")}.`,
      );
  };
  for (const count of nodes) check(count, "nodes", 5000);
  check(podsPerNode, "pods on a node", 100);
  // One of the others goes for each.
  check(timed, "timed pods", Math.min(1000, podsPerNode * Math.min(...nodes)));
  const points = nodes.map((count) => pointOf(count, podsPerNode, timed, seed));
  const table: TableView = {
    as: "table",
    title: "What a cluster's growth costs, and its clients' waiting",
    columns: [
      { key: "nodes" },
      { key: "writes", label: "writes a pod" },
      { key: "events", label: "events a pod" },
      { key: "examined", label: "nodes examined a pod" },
      { key: "heartbeats", label: "writes at rest", unit: "1/s" },
      { key: "call", label: "p99 of calls", unit: "ms" },
      { key: "podStart", label: "p99 of pods' start", unit: "s" },
    ],
    rows: points.map(({ nodes: count, writes, events, examined, heartbeats, call, podStart }) => ({
      nodes: count,
      writes: rounded(writes),
      events: rounded(events),
      examined: rounded(examined),
      heartbeats: rounded(heartbeats),
      call: rounded(1000 * call),
      podStart: rounded(podStart),
    })),
    caption: "The objectives are 1 s for a call and 5 s for a pod's start.",
  };
  const caption = `${podsPerNode} pods for each node; seed ${seed}`;
  return { as: "group", views: [picture(points, caption), table], points };
}

const rounded = (value: number): number => Number(value.toPrecision(3));
