import { minutes, s, type Activity } from "../../../core/index.js";
import { keyOf } from "../../client/address.js";
import { seconds, timeText } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import type { Kinds } from "../../client/types.js";
import { matches, parseLabelSelector } from "../../objects/selectors.js";
import { equal, labelsOf, numberAt, objectAt } from "../../objects/value.js";
import { Controller, secondsAt, type ControllerContext } from "../controller.js";
import { controllerOf } from "../ownership.js";
import { hasEnded, isReady, type Pod } from "../pods.js";
import { part } from "../shares.js";

type Budget = Kinds["poddisruptionbudgets"];

/** An eviction that was allowed and hasn't happened by then is taken for cancelled (kubernetes, `DeletionTimeout`). */
const cancelled = minutes(2);
const byNamespace = "namespace";

/**
 * Says how many of a budget's pods may be evicted now (kubernetes, `pkg/controller/disruption`). The API server takes from that number at each
 * eviction; here it is counted anew when the pods have changed.
 */
export class DisruptionController extends Controller {
  constructor(context: ControllerContext) {
    super("disruption-controller", context, 1);
    this.informers.store("pods").index(byNamespace, ({ metadata }) => [metadata.namespace ?? ""]);
    this.watchOwn("poddisruptionbudgets");
    const concerns = (pod: Pod): void => {
      for (const budget of this.informers.store("poddisruptionbudgets").values()) {
        if (budget.metadata.namespace === pod.metadata.namespace && selects(budget, pod)) this.queue.add(keyOf(budget));
      }
    };
    this.watch("pods", {
      added: concerns,
      updated: (pod, old) => {
        concerns(pod);
        if (!equal(pod.metadata.labels, old.metadata.labels)) concerns(old);
      },
      deleted: concerns,
    });
    for (const kind of ["replicasets", "deployments", "statefulsets"] as const) {
      const sized = ({ metadata }: { readonly metadata: { readonly namespace?: string } }): void => {
        for (const budget of this.informers.store("poddisruptionbudgets").values()) {
          if (budget.metadata.namespace === metadata.namespace) this.queue.add(keyOf(budget));
        }
      };
      this.watch(kind, {
        updated: (object, old) => {
          if (numberAt(object, "spec", "replicas") !== numberAt(old, "spec", "replicas")) sized(object);
        },
      });
    }
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const budget = this.informers.store("poddisruptionbudgets").byKey(key);
    if (budget === undefined) return undefined;
    const pods = this.informers
      .store("pods")
      .by(byNamespace, budget.metadata.namespace ?? "")
      .filter((pod) => selects(budget, pod) && !hasEnded(pod));
    const { expected, desired } = this.#wanted(budget, pods);
    const now = seconds(this.world);
    const disrupted = new Map<string, string>();
    let soonest: number | undefined;
    for (const [name, since] of Object.entries(budget.status?.disruptedPods ?? {})) {
      const pod = pods.find(({ metadata }) => metadata.name === name);
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
      const left = secondsAt(since) + cancelled / 1e9 - now;
      if (left <= 0) {
        this.events.event(pod, "Warning", "NotDeleted", `Pod was expected by PDB ${key} to be deleted but it wasn't`);
        continue;
      }
      disrupted.set(name, since);
      soonest = Math.min(soonest ?? left, left);
    }
    const healthy = pods.filter(
      (pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined && !disrupted.has(pod.metadata.name ?? ""),
    ).length;
    // Where nobody is expected nobody may go either: a selector that matches nothing protects what comes.
    const allowed = expected > 0 ? Math.max(0, healthy - desired) : 0;
    const status = {
      disruptionsAllowed: allowed,
      currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected,
      observedGeneration: budget.metadata.generation ?? 0,
      ...(disrupted.size === 0 ? {} : { disruptedPods: Object.fromEntries(disrupted) }),
      conditions: [this.#condition(budget, allowed)],
    };
    if (!equal(status, budget.status)) yield* this.client.updateStatus("poddisruptionbudgets", { ...budget, status });
    return soonest === undefined ? undefined : { after: s(soonest) };
  }

  #condition(budget: Budget, allowed: number) {
    const status = allowed > 0 ? "True" : "False";
    const old = (budget.status?.["conditions"] ?? []) as { type: string; status: string; lastTransitionTime: string }[];
    const before = old.find(({ type }) => type === "DisruptionAllowed");
    return {
      type: "DisruptionAllowed",
      status,
      reason: allowed > 0 ? "SufficientPods" : "InsufficientPods",
      message: "",
      observedGeneration: budget.metadata.generation ?? 0,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : timeText(this.world),
    };
  }

  /** How many pods there should be, and how many of these must stay. */
  #wanted({ spec = {} }: Budget, pods: readonly Pod[]): { readonly expected: number; readonly desired: number } {
    const { minAvailable, maxUnavailable } = spec;
    if (maxUnavailable !== undefined) {
      const expected = this.#scale(pods);
      return { expected, desired: Math.max(0, expected - part(maxUnavailable, expected, Math.ceil)) };
    }
    // A number needs no owners: so a budget can be for pods that nobody controls.
    if (typeof minAvailable === "number") return { expected: pods.length, desired: minAvailable };
    const expected = this.#scale(pods);
    return { expected, desired: part(minAvailable, expected, Math.ceil) };
  }

  /** The replicas that the pods' owners ask for together. To count the pods would make a per cent smaller with each one lost. */
  #scale(pods: readonly Pod[]): number {
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const reference = controllerOf(pod);
      if (reference === undefined) continue;
      const { namespace = "" } = pod.metadata;
      const kind = reference.kind === "ReplicaSet" ? "replicasets" : "statefulsets";
      if (reference.kind !== "ReplicaSet" && reference.kind !== "StatefulSet") continue;
      const owner = this.informers.store(kind).get(namespace, reference.name);
      if (owner?.metadata.uid !== reference.uid) continue;
      const above = controllerOf(owner);
      const deployment =
        above?.kind === "Deployment" ? this.informers.store("deployments").get(namespace, above.name) : undefined;
      const top = deployment ?? owner;
      scales.set(top.metadata.uid ?? "", top.spec.replicas ?? 1);
    }
    return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
  }
}

const selects = (budget: Budget, pod: Pod): boolean =>
  matches(parseLabelSelector(objectAt(budget.spec, "selector")), labelsOf(pod));
