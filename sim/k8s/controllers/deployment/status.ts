import type { World } from "../../../core/index.js";
import { seconds, timeText } from "../../client/clock.js";
import { secondsAt } from "../controller.js";
import { availableIn, fenceposts, wanted, type Deployment, type ReplicaSet } from "./replica-sets.js";

type Status = NonNullable<Deployment["status"]>;
type Condition = NonNullable<Status["conditions"]>[number];

/** Reasons of the condition Progressing (kubernetes, `deployment_util.go`). */
export const reasons = {
  paused: "DeploymentPaused",
  resumed: "DeploymentResumed",
  created: "NewReplicaSetCreated",
  found: "FoundNewReplicaSet",
  failed: "ReplicaSetCreateError",
  updated: "ReplicaSetUpdated",
  available: "NewReplicaSetAvailable",
  late: "ProgressDeadlineExceeded",
} as const;

export const progressing = (status: Status | undefined): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === "Progressing");

/** Whether late progress is reported at all: without a deadline nothing is said of progress. */
export const hasDeadline = ({ spec }: Deployment): boolean =>
  spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== 2 ** 31 - 1;

/** @returns a status with a condition set; the time of its last transition moves only with its `status` */
export function withCondition(
  world: World,
  status: Status,
  type: string,
  value: string,
  reason: string,
  message: string,
): Status {
  const conditions = status.conditions ?? [];
  const old = conditions.find((condition) => condition.type === type);
  const now = timeText(world);
  const progresses = type === "Progressing";
  // Its last update is what the deadline counts from, so Progressing is written anew where something moved.
  if (old?.status === value && old.reason === reason && !(progresses && reason === reasons.updated)) return status;
  const lastTransitionTime = old?.status === value ? (old.lastTransitionTime ?? now) : now;
  const made = { type, status: value, reason, message, lastUpdateTime: now, lastTransitionTime };
  return { ...status, conditions: [...conditions.filter((condition) => condition.type !== type), made] };
}

/** What there is, counted over all ReplicaSets (`calculateStatus`). */
export function countedStatus(
  world: World,
  deployment: Deployment,
  fresh: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
): Status {
  const replicas = all.reduce((sum, { status }) => sum + (status?.replicas ?? 0), 0);
  const available = availableIn(all);
  const asked = all.reduce((sum, set) => sum + wanted(set), 0);
  const counts = {
    replicas,
    updatedReplicas: fresh?.status?.replicas ?? 0,
    readyReplicas: all.reduce((sum, { status }) => sum + (status?.readyReplicas ?? 0), 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, asked - available),
  };
  const { collisionCount, conditions } = deployment.status ?? {};
  const status: Status = {
    observedGeneration: deployment.metadata.generation ?? 0,
    // Zeros are omitted (`omitempty`).
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
  return available >= wanted(deployment) - fenceposts(deployment).unavailable
    ? withCondition(
        world,
        status,
        "Available",
        "True",
        "MinimumReplicasAvailable",
        "Deployment has minimum availability.",
      )
    : withCondition(
        world,
        status,
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
      );
}

/** All pods are of the new template, and available (`DeploymentComplete`). */
export function isComplete(deployment: Deployment, status: Status): boolean {
  const replicas = wanted(deployment);
  return (
    (status.updatedReplicas ?? 0) === replicas &&
    (status.replicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

/** Whether something moved since the last status (`DeploymentProgressing`). */
function hasMoved(old: Status | undefined, next: Status): boolean {
  const outdated = (status: Status | undefined): number => (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  return (
    (next.updatedReplicas ?? 0) > (old?.updatedReplicas ?? 0) ||
    outdated(next) < outdated(old) ||
    (next.readyReplicas ?? 0) > (old?.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (old?.availableReplicas ?? 0)
  );
}

/** Seconds until a rollout is late; undefined where it is done, or never late. */
export function untilLate(world: World, deployment: Deployment): number | undefined {
  const condition = progressing(deployment.status);
  if (!hasDeadline(deployment) || condition === undefined) return undefined;
  if ([reasons.available, reasons.late, reasons.paused].some((reason) => reason === condition.reason)) return undefined;
  return secondsAt(condition.lastUpdateTime) + (deployment.spec.progressDeadlineSeconds ?? 0) - seconds(world);
}

/** The status with what is to be said of the rollout's progress (kubernetes, `pkg/controller/deployment/progress.go`). */
export function withProgress(
  world: World,
  deployment: Deployment,
  fresh: ReplicaSet | undefined,
  next: Status,
): Status {
  if (!hasDeadline(deployment)) {
    return { ...next, conditions: (next.conditions ?? []).filter(({ type }) => type !== "Progressing") };
  }
  const set = (value: string, reason: string, does: string): Status => {
    const what =
      fresh === undefined
        ? `Deployment "${deployment.metadata.name ?? ""}"`
        : `ReplicaSet "${fresh.metadata.name ?? ""}"`;
    return withCondition(world, next, "Progressing", value, reason, `${what} ${does}`);
  };
  const condition = progressing(next);
  if ((next.replicas ?? 0) === (next.updatedReplicas ?? 0) && condition?.reason === reasons.available) return next;
  if (isComplete(deployment, next)) return set("True", reasons.available, "has successfully progressed.");
  if (hasMoved(deployment.status, next)) return set("True", reasons.updated, "is progressing.");
  const left = untilLate(world, { ...deployment, status: next });
  if (left !== undefined && left <= 0) return set("False", reasons.late, "has timed out progressing.");
  return next;
}
