import { s, type Activity } from "../../../core/index.js";
import { keyOf } from "../../client/address.js";
import { seconds } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { ApiFailure, isAlreadyExists, isNotFound } from "../../client/failure.js";
import { matches, parseLabelSelector } from "../../objects/selectors.js";
import { equal, labelsOf, stringAt, type JsonObject } from "../../objects/value.js";
import { Controller, type ControllerContext } from "../controller.js";
import { claim, controllerOf, indexByController, referred } from "../ownership.js";
import { hasEnded, isAvailable, isReady, type Pod } from "../pods.js";
import { isTerminating } from "../refusals.js";
import {
  forgetRevisions,
  hashOf,
  indexRevisions,
  presentRevision,
  revisionLabel,
  type Revision,
} from "../revisions.js";
import { claimNames, claimOwner, memberClaims, memberPod, ordinalOf, type StatefulSet } from "./member.js";

/** The revisions of one reconcile: what members were, and what they become. */
interface Versions {
  readonly current: Revision;
  readonly update: Revision;
}

const going = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;
const isRunning = (pod: Pod): boolean => pod.status?.phase === "Running" && isReady(pod);
const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[revisionLabel] ?? "";

/**
 * Keeps members with names and claims of their own (kubernetes, `pkg/controller/statefulset`): one of each name at most, so a member that can't
 * be seen any more is not replaced before it is certain that it is gone. In order, each waits for those before it, and goes before them.
 */
export class StatefulSetController extends Controller {
  constructor(context: ControllerContext) {
    super("statefulset-controller", context);
    indexByController(this.informers, "pods");
    indexRevisions(this.informers);
    this.watchOwn("statefulsets");
    this.watch("controllerrevisions", {});
    this.watch("persistentvolumeclaims", {});
    const concerns = (pod: Pod): void => {
      if (controllerOf(pod) !== undefined) {
        const owner = referred(this.informers, "statefulsets", "StatefulSet", pod);
        if (owner !== undefined) this.queue.add(keyOf(owner));
        return;
      }
      for (const set of this.informers.store("statefulsets").values()) {
        if (set.metadata.namespace !== pod.metadata.namespace) continue;
        if (matches(parseLabelSelector(set.spec.selector), labelsOf(pod))) this.queue.add(keyOf(set));
      }
    };
    this.watch("pods", {
      added: concerns,
      updated: (pod, old) => {
        if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) concerns(old);
        concerns(pod);
      },
      deleted: concerns,
    });
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const set = this.informers.store("statefulsets").byKey(key);
    if (set === undefined) return undefined;
    const pods = yield* claim(
      this.client,
      this.informers,
      "statefulsets",
      set,
      "pods",
      (pod) => ordinalOf(set, pod) !== undefined,
    );
    const found = yield* presentRevision(this.client, this.informers, "statefulsets", set);
    if (found === "collided") {
      const status = { ...set.status, collisionCount: (set.status?.collisionCount ?? 0) + 1 };
      yield* this.client.updateStatus("statefulsets", { ...set, status });
      return undefined;
    }
    const update = found.present;
    const current = found.all.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
    const versions = { current, update };
    let failure: ApiFailure | undefined;
    if (set.metadata.deletionTimestamp === undefined) {
      try {
        yield* this.#step(set, pods, versions);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        if (!isTerminating(error)) failure = error;
      }
    }
    yield* this.#writeStatus(set, pods, versions);
    if (failure !== undefined) throw failure;
    const live = new Set(pods.map(revisionOf));
    yield* forgetRevisions(
      this.client,
      set,
      found.all,
      (revision) => revision === update || revision === current || live.has(hashOf(revision)),
    );
    const { minReadySeconds = 0 } = set.spec;
    const young = pods.some((pod) => isReady(pod) && !isAvailable(pod, minReadySeconds, seconds(this.world)));
    return young ? { after: s(minReadySeconds) } : undefined;
  }

  /** Does what may be done next. */
  *#step(set: StatefulSet, pods: readonly Pod[], versions: Versions): Activity<void> {
    const { replicas = 1, ordinals, podManagementPolicy, updateStrategy } = set.spec;
    const start = ordinals?.start ?? 0;
    const inOrder = podManagementPolicy !== "Parallel";
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod) ?? -1, pod]));
    const isMember = (ordinal: number): boolean => ordinal >= start && ordinal < start + replicas;
    for (let ordinal = start; ordinal < start + replicas; ordinal++) {
      const pod = byOrdinal.get(ordinal);
      if (pod === undefined) {
        yield* this.#create(set, ordinal, this.#versionFor(set, ordinal, versions));
        if (inOrder) return;
        continue;
      }
      if (hasEnded(pod)) {
        if (!going(pod)) {
          const reason = pod.status?.phase === "Failed" ? "RecreatingFailedPod" : "RecreatingTerminatedPod";
          const message = `StatefulSet ${keyOf(set)} is recreating ${pod.status?.phase ?? ""} Pod ${pod.metadata.name ?? ""}`;
          this.events.event(set, "Warning", reason, message);
          yield* this.#delete(set, pod);
        }
        if (inOrder) return;
        continue;
      }
      yield* this.#ownClaims(set, pod, false);
      if (inOrder && (going(pod) || !this.#available(set, pod))) return;
    }
    const condemned = [...byOrdinal].filter(([ordinal]) => !isMember(ordinal)).sort(([a], [b]) => b - a);
    const firstUnhealthy = [...byOrdinal]
      .sort(([a], [b]) => a - b)
      .find(([, pod]) => going(pod) || !isRunning(pod))?.[1];
    for (const [, pod] of condemned) {
      if (going(pod)) {
        if (inOrder) return;
        continue;
      }
      // The last one may go although it is ill, unless one before it is as well.
      if (inOrder && !isRunning(pod) && pod !== firstUnhealthy) return;
      yield* this.#ownClaims(set, pod, true);
      yield* this.#delete(set, pod);
      if (inOrder) return;
    }
    if (updateStrategy?.type === "OnDelete") return;
    const first = start + (updateStrategy?.rollingUpdate?.partition ?? 0);
    for (let ordinal = start + replicas - 1; ordinal >= Math.max(start, first); ordinal--) {
      const pod = byOrdinal.get(ordinal);
      if (pod === undefined) return;
      if (revisionOf(pod) !== hashOf(versions.update) && !going(pod)) {
        yield* this.#delete(set, pod);
        return;
      }
      // One at a time, also of those that may run in parallel.
      if (going(pod) || !this.#available(set, pod)) return;
    }
  }

  #available(set: StatefulSet, pod: Pod): boolean {
    return isRunning(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, seconds(this.world));
  }

  /** What a member that is made anew is of: below the partition it comes back as it was. */
  #versionFor(set: StatefulSet, ordinal: number, { current, update }: Versions): Revision {
    const { updateStrategy, ordinals } = set.spec;
    if (current === update || updateStrategy?.type === "OnDelete") return update;
    const start = ordinals?.start ?? 0;
    return ordinal < start + (updateStrategy?.rollingUpdate?.partition ?? 0) ? current : update;
  }

  *#create(set: StatefulSet, ordinal: number, revision: Revision): Activity<void> {
    const { namespace = "", name: own = "" } = set.metadata;
    const name = `${own}-${ordinal}`;
    // First what it keeps: a pod that came before its claim would wait for it.
    for (const body of memberClaims(set, name)) {
      const claimName = stringAt(body, "metadata", "name") ?? "";
      if (this.informers.store("persistentvolumeclaims").get(namespace, claimName) !== undefined) continue;
      try {
        yield* this.client.create("persistentvolumeclaims", namespace, body);
        const message = `create Claim ${claimName} Pod ${name} in StatefulSet ${own} success`;
        this.events.event(set, "Normal", "SuccessfulCreate", message);
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
    try {
      yield* this.client.create("pods", namespace, memberPod(set, ordinal, revision));
      this.events.event(set, "Normal", "SuccessfulCreate", `create Pod ${name} in StatefulSet ${own} successful`);
    } catch (error) {
      // The cache is behind, or the name is another's: it is never taken over by force.
      if (isAlreadyExists(error)) return;
      if (error instanceof ApiFailure) {
        const message = `create Pod ${name} in StatefulSet ${own} failed error: ${error.message}`;
        this.events.event(set, "Warning", "FailedCreate", message);
      }
      throw error;
    }
  }

  *#delete(set: StatefulSet, { metadata: { namespace = "", name = "", uid = "" } }: Pod): Activity<void> {
    try {
      yield* this.client.delete("pods", namespace, name, { uid });
      const message = `delete Pod ${name} in StatefulSet ${set.metadata.name ?? ""} successful`;
      this.events.event(set, "Normal", "SuccessfulDelete", message);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Has a member's claims owned by what they shall go with. */
  *#ownClaims(set: StatefulSet, pod: Pod, condemned: boolean): Activity<void> {
    const { namespace = "", name = "" } = pod.metadata;
    const wanted = claimOwner(set, pod, condemned);
    for (const claimName of claimNames(set, name)) {
      const found = this.informers.store("persistentvolumeclaims").get(namespace, claimName);
      if (found === undefined || found.metadata.deletionTimestamp !== undefined) continue;
      const old = found.metadata.ownerReferences ?? [];
      // Only what this set has put there, for itself or for one of its pods, is its own to take away.
      const others = old.filter(
        ({ kind, name: of, uid }) => uid !== set.metadata.uid && !(kind === "Pod" && of === name),
      );
      const next: JsonObject[] = wanted === undefined ? others : [...others, wanted];
      if (equal(next, [...old])) continue;
      const { resourceVersion } = found.metadata;
      const metadata = { ownerReferences: next.length === 0 ? null : next, resourceVersion };
      yield* this.client.patch("persistentvolumeclaims", namespace, claimName, { metadata });
    }
  }

  *#writeStatus(set: StatefulSet, pods: readonly Pod[], { current, update }: Versions): Activity<void> {
    const now = seconds(this.world);
    const ready = pods.filter(isRunning);
    const settled = pods.filter((pod) => !going(pod));
    const of = (revision: Revision): number => settled.filter((pod) => revisionOf(pod) === hashOf(revision)).length;
    const counts = {
      readyReplicas: ready.length,
      currentReplicas: of(current),
      updatedReplicas: of(update),
      availableReplicas: ready.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, now)).length,
    };
    const { replicas = 1, updateStrategy } = set.spec;
    const complete =
      updateStrategy?.type !== "OnDelete" &&
      counts.updatedReplicas === replicas &&
      counts.readyReplicas === replicas &&
      pods.length === replicas;
    if (complete) counts.currentReplicas = counts.updatedReplicas;
    const status = {
      replicas: pods.length,
      ...Object.fromEntries(Object.entries(counts).filter(([key, value]) => value > 0 || key === "availableReplicas")),
      currentRevision: (complete ? update : current).metadata.name ?? "",
      updateRevision: update.metadata.name ?? "",
      observedGeneration: set.metadata.generation ?? 0,
      collisionCount: set.status?.collisionCount ?? 0,
    };
    if (!equal(status, set.status)) yield* this.client.updateStatus("statefulsets", { ...set, status });
  }
}
