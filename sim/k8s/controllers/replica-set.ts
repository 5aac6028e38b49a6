import { s, type Activity } from "../../core/index.js";
import { keyOf, splitKey } from "../client/address.js";
import { ownedBy } from "../client/client.js";
import { seconds, timeText } from "../client/clock.js";
import type { Again } from "../client/control-loop.js";
import { Expectations } from "../client/expectations.js";
import { isNotFound, type ApiFailure } from "../client/failure.js";
import type { Condition } from "../client/pod-types.js";
import type { Kinds } from "../client/types.js";
import { matches, parseLabelSelector } from "../objects/selectors.js";
import { equal, labelsOf } from "../objects/value.js";
import { Controller, type ControllerContext } from "./controller.js";
import { claim, controlledBy, controllerOf, indexByController, referred } from "./ownership.js";
import { rankForDeletion } from "./pod-ranking.js";
import { isTerminating } from "./refusals.js";
import { isActive, isAvailable, isReady, type Pod } from "./pods.js";
import { slowStart, together } from "./slow-start.js";

type ReplicaSet = Kinds["replicasets"];

/** At most so many pods are made or deleted for one ReplicaSet before it is looked at again (kubernetes, `BurstReplicas`). */
const burst = 500;

/** Keeps as many pods of a template as a ReplicaSet asks for (kubernetes, `pkg/controller/replicaset`). */
export class ReplicaSetController extends Controller {
  readonly #expectations: Expectations;

  constructor(context: ControllerContext) {
    super("replicaset-controller", context);
    this.#expectations = new Expectations(this.world.engine);
    indexByController(this.informers, "replicasets");
    indexByController(this.informers, "pods");
    this.watchOwn("replicasets");
    this.watch("pods", {
      added: (pod) => {
        // Found to be going at a restart: it was never expected to come.
        if (pod.metadata.deletionTimestamp !== undefined) this.#deleted(pod);
        else {
          const owner = this.#owner(pod);
          if (owner !== undefined) this.#expectations.creationObserved(keyOf(owner));
          this.#concerns(pod);
        }
      },
      updated: (pod, old) => {
        if (pod.metadata.deletionTimestamp !== undefined) {
          this.#deleted(pod);
          return;
        }
        if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) this.#concerns(old);
        this.#concerns(pod);
        // It becomes available although nothing changes then.
        const owner = this.#owner(pod);
        const { minReadySeconds = 0 } = owner?.spec ?? {};
        if (owner !== undefined && minReadySeconds > 0 && !isReady(old) && isReady(pod)) {
          this.queue.addAfter(keyOf(owner), s(minReadySeconds + 1));
        }
      },
      deleted: (pod) => {
        this.#deleted(pod);
      },
    });
  }

  #owner(pod: Pod): ReplicaSet | undefined {
    return referred(this.informers, "replicasets", "ReplicaSet", pod);
  }

  #concerns(pod: Pod): void {
    if (controllerOf(pod) !== undefined) {
      const owner = this.#owner(pod);
      if (owner !== undefined) this.queue.add(keyOf(owner));
      return;
    }
    for (const set of this.informers.store("replicasets").values()) {
      if (set.metadata.namespace !== pod.metadata.namespace) continue;
      if (matches(parseLabelSelector(set.spec.selector), labelsOf(pod))) this.queue.add(keyOf(set));
    }
  }

  #deleted(pod: Pod): void {
    const owner = this.#owner(pod);
    if (owner === undefined) return;
    this.#expectations.deletionObserved(keyOf(owner), pod.metadata.uid ?? "");
    this.queue.add(keyOf(owner));
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const set = this.informers.store("replicasets").byKey(key);
    if (set === undefined) {
      this.#expectations.forget(key);
      return undefined;
    }
    // Asked before the cache is read: what arrives between the two must not be counted as seen.
    const seen = this.#expectations.satisfied(key);
    const pods = yield* claim(this.client, this.informers, "replicasets", set, "pods", isActive);
    const failure =
      seen && set.metadata.deletionTimestamp === undefined ? yield* this.#manage(key, set, pods) : undefined;
    const status = yield* this.#writeStatus(set, pods, failure);
    if (failure !== undefined) throw failure;
    const { minReadySeconds = 0 } = set.spec;
    if (minReadySeconds > 0 && status.readyReplicas !== status.availableReplicas) return { after: s(minReadySeconds) };
    return undefined;
  }

  /** Makes or deletes what the number of pods is off by. @returns the first failure */
  *#manage(key: string, set: ReplicaSet, pods: readonly Pod[]): Activity<ApiFailure | undefined> {
    const off = (set.spec.replicas ?? 1) - pods.length;
    if (off > 0) return yield* this.#create(key, set, Math.min(off, burst));
    if (off < 0) return yield* this.#delete(key, set, pods, Math.min(-off, burst));
    return undefined;
  }

  *#create(key: string, set: ReplicaSet, count: number): Activity<ApiFailure | undefined> {
    this.#expectations.expectCreations(key, count);
    const { namespace } = splitKey(key);
    const { metadata = {}, spec } = set.spec.template;
    const pod = {
      metadata: {
        generateName: `${set.metadata.name ?? ""}-`,
        labels: metadata.labels,
        annotations: metadata.annotations,
        ownerReferences: [ownedBy("replicasets", set)],
      },
      spec,
    };
    const { client, events } = this;
    const expectations = this.#expectations;
    const { skipped, failure } = yield* slowStart(this.world.engine, count, function* () {
      try {
        const made = yield* client.create("pods", namespace, pod);
        events.event(set, "Normal", "SuccessfulCreate", `Created pod: ${made.metadata.name ?? ""}`);
      } catch (error) {
        // No watch will tell of it.
        expectations.creationObserved(key);
        throw error;
      }
    });
    this.#expectations.creationObserved(key, skipped);
    // Nothing more is made in a namespace that is going, however often it is tried.
    if (failure !== undefined && isTerminating(failure)) return undefined;
    if (failure !== undefined) this.events.event(set, "Warning", "FailedCreate", `Error creating: ${failure.message}`);
    return failure;
  }

  *#delete(key: string, set: ReplicaSet, pods: readonly Pod[], count: number): Activity<ApiFailure | undefined> {
    const going = rankForDeletion(pods, this.#related(set), seconds(this.world)).slice(0, count);
    this.#expectations.expectDeletions(
      key,
      going.map(({ metadata }) => metadata.uid ?? ""),
    );
    const { namespace } = splitKey(key);
    const failures = yield* together(this.world.engine, going.length, (index) =>
      this.#deleteOne(key, set, namespace, going[index]),
    );
    return failures.find((failure) => failure !== undefined);
  }

  *#deleteOne(key: string, set: ReplicaSet, namespace: string, pod: Pod | undefined): Activity<void> {
    const { name = "", uid = "" } = pod?.metadata ?? {};
    try {
      yield* this.client.delete("pods", namespace, name, { uid });
      this.events.event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
    } catch (error) {
      this.#expectations.deletionObserved(key, uid);
      if (!isNotFound(error)) throw error;
    }
  }

  /** Active pods of all ReplicaSets of the same owner. */
  #related(set: ReplicaSet): Pod[] {
    const owner = controllerOf(set);
    const sets = owner === undefined ? [set] : controlledBy(this.informers, "replicasets", owner.uid);
    return sets.flatMap((each) => controlledBy(this.informers, "pods", each.metadata.uid ?? "")).filter(isActive);
  }

  *#writeStatus(
    set: ReplicaSet,
    pods: readonly Pod[],
    failure: ApiFailure | undefined,
  ): Activity<NonNullable<ReplicaSet["status"]>> {
    const template = Object.entries(set.spec.template.metadata?.labels ?? {});
    const now = seconds(this.world);
    const ready = pods.filter(isReady);
    const counted = {
      replicas: pods.length,
      fullyLabeledReplicas: pods.filter((pod) => template.every(([key, value]) => labelsOf(pod)[key] === value)).length,
      readyReplicas: ready.length,
      availableReplicas: ready.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, now)).length,
    };
    const conditions = this.#conditions(set, failure);
    // Zeros are left out where the type says `omitempty`, so that what is written equals what is read back.
    const status = {
      replicas: counted.replicas,
      ...Object.fromEntries(Object.entries(counted).filter(([key, value]) => key !== "replicas" && value > 0)),
      observedGeneration: set.metadata.generation ?? 0,
      ...(conditions.length === 0 ? {} : { conditions }),
    };
    if (!equal(status, set.status)) yield* this.client.updateStatus("replicasets", { ...set, status });
    return counted;
  }

  #conditions(set: ReplicaSet, failure: ApiFailure | undefined): readonly Condition[] {
    const old = set.status?.conditions ?? [];
    const rest = old.filter(({ type }) => type !== "ReplicaFailure");
    if (failure === undefined) return rest;
    const reason = (set.spec.replicas ?? 1) > (set.status?.replicas ?? 0) ? "FailedCreate" : "FailedDelete";
    const known = old.find((condition) => condition.type === "ReplicaFailure" && condition.reason === reason);
    if (known !== undefined) return old;
    const lastTransitionTime = timeText(this.world);
    return [...rest, { type: "ReplicaFailure", status: "True", reason, message: failure.message, lastTransitionTime }];
  }
}
