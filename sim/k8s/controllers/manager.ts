import { UsageError, nearest, type Nanos, type World } from "../../core/index.js";
import { Client, type ApiEndpoint } from "../client/client.js";
import { InformerFactory } from "../client/informer.js";
import { LeaderElection } from "../client/leader-election.js";
import type { MutationDetector } from "../client/mutation-detector.js";
import type { User } from "../apiserver/request.js";
import type { Controller, ControllerContext } from "./controller.js";
import { defaultFlags, type ControllerFlags } from "./flags.js";

/** What runs controllers: its process, whoever they are. */
export interface ManagerOptions<Name extends string> {
  readonly world: World;
  readonly endpoint: ApiEndpoint;
  /** Who it is among its replicas. Default the component's name. */
  readonly identity?: string;
  /** Which controllers it runs (`--controllers`). Default all. */
  readonly controllers?: readonly Name[];
  /** Whether it acts only while it holds the lease of the component's name (`--leader-elect`). Default true. */
  readonly leaderElect?: boolean;
  /** From a request to its answer; see `Client`. */
  readonly latency?: Nanos;
  /** Requests a second that each controller allows itself (`--kube-api-qps`), default 20, and how many at once, default 30. */
  readonly qps?: number;
  readonly burst?: number;
  /** Other than the defaults, `defaultFlags`. */
  readonly flags?: Partial<ControllerFlags>;
  /** Finds controllers that change what is cached; for tests. */
  readonly detector?: MutationDetector;
}

/** What a process of controllers is. */
export interface ManagerComponent<Name extends string> {
  /** Its name and that of its lease. */
  readonly name: string;
  readonly user: User;
  readonly controllers: Readonly<Record<Name, (context: ControllerContext) => Controller>>;
}

/**
 * The controllers of one process, behind one lease. Each has requests of its own to spend, and can be stopped and started while the others
 * run.
 */
export class Manager<Name extends string> {
  readonly #component: ManagerComponent<Name>;
  readonly #options: ManagerOptions<Name>;
  readonly #wanted: Set<Name>;
  readonly #running = new Map<Name, Controller>();
  readonly #election: LeaderElection | undefined;
  #informers: InformerFactory | undefined;

  /** @throws UsageError for a controller that isn't there */
  constructor(component: ManagerComponent<Name>, options: ManagerOptions<Name>) {
    this.#component = component;
    this.#options = options;
    const all = Object.keys(component.controllers) as Name[];
    this.#wanted = new Set(options.controllers ?? all);
    for (const name of this.#wanted) this.#known(name);
    if (options.leaderElect === false) {
      this.#begin();
      return;
    }
    const { name } = component;
    this.#election = new LeaderElection(this.#client(false), {
      name,
      identity: options.identity ?? name,
      started: () => {
        this.#begin();
      },
      stopped: () => {
        this.#end();
      },
    });
  }

  /** The controllers that work now: none while another replica leads. */
  get running(): readonly Name[] {
    return [...this.#running.keys()];
  }

  /** Starts a controller, or has it started when this replica leads. @throws UsageError for one that isn't there */
  start(name: Name): void {
    this.#known(name);
    this.#wanted.add(name);
    if (this.#informers !== undefined) this.#run(name, this.#informers);
  }

  /** Stops a controller: what it does is done by nobody then. @throws UsageError for one that isn't there */
  stop(name: Name): void {
    this.#known(name);
    this.#wanted.delete(name);
    this.#running.get(name)?.stop();
    this.#running.delete(name);
  }

  /** Ends the process; its lease runs out by itself. */
  kill(): void {
    this.#election?.stop();
    this.#end();
  }

  #begin(): void {
    const { world, detector } = this.#options;
    world.trace.emit("controllers.started", this.#options.identity ?? this.#component.name, {});
    this.#informers = new InformerFactory(this.#client(false), detector);
    for (const name of this.#wanted) this.#run(name, this.#informers);
  }

  #end(): void {
    for (const controller of this.#running.values()) controller.stop();
    this.#running.clear();
    this.#informers?.stop();
    this.#informers = undefined;
  }

  #run(name: Name, informers: InformerFactory): void {
    if (this.#running.has(name)) return;
    const flags = { ...defaultFlags, ...this.#options.flags };
    const context = { client: this.#client(true), informers, flags };
    this.#running.set(name, this.#component.controllers[name](context));
  }

  /** A client for a part of the process: informers list and watch without limits, as they must. */
  #client(limited: boolean): Client {
    const { world, endpoint, latency, qps = 20, burst = 30 } = this.#options;
    const { user } = this.#component;
    const own = latency === undefined ? {} : { latency };
    return new Client({ world, endpoint, user, ...own, ...(limited ? { qps, burst } : {}) });
  }

  #known(name: string): void {
    const { controllers } = this.#component;
    if (Object.hasOwn(controllers, name)) return;
    const names = Object.keys(controllers);
    const close = nearest(name, names);
    throw new UsageError(
      `there is no controller "${name}"`,
      close === undefined ? `There are ${names.join(", ")}.` : `Did you mean "${close}"?`,
    );
  }
}
