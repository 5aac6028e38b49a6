import {
  formatDuration,
  minutes,
  ns,
  UsageError,
  withDefaults,
  type GroupView,
  type Nanos,
  type SequenceView,
  type Stop,
  type TableView,
  type World,
} from "../../core/index.js";
import type { FrameLink } from "../../net/index.js";
import type { ApiServer } from "../apiserver/server.js";
import { json, type ApiRequest } from "../apiserver/request.js";
import { ApiError } from "../apiserver/status.js";
import type { Bill } from "../cloud/bill.js";
import type { Cloud } from "../cloud/cloud.js";
import type { ControllerManager } from "../controllers/controller-manager.js";
import type { EtcdCluster } from "../etcd/cluster.js";
import type { Etcd } from "../etcd/etcd.js";
import type { Kubelet } from "../kubelet/kubelet.js";
import type { StreamSession } from "../apiserver/session.js";
import { decodeUtf8 } from "../objects/text.js";
import type { JsonObject, KubeObject } from "../objects/value.js";
import type { Scheduler } from "../scheduler/scheduler.js";
import { MetricsServer } from "../metrics/metrics-server.js";
import type { NodeMachine } from "../node/machine.js";
import { birthOf } from "./birth.js";
import { applied } from "./applying.js";
import { refused } from "./refusal.js";
import { ControlPlane, type Component } from "./control-plane.js";
import { Kinds, type Wanted } from "./kinds.js";
import { Listing, tableOf } from "./listing.js";
import { objectsOf, type Manifest } from "./manifest.js";
import { addonManifests, networkManifest } from "./container-nodes.js";
import { Nodes } from "./nodes.js";
import { beginStorage, blockStorage } from "./disks.js";
import { cloudOf, rentNodes } from "./rented-nodes.js";
import { unsaid, type ClusterOptions, type GetOptions } from "./options.js";
import { administrator, administratorToken } from "./administrator.js";
import { apiEndpoints } from "./api-listener.js";
import type { BlockStorage } from "../volumes/block-storage.js";
import { commandQuery, runSession, type ExecResult } from "./session.js";

/**
 * A Kubernetes cluster in one world: etcd, the API server, scheduler, controllers and nodes. Requests are answered at once; what they
 * set off takes virtual time, which `run` and `settle` let pass.
 */
export class Cluster {
  readonly world: World;
  /** etcd, the API server, the scheduler, the controllers. */
  readonly plane: ControlPlane;
  readonly #nodes: Nodes;
  readonly #storage: BlockStorage | undefined;
  readonly #cloud: Cloud | undefined;
  readonly #kinds: Kinds;
  readonly #metrics: MetricsServer | undefined;

  /** @throws UsageError for an unknown option, or a number of nodes that can't be */
  constructor(given: ClusterOptions) {
    type All = { [Key in keyof ClusterOptions]-?: ClusterOptions[Key] | undefined };
    const options = withDefaults<All>("kubernetes", given, { ...unsaid, world: given.world }) as ClusterOptions;
    const { world, etcd, authorization, controllers, metrics = false } = options;
    this.world = world;
    const storage = blockStorage(options, (node) => (nodes.areMachines ? nodes.machine(node).kernel : undefined));
    const nodes: Nodes = new Nodes(options, (node) => (storage === undefined ? [] : [storage.on(node)]));
    this.#storage = storage;
    this.#nodes = nodes;
    this.#metrics = metrics ? new MetricsServer(world, () => nodes.kubelets) : undefined;
    const plane = new ControlPlane({
      world,
      etcd,
      authorization,
      controllers,
      tokens: { [administratorToken]: administrator },
      ...(this.#metrics === undefined ? {} : { metrics: this.#metrics.source }),
      nodeProxy: (call) => {
        const kubelet = nodes.running(call.node);
        if (kubelet !== undefined) return kubelet.answer(call);
        const text = `Get "https://${call.node}:10250/": dial tcp: connect: connection refused`;
        return json(500, new ApiError(500, "InternalError", text).status);
      },
    });
    this.plane = plane;
    this.#kinds = new Kinds((path) => this.request("GET", path));
    // Pods can be made before the service account controller has had its first turn.
    for (const namespace of ["default", "kube-system"])
      this.request("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "default" } });
    plane.begin();
    this.#cloud = cloudOf(options, nodes);
    if (this.#cloud !== undefined) rentNodes(this.#cloud, options, plane, (manifest) => this.apply(manifest));
    if (storage !== undefined) beginStorage(storage, options, plane, (manifest) => this.apply(manifest));
    nodes.begin(plane.endpoint);
    if (nodes.areMachines) {
      this.apply(networkManifest);
      this.apply(apiEndpoints);
      nodes.beginNetwork();
      for (const manifest of addonManifests(nodes.count, options.ingress)) this.apply(manifest);
    }
  }

  /** The API server's process. @throws UsageError while it doesn't run */
  get api(): ApiServer {
    return this.plane.api;
  }

  /** One server, or several behind Raft. */
  get etcd(): Etcd | EtcdCluster {
    return this.plane.etcd;
  }

  /** The scheduler's process, the last one where none runs. */
  get scheduler(): Scheduler {
    return this.plane.scheduler;
  }

  /** The same of the controllers. */
  get controllers(): ControllerManager {
    return this.plane.controllers;
  }

  /**
   * Starts parts that were stopped: new processes, which know nothing but what the store has; servers of etcd with what is on their
   * disks. Without names, waits until the nodes have made themselves known.
   * @throws UsageError for a part that isn't there, or inside a running world
   */
  start(...parts: readonly Component[]): void {
    if (parts.length === 0) this.settle();
    for (const part of parts) {
      if (part === "kubelet") this.#nodes.startKubelets();
      else this.plane.start(part);
    }
  }

  /**
   * Ends processes: `stop("kube-scheduler")`; `etcd-2` is one server of etcd, `etcd` all of them, `kubelet` those of all nodes. What they
   * did is done by nobody then, and their containers go on. Without names, ends all but etcd.
   * @throws UsageError for a part that isn't there
   */
  stop(...parts: readonly Component[]): void {
    const all = ["kubelet", "kube-scheduler", "kube-controller-manager", "kube-apiserver"] as const;
    for (const part of parts.length === 0 ? all : parts) {
      if (part === "kubelet") this.#nodes.stopKubelets();
      else this.plane.stop(part);
    }
    if (parts.length > 0) return;
    this.#nodes.endNetwork();
    this.#metrics?.stop();
  }

  /** Whether the nodes are machines, whose pods have processes. */
  get areMachines(): boolean {
    return this.#nodes.areMachines;
  }

  /** What can be stopped and started. */
  get components(): readonly Component[] {
    return this.plane.components;
  }

  /** The nodes' kubelets that run. */
  get kubelets(): readonly Kubelet[] {
    return this.#nodes.kubelets;
  }

  /** @throws UsageError for a node whose kubelet doesn't run */
  kubelet(node: string): Kubelet {
    return this.#nodes.kubelet(node);
  }

  /** The Linux of a node whose containers have processes. @throws UsageError where there is none */
  machine(node: string): NodeMachine {
    return this.#nodes.machine(node);
  }

  /**
   * What the nodes are plugged into, 192.168.0.0/16: for a Linux of one's own that asks from outside, as `{ cards: [{ link }] }`.
   * @throws UsageError where nodes are hollow
   */
  get lan(): FrameLink {
    return this.#nodes.lan;
  }

  /** The disks of the cluster's storage. @throws UsageError where there is none */
  get storage(): BlockStorage {
    if (this.#storage !== undefined) return this.#storage;
    throw new UsageError("this cluster has no storage of its own", "Make it with { storage: true }.");
  }

  /** The cloud whose machines the nodes are. @throws UsageError where there is none */
  get cloud(): Cloud {
    if (this.#cloud !== undefined) return this.#cloud;
    throw new UsageError("this cluster's nodes are no cloud's", "Make it with { cloud: true }.");
  }

  /** What the cloud's machines have cost until now: a table and a plot. @throws UsageError where there is no cloud */
  cost(): Bill {
    return this.cloud.bill();
  }

  /** Ends a node's kube-proxy: its rules stay as they are. @throws UsageError where there is none */
  stopProxy(node: string): void {
    this.#nodes.stopProxy(node);
  }

  /** Ends a node's kubelet; its containers go on. */
  stopKubelet(node: string): void {
    this.#nodes.stopKubelet(node);
  }

  /** Starts a kubelet that was stopped: it finds what its runtime has. */
  startKubelet(node: string): void {
    this.#nodes.startKubelet(node);
  }

  /**
   * Makes objects, or changes them to what the manifest says, as `kubectl apply --server-side` does: YAML or objects.
   * @returns what became of each
   * @throws UsageError with the API server's words for what it refuses
   */
  apply(manifest: Manifest, options: Pick<GetOptions, "namespace"> = {}): TableView {
    return applied(objectsOf(manifest), options.namespace ?? "default", this.#kinds, {
      request: (...asked) => this.request(...asked),
      ask: (method, path) => this.#ask(method, path),
    });
  }

  /**
   * What there is: `get("pods")`, `get("deploy/web")`, with the columns that `kubectl get -o wide` prints.
   * @throws UsageError for a kind that isn't served, or a name that isn't there
   */
  get(what: string, options: GetOptions = {}): Listing {
    const { kind, name } = this.#wanted(what);
    const { namespace = "default", selector, fieldSelector } = options;
    const path = kind.path(namespace, name);
    const query = {
      ...(selector === undefined ? {} : { labelSelector: selector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
    const found = this.request("GET", path, undefined, "", query);
    const items = (name === "" ? found["items"] : [found]) as readonly KubeObject[];
    const table = this.request("GET", path, undefined, "", query, "application/json;as=Table;v=v1;g=meta.k8s.io");
    const title = name === "" ? kind.plural : `${kind.title}/${name}`;
    return new Listing(items, tableOf(table, title, namespace === "" && kind.namespaced));
  }

  /** Asks for an object's end. @throws UsageError */
  delete(what: string, options: Pick<GetOptions, "namespace"> & { readonly gracePeriod?: Nanos } = {}): void {
    const { kind, name } = this.#wanted(what, "named");
    const { namespace = "default", gracePeriod } = options;
    const body = gracePeriod === undefined ? {} : { gracePeriodSeconds: Math.floor(gracePeriod / 1e9) };
    this.request("DELETE", kind.path(namespace, name), { propagationPolicy: "Background", ...body });
  }

  /** Asks for so many replicas. @throws UsageError */
  scale(what: string, replicas: number, options: Pick<GetOptions, "namespace"> = {}): void {
    const { kind, name } = this.#wanted(what, "named");
    const path = `${kind.path(options.namespace ?? "default", name)}/scale`;
    this.request("PATCH", path, { spec: { replicas } }, "application/merge-patch+json");
  }

  /** Changes some fields of an object (a JSON merge patch). @throws UsageError */
  patch(what: string, patch: JsonObject, options: Pick<GetOptions, "namespace"> = {}): void {
    const { kind, name } = this.#wanted(what, "named");
    this.request("PATCH", kind.path(options.namespace ?? "default", name), patch, "application/merge-patch+json");
  }

  /** What a pod's container has printed. @throws UsageError */
  logs(
    pod: string,
    options: Pick<GetOptions, "namespace"> & { readonly container?: string; readonly previous?: boolean } = {},
  ): string {
    const { namespace = "default", container, previous = false } = options;
    const query = { ...(container === undefined ? {} : { container }), ...(previous ? { previous: "true" } : {}) };
    const path = `/api/v1/namespaces/${namespace}/pods/${pod.replace(/^pods?\//, "")}/log`;
    const answer = this.#handle({ method: "GET", path, query });
    if (answer.status >= 400) throw refused("GET", path, answer.object);
    return decodeUtf8(answer.body());
  }

  /**
   * Runs a command in a pod's container to its end: words, or a line for its /bin/sh.
   * @throws UsageError for what can't be run
   */
  exec(
    pod: string,
    command: string | readonly string[],
    options: Pick<GetOptions, "namespace"> & { readonly container?: string; readonly stdin?: string } = {},
  ): ExecResult {
    const { namespace = "default", container, stdin = "" } = options;
    const words = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
    const path = `/api/v1/namespaces/${namespace}/pods/${pod.replace(/^pods?\//, "")}/exec`;
    const named = container === undefined ? "" : `&container=${container}`;
    const query = `${commandQuery(words)}&stdin=true&stdout=true&stderr=true${named}`;
    let session: StreamSession | undefined;
    const connect = (made: StreamSession): void => {
      session = made;
    };
    const answer = this.#handle({ method: "POST", path, query, connect });
    if (session?.kind !== "process") throw refused("POST", path, answer.object);
    return runSession(this.world, session, stdin);
  }

  /** Why a pod is where it is, or nowhere: the scheduler's last decision on it. @throws UsageError where none is remembered */
  explain(pod: string, namespace = "default"): TableView {
    return this.scheduler.explain(namespace, pod.replace(/^pods?\//, ""));
  }

  /** Who called whom until a pod ran. @throws UsageError for a pod that the trace doesn't know */
  birth(pod: string, namespace = "default"): SequenceView {
    return birthOf(this.world, namespace, pod.replace(/^pods?\//, ""));
  }

  /** What was told of an object, by the events' names, as the API lists them: `events("pod/web")`. */
  events(what: string, namespace = "default"): TableView {
    const { kind, name } = this.#wanted(what, "named");
    const selector = `involvedObject.kind=${kind.kind},involvedObject.name=${name}`;
    return this.get("events", { namespace: kind.namespaced ? namespace : "", fieldSelector: selector }).view();
  }

  /** Lets virtual time pass; without a duration, until only background work is left. */
  run(duration?: Nanos): Stop {
    const { engine } = this.world;
    return engine.run(duration === undefined ? undefined : ns(engine.now + duration));
  }

  /**
   * Lets time pass until nothing but heartbeats, probes and retries is left.
   * @throws UsageError naming what goes on where that takes longer than `within`, default an hour
   */
  settle({ within = minutes(60) }: { readonly within?: Nanos } = {}): Stop {
    return this.world.engine.settle({ within });
  }

  /** Lets time pass as `settle`, at most for `within`, whatever still goes on then. */
  advance(within: Nanos): void {
    const { engine } = this.world;
    const limit = engine.now + within;
    try {
      engine.settle({ within });
    } catch (error) {
      // The limit is no mistake here; a world that can't be run is one.
      if (!(error instanceof UsageError) || engine.now < limit) throw error;
    }
  }

  nodes(): TableView {
    return this.get("nodes", { namespace: "" }).view();
  }

  pods(): TableView {
    return this.get("pods", { namespace: "" }).view();
  }

  view(): GroupView {
    const text = `Kubernetes v1.32, ${this.#nodes.count} nodes, ${formatDuration(this.world.engine.now)} of virtual time`;
    return { as: "group", views: [{ as: "text", text }, this.nodes(), this.pods()] };
  }

  /** A request as the cluster's administrator. @throws UsageError with the API server's words for what it refuses */
  request(
    method: string,
    path: string,
    body?: JsonObject,
    contentType = "application/json",
    query: Readonly<Record<string, string>> = {},
    accept = "application/json",
  ): JsonObject {
    const headers = { accept, ...(body === undefined ? {} : { "content-type": contentType }) };
    const answer = this.#handle({ method, path, headers, query, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 400 || answer.object === undefined) throw refused(method, path, answer.object);
    return answer.object;
  }

  #ask(method: string, path: string): JsonObject | undefined {
    const answer = this.#handle({ method, path });
    return answer.status >= 400 ? undefined : answer.object;
  }

  #handle(request: ApiRequest): Extract<ReturnType<ApiServer["handle"]>, { readonly body: unknown }> {
    const answer = this.plane.answer({ ...request, user: administrator }, this.plane.endpoint);
    if (answer === undefined)
      throw new UsageError(
        "the API server doesn't answer: connection refused",
        'Start it with start("kube-apiserver").',
      );
    if (answer.stream !== undefined)
      throw new UsageError(`${request.method} ${request.path} is answered by a stream`, "Ask for it without watch.");
    return answer;
  }

  #wanted(what: string, named?: "named"): Wanted {
    const wanted = this.#kinds.wanted(what);
    if (named !== undefined && wanted.name === "")
      throw new UsageError(`"${what}" names no object`, `Say which: "${what}/NAME".`);
    return wanted;
  }
}
