import type { Activity, Nanos } from "../../core/index.js";
import type { Client } from "../client/client.js";
import type { KubeObject } from "../objects/value.js";
import type { NodeInfo, Taint } from "./node-info.js";
import type { PodInfo, Toleration } from "./pod-info.js";

/** All that a decision may look at. */
export interface ClusterView {
  /** The same array while there are the same nodes in the same order. */
  readonly nodes: readonly NodeInfo[];
  /** Which of them change; undefined where nobody notes that. */
  readonly changes?: NodeChanges;
  /** Nodes with pods that have terms of affinity: all others needn't be asked about these. */
  readonly withAffinity: Iterable<NodeInfo>;
  /** Labels of a namespace. */
  readonly namespace: (name: string) => Readonly<Record<string, string>>;
  /** On how many nodes an image is; 0 where on none. */
  readonly imageNodes: (name: string) => number;
}

/** The places of nodes that changed, one behind the other: who remembers something of nodes asks for those since it last did. */
export interface NodeChanges {
  /** How many changes there have been. */
  readonly end: number;
  /** The changes behind so many; undefined where they are forgotten. */
  since(end: number): readonly number[] | undefined;
}

/** Why a pod can't be on a node. */
export interface Refusal {
  readonly reasons: readonly string[];
  /** Whether taking pods away from the node could help (`Unschedulable`, not `UnschedulableAndUnresolvable`). */
  readonly resolvable: boolean;
}

export const refusal = (...reasons: string[]): Refusal => ({ reasons, resolvable: true });
export const unresolvable = (...reasons: string[]): Refusal => ({ reasons, resolvable: false });

export type NodeFilter = (node: NodeInfo) => Refusal | undefined;

export interface Scoring {
  readonly of: (node: NodeInfo) => number;
  /** Makes 0 to 100 of the scores of all nodes that are left, in place; else they are that already. */
  readonly normalize?: (scores: number[], nodes: readonly NodeInfo[]) => void;
}

/** A change in the cluster that may let a pod be scheduled that couldn't. */
export interface ClusterEvent {
  readonly kind: "Node" | "AssignedPod" | "PersistentVolumeClaim" | "PersistentVolume" | "StorageClass" | "CSINode";
  readonly action: "add" | "update" | "delete";
  readonly object: KubeObject;
  readonly old?: KubeObject;
}

/**
 * The scheduling framework's extension points (kubernetes.io, "Scheduling Framework"). PreFilter and PreScore are the calls of
 * `filter` and `score`: they look at the pod and the cluster once, and give what looks at each node, or undefined where the
 * plugin has nothing to say of this pod (`Skip`).
 */
export interface Plugin {
  readonly name: string;
  /** What its scores count. */
  readonly weight: number;
  /** Whether what it says of a node follows from the pod's class (`PodInfo.class`) and from that node alone: then it is asked once. */
  readonly local?: true;
  /** Why a pod must not be queued yet. */
  preEnqueue?(pod: PodInfo): string | undefined;
  filter?(pod: PodInfo, cluster: ClusterView): NodeFilter | undefined;
  score?(pod: PodInfo, cluster: ClusterView, feasible: readonly NodeInfo[]): Scoring | undefined;
  /** Whether an event may make a pod schedulable that this plugin refused (a queueing hint). Default any may. */
  wakes?(pod: PodInfo, event: ClusterEvent): boolean;
  /** Notes that the pod will be there. @returns why it can't */
  reserve?(pod: PodInfo, node: NodeInfo): string | undefined;
  unreserve?(pod: PodInfo, node: NodeInfo): void;
  /** Lets the pod be bound, now or later. @returns why it isn't, or how long to wait */
  permit?(pod: PodInfo, node: NodeInfo): string | Nanos | undefined;
  preBind?(pod: PodInfo, node: NodeInfo, client: Client): Activity<void>;
  /** @returns whether it has bound the pod; else the next plugin is asked */
  bind?(pod: PodInfo, node: NodeInfo, client: Client): Activity<boolean>;
  postBind?(pod: PodInfo, node: NodeInfo): void;
}

/** Scales to 0 to 100 by the greatest, where the highest is the best (kubernetes, `DefaultNormalizeScore`). */
export function byHighest(scores: number[]): void {
  let most = 0;
  for (const score of scores) if (score > most) most = score;
  if (most === 0) return;
  for (let i = 0; i < scores.length; i++) scores[i] = Math.floor(((scores[i] ?? 0) * 100) / most);
}

/** The same where the lowest is the best. */
export function byLowest(scores: number[]): void {
  byHighest(scores);
  for (let i = 0; i < scores.length; i++) scores[i] = 100 - (scores[i] ?? 0);
}

/** kubernetes, `Toleration.ToleratesTaint`. */
export const tolerates = (toleration: Toleration, { key, value, effect }: Taint): boolean =>
  (toleration.effect === "" || toleration.effect === effect) &&
  (toleration.key === "" || toleration.key === key) &&
  (toleration.exists || (toleration.key !== "" && toleration.value === value));

/** The first of a node's taints that keeps a pod away. */
export const untolerated = ({ hardTaints }: NodeInfo, tolerations: readonly Toleration[]): Taint | undefined =>
  hardTaints.find((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)));
