import { s, type Activity, type Nanos, type Process } from "../../../core/index.js";
import { ApiFailure, isNotFound } from "../../client/failure.js";
import type { Again } from "../../client/control-loop.js";
import { Controller, type ControllerContext } from "../controller.js";
import { byAge, hasEnded, type Pod } from "../pods.js";
import { disrupt } from "./pod-conditions.js";
import { conditionOf, taintsOf } from "./taints.js";

/** kubernetes, `pkg/controller/podgc`: `gcCheckPeriod`, `quarantineTime`. */
const period = s(20);
const quarantine = s(40);
const outOfService = "node.kubernetes.io/out-of-service";

/**
 * Deletes pods that nobody else will: those of nodes that are gone, those that are to go before they had a node, those on nodes that were
 * declared out of service, and of the ones that have ended the oldest, where there are too many.
 */
export class PodGarbageCollector extends Controller {
  /** Since when a node that pods name isn't there. */
  readonly #missing = new Map<string, Nanos>();
  readonly #process: Process<void>;

  constructor(context: ControllerContext) {
    super("pod-garbage-collector-controller", context, 1);
    this.watch("pods", {});
    this.watch("nodes", {});
    this.#process = this.world.engine.spawn(this.#sweep(), { name: this.name, background: true });
  }

  override stop(): void {
    this.#process.cancel();
    super.stop();
  }

  // It looks at all pods from time to time; no single one calls for it.
  protected override *reconcile(): Activity<Again | undefined> {
    return undefined;
  }

  *#sweep(): Activity<void> {
    yield* this.synced();
    for (;;) {
      const pods = [...this.informers.store("pods").values()];
      const ended = pods.filter((pod) => hasEnded(pod) && pod.metadata.deletionTimestamp === undefined);
      const over = ended.length - this.flags.terminatedPodThreshold;
      if (over > 0) {
        for (const pod of ended.sort(byAge).slice(0, over)) yield* this.#delete(pod, undefined);
      }
      yield* this.#sweepOrphans(pods);
      for (const pod of pods) {
        if (pod.metadata.deletionTimestamp === undefined) continue;
        if (pod.spec.nodeName === undefined) yield* this.#delete(pod, undefined);
        else if (this.#isOutOfService(pod.spec.nodeName)) {
          yield* this.#delete(pod, "PodGC: node is out of service");
        }
      }
      yield* this.world.engine.delay(period, { background: true });
    }
  }

  *#sweepOrphans(pods: readonly Pod[]): Activity<void> {
    const nodes = this.informers.store("nodes");
    const { now } = this.world.engine;
    const named = new Set(pods.flatMap(({ spec }) => spec.nodeName ?? []));
    for (const name of this.#missing.keys()) {
      if (!named.has(name) || nodes.byKey(name) !== undefined) this.#missing.delete(name);
    }
    for (const name of named)
      if (nodes.byKey(name) === undefined && !this.#missing.has(name)) this.#missing.set(name, now);
    for (const [name, since] of this.#missing) {
      // The cache of nodes may be behind that of pods: it is waited for, and then the API is asked.
      if (now - since < quarantine || !(yield* this.#isGone(name))) continue;
      for (const pod of pods) if (pod.spec.nodeName === name) yield* this.#delete(pod, "PodGC: node no longer exists");
    }
  }

  *#isGone(node: string): Activity<boolean> {
    try {
      yield* this.client.background.get("nodes", "", node);
      return false;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      return isNotFound(error);
    }
  }

  #isOutOfService(name: string): boolean {
    const node = this.informers.store("nodes").byKey(name);
    if (node === undefined || conditionOf(node, "Ready")?.status === "True") return false;
    return taintsOf(node).some(({ key }) => key === outOfService);
  }

  /** @param why it is lost with its node; undefined where it isn't lost */
  *#delete(pod: Pod, why: string | undefined): Activity<void> {
    const client = this.client.background;
    const { namespace = "", name = "", uid = "" } = pod.metadata;
    try {
      if (why === undefined) yield* client.delete("pods", namespace, name, { gracePeriodSeconds: 0, uid });
      else yield* disrupt(client, pod, "DeletionByPodGC", why, { failed: true, gracePeriodSeconds: 0 });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
    }
  }
}
