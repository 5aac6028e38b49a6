import { s, type Activity } from "../../../core/index.js";
import { keyOf, splitKey } from "../../client/address.js";
import { seconds } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { Expectations } from "../../client/expectations.js";
import { isNotFound, type ApiFailure } from "../../client/failure.js";
import { matches, parseLabelSelector } from "../../objects/selectors.js";
import { equal, labelsOf } from "../../objects/value.js";
import { Controller, type ControllerContext } from "../controller.js";
import { taintsOf, type Node } from "../nodes/taints.js";
import { claim, controllerOf, indexByController, referred } from "../ownership.js";
import { byAge, isAvailable, isReady, type Pod } from "../pods.js";
import { isTerminating } from "../refusals.js";
import { forgetRevisions, hashOf, indexRevisions, presentRevision, revisionLabel } from "../revisions.js";
import { slowStart, together } from "../slow-start.js";
import { daemonPod, nodeOf, placement, type DaemonSet } from "./placement.js";
import { isOf, limits, nextStep, type Changes } from "./rollout.js";

/** kubernetes, `BurstReplicas` of the DaemonSet controller. */
const burst = 250;
/** A daemon that fails is replaced after 1 s, 2 s, …, 15 min (`failedPodsBackoff`). */
const backoff = { first: 1, most: 900 };

/** Keeps a pod on each node that a DaemonSet means (kubernetes, `pkg/controller/daemon`). */
export class DaemonSetController extends Controller {
  readonly #expectations: Expectations;
  /** The last failure of a set's daemon on a node, by `uid/node`, and how many came before it. */
  readonly #failures = new Map<string, { readonly uid: string; readonly count: number; readonly at: number }>();

  constructor(context: ControllerContext) {
    super("daemonset-controller", context, 2);
    this.#expectations = new Expectations(this.world.engine);
    indexByController(this.informers, "pods");
    indexRevisions(this.informers);
    this.watchOwn("daemonsets");
    this.watch("controllerrevisions", {});
    const all = (): void => {
      for (const key of this.informers.store("daemonsets").keys()) this.queue.add(key);
    };
    this.watch("nodes", {
      added: all,
      updated: (node, old) => {
        if (!equal(node.metadata.labels, old.metadata.labels) || !equal(taintsOf(node), taintsOf(old))) all();
      },
      deleted: all,
    });
    this.watch("pods", {
      added: (pod) => {
        const owner = this.#owner(pod);
        if (owner !== undefined) this.#expectations.creationObserved(keyOf(owner));
        this.#concerns(pod);
      },
      updated: (pod, old) => {
        if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) this.#concerns(old);
        this.#concerns(pod);
      },
      deleted: (pod) => {
        const owner = this.#owner(pod);
        if (owner !== undefined) this.#expectations.deletionObserved(keyOf(owner), pod.metadata.uid ?? "");
        this.#concerns(pod);
      },
    });
  }

  #owner(pod: Pod): DaemonSet | undefined {
    return referred(this.informers, "daemonsets", "DaemonSet", pod);
  }

  #concerns(pod: Pod): void {
    if (controllerOf(pod) !== undefined) {
      const owner = this.#owner(pod);
      if (owner !== undefined) this.queue.add(keyOf(owner));
      return;
    }
    for (const set of this.informers.store("daemonsets").values()) {
      if (set.metadata.namespace !== pod.metadata.namespace) continue;
      if (matches(parseLabelSelector(set.spec.selector), labelsOf(pod))) this.queue.add(keyOf(set));
    }
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const set = this.informers.store("daemonsets").byKey(key);
    if (set === undefined) {
      this.#expectations.forget(key);
      return undefined;
    }
    if (set.metadata.deletionTimestamp !== undefined) return undefined;
    const found = yield* presentRevision(this.client, this.informers, "daemonsets", set);
    if (found === "collided") {
      const status = { ...set.status, collisionCount: (set.status?.collisionCount ?? 0) + 1 };
      yield* this.client.updateStatus("daemonsets", { ...set, status });
      return undefined;
    }
    const hash = hashOf(found.present);
    const seen = this.#expectations.satisfied(key);
    const pods = yield* claim(this.client, this.informers, "daemonsets", set, "pods");
    const nodes = [...this.informers.store("nodes").values()];
    const place = placement(set);
    const wanted = new Map(nodes.map((node) => [node.metadata.name ?? "", place(node)]));
    const byNode = new Map<string, Pod[]>();
    for (const pod of pods) byNode.set(nodeOf(pod), [...(byNode.get(nodeOf(pod)) ?? []), pod]);
    const desired = [...wanted.values()].filter(({ run }) => run).length;
    let failure: ApiFailure | undefined;
    let again: number | undefined;
    if (seen) {
      const { changes, wait } = this.#manage(set, nodes, wanted, byNode, hash, desired);
      again = wait;
      // One step at a time: a rollout goes by what is there, not by what is about to change.
      const rolls = changes.create.length + changes.remove.length === 0 && set.spec.updateStrategy?.type !== "OnDelete";
      const step = rolls ? nextStep(set, this.#running(byNode, wanted), hash, desired, seconds(this.world)) : changes;
      failure = yield* this.#change(key, set, step, hash);
    }
    yield* this.#writeStatus(set, wanted, byNode, hash);
    if (failure !== undefined) throw failure;
    const live = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionLabel]));
    yield* forgetRevisions(this.client, set, found.all, (each) => each === found.present || live.has(hashOf(each)));
    if (again !== undefined) return { after: s(again) };
    const { minReadySeconds = 0 } = set.spec;
    const young = pods.some((pod) => isReady(pod) && !isAvailable(pod, minReadySeconds, seconds(this.world)));
    return young ? { after: s(minReadySeconds) } : undefined;
  }

  /** Of the nodes that should run a daemon those with all they have: what a rollout goes by. */
  #running(
    byNode: ReadonlyMap<string, readonly Pod[]>,
    wanted: ReadonlyMap<string, { readonly run: boolean }>,
  ): ReadonlyMap<string, readonly Pod[]> {
    return new Map([...wanted].flatMap(([node, { run }]) => (run ? [[node, byNode.get(node) ?? []] as const] : [])));
  }

  /** What is missing and what is too much, whatever the revision. */
  #manage(
    set: DaemonSet,
    nodes: readonly Node[],
    wanted: ReadonlyMap<string, { readonly run: boolean; readonly stay: boolean }>,
    byNode: ReadonlyMap<string, readonly Pod[]>,
    hash: string,
    desired: number,
  ): { readonly changes: Changes; readonly wait: number | undefined } {
    const changes: Changes = { create: [], remove: [] };
    const now = seconds(this.world);
    let wait: number | undefined;
    const { surge } = limits(set, desired);
    for (const node of nodes) {
      const name = node.metadata.name ?? "";
      const { run, stay } = wanted.get(name) ?? { run: false, stay: false };
      const pods = byNode.get(name) ?? [];
      if (!stay) {
        changes.remove.push(...pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined));
        continue;
      }
      const working: Pod[] = [];
      for (const pod of pods) {
        if (pod.metadata.deletionTimestamp !== undefined) continue;
        const { phase } = pod.status ?? {};
        if (phase !== "Failed" && phase !== "Succeeded") {
          working.push(pod);
          continue;
        }
        const left = this.#waits(`${set.metadata.uid ?? ""}/${name}`, pod, now);
        if (left > 0) {
          wait = Math.min(wait ?? left, left);
          working.push(pod);
        } else {
          const message = `Found failed daemon pod ${keyOf(pod)} on node ${name}, will try to kill it`;
          this.events.event(set, "Warning", "FailedDaemonPod", message);
          changes.remove.push(pod);
        }
      }
      if (run && pods.length === 0) changes.create.push(name);
      // Of each revision one: with a surge an old and a new one stand beside each other for a while.
      const groups =
        surge > 0 ? [working.filter((pod) => isOf(hash, pod)), working.filter((pod) => !isOf(hash, pod))] : [working];
      for (const group of groups) changes.remove.push(...group.sort(byAge).slice(1));
    }
    for (const [name, pods] of byNode) {
      if (wanted.has(name)) continue;
      // Meant for a node that went before the scheduler bound it; what was bound is the garbage collector's.
      changes.remove.push(
        ...pods.filter(({ spec, metadata }) => spec.nodeName === undefined && metadata.deletionTimestamp === undefined),
      );
    }
    return { changes, wait };
  }

  /** Seconds before a failed daemon is replaced. */
  #waits(key: string, { metadata: { uid = "" } }: Pod, now: number): number {
    const before = this.#failures.get(key);
    const calm = before === undefined || now - before.at > 2 * backoff.most;
    const failure = before?.uid === uid ? before : { uid, count: calm ? 0 : before.count + 1, at: now };
    this.#failures.set(key, failure);
    const delay = failure.count === 0 ? 0 : Math.min(backoff.most, backoff.first * 2 ** (failure.count - 1));
    return Math.max(0, failure.at + delay - now);
  }

  *#change(key: string, set: DaemonSet, { create, remove }: Changes, hash: string): Activity<ApiFailure | undefined> {
    const { namespace } = splitKey(key);
    const nodes = create.slice(0, burst);
    const going = remove.slice(0, burst);
    if (nodes.length + going.length === 0) return undefined;
    const { client, events } = this;
    const expectations = this.#expectations;
    expectations.expectDeletions(
      key,
      going.map(({ metadata }) => metadata.uid ?? ""),
    );
    expectations.alsoExpectCreations(key, nodes.length);
    const { skipped, failure } = yield* slowStart(this.world.engine, nodes.length, function* (i) {
      try {
        const made = yield* client.create("pods", namespace, daemonPod(set, nodes[i] ?? "", hash));
        events.event(set, "Normal", "SuccessfulCreate", `Created pod: ${made.metadata.name ?? ""}`);
      } catch (error) {
        expectations.creationObserved(key);
        throw error;
      }
    });
    expectations.creationObserved(key, skipped);
    const failures = yield* together(this.world.engine, going.length, function* (i) {
      const { name = "", uid = "" } = going[i]?.metadata ?? {};
      try {
        yield* client.delete("pods", namespace, name, { uid });
        events.event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
      } catch (error) {
        expectations.deletionObserved(key, uid);
        if (!isNotFound(error)) throw error;
      }
    });
    if (failure !== undefined && !isTerminating(failure)) {
      this.events.event(set, "Warning", "FailedCreate", `Error creating: ${failure.message}`);
      return failure;
    }
    return failures.find((each) => each !== undefined);
  }

  *#writeStatus(
    set: DaemonSet,
    wanted: ReadonlyMap<string, { readonly run: boolean }>,
    byNode: ReadonlyMap<string, readonly Pod[]>,
    hash: string,
  ): Activity<void> {
    const now = seconds(this.world);
    const count = { desired: 0, current: 0, misplaced: 0, ready: 0, available: 0, updated: 0 };
    for (const [node, { run }] of wanted) {
      const pods = (byNode.get(node) ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      if (run) count.desired++;
      // With several the oldest counts, as the one that will stay.
      const [pod] = pods.sort(byAge).sort((a, b) => Number(isReady(b)) - Number(isReady(a)));
      if (pod === undefined) continue;
      if (!run) {
        count.misplaced++;
        continue;
      }
      count.current++;
      if (isReady(pod)) count.ready++;
      if (isAvailable(pod, set.spec.minReadySeconds ?? 0, now)) count.available++;
      if (pods.some((each) => isOf(hash, each))) count.updated++;
    }
    const positive = (key: string, value: number): Record<string, number> => (value > 0 ? { [key]: value } : {});
    const status = {
      currentNumberScheduled: count.current,
      numberMisscheduled: count.misplaced,
      desiredNumberScheduled: count.desired,
      numberReady: count.ready,
      observedGeneration: set.metadata.generation ?? 0,
      ...positive("updatedNumberScheduled", count.updated),
      ...positive("numberAvailable", count.available),
      ...positive("numberUnavailable", count.desired - count.available),
      ...(set.status?.collisionCount === undefined ? {} : { collisionCount: set.status.collisionCount }),
    };
    if (!equal(status, set.status)) yield* this.client.updateStatus("daemonsets", { ...set, status });
  }
}
