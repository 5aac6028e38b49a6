import { type Process, type World } from "../../core/index.js";
import { json, plain, type ApiResponse, type ApiStream } from "../apiserver/request.js";
import type { NodeCall } from "../apiserver/node-proxy.js";
import { ApiError } from "../apiserver/status.js";
import { Client, type ApiEndpoint } from "../client/client.js";
import { EventRecorder } from "../client/event-recorder.js";
import { Informer } from "../client/informer.js";
import type { Node, Pod } from "../client/pod-types.js";
import { EvictionManager } from "./eviction.js";
import { ImageManager } from "./images.js";
import { logOf } from "./logs.js";
import { NodeAdmission } from "./node-admission.js";
import type { NodeContext } from "./node-context.js";
import { defaultNode, NodeStatus, type NodeDescription } from "./node-status.js";
import { Pleg } from "./pleg.js";
import { PodWorker, type Verdict } from "./pod-worker.js";
import { Prober } from "./prober.js";
import type { ContainerRuntime, ContainerUsage } from "./runtime.js";
import { StatusManager } from "./status-manager.js";
import type { NodeDriver } from "../volumes/driver.js";
import { registerDrivers } from "./volumes/registration.js";
import { VolumeManager } from "./volumes/volume-manager.js";
import { followed, openSession } from "./streaming.js";

export interface KubeletOptions extends Partial<NodeDescription> {
  readonly name: string;
  readonly address: string;
  readonly world: World;
  readonly endpoint: ApiEndpoint;
  readonly runtime: ContainerRuntime;
  /** Requests a second that it allows itself (`kubeAPIQPS`), and how many at once: 50 and 100. */
  readonly qps?: number;
  readonly burst?: number;
  /** Addresses of the cluster's name servers (`clusterDNS`). Default that of the service kube-dns, as kubeadm makes it. */
  readonly clusterDNS?: readonly string[];
  /** CSI drivers that are registered here. Default none. */
  readonly drivers?: readonly NodeDriver[];
}

/** What a container has used, and whose it is. */
export interface ContainerSample extends ContainerUsage {
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
}

const clusterDomain = "cluster.local";
const usualDNS: readonly string[] = ["10.96.0.10"];

/**
 * The kubelet of Kubernetes 1.32: makes its node known, runs the pods that are bound to it on a container runtime, and tells what
 * becomes of them.
 */
export class Kubelet {
  readonly node: NodeDescription;
  readonly runtime: ContainerRuntime;
  readonly #context: NodeContext;
  readonly #pods: Informer<"pods">;
  readonly #nodes: Informer<"nodes">;
  readonly #pleg: Pleg;
  readonly #eviction: EvictionManager;
  readonly #status: NodeStatus;
  readonly #workers = new Map<string, PodWorker>();
  readonly #runner: Process<void>;
  #admission: NodeAdmission | undefined;
  /** Pods that came before the node was known. */
  #early: Pod[] = [];

  constructor(options: KubeletOptions) {
    const { world, endpoint, runtime, name, address, qps = 50, burst = 100 } = options;
    const { clusterDNS = usualDNS, drivers = [] } = options;
    this.node = { ...defaultNode, ...described(options), name, address };
    this.runtime = runtime;
    const user = { name: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] };
    const client = new Client({ world, endpoint, user, qps, burst });
    // Events have a share of their own (`eventRecordQPS`).
    const events = new EventRecorder(new Client({ world, endpoint, user, qps, burst }), "kubelet", name);
    const statuses = new StatusManager(client);
    const prober = new Prober(world, runtime, events, (uid) => {
      this.#workers.get(uid)?.probed();
    });
    const images = new ImageManager(world, runtime, events);
    const stale = (uid: string): boolean => this.#pleg.awaits(uid);
    const around = { world, client, node: name, hostIP: address, capacity: this.node.memory };
    const cluster = { dns: clusterDNS, domain: clusterDomain };
    const volumes = new VolumeManager(client, runtime.system, drivers, () => {
      this.#status.changed();
    });
    this.#context = { ...around, cluster, runtime, events, images, statuses, prober, volumes, stale };
    this.#pleg = new Pleg(world, runtime, (uid) => {
      this.#relisted(uid);
    });
    this.#eviction = new EvictionManager({
      world,
      runtime,
      events,
      node: () => this.#status.reference,
      workers: () => this.#workers.values(),
      changed: () => {
        this.#status.changed();
      },
    });
    this.#status = new NodeStatus(
      client,
      this.node,
      runtime,
      events,
      () => this.#eviction.pressures,
      () => volumes.inUse,
    );
    if (drivers.length > 0)
      world.engine.spawn(registerDrivers(client, this.node, drivers), { name: `CSINode of ${name}` });
    this.#runner = world.engine.spawn(this.#status.run(), { name: `kubelet ${name}` });
    // Lists and watches are not counted against the requests.
    const free = new Client({ world, endpoint, user });
    this.#nodes = new Informer(free, "nodes", { selection: { fieldSelector: `metadata.name=${name}` } });
    this.#pods = new Informer(free, "pods", { selection: { fieldSelector: `spec.nodeName=${name}` } });
    const known = (node: Node): void => {
      this.#known(node);
    };
    this.#nodes.handle({ added: known, updated: known });
    this.#pods.handle({
      added: (pod) => {
        this.#added(pod);
      },
      updated: (pod) => {
        this.#workers.get(pod.metadata.uid ?? "")?.update(pod);
      },
      deleted: (pod) => {
        this.#early = this.#early.filter(({ metadata: { uid } }) => uid !== pod.metadata.uid);
        this.#workers.get(pod.metadata.uid ?? "")?.removed();
      },
    });
  }

  /** Ends the process. Its containers go on; its lease runs out. */
  stop(): void {
    this.#runner.cancel();
    this.#pods.stop();
    this.#nodes.stop();
    this.#pleg.stop();
    this.#eviction.stop();
    this.#status.stop();
    this.#context.prober.stop();
    this.#context.statuses.stop();
    for (const worker of this.#workers.values()) worker.stop();
    this.#workers.clear();
  }

  /** Answers what the API server passes on: a container's log, exec, attach, port-forward. */
  answer(call: NodeCall): ApiResponse | ApiStream {
    const { runtime } = this;
    const { world } = this.#context;
    try {
      if (call.pod === undefined || call.subresource === "proxy") {
        const what = `${call.subresource} is not served by this kubelet`;
        throw new ApiError(501, "NotImplemented", what);
      }
      const pod = call.pod as Pod;
      const state = runtime.podState(pod.metadata.uid ?? "");
      if (call.subresource !== "log") return openSession(call, runtime, pod, state);
      const { id, text } = logOf(runtime, pod, state, call.query, world);
      if (call.query["follow"] !== "true" || runtime.streaming?.grown(id) === undefined) return plain(200, text());
      return followed(runtime, id, text);
    } catch (error) {
      if (error instanceof ApiError) return json(error.code, error.status);
      throw error;
    }
  }

  /** What the running containers of its pods have used, which it tells who asks for /metrics/resource. */
  usage(): readonly ContainerSample[] {
    const { name: node } = this.node;
    return [...this.runtime.stats().pods()].flatMap(([uid, containers]) => {
      const metadata = this.#workers.get(uid)?.pod.metadata;
      if (metadata === undefined) return [];
      const { namespace = "", name: pod = "" } = metadata;
      return [...containers].map(([container, used]) => ({ ...used, node, namespace, pod, uid, container }));
    });
  }

  #known(node: Node): void {
    this.#context.volumes.update(node);
    this.#status.known(node);
    if (this.#admission !== undefined) {
      this.#admission.update(node);
      return;
    }
    this.#admission = new NodeAdmission(node);
    const early = this.#early;
    this.#early = [];
    for (const pod of early) this.#added(pod);
  }

  #added(pod: Pod): void {
    const admission = this.#admission;
    if (admission === undefined) {
      this.#early.push(pod);
      return;
    }
    const { uid = "" } = pod.metadata;
    const { phase } = pod.status ?? {};
    const over = phase === "Succeeded" || phase === "Failed" || pod.metadata.deletionTimestamp !== undefined;
    const verdict: Verdict | undefined = over ? undefined : (this.#pressed(pod) ?? admission.admit(pod));
    if (verdict !== undefined) this.#context.events.event(pod, "Warning", verdict.reason, verdict.message);
    const finished = (): void => {
      this.#workers.delete(uid);
      admission.release(pod);
    };
    this.#workers.set(uid, new PodWorker(this.#context, pod, verdict, finished));
  }

  /** Under pressure a node takes no more of what it would evict first (kubernetes, `eviction_manager.go`, Admit). */
  #pressed(pod: Pod): Verdict | undefined {
    const { memory, disk } = this.#eviction.pressures;
    if (!disk && !(memory && pod.status?.qosClass === "BestEffort")) return undefined;
    const what = [...(memory ? ["MemoryPressure"] : []), ...(disk ? ["DiskPressure"] : [])].join(" ");
    return { reason: "Evicted", message: `Pod was rejected: The node had condition: [${what}]. ` };
  }

  #relisted(uid: string): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    worker.relisted(this.runtime.podState(uid));
    // What has ended takes no room.
    if (worker.terminated) this.#admission?.release(worker.pod);
    this.#status.imagesChanged();
  }
}

/** What of the options describes the node. */
function described(options: KubeletOptions): Partial<NodeDescription> {
  const keys = Object.keys(defaultNode) as (keyof typeof defaultNode)[];
  return Object.fromEntries(keys.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])));
}
