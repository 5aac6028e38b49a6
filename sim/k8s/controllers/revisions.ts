import type { Activity } from "../../core/index.js";
import { ownedBy, type Client } from "../client/client.js";
import { isAlreadyExists, isNotFound } from "../client/failure.js";
import type { InformerFactory } from "../client/informer.js";
import type { PodTemplate } from "../client/pod-types.js";
import type { Kinds } from "../client/types.js";
import { equal, objectAt, type JsonObject, type KubeObject } from "../objects/value.js";
import { templateHash } from "./deployment/template-hash.js";
import { controlledBy, indexByController } from "./ownership.js";

export type Revision = Kinds["controllerrevisions"];
type OwnerKind = "daemonsets" | "statefulsets";

/** The label that says of which revision a pod is. */
export const revisionLabel = "controller-revision-hash";

/** A DaemonSet or StatefulSet, as far as its history is concerned. */
export interface Versioned extends KubeObject {
  readonly spec: {
    readonly template: PodTemplate;
    readonly selector: JsonObject;
    readonly revisionHistoryLimit?: number;
  };
  readonly status?: { readonly collisionCount?: number };
}

const dataOf = (template: PodTemplate): JsonObject => ({ spec: { template: { ...template, $patch: "replace" } } });
export const templateOf = ({ data }: Revision): PodTemplate => {
  const template = Object.entries(objectAt(data, "spec", "template")).filter(([field]) => field !== "$patch");
  return Object.fromEntries(template) as unknown as PodTemplate;
};
export const hashOf = ({ metadata }: Revision): string => metadata.labels?.[revisionLabel] ?? "";

export const indexRevisions = (informers: InformerFactory): void => {
  indexByController(informers, "controllerrevisions");
};

/** An owner's revisions, the oldest first. */
const revisionsOf = (informers: InformerFactory, { metadata }: KubeObject): Revision[] =>
  controlledBy(informers, "controllerrevisions", metadata.uid ?? "").sort((a, b) => a.revision - b.revision);

/**
 * The revision of an owner's present template, made where there is none (kubernetes, `pkg/controller/history`). One that had the same
 * template before becomes the newest: that is a rollback.
 *
 * @returns the revisions there are then, oldest first, the present one among them; `collided`: the name belongs to another template, and
 * the owner's `collisionCount` must grow
 */
export function* presentRevision(
  client: Client,
  informers: InformerFactory,
  kind: OwnerKind,
  owner: Versioned,
): Activity<{ readonly present: Revision; readonly all: readonly Revision[] } | "collided"> {
  const { namespace = "", name = "" } = owner.metadata;
  const all = revisionsOf(informers, owner);
  const { template } = owner.spec;
  const wanted = dataOf(template);
  const next = (all.at(-1)?.revision ?? 0) + 1;
  const same = all.findLast(({ data }) => equal(data, wanted));
  if (same !== undefined) {
    if (same === all.at(-1)) return { present: same, all };
    const present = yield* client.update("controllerrevisions", { ...same, revision: next });
    return { present, all: [...all.filter((each) => each !== same), present] };
  }
  const hash = templateHash(template, owner.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [revisionLabel]: hash };
  const body = {
    metadata: { name: `${name}-${hash}`, labels, ownerReferences: [ownedBy(kind, owner)] },
    data: wanted,
    revision: next,
  };
  try {
    const present = yield* client.create("controllerrevisions", namespace, body);
    return { present, all: [...all, present] };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const there = yield* client.get("controllerrevisions", namespace, `${name}-${hash}`);
    if (!equal(there.data, wanted)) return "collided";
    return { present: there, all: [...all, there] };
  }
}

/** Forgets the oldest revisions beyond the limit that nothing is of any more. */
export function* forgetRevisions(
  client: Client,
  owner: Versioned,
  all: readonly Revision[],
  live: (revision: Revision) => boolean,
): Activity<void> {
  const old = all.filter((revision) => !live(revision));
  const over = old.length - (owner.spec.revisionHistoryLimit ?? 10);
  for (const { metadata } of old.slice(0, Math.max(0, over))) {
    try {
      yield* client.delete("controllerrevisions", metadata.namespace ?? "", metadata.name ?? "");
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
