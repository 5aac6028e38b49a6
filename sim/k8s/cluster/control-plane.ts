import { nearest, UsageError, type World } from "../../core/index.js";
import { EtcdStorage } from "../apiserver/etcd-storage.js";
import { ReplicatedStorage } from "../apiserver/replicated-storage.js";
import type { ApiRequest } from "../apiserver/request.js";
import { ApiServer, type ApiServerOptions } from "../apiserver/server.js";
import { Client, type ApiEndpoint } from "../client/client.js";
import { ControllerManager, type ControllerManagerOptions } from "../controllers/controller-manager.js";
import { EtcdCluster } from "../etcd/cluster.js";
import { Etcd } from "../etcd/etcd.js";
import { Scheduler } from "../scheduler/scheduler.js";
import { FrontDoor } from "./front-door.js";
import { recorded } from "./recorded-endpoint.js";

/** A part that not every cluster has. */
export type Addon = "csi-controller" | "cloud-controller-manager" | "cluster-autoscaler";

/** A part of the cluster that can be stopped and started; `etcd-2` is one of several servers of etcd, `kubelet` those of all nodes. */
export type Component =
  "etcd" | `etcd-${number}` | "kube-apiserver" | "kube-scheduler" | "kube-controller-manager" | Addon | "kubelet";

/** A process. */
interface Running {
  stop(): void;
}

interface ControlPlaneOptions extends Pick<ApiServerOptions, "tokens" | "nodeProxy" | "metrics"> {
  readonly world: World;
  /** Servers. */
  readonly etcd: number | undefined;
  readonly authorization: ApiServerOptions["authorization"] | undefined;
  readonly controllers: Partial<Omit<ControllerManagerOptions, "world" | "endpoint">> | undefined;
}

/**
 * etcd, the API server, the scheduler and the controllers: processes that stop and start one by one. A process that starts knows
 * nothing but what the store has.
 */
export class ControlPlane {
  readonly etcd: Etcd | EtcdCluster;
  /** The way to the API server, traced. */
  readonly endpoint: ApiEndpoint;
  readonly #door: FrontDoor;
  readonly #options: ControlPlaneOptions;
  readonly #stopped = new Set<Component>();
  readonly #addons = new Map<Addon, { readonly begin: () => Running; running: Running | undefined }>();
  #scheduler: Scheduler | undefined;
  #controllers: ControllerManager | undefined;

  /** Starts etcd and the API server; with several servers of etcd, lets the time pass that they need to elect a leader. @throws UsageError */
  constructor(options: ControlPlaneOptions) {
    const { world, etcd = 1 } = options;
    if (!Number.isInteger(etcd) || etcd < 1 || etcd > 9)
      throw new UsageError(`etcd can't have ${etcd} servers`, "Give a whole number from 1 to 9; an odd one is best.");
    this.#options = options;
    this.etcd = etcd === 1 ? new Etcd({ world }) : new EtcdCluster({ world, servers: etcd, record: false }).start();
    this.#door = new FrontDoor(etcd > 1);
    const { founded } = this.#startApi();
    if (founded !== undefined) world.engine.run(founded);
    this.endpoint = recorded(this.#door, world.trace);
  }

  /** Starts the scheduler and the controllers. */
  begin(): void {
    this.#scheduler = this.#startScheduler();
    this.#controllers = this.#startControllers();
  }

  /** Adds a part, and starts it. */
  add(name: Addon, begin: () => Running): void {
    this.#addons.set(name, { begin, running: begin() });
  }

  /** @throws UsageError while none runs */
  get api(): ApiServer {
    const { api } = this.#door;
    if (api !== undefined) return api;
    throw new UsageError("the API server doesn't run", 'Start it with start("kube-apiserver").');
  }

  get scheduler(): Scheduler {
    return (this.#scheduler ??= this.#startScheduler());
  }

  get controllers(): ControllerManager {
    return (this.#controllers ??= this.#startControllers());
  }

  get components(): readonly Component[] {
    const servers = this.etcd instanceof EtcdCluster ? this.etcd.members.map(({ id }): Component => `etcd-${id}`) : [];
    const own = ["kube-apiserver", "kube-scheduler", "kube-controller-manager"] as const;
    return ["etcd", ...servers, ...own, ...this.#addons.keys(), "kubelet"];
  }

  /** Starts what was stopped. @throws UsageError for a part that isn't there */
  start(part: Component): void {
    this.#known(part);
    if (part.startsWith("etcd")) this.#servers(part, "start");
    if (!this.#stopped.delete(part)) return;
    if (part === "kube-apiserver") this.#startApi();
    if (part === "kube-scheduler") this.#scheduler = this.#startScheduler();
    if (part === "kube-controller-manager") this.#controllers = this.#startControllers();
    const addon = this.#addons.get(part as Addon);
    if (addon !== undefined) addon.running = addon.begin();
  }

  /** Ends processes. @throws UsageError for a part that isn't there */
  stop(part: Component): void {
    this.#known(part);
    if (part.startsWith("etcd")) this.#servers(part, "stop");
    const addon = this.#addons.get(part as Addon);
    if ((addon === undefined && !part.startsWith("kube-")) || this.#stopped.has(part)) return;
    this.#stopped.add(part);
    addon?.running?.stop();
    if (part === "kube-apiserver") this.#door.close();
    if (part === "kube-scheduler") this.#scheduler?.stop();
    if (part === "kube-controller-manager") this.#controllers?.kill();
  }

  /**
   * Answers a request as the API server does, whoever asks; lets the time pass meanwhile that etcd takes.
   * @param endpoint by default the API server, untraced
   * @returns undefined while none runs
   * @throws UsageError inside a running world, where etcd takes its time
   */
  answer(request: ApiRequest, endpoint: ApiEndpoint = this.#door): ReturnType<ApiEndpoint["handle"]> {
    if (endpoint.ask === undefined) return endpoint.handle(request);
    const { engine } = this.#options.world;
    const asked = engine.spawn(endpoint.ask(request), { name: `${request.method} ${request.path}` });
    engine.run(asked);
    return asked.value;
  }

  #known(part: string): void {
    const all: readonly string[] = this.components;
    if (all.includes(part)) return;
    const close = nearest(part, all);
    throw new UsageError(
      `a cluster has no part "${part}"`,
      close === undefined ? `There are ${all.join(", ")}.` : `Did you mean "${close}"?`,
    );
  }

  #servers(part: string, verb: "start" | "stop"): void {
    const { etcd } = this;
    if (!(etcd instanceof EtcdCluster)) {
      etcd[verb]();
      return;
    }
    const ids = part === "etcd" ? etcd.members.map(({ id }) => id) : [Number(part.slice("etcd-".length))];
    if (verb === "stop") etcd.raft.crash(...ids);
    else etcd.raft.restart(...ids);
  }

  #startApi(): ApiServer {
    const { world, authorization = "RBAC", tokens, nodeProxy, metrics } = this.#options;
    const { etcd } = this;
    const api = new ApiServer({
      world,
      storage: etcd instanceof EtcdCluster ? new ReplicatedStorage(etcd) : new EtcdStorage(etcd),
      authorization,
      ...(tokens === undefined ? {} : { tokens }),
      ...(nodeProxy === undefined ? {} : { nodeProxy }),
      ...(metrics === undefined ? {} : { metrics }),
    });
    this.#door.open(api);
    return api;
  }

  #startScheduler(): Scheduler {
    const { world } = this.#options;
    const user = { name: "system:kube-scheduler", groups: ["system:authenticated"] };
    return new Scheduler({ client: new Client({ world, endpoint: this.endpoint, user }) });
  }

  #startControllers(): ControllerManager {
    const { world, controllers = {} } = this.#options;
    return new ControllerManager({ world, endpoint: this.endpoint, ...controllers });
  }
}
