import { ms, type Activity, type Nanos, type Process } from "../../../core/index.js";
import { timeText } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { ApiFailure, isNotFound } from "../../client/failure.js";
import { equal, stringAt } from "../../objects/value.js";
import { Controller, type ControllerContext } from "../controller.js";
import { isReady } from "../pods.js";
import { withPodCondition } from "./pod-conditions.js";
import { conditionOf, notReadyKey, taintsOf, unreachableKey, type Node, type Taint } from "./taints.js";
import { evictionRate, zoneOf, ZoneQueue, zoneState, type ZoneState } from "./zones.js";

/** How often nodes that wait for a taint are looked at (`NodeEvictionPeriod`). */
const taintingPeriod = ms(100);
const excluded = "node.kubernetes.io/exclude-disruption";
const byNode = "node";

/** Conditions that keep new pods away, by the status that does. */
const keepingAway: readonly (readonly [type: string, status: string, key: string])[] = [
  ["Ready", "False", notReadyKey],
  ["Ready", "Unknown", unreachableKey],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"],
];
const unschedulableKey = "node.kubernetes.io/unschedulable";
const ownKeys = new Set([...keepingAway.map(([, , key]) => key), unschedulableKey]);
const told = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** What has been heard of a node, by this controller's own clock: nodes' clocks may be wrong. */
interface Health {
  heard: Nanos;
  heartbeat: string | undefined;
  renewed: string | undefined;
}

/**
 * Notices nodes that have fallen silent and marks them (kubernetes, `pkg/controller/nodelifecycle`): `Ready` becomes `Unknown`, their
 * pods unready, so that no service sends anything there; a taint keeps new pods away at once, another, which drives pods out, comes at
 * the pace of the node's zone. Where most of a zone is silent the pace is slow or naught: it is rather the network, and what is
 * evicted in vain is load for the rest.
 */
export class NodeLifecycleController extends Controller {
  readonly #health = new Map<string, Health>();
  readonly #zones = new Map<string, { readonly queue: ZoneQueue; state: ZoneState }>();
  /** Nodes whose pods were left as they are: while this controller has known them, they were ready. */
  readonly #unmarked = new Set<string>();
  readonly #processes: readonly Process<void>[];
  #allSilent = false;

  constructor(context: ControllerContext) {
    super("node-lifecycle-controller", context, 8);
    this.informers.store("pods").index(byNode, ({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName]));
    this.watchOwn("nodes");
    this.watch("leases", {});
    this.watch("pods", {});
    const { engine } = this.world;
    const background = { name: this.name, background: true };
    this.#processes = [engine.spawn(this.#monitor(), background), engine.spawn(this.#taint(), background)];
  }

  override stop(): void {
    for (const process of this.#processes) process.cancel();
    super.stop();
  }

  /** Which state each zone was last seen in. */
  get zones(): ReadonlyMap<string, ZoneState> {
    return new Map([...this.#zones].map(([zone, { state }]) => [zone, state]));
  }

  /** The taints that keep new pods away follow the node's conditions at once; what drives pods out has its own pace. */
  protected override *reconcile(name: string): Activity<Again | undefined> {
    const node = this.informers.store("nodes").byKey(name);
    if (node === undefined) return undefined;
    const wanted = keepingAway.flatMap(([type, status, key]): Taint[] =>
      conditionOf(node, type)?.status === status ? [{ key, effect: "NoSchedule" }] : [],
    );
    if (node.spec?.unschedulable === true) wanted.push({ key: unschedulableKey, effect: "NoSchedule" });
    const isOwn = ({ key, effect }: Taint): boolean => effect === "NoSchedule" && ownKeys.has(key);
    const keys = (taints: readonly Taint[]): string[] => taints.map(({ key }) => key).toSorted();
    if (equal(keys(wanted), keys(taintsOf(node).filter(isOwn)))) return undefined;
    yield* this.#setTaints(node, [...taintsOf(node).filter((taint) => !isOwn(taint)), ...wanted]);
    return undefined;
  }

  *#setTaints(node: Node, taints: readonly Taint[]): Activity<void> {
    const { name = "", resourceVersion } = node.metadata;
    const body = { metadata: { resourceVersion }, spec: { taints: taints.length === 0 ? null : [...taints] } };
    yield* this.client.background.patch("nodes", "", name, body);
  }

  *#monitor(): Activity<void> {
    yield* this.synced();
    for (;;) {
      const conditions = new Map<string, { ready: number; not: number }>();
      const seen: { readonly node: Node; readonly status: string }[] = [];
      for (const node of [...this.informers.store("nodes").values()]) {
        const count = conditions.get(zoneOf(node)) ?? { ready: 0, not: 0 };
        conditions.set(zoneOf(node), count);
        const status = yield* this.#tried(this.#check(node));
        if (status !== undefined) seen.push({ node, status });
        if (node.metadata.labels?.[excluded] === undefined) count[status === "True" ? "ready" : "not"]++;
      }
      for (const name of this.#health.keys()) {
        if (this.informers.store("nodes").byKey(name) === undefined) this.#forget(name);
      }
      // Before any node is driven: whether it is one of a few or of many counts.
      yield* this.#judgeZones(conditions);
      for (const { node, status } of seen) yield* this.#tried(this.#follow(node, status));
      yield* this.world.engine.delay(this.flags.nodeMonitorPeriod, { background: true });
    }
  }

  /** What changed meanwhile, or an API that is away: the next round sees it anew. */
  *#tried<T>(activity: Activity<T>): Activity<T | undefined> {
    try {
      return yield* activity;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      return undefined;
    }
  }

  #forget(name: string): void {
    this.#health.delete(name);
    this.#unmarked.delete(name);
    for (const { queue } of this.#zones.values()) queue.waiting.delete(name);
  }

  /** Looks whether a node has been heard of, and marks it where not. @returns its state; undefined for a new one that may still say it */
  *#check(node: Node): Activity<string | undefined> {
    const { name = "" } = node.metadata;
    const { now } = this.world.engine;
    const ready = conditionOf(node, "Ready");
    const heartbeat = stringAt(ready, "lastHeartbeatTime");
    const renewed = this.informers.store("leases").get("kube-node-lease", name)?.spec?.renewTime;
    const health = this.#health.get(name) ?? { heard: now, heartbeat, renewed };
    this.#health.set(name, health);
    if (health.heartbeat !== heartbeat || health.renewed !== renewed) {
      Object.assign(health, { heard: now, heartbeat, renewed });
    }
    const { nodeStartupGracePeriod, nodeMonitorGracePeriod } = this.flags;
    const patience = ready === undefined ? nodeStartupGracePeriod : nodeMonitorGracePeriod;
    if (now - health.heard <= patience || ready?.status === "Unknown") return ready?.status;
    yield* this.#markUnknown(node);
    return "Unknown";
  }

  /** Does what follows from a node's state: taints, events, what its pods are said to be. */
  *#follow(node: Node, status: string): Activity<void> {
    const { name = "" } = node.metadata;
    yield* this.#want(node, status);
    if (status === "True") this.#unmarked.add(name);
    else if (this.#unmarked.has(name)) {
      this.events.event(node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
      yield* this.#markPods(node);
      this.#unmarked.delete(name);
    }
  }

  *#markUnknown(node: Node): Activity<void> {
    const old = node.status?.conditions ?? [];
    const time = timeText(this.world);
    const conditions = [...old];
    for (const type of told) {
      const at = conditions.findIndex((condition) => condition.type === type);
      const before = conditions[at];
      if (before === undefined) {
        conditions.push({
          type,
          status: "Unknown",
          reason: "NodeStatusNeverUpdated",
          message: "Kubelet never posted node status.",
          lastHeartbeatTime: node.metadata.creationTimestamp,
          lastTransitionTime: time,
        });
      } else if (before.status !== "Unknown") {
        conditions[at] = {
          ...before,
          status: "Unknown",
          reason: "NodeStatusUnknown",
          message: "Kubelet stopped posting node status.",
          lastTransitionTime: time,
        };
      }
    }
    const written = yield* this.client.background.updateStatus("nodes", {
      ...node,
      status: { ...node.status, conditions },
    });
    const health = this.#health.get(node.metadata.name ?? "");
    // What it has just written itself is no sign of life.
    if (health !== undefined) health.heartbeat = stringAt(conditionOf(written, "Ready"), "lastHeartbeatTime");
  }

  /** Has a node's taint follow its state: away at once, there when the zone's turn comes. */
  *#want(cached: Node, status: string): Activity<void> {
    const { name = "" } = cached.metadata;
    const zone = this.#zone(zoneOf(cached));
    const driving = taintsOf(cached).filter(isDriving);
    if (status === "True" || this.#allSilent) {
      zone.queue.waiting.delete(name);
      if (driving.length > 0) yield* this.#drive(cached, undefined);
      return;
    }
    const key = status === "False" ? notReadyKey : unreachableKey;
    if (driving.some((taint) => taint.key === key)) return;
    if (driving.length > 0) yield* this.#drive(cached, key);
    else zone.queue.waiting.add(name);
  }

  /** Gives a node the one taint that drives pods out, or takes it away. */
  *#drive(cached: Node, key: string | undefined): Activity<void> {
    const node = yield* this.client.background.get("nodes", "", cached.metadata.name ?? "");
    const rest = taintsOf(node).filter((taint) => !isDriving(taint));
    const taint = { key: key ?? "", effect: "NoExecute", timeAdded: timeText(this.world) };
    yield* this.#setTaints(node, key === undefined ? rest : [...rest, taint]);
  }

  *#taint(): Activity<void> {
    for (;;) {
      for (const { queue } of [...this.#zones.values()]) {
        for (let name = queue.take(); name !== undefined; name = queue.take()) {
          const node = this.informers.store("nodes").byKey(name);
          const status = node && (conditionOf(node, "Ready")?.status ?? "Unknown");
          if (node === undefined || status === "True") continue;
          // Where it fails, the next round puts it into the queue again.
          yield* this.#tried(this.#drive(node, status === "False" ? notReadyKey : unreachableKey));
        }
      }
      yield* this.world.engine.delay(taintingPeriod, { background: true });
    }
  }

  #zone(name: string): { readonly queue: ZoneQueue; state: ZoneState } {
    const found = this.#zones.get(name);
    if (found !== undefined) return found;
    const queue = new ZoneQueue(this.world.engine, this.flags.nodeEvictionRate);
    const made = { queue, state: "Normal" as ZoneState };
    this.#zones.set(name, made);
    return made;
  }

  /** Sets the zones' pace. Where not one node anywhere is heard of, it is this side that is cut off: nothing is driven out then. */
  *#judgeZones(conditions: ReadonlyMap<string, { readonly ready: number; readonly not: number }>): Activity<void> {
    const { unhealthyZoneThreshold } = this.flags;
    for (const [name, { ready, not }] of conditions) {
      this.#zone(name).state = zoneState(ready, not, unhealthyZoneThreshold);
    }
    for (const name of this.#zones.keys()) if (!conditions.has(name)) this.#zones.delete(name);
    const states = [...this.#zones.values()].map(({ state }) => state);
    const before = this.#allSilent;
    this.#allSilent = states.length > 0 && states.every((state) => state === "FullDisruption");
    if (this.#allSilent && !before) {
      for (const node of [...this.informers.store("nodes").values()]) yield* this.#tried(this.#want(node, "True"));
    }
    // It may be back only just: each gets its full time anew.
    if (before && !this.#allSilent) for (const health of this.#health.values()) health.heard = this.world.engine.now;
    for (const [name, { ready, not }] of conditions) {
      const { queue, state } = this.#zone(name);
      queue.rate = this.#allSilent ? 0 : evictionRate(state, ready + not, this.flags);
    }
  }

  /** Marks a silent node's pods as not ready: only then services leave them out. */
  *#markPods(node: Node): Activity<void> {
    const client = this.client.background;
    for (const pod of this.informers.store("pods").by(byNode, node.metadata.name ?? "")) {
      if (!isReady(pod)) continue;
      const { namespace = "", name = "", uid = "" } = pod.metadata;
      const next = { type: "Ready", status: "False" };
      const before = pod.status?.conditions?.find(({ type }) => type === "Ready");
      const conditions = withPodCondition(client, pod, { ...before, ...next });
      try {
        yield* client.patch("pods", namespace, name, { metadata: { uid }, status: { conditions } }, "status");
        this.events.event(pod, "Warning", "NodeNotReady", "Node is not ready");
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }
}

const isDriving = ({ key, effect }: Taint): boolean =>
  effect === "NoExecute" && (key === notReadyKey || key === unreachableKey);
