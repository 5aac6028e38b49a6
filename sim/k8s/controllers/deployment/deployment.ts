import { s, type Activity } from "../../../core/index.js";
import { keyOf } from "../../client/address.js";
import type { Again } from "../../client/control-loop.js";
import { ApiFailure, isAlreadyExists, isNotFound } from "../../client/failure.js";
import { matches, parseLabelSelector } from "../../objects/selectors.js";
import { equal, labelsOf } from "../../objects/value.js";
import { Controller, type ControllerContext } from "../controller.js";
import { claim, controlledBy, controllerOf, indexByController, referred } from "../ownership.js";
import { hasEnded } from "../pods.js";
import {
  desiredKey,
  isRolling,
  revisionOf,
  sizeNotes,
  wanted,
  type Deployment,
  type ReplicaSet,
} from "./replica-sets.js";
import { forgotten, freshNotes, freshOf, freshReplicaSet, noted } from "./revisions.js";
import { newSize, oldSizes, scaledSizes, type Sizes } from "./sizes.js";
import {
  countedStatus,
  hasDeadline,
  isComplete,
  progressing,
  reasons,
  untilLate,
  withCondition,
  withProgress,
} from "./status.js";
import { sameTemplate } from "./template-hash.js";

/**
 * Rolls a template out (kubernetes, `pkg/controller/deployment`): a ReplicaSet for each template, the new one grown and the old ones shrunk,
 * a step at each reconcile, as `maxSurge` and `maxUnavailable` allow. It remembers nothing between the steps: sizes and notes on the
 * ReplicaSets say how far it is, so that another controller can take over amidst a rollout.
 */
export class DeploymentController extends Controller {
  constructor(context: ControllerContext) {
    super("deployment-controller", context);
    indexByController(this.informers, "replicasets");
    indexByController(this.informers, "pods");
    this.watchOwn("deployments");
    const concerns = (set: ReplicaSet): void => {
      this.#concerns(set);
    };
    this.watch("replicasets", {
      added: concerns,
      updated: (set, old) => {
        if (controllerOf(old)?.uid !== controllerOf(set)?.uid) concerns(old);
        concerns(set);
      },
      deleted: concerns,
    });
    // Recreate waits for the last old pod to be gone, of which no ReplicaSet's status tells: it counts pods that end no more.
    this.watch("pods", {
      deleted: (pod) => {
        const set = referred(this.informers, "replicasets", "ReplicaSet", pod);
        const deployment = set && referred(this.informers, "deployments", "Deployment", set);
        if (deployment !== undefined && !isRolling(deployment)) this.queue.add(keyOf(deployment));
      },
    });
  }

  #concerns(set: ReplicaSet): void {
    if (controllerOf(set) !== undefined) {
      const owner = referred(this.informers, "deployments", "Deployment", set);
      if (owner !== undefined) this.queue.add(keyOf(owner));
      return;
    }
    for (const deployment of this.informers.store("deployments").values()) {
      if (deployment.metadata.namespace !== set.metadata.namespace) continue;
      if (matches(parseLabelSelector(deployment.spec.selector), labelsOf(set))) this.queue.add(keyOf(deployment));
    }
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const deployment = this.informers.store("deployments").byKey(key);
    if (deployment === undefined) return undefined;
    if (parseLabelSelector(deployment.spec.selector).length === 0) {
      const message = "This deployment is selecting all pods. A non-empty selector is required.";
      this.events.event(deployment, "Warning", "SelectingAll", message);
      return undefined;
    }
    const sets = yield* claim(this.client, this.informers, "deployments", deployment, "replicasets");
    if (deployment.metadata.deletionTimestamp !== undefined) {
      yield* this.#writeStatus(deployment, freshOf(deployment, sets), sets, false);
      return undefined;
    }
    if (yield* this.#notePause(deployment)) return undefined;
    const paused = deployment.spec.paused === true;
    const active = sets.filter((set) => wanted(set) > 0);
    const resized =
      // Recreate has no shares to give: of several, all but the new one go.
      (isRolling(deployment) || active.length === 1) &&
      active.some(({ metadata: { annotations } }) => {
        const desired = annotations?.[desiredKey];
        return desired !== undefined && Number(desired) !== wanted(deployment);
      });
    // While it is paused, or resized, nothing is rolled out: first each ReplicaSet gets its share.
    const step = paused || resized ? this.#resize(deployment, sets) : this.#rollOut(deployment, sets);
    if (yield* step) return undefined;
    const left = untilLate(this.world, deployment);
    // It merely looks again: a run that waits for work need not last until the deadline.
    return left === undefined ? undefined : { after: s(Math.max(1, left + 1)), background: true };
  }

  /** @returns whether it changed the Deployment, of which the next reconcile will hear */
  *#notePause(deployment: Deployment): Activity<boolean> {
    if (!hasDeadline(deployment)) return false;
    const { status = {}, spec } = deployment;
    const reason = progressing(status)?.reason;
    if (reason === reasons.late) return false;
    let next = status;
    if (spec.paused === true && reason !== reasons.paused) {
      next = withCondition(this.world, status, "Progressing", "Unknown", reasons.paused, "Deployment is paused");
    } else if (spec.paused !== true && reason === reasons.paused) {
      next = withCondition(this.world, status, "Progressing", "Unknown", reasons.resumed, "Deployment is resumed");
    }
    if (next === status) return false;
    yield* this.client.updateStatus("deployments", { ...deployment, status: next });
    return true;
  }

  /** @returns whether it changed something, of which the next reconcile will hear */
  *#resize(deployment: Deployment, sets: readonly ReplicaSet[]): Activity<boolean> {
    const fresh = freshOf(deployment, sets);
    const old = sets.filter((set) => set !== fresh);
    const changed = yield* this.#scale(deployment, scaledSizes(deployment, fresh, old));
    if (deployment.spec.paused === true) yield* this.#forget(deployment, old);
    yield* this.#writeStatus(deployment, fresh, sets, false);
    return changed;
  }

  *#rollOut(deployment: Deployment, sets: readonly ReplicaSet[]): Activity<boolean> {
    const found = freshOf(deployment, sets);
    const old = sets.filter((set) => set !== found);
    if (!isRolling(deployment)) {
      if (yield* this.#scale(deployment, new Map(old.map((set) => [set, 0])))) {
        yield* this.#writeStatus(deployment, found, sets, true);
        return true;
      }
      // Not "as soon as they are told to go": two versions would run at once, which this strategy promises not to let happen.
      const remains = old.some((set) =>
        controlledBy(this.informers, "pods", set.metadata.uid ?? "").some((pod) => !hasEnded(pod)),
      );
      if (remains) {
        yield* this.#writeStatus(deployment, found, sets, true);
        return false;
      }
    }
    const revision = Math.max(0, ...old.map(revisionOf)) + 1;
    if (found === undefined) return yield* this.#create(deployment, old, revision);
    if (yield* this.#note(deployment, found, revision)) return true;
    const grown = yield* this.#scale(deployment, new Map([[found, newSize(deployment, found, sets)]]));
    if (!grown && isRolling(deployment)) {
      const shrunk = yield* this.#scale(deployment, oldSizes(deployment, found, old));
      if (!shrunk && isComplete(deployment, deployment.status ?? {})) yield* this.#forget(deployment, old);
    } else if (!grown && isComplete(deployment, deployment.status ?? {})) yield* this.#forget(deployment, old);
    yield* this.#writeStatus(deployment, found, sets, true);
    return grown;
  }

  /** Notes revision and annotations on the new ReplicaSet and the Deployment. @returns whether it had to */
  *#note(deployment: Deployment, fresh: ReplicaSet, revision: number): Activity<boolean> {
    const annotations = freshNotes(deployment, fresh, revision);
    const { minReadySeconds } = deployment.spec;
    if (
      !equal(annotations, fresh.metadata.annotations ?? {}) ||
      (fresh.spec.minReadySeconds ?? 0) !== (minReadySeconds ?? 0)
    ) {
      const metadata = { ...fresh.metadata, annotations };
      const spec = { ...fresh.spec, minReadySeconds: minReadySeconds ?? 0 };
      yield* this.client.update("replicasets", { ...fresh, metadata, spec });
      return true;
    }
    const { annotations: own, status } = noted(this.world, deployment, fresh);
    if (own === undefined && equal(status, deployment.status ?? {})) return false;
    // Of the status subresource, which takes annotations too.
    const metadata = own === undefined ? deployment.metadata : { ...deployment.metadata, annotations: own };
    yield* this.client.updateStatus("deployments", {
      ...deployment,
      metadata,
      ...(status === undefined ? {} : { status }),
    });
    return true;
  }

  *#create(deployment: Deployment, old: readonly ReplicaSet[], revision: number): Activity<boolean> {
    const { namespace = "" } = deployment.metadata;
    const replicas = newSize(deployment, undefined, old);
    const object = freshReplicaSet(deployment, revision, replicas);
    const { name = "" } = object["metadata"] as { readonly name?: string };
    const status = deployment.status ?? {};
    try {
      yield* this.client.create("replicasets", namespace, object);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (isAlreadyExists(error)) return yield* this.#collided(deployment, name, error);
      const { message } = error;
      const text = `Failed to create new replica set "${name}": ${message}`;
      this.events.event(deployment, "Warning", reasons.failed, text);
      if (hasDeadline(deployment)) {
        const next = withCondition(this.world, status, "Progressing", "False", reasons.failed, message);
        yield* this.client.updateStatus("deployments", { ...deployment, status: next });
      }
      throw error;
    }
    if (replicas > 0) this.#tell(deployment, "up", name, 0, replicas);
    if (hasDeadline(deployment)) {
      const text = `Created new replica set "${name}"`;
      const next = withCondition(this.world, status, "Progressing", "True", reasons.created, text);
      yield* this.client.updateStatus("deployments", { ...deployment, status: next });
    }
    return true;
  }

  /** The name is taken: by what the cache doesn't show yet, or by another template with the same hash. */
  *#collided(deployment: Deployment, name: string, error: ApiFailure): Activity<boolean> {
    const { namespace = "", uid } = deployment.metadata;
    const there = yield* this.client.get("replicasets", namespace, name);
    if (controllerOf(there)?.uid === uid && sameTemplate(there.spec.template, deployment.spec.template)) throw error;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    yield* this.client.updateStatus("deployments", {
      ...deployment,
      status: { ...deployment.status, collisionCount },
    });
    return true;
  }

  /** Gives ReplicaSets their sizes, and the notes of the Deployment's. @returns whether a size changed */
  *#scale(deployment: Deployment, sizes: Sizes): Activity<boolean> {
    let changed = false;
    const notes = sizeNotes(deployment);
    for (const [set, size] of sizes) {
      const before = wanted(set);
      const annotations = { ...set.metadata.annotations, ...notes };
      const resized = before !== size;
      if (!resized && (size === 0 || equal(annotations, set.metadata.annotations ?? {}))) continue;
      const metadata = { ...set.metadata, annotations };
      yield* this.client.update("replicasets", { ...set, metadata, spec: { ...set.spec, replicas: size } });
      if (!resized) continue;
      changed = true;
      this.#tell(deployment, before < size ? "up" : "down", set.metadata.name ?? "", before, size);
    }
    return changed;
  }

  #tell(deployment: Deployment, way: "up" | "down", name: string, from: number, to: number): void {
    const message = `Scaled ${way} replica set ${name} from ${from} to ${to}`;
    this.events.event(deployment, "Normal", "ScalingReplicaSet", message);
  }

  *#forget(deployment: Deployment, old: readonly ReplicaSet[]): Activity<void> {
    for (const { metadata } of forgotten(deployment, old)) {
      const { namespace = "", name = "", uid = "" } = metadata;
      try {
        yield* this.client.delete("replicasets", namespace, name, { uid });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  *#writeStatus(
    deployment: Deployment,
    fresh: ReplicaSet | undefined,
    sets: readonly ReplicaSet[],
    rollsOut: boolean,
  ): Activity<void> {
    const counted = countedStatus(this.world, deployment, fresh, sets);
    const status = rollsOut ? withProgress(this.world, deployment, fresh, counted) : counted;
    if (equal(status, deployment.status ?? {})) return;
    yield* this.client.updateStatus("deployments", { ...deployment, status });
  }
}
