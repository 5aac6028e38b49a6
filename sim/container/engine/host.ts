import { Signal, type Activity, type Rng } from "../../core/index.js";
import { PR_SET_NAME, type Kernel, type Sys, type Task } from "../../os/index.js";
import type { Runtime } from "../runtime/runtime.js";
import type { Snapshotter } from "../snapshot/snapshotter.js";
import { timeOn } from "./clock.js";
import type { Networks } from "../network/networks.js";
import type { Events } from "./events.js";

/** What dockerd sees of the Linux that it runs on, and what its parts share. */
export class EngineHost {
  readonly kernel: Kernel;
  readonly runtime: Runtime;
  readonly snapshots: Snapshotter;
  readonly events: Events;
  /** Docker's networks, where the engine has them. */
  readonly networks: Networks | undefined;
  readonly rng: Rng;
  /** Docker's "Root Dir". */
  readonly root: string;
  /** What of it is gone at the next boot. */
  readonly runRoot = "/run/docker";
  readonly #daemon: Task;

  constructor(given: {
    readonly kernel: Kernel;
    readonly runtime: Runtime;
    readonly snapshots: Snapshotter;
    readonly events: Events;
    readonly networks: Networks | undefined;
    readonly root: string;
    readonly daemon: Task;
  }) {
    this.kernel = given.kernel;
    this.runtime = given.runtime;
    this.snapshots = given.snapshots;
    this.events = given.events;
    this.networks = given.networks;
    this.root = given.root;
    this.rng = given.kernel.world.rng.stream("dockerd");
    this.#daemon = given.daemon;
  }

  /** Nanoseconds since 1970. */
  get now(): number {
    return timeOn(this.kernel);
  }

  /**
   * Does something by system calls in the daemon's name: a task for each, where dockerd has a thread. Who calls waits for it.
   * @throws what it throws
   */
  *serve<T>(body: (sys: Sys) => Activity<T>): Activity<T> {
    const done = new Signal<T>("dockerd");
    this.start("dockerd", function* (sys) {
      try {
        done.fire(yield* body(sys));
      } catch (error) {
        done.fail(error);
      }
    });
    return yield* done;
  }

  /** Starts a task of the daemon's under a name of its own. */
  start(name: string, body: (sys: Sys) => Activity<unknown>): Task {
    return this.kernel.start(function* (sys) {
      yield* sys.prctl(PR_SET_NAME, name);
      // The daemon lets the kernel take in its children; who has some of its own waits for them.
      yield* sys.rt_sigaction("SIGCHLD", "SIG_DFL");
      yield* body(sys);
    }, this.#daemon);
  }

  containerDirectory(id: string): string {
    return `${this.root}/containers/${id}`;
  }

  bundle(id: string): string {
    return `${this.runRoot}/${id}`;
  }
}
