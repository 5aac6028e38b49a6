import { Signal, UsageError, type Activity, type Process, type TableView, type World } from "../../core/index.js";
import { keyOf } from "../client/address.js";
import type { Client } from "../client/client.js";
import { timeText } from "../client/clock.js";
import { EventRecorder } from "../client/event-recorder.js";
import { ApiFailure } from "../client/failure.js";
import { InformerFactory } from "../client/informer.js";
import { equal, listAt, stringAt, type JsonObject, type KubeObject } from "../objects/value.js";
import { Cluster } from "./cluster.js";
import { defaultPlugins, explain, fitError, search, type Decision } from "./decision.js";
import type { Plugin } from "./framework.js";
import { Judgements } from "./judgement.js";
import type { NodeInfo } from "./node-info.js";
import { PodInfo } from "./pod-info.js";
import { volumePlugins, type StorageView } from "./plugins/volumes.js";
import { preempt, type Candidate } from "./preemption.js";
import { SchedulingQueue, type QueuedPod } from "./queue.js";

/** Decisions that can still be explained. */
const remembered = 256;

export interface SchedulerOptions {
  readonly client: Client;
  /** Shared with other parts of the component. Default its own. */
  readonly informers?: InformerFactory;
  /** The pods that are its own: those that name it in `spec.schedulerName`. Default `default-scheduler`. */
  readonly name?: string;
  readonly plugins?: readonly Plugin[];
}

/**
 * kube-scheduler: takes the pods without a node one by one, decides, and binds each beside the next decision. A decision takes no
 * virtual time; binding takes what the API takes.
 */
export class Scheduler {
  readonly queue: SchedulingQueue;
  readonly #world: World;
  readonly #client: Client;
  readonly #name: string;
  readonly #plugins: readonly Plugin[];
  readonly #informers: InformerFactory;
  readonly #recorder: EventRecorder;
  readonly #cluster = new Cluster();
  readonly #judgements = new Judgements();
  readonly #nominated = new Map<string, PodInfo[]>();
  readonly #decisions = new Map<string, { readonly pod: KubeObject; readonly decision: Decision }>();
  readonly #loop: Process<void>;
  readonly #bindings = new Set<Process<void>>();
  #wanted: Signal<void> | undefined;
  #start = 0;
  /** What it has done: how often it looked for a node, and how many nodes it looked at, all times together. */
  readonly work = { decisions: 0, examined: 0 };

  constructor({ client, informers, name = "default-scheduler", plugins }: SchedulerOptions) {
    this.#world = client.world;
    this.#client = client;
    this.#name = name;
    this.#informers = informers ?? new InformerFactory(client);
    this.#plugins = plugins ?? defaultProfile(this.#informers);
    this.#recorder = new EventRecorder(client, name);
    this.queue = new SchedulingQueue(client.world.engine, this.#plugins, () => this.#wanted?.fire());
    this.#listen();
    this.#loop = client.world.engine.spawn(this.#run(), { name, background: true });
  }

  /** Why a pod is where it is, or nowhere: the last decision on it. @throws UsageError where there was none, or long ago */
  explain(namespace: string, name: string): TableView {
    const found = this.#decisions.get(`${namespace}/${name}`);
    if (found === undefined)
      throw new UsageError(
        `no decision on pod ${namespace}/${name} is remembered`,
        `Ask for one of the last ${remembered} pods that the scheduler looked at.`,
      );
    return explain(found.pod, found.decision);
  }

  stop(): void {
    this.#loop.cancel();
    for (const binding of this.#bindings) binding.cancel();
    this.queue.stop();
    this.#informers.stop();
  }

  #listen(): void {
    const cluster = this.#cluster;
    this.#informers.for("nodes").handle({
      added: (object) => {
        cluster.putNode(object);
        this.queue.wake({ kind: "Node", action: "add", object });
      },
      updated: (object, old) => {
        cluster.putNode(object);
        // A heartbeat alone lets no pod be scheduled.
        const same =
          equal(object.spec, old.spec) &&
          equal(object.metadata.labels, old.metadata.labels) &&
          equal(object.status?.allocatable, old.status?.allocatable);
        if (!same) this.queue.wake({ kind: "Node", action: "update", object, old });
      },
      deleted: (object) => {
        cluster.removeNode(object.metadata.name ?? "");
        this.queue.wake({ kind: "Node", action: "delete", object });
      },
    });
    this.#informers.for("namespaces").handle({
      added: (object) => {
        cluster.putNamespace(object);
      },
      updated: (object) => {
        cluster.putNamespace(object);
      },
    });
    this.#informers.for("poddisruptionbudgets");
    this.#listenToStorage();
    this.#informers.for("pods").handle({
      added: (pod) => {
        this.#changed(pod, undefined);
      },
      updated: (pod, old) => {
        this.#changed(pod, old);
      },
      deleted: (pod) => {
        this.#gone(pod);
      },
    });
  }

  /** What the plugins that look at volumes may wait for. */
  #listenToStorage(): void {
    for (const [plural, kind] of storageKinds)
      this.#informers.for(plural).handle({
        added: (object) => {
          this.queue.wake({ kind, action: "add", object });
        },
        updated: (object, old) => {
          this.queue.wake({ kind, action: "update", object, old });
        },
        deleted: (object) => {
          this.queue.wake({ kind, action: "delete", object });
        },
      });
  }

  #changed(pod: KubeObject, old: KubeObject | undefined): void {
    const phase = stringAt(pod, "status", "phase");
    if (phase === "Succeeded" || phase === "Failed") {
      this.#gone(pod);
      return;
    }
    if (old !== undefined && onlyStatus(pod, old) && this.#cluster.refresh(keyOf(pod), pod)) return;
    const node = stringAt(pod, "spec", "nodeName") ?? "";
    if (node !== "") {
      const key = keyOf(pod);
      const action = stringAt(old, "spec", "nodeName") === node ? "update" : "add";
      if (!this.#cluster.confirm(key, pod, node)) this.#cluster.putPod(new PodInfo(pod), node);
      this.queue.remove(key);
      this.#denominate(key);
      this.queue.wake({ kind: "AssignedPod", action, object: pod, ...(old === undefined ? {} : { old }) });
      return;
    }
    const info = new PodInfo(pod);
    if (stringAt(pod, "spec", "schedulerName") !== this.#name || this.#cluster.has(info.key)) return;
    if (info.terminating) this.queue.remove(info.key);
    else if (old !== undefined && equal(pod["spec"], old["spec"]) && equal(pod.metadata.labels, old.metadata.labels))
      this.queue.refresh(info);
    else this.queue.put(info);
  }

  #gone(pod: KubeObject): void {
    const { namespace = "", name = "" } = pod.metadata;
    const key = `${namespace}/${name}`;
    this.queue.remove(key);
    this.#denominate(key);
    if (!this.#cluster.has(key)) return;
    this.#cluster.removePod(key);
    this.queue.wake({ kind: "AssignedPod", action: "delete", object: pod });
  }

  *#run(): Activity<void> {
    yield* this.#informers.synced();
    for (;;) {
      const pod = this.queue.pop();
      if (pod !== undefined) this.#schedule(pod);
      else yield* (this.#wanted = new Signal("a pod to schedule"));
    }
  }

  readonly #choose = (count: number): number => this.#world.rng.stream("scheduler").uint32() % count;

  #schedule(queued: QueuedPod): void {
    const pod = queued.info;
    const decision = search(pod, this.#cluster, {
      plugins: this.#plugins,
      start: this.#start,
      choose: this.#choose,
      nominated: this.#nominated,
      judgements: this.#judgements,
    });
    this.#start = decision.nodes === 0 ? 0 : (this.#start + decision.examined) % decision.nodes;
    this.work.decisions++;
    this.work.examined += decision.examined;
    this.#remember(pod, decision);
    const node = decision.node === undefined ? undefined : this.#cluster.node(decision.node);
    if (node === undefined) {
      this.#unschedulable(queued, decision);
      return;
    }
    this.#denominate(pod.key);
    this.#cluster.assume(pod, node);
    const binding = this.#world.engine.spawn(this.#bind(queued, node), { name: `bind ${pod.key}` });
    this.#bindings.add(binding);
    binding.onSettled(() => this.#bindings.delete(binding));
  }

  #remember(pod: PodInfo, decision: Decision): void {
    this.#decisions.delete(pod.key);
    this.#decisions.set(pod.key, { pod: pod.pod, decision });
    if (this.#decisions.size <= remembered) return;
    const [oldest] = this.#decisions.keys();
    if (oldest !== undefined) this.#decisions.delete(oldest);
  }

  *#bind(queued: QueuedPod, node: NodeInfo): Activity<void> {
    const pod = queued.info;
    try {
      for (const plugin of this.#plugins) {
        const wrong = plugin.reserve?.(pod, node);
        if (wrong !== undefined) throw new ApiFailure(0, undefined, wrong);
      }
      for (const plugin of this.#plugins) {
        const answer = plugin.permit?.(pod, node);
        if (typeof answer === "string") throw new ApiFailure(0, undefined, answer);
        if (answer !== undefined) yield* this.#world.engine.delay(answer);
      }
      for (const plugin of this.#plugins)
        if (plugin.preBind !== undefined) yield* plugin.preBind(pod, node, this.#client);
      for (const plugin of this.#plugins)
        if (plugin.bind !== undefined && (yield* plugin.bind(pod, node, this.#client))) break;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      for (const plugin of this.#plugins.toReversed()) plugin.unreserve?.(pod, node);
      this.#cluster.forget(pod.key);
      this.queue.wake({ kind: "AssignedPod", action: "delete", object: pod.pod });
      // A pod that is gone needs no node any more.
      const now = this.#informers.store("pods").byKey(pod.key);
      if (now === undefined || stringAt(now, "spec", "nodeName") !== undefined) return;
      this.#recorder.event(pod.pod, "Warning", "FailedScheduling", `binding rejected: ${error.message}`);
      queued.info = new PodInfo(now);
      this.queue.retry(queued);
      return;
    }
    const { namespace = "", name = "" } = pod.pod.metadata;
    this.#recorder.event(pod.pod, "Normal", "Scheduled", `Successfully assigned ${namespace}/${name} to ${node.name}`);
    for (const plugin of this.#plugins) plugin.postBind?.(pod, node);
  }

  #unschedulable(queued: QueuedPod, decision: Decision): void {
    const pod = queued.info;
    const found =
      decision.nodes === 0
        ? ""
        : preempt({
            pod,
            cluster: this.#cluster,
            decision,
            plugins: this.#plugins,
            budgets: [...this.#informers.store("poddisruptionbudgets").values()],
            choose: this.#choose,
          });
    const candidate = typeof found === "string" ? undefined : found;
    const message = fitError(decision, typeof found === "string" ? found : "");
    if (candidate !== undefined) this.#nominate(pod, candidate);
    this.#recorder.event(pod.pod, "Warning", "FailedScheduling", message);
    this.#world.engine.spawn(this.#tell(pod, message, candidate), { name: `tell ${pod.key}` });
    this.queue.wait(queued, new Set(decision.refused.map(({ plugin }) => plugin)));
  }

  #nominate(pod: PodInfo, { node }: Candidate): void {
    this.#denominate(pod.key);
    // Whoever was promised this room and is worth less looks for another.
    const others = (this.#nominated.get(node.name) ?? []).filter(({ priority }) => priority >= pod.priority);
    this.#nominated.set(node.name, [...others, pod]);
  }

  #denominate(key: string): void {
    for (const [node, pods] of this.#nominated) {
      const left = pods.filter((pod) => pod.key !== key);
      if (left.length === pods.length) continue;
      if (left.length === 0) this.#nominated.delete(node);
      else this.#nominated.set(node, left);
    }
  }

  /** Deletes the victims, and writes into the pod's status what became of it. */
  *#tell(pod: PodInfo, message: string, candidate: Candidate | undefined): Activity<void> {
    for (const victim of candidate?.victims ?? [])
      if (candidate !== undefined) yield* this.#evict(pod, victim, candidate);
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
    const nominated = candidate === undefined ? {} : { nominatedNodeName: candidate.node.name };
    yield* this.#condition(pod, condition, nominated);
  }

  *#evict(pod: PodInfo, victim: PodInfo, { node }: Candidate): Activity<void> {
    const { namespace = "", name = "" } = victim.pod.metadata;
    const text = `${this.#name}: preempting to accommodate a higher priority pod`;
    const condition = { type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler", message: text };
    yield* this.#condition(victim, condition, {});
    try {
      yield* this.#client.delete("pods", namespace, name);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      return;
    }
    const by = `Preempted by pod ${pod.pod.metadata.uid ?? ""} on node ${node.name}`;
    this.#recorder.event(victim.pod, "Normal", "Preempted", by);
  }

  /** Sets a condition where it is another; a pod that is gone has none. */
  *#condition({ pod }: PodInfo, condition: JsonObject, more: JsonObject): Activity<void> {
    const { namespace = "", name = "" } = pod.metadata;
    const conditions = listAt(pod, "status", "conditions");
    const known = conditions.find((each) => stringAt(each, "type") === condition["type"]);
    const same = ["status", "reason", "message"].every((key) => stringAt(known, key) === condition[key]);
    if (same && Object.keys(more).length === 0) return;
    const next = { ...condition, lastTransitionTime: timeText(this.#world) };
    const status = { ...more, conditions: [...conditions.filter((each) => each !== known), next] };
    try {
      yield* this.#client.patch("pods", namespace, name, { status }, "status");
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
    }
  }
}

const storageKinds = [
  ["persistentvolumeclaims", "PersistentVolumeClaim"],
  ["persistentvolumes", "PersistentVolume"],
  ["storageclasses", "StorageClass"],
  ["csinodes", "CSINode"],
] as const;

/** What informers know of storage, as plugins ask for it. */
function storageOf(informers: InformerFactory): StorageView {
  const volumes = informers.store("persistentvolumes");
  return {
    claim: (namespace, name) => informers.store("persistentvolumeclaims").get(namespace, name),
    volume: (name) => volumes.byKey(name),
    volumes: () => volumes.values(),
    storageClass: (name) => informers.store("storageclasses").byKey(name),
    nodeDrivers: (node) => informers.store("csinodes").byKey(node),
  };
}

/** The default profile with those that look at volumes, in its order: behind NodeResourcesFit. */
export function defaultProfile(informers: InformerFactory): readonly Plugin[] {
  const place = defaultPlugins.findIndex(({ name }) => name === "NodeResourcesFit") + 1;
  return [...defaultPlugins.slice(0, place), ...volumePlugins(storageOf(informers)), ...defaultPlugins.slice(place)];
}

/** Whether nothing has changed that a decision looks at. A write of the status alone leaves the spec the very object that it was. */
const onlyStatus = (pod: KubeObject, old: KubeObject): boolean =>
  pod["spec"] === old["spec"] &&
  pod.metadata.deletionTimestamp === old.metadata.deletionTimestamp &&
  equal(pod.metadata.labels, old.metadata.labels);
