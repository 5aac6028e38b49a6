import { GiB, MiB, minutes, s, type Activity, type Bytes, type Cancel, type Nanos } from "../../core/index.js";
import type { Client, ObjectOf } from "../client/client.js";
import { microTimeText, seconds, timeText } from "../client/clock.js";
import type { EventRecorder } from "../client/event-recorder.js";
import { ApiFailure, isAlreadyExists, isConflict, isNotFound } from "../client/failure.js";
import type { Condition, Node } from "../client/pod-types.js";
import type { JsonObject, KubeObject } from "../objects/value.js";
import type { ContainerRuntime } from "./runtime.js";

/** What a node is, as its kubelet is told. */
export interface NodeDescription {
  readonly name: string;
  readonly cpus: number;
  readonly memory: Bytes;
  readonly disk: Bytes;
  /** `--max-pods`. */
  readonly pods: number;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  /** Where its pods get their addresses from; given by the node IPAM controller where nothing is said. */
  readonly podCIDR: string | undefined;
  /**
   * With `external`, a cloud's controller says what the node is: until then it has a taint that keeps pods away, and no addresses
   * (`--cloud-provider`).
   */
  readonly cloudProvider: "external" | undefined;
}

/** What keeps pods from a node that no cloud's controller has looked at yet (k8s.io/cloud-provider, `api`). */
export const uninitializedKey = "node.cloudprovider.kubernetes.io/uninitialized";

export const defaultNode: Omit<NodeDescription, "name" | "address"> = {
  cpus: 4,
  memory: GiB(8),
  disk: GiB(100),
  pods: 110,
  labels: {},
  taints: [],
  podCIDR: undefined,
  cloudProvider: undefined,
};

/** kubernetes, `pkg/kubelet/apis/config/v1beta1/defaults.go`: `nodeStatusUpdateFrequency`, `nodeStatusReportFrequency`, `nodeLeaseDurationSeconds`. */
const updatePeriod = s(10);
const reportPeriod = minutes(5);
const leaseSeconds = 40;
/** A lease is renewed so often in its time (`nodeLeaseRenewIntervalFraction`), and a little later at random. */
const renewals = 4;
const leaseJitter = 0.04;
const retryPeriod = s(7);
/** What memory and disk are kept free for the node: `evictionHard` (same file). */
export const reserved: { readonly memory: Bytes; readonly diskFraction: number } = {
  memory: MiB(100),
  diskFraction: 0.1,
};
/** `nodeStatusMaxImages`. */
const mostImages = 50;

const version = "v1.32.0";

/** What holds of the node now: the pressures that the eviction manager finds. */
export interface Pressures {
  readonly memory: boolean;
  readonly disk: boolean;
}

/** Registers the node, keeps its status and its lease (kubernetes, `kubelet_node_status.go`, component-helpers `lease`). */
export class NodeStatus {
  readonly #client: Client;
  readonly #background: Client;
  readonly #node: NodeDescription;
  readonly #runtime: ContainerRuntime;
  readonly #events: EventRecorder;
  readonly #pressures: () => Pressures;
  readonly #volumesInUse: () => readonly string[] | undefined;
  readonly #begun: Nanos;
  #conditions: readonly Condition[] = [];
  #lease: ObjectOf<"leases"> | undefined;
  #planned: { readonly at: Nanos; readonly cancel: Cancel } | undefined;
  #stopped = false;
  #uid = "";
  #images = -1;
  /** Conditions that others have written. */
  #others: readonly Condition[] = [];

  constructor(
    client: Client,
    node: NodeDescription,
    runtime: ContainerRuntime,
    events: EventRecorder,
    pressures: () => Pressures,
    volumesInUse: () => readonly string[] | undefined = () => undefined,
  ) {
    this.#client = client;
    this.#background = client.background;
    this.#node = node;
    this.#runtime = runtime;
    this.#events = events;
    this.#pressures = pressures;
    this.#volumesInUse = volumesInUse;
    this.#begun = client.world.engine.now;
  }

  /** The node as an object that its own events are about: the kubelet gives its name for its uid there, and clients look for that. */
  get reference(): KubeObject {
    const { name } = this.#node;
    return { apiVersion: "v1", kind: "Node", metadata: { name, uid: name } };
  }

  /** Makes the node known, tells that it is ready, and goes on telling that it is alive. */
  *run(): Activity<void> {
    const { engine } = this.#client.world;
    this.#events.event(this.reference, "Normal", "Starting", "Starting kubelet.");
    engine.spawn(this.#keepLease(), { name: `lease of ${this.#node.name}`, background: true });
    while (!this.#stopped && !(yield* this.#register())) yield* engine.delay(s(1), { background: true });
    yield* this.#report();
  }

  /** The node as the API has it: what others say of it is told again. */
  known(node: Node): void {
    const own = new Set(["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]);
    this.#others = (node.status?.conditions ?? []).filter(({ type }) => !own.has(type));
  }

  /** Something has changed: told when the status is looked at next. @param background whether a run may end before */
  changed(background = false): void {
    const { engine } = this.#client.world;
    const wait = (updatePeriod - ((engine.now - this.#begun) % updatePeriod)) as Nanos;
    this.#plan(wait, background);
  }

  /** The kubelet stops: its lease runs out. */
  stop(): void {
    this.#stopped = true;
    this.#planned?.cancel();
  }

  /** The images on the node are others than those that were told. */
  imagesChanged(): void {
    if (this.#runtime.listImages().length !== this.#images) this.changed(true);
  }

  #plan(wait: Nanos, background: boolean): void {
    if (this.#stopped) return;
    const { engine } = this.#client.world;
    const at = (engine.now + wait) as Nanos;
    if (this.#planned !== undefined && this.#planned.at <= at) return;
    this.#planned?.cancel();
    const report = (): void => {
      this.#planned = undefined;
      engine.spawn(this.#report(background), { name: `status of ${this.#node.name}`, background });
    };
    this.#planned = { at, cancel: engine.at(at, report, { name: "node status", background }) };
  }

  *#register(): Activity<boolean> {
    const { name, labels, podCIDR, cloudProvider } = this.#node;
    const external = { key: uninitializedKey, value: "true", effect: "NoSchedule" };
    const taints = [...this.#node.taints, ...(cloudProvider === undefined ? [] : [external])];
    const own = {
      "beta.kubernetes.io/arch": "amd64",
      "beta.kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
      "kubernetes.io/hostname": name,
      "kubernetes.io/os": "linux",
    };
    const spec: JsonObject = {
      ...(podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] }),
      ...(taints.length === 0 ? {} : { taints }),
    };
    const annotations = { "volumes.kubernetes.io/controller-managed-attach-detach": "true" };
    try {
      const status = this.#status(false);
      const node = yield* this.#client.create("nodes", "", {
        metadata: { name, labels: { ...own, ...labels }, annotations },
        spec,
        status,
      });
      this.#uid = node.metadata.uid ?? "";
      return true;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      return isAlreadyExists(error);
    }
  }

  *#report(background = false): Activity<void> {
    const client = background ? this.#background : this.#client;
    const before = this.#conditions;
    const status = this.#status(true);
    try {
      yield* client.patch("nodes", "", this.#node.name, { status }, "status");
      this.#announce(before);
      this.#plan(reportPeriod, true);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.#conditions = before;
      this.#plan(updatePeriod, true);
    }
  }

  /** Tells as events what has become of the conditions. */
  #announce(before: readonly Condition[]): void {
    const words: Readonly<Record<string, readonly [yes: string, no: string]>> = {
      MemoryPressure: ["NodeHasInsufficientMemory", "NodeHasSufficientMemory"],
      DiskPressure: ["NodeHasDiskPressure", "NodeHasNoDiskPressure"],
      PIDPressure: ["NodeHasInsufficientPID", "NodeHasSufficientPID"],
      Ready: ["NodeReady", "NodeNotReady"],
    };
    for (const { type, status } of this.#conditions) {
      const [yes = "", no = ""] = words[type] ?? [];
      if (before.find((each) => each.type === type)?.status === status) continue;
      const reason = status === "True" ? yes : no;
      this.#events.event(this.reference, "Normal", reason, `Node ${this.#node.name} status is now: ${reason}`);
    }
  }

  /** Where a cloud's controller gives them, a node says its name alone, and that once. */
  #addresses(up: boolean): JsonObject {
    const { name, address, cloudProvider } = this.#node;
    const hostname = { type: "Hostname", address: name };
    if (cloudProvider === undefined) return { addresses: [{ type: "InternalIP", address }, hostname] };
    return up ? {} : { addresses: [hostname] };
  }

  #status(up: boolean): JsonObject {
    const { name, cpus, memory, disk, pods } = this.#node;
    const { memory: memoryPressure, disk: diskPressure } = this.#pressures();
    const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;
    const told = (type: string, holds: boolean, reason: string, message: string): Condition => {
      const status = holds ? "True" : "False";
      const time = timeText(this.#client.world);
      const before = this.#conditions.find((each) => each.type === type);
      const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? time) : time;
      return { type, status, reason, message, lastHeartbeatTime: time, lastTransitionTime };
    };
    const conditions = [
      memoryPressure
        ? told("MemoryPressure", true, "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
        : told("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      diskPressure
        ? told("DiskPressure", true, "KubeletHasDiskPressure", "kubelet has disk pressure")
        : told("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      told("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      up
        ? told("Ready", true, "KubeletReady", "kubelet is posting ready status")
        : told("Ready", false, "KubeletNotReady", "container runtime status check may not have completed yet"),
    ];
    if (up) this.#conditions = conditions;
    const images = this.#runtime.listImages();
    this.#images = images.length;
    const volumes = this.#volumesInUse();
    const largest = [...images].sort((a, b) => b.size - a.size).slice(0, mostImages);
    return {
      capacity: {
        cpu: String(cpus),
        memory: kibibytes(memory),
        "ephemeral-storage": kibibytes(disk),
        pods: String(pods),
      },
      allocatable: {
        cpu: String(cpus),
        memory: kibibytes(memory - reserved.memory),
        "ephemeral-storage": String(Math.floor(disk * (1 - reserved.diskFraction))),
        pods: String(pods),
      },
      conditions: [...conditions, ...this.#others],
      ...this.#addresses(up),
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: name,
        systemUUID: name,
        bootID: `${name}-${this.#begun}`,
        kernelVersion: "6.1.0",
        osImage: "virtlab",
        containerRuntimeVersion: `${this.#runtime.name}://${this.#runtime.version}`,
        kubeletVersion: version,
        kubeProxyVersion: version,
        operatingSystem: "linux",
        architecture: "amd64",
      },
      ...(volumes === undefined ? {} : { volumesInUse: volumes }),
      images: largest.map(({ names, size }) => ({ names, sizeBytes: size })),
    };
  }

  *#keepLease(): Activity<void> {
    const { engine, rng } = this.#client.world;
    const chance = rng.stream("node leases");
    const period = (leaseSeconds * 1e9) / renewals;
    while (!this.#stopped) {
      const kept = yield* this.#renew();
      const wait = kept ? Math.round(period * (1 + leaseJitter * chance.uniform())) : retryPeriod;
      yield* engine.delay(wait as Nanos, { background: true });
    }
  }

  *#renew(): Activity<boolean> {
    const client = this.#background;
    const { name } = this.#node;
    const namespace = "kube-node-lease";
    const { world } = client;
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: leaseSeconds,
      renewTime: microTimeText(seconds(world)),
    };
    try {
      if (this.#lease === undefined) {
        const owner = { apiVersion: "v1", kind: "Node", name, uid: this.#uid };
        const owners = this.#uid === "" ? {} : { ownerReferences: [owner] };
        this.#lease = yield* client.create("leases", namespace, { metadata: { name, namespace, ...owners }, spec });
      } else this.#lease = yield* client.update("leases", { ...this.#lease, spec });
      return true;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (isNotFound(error)) this.#lease = undefined;
      if (!isAlreadyExists(error) && !isConflict(error)) return false;
    }
    try {
      this.#lease = yield* client.get("leases", namespace, name);
      this.#lease = yield* client.update("leases", { ...this.#lease, spec });
      return true;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      return false;
    }
  }
}
