import type { World } from "../../../core/index.js";
import { withCondition, hasDeadline, progressing, reasons } from "./status.js";
import { equal } from "../../objects/value.js";
import { ownedBy } from "../../client/client.js";
import { byAge } from "../pods.js";
import { hashLabel, sameTemplate, templateHash } from "./template-hash.js";
import { historyKey, revisionKey, revisionOf, sizeNotes, type Deployment, type ReplicaSet } from "./replica-sets.js";
import type { Labels } from "../../client/pod-types.js";
import type { JsonObject } from "../../objects/value.js";

/** Annotations that are the Deployment's own, or of one revision alone (`annotationsToSkip`). */
const own = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionKey,
  historyKey,
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
  "deprecated.deployment.rollback.to",
]);

/** The ReplicaSet of the Deployment's template: the oldest, should there be several. */
export const freshOf = (deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  [...sets].sort(byAge).find(({ spec }) => sameTemplate(spec.template, deployment.spec.template));

/**
 * The annotations of the new ReplicaSet: those of the Deployment, and the revision, one above all others'. A template that comes back
 * gets its ReplicaSet back, with a new revision: that is what a rollback is. Its earlier revisions are noted.
 */
export function freshNotes(deployment: Deployment, fresh: ReplicaSet | undefined, revision: number): Labels {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !own.has(key));
  const notes: Record<string, string> = { ...fresh?.metadata.annotations, ...Object.fromEntries(copied) };
  const before = fresh === undefined ? 0 : revisionOf(fresh);
  if (before < revision) {
    notes[revisionKey] = String(revision);
    if (before > 0) {
      const history = notes[historyKey];
      notes[historyKey] = history === undefined ? String(before) : `${history},${before}`;
    }
  }
  return fresh === undefined ? { ...notes, ...sizeNotes(deployment) } : notes;
}

/** A new ReplicaSet of the Deployment's template. */
export function freshReplicaSet(deployment: Deployment, revision: number, replicas: number): JsonObject {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  return {
    metadata: {
      name: `${deployment.metadata.name ?? ""}-${hash}`,
      labels,
      annotations: freshNotes(deployment, undefined, revision),
      ownerReferences: [ownedBy("deployments", deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** ReplicaSets that aren't needed for a rollback any more, the lowest revision first (`cleanupDeployment`). */
export function forgotten(deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const idle = old.filter(
    ({ metadata, spec, status }) =>
      (status?.replicas ?? 0) === 0 &&
      (spec.replicas ?? 1) === 0 &&
      (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0) &&
      metadata.deletionTimestamp === undefined,
  );
  const surplus = Math.max(0, idle.length - (deployment.spec.revisionHistoryLimit ?? 10));
  return idle.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus);
}

/** The Deployment as it is to note its new ReplicaSet, or undefined where it does. */
export function noted(
  world: World,
  deployment: Deployment,
  fresh: ReplicaSet,
): { readonly annotations: Labels | undefined; readonly status: Deployment["status"] } {
  const revision = fresh.metadata.annotations?.[revisionKey] ?? "1";
  const { annotations = {} } = deployment.metadata;
  const next = { ...annotations, [revisionKey]: revision };
  const status = deployment.status ?? {};
  const found =
    hasDeadline(deployment) && progressing(status) === undefined
      ? withCondition(
          world,
          status,
          "Progressing",
          "True",
          reasons.found,
          `Found new replica set "${fresh.metadata.name ?? ""}"`,
        )
      : status;
  return { annotations: equal(annotations, next) ? undefined : next, status: found };
}
