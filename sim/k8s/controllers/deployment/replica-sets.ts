import type { Kinds } from "../../client/types.js";
import type { Labels } from "../../client/pod-types.js";
import { part } from "../shares.js";

/** Of the things that every part of a rollout asks about a Deployment and its ReplicaSets (kubernetes, `deployment_util.go`). */
export type Deployment = Kinds["deployments"];
export type ReplicaSet = Kinds["replicasets"];

export const revisionKey = "deployment.kubernetes.io/revision";
export const historyKey = "deployment.kubernetes.io/revision-history";
export const desiredKey = "deployment.kubernetes.io/desired-replicas";
export const maxKey = "deployment.kubernetes.io/max-replicas";

export const wanted = ({ spec }: Deployment | ReplicaSet): number => spec.replicas ?? 1;
export const wantedBy = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + wanted(set), 0);
export const availableIn = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
export const revisionOf = ({ metadata }: Deployment | ReplicaSet): number =>
  Number(metadata.annotations?.[revisionKey] ?? 0);
export const isRolling = ({ spec }: Deployment): boolean => spec.strategy?.type !== "Recreate";

/** How many pods more and less than asked for there may be; never neither, which would let nothing happen (`ResolveFenceposts`). */
export function fenceposts(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const replicas = wanted(deployment);
  if (!isRolling(deployment) || replicas === 0) return { surge: 0, unavailable: 0 };
  const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {};
  const surge = part(maxSurge, replicas, Math.ceil);
  const unavailable = part(maxUnavailable, replicas, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas) };
}

/** What a ReplicaSet remembers of its Deployment's size, by which a later change of size is noticed and shared out. */
export function sizeNotes(deployment: Deployment): Labels {
  const replicas = wanted(deployment);
  return { [desiredKey]: String(replicas), [maxKey]: String(replicas + fenceposts(deployment).surge) };
}
