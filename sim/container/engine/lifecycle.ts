import { any, s, Signal, UsageError, type Activity, type Nanos } from "../../core/index.js";
import { attempt, signalNumbers, type Sys } from "../../os/index.js";
import { removeTree } from "../image/unpack.js";
import { NetworkError } from "../network/errors.js";
import type { Container, Ended } from "./container.js";
import { wholeHostConfig, type HostConfig } from "./config.js";
import { createContainer, type CreateOptions, type LifecycleParts } from "./creation.js";
import { conflict, EngineError, invalid } from "./errors.js";
import { watchHealth } from "./health.js";
import { resourcesOf } from "./process-spec.js";
import { restartAfter } from "./restart.js";
import { failureOf, hintOf, signalOf } from "./outcome.js";
import { startShim } from "./shim.js";
import { streamsFor } from "./streams.js";

export type WaitCondition = "not-running" | "next-exit" | "removed";

/** A container's way from its creation to its removal. Every verb throws EngineError where Docker refuses, in its words. */
export class Lifecycle {
  readonly #parts: LifecycleParts;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  *create(options: CreateOptions): Activity<Container> {
    const container = yield* createContainer(this.#parts, options);
    this.#tell(container, "create");
    return container;
  }

  /** @throws EngineError 304 for one that runs; 400 with Docker's words for what cannot be executed */
  *start(container: Container): Activity<undefined> {
    yield* this.#exclusively(container, () => this.#start(container));
    return undefined;
  }

  *#start(container: Container): Activity<undefined> {
    const { state } = container;
    if (state.status === "paused")
      throw conflict("cannot start a paused container, try unpause instead", "Unpause it.");
    if (state.status === "running") throw new EngineError(304, "container is already running", "It runs.");
    if (state.status === "removing" || state.status === "dead")
      throw conflict("container is marked for removal and cannot be started", "Create another one.");
    container.cancelRestart?.();
    container.cancelRestart = undefined;
    container.stoppedByUser = false;
    return yield* this.#launch(container);
  }

  *#launch(container: Container): Activity<undefined> {
    const { host, containers } = this.#parts;
    const { state, config } = container;
    const { engine } = host.kernel;
    // Clients may be attached already.
    container.streams ??= streamsFor(engine, config);
    const begun = startShim(container, {
      host,
      find: (name) => containers.get(name),
      ended: (how) => {
        this.#ended(container, how);
      },
    });
    try {
      state.pid = yield* begun;
    } catch (error) {
      container.streams = undefined;
      const { code, message } = failureOf(error);
      state.exitCode = code;
      state.error = message;
      if (state.status === "restarting") state.status = "exited";
      if (container.host.AutoRemove) engine.spawn(this.#removed(container), { name: `removal of ${container.name}` });
      const status = error instanceof NetworkError ? error.status : code === 128 ? 500 : 400;
      throw new EngineError(status, message, hintOf(error));
    }
    state.status = "running";
    state.error = "";
    state.oomKilled = false;
    state.exitCode = 0;
    state.startedAt = host.now;
    this.#tell(container, "start");
    if (config.Healthcheck !== undefined) watchHealth(container, config.Healthcheck, host, this.#parts.execs);
    return undefined;
  }

  /** A container's process has ended: what it is now, who hears of it, and whether it begins again. */
  #ended(container: Container, how: Ended): void {
    const { host } = this.#parts;
    const { state } = container;
    const { engine } = host.kernel;
    state.status = "exited";
    state.pid = 0;
    state.exitCode = how.exitCode;
    state.oomKilled = how.oomKilled;
    state.finishedAt = host.now;
    container.endHealthChecks?.();
    container.endHealthChecks = undefined;
    container.streams = undefined;
    if (how.oomKilled) this.#tell(container, "oom");
    const ran = state.finishedAt - (state.startedAt ?? state.finishedAt);
    this.#tell(container, "die", { execDuration: String(Math.floor(ran / 1e9)), exitCode: String(how.exitCode) });
    const delay = restartAfter(container, ran);
    if (delay !== undefined) {
      state.status = "restarting";
      container.restartCount++;
      container.cancelRestart = engine.after(
        delay,
        () => {
          container.cancelRestart = undefined;
          engine.spawn(this.#restarted(container), { name: `restart of ${container.name}` });
        },
        { name: `restart of ${container.name}`, background: true },
      );
    }
    const before = container.ended;
    container.ended = new Signal("the end of a container");
    before.fire(how);
    if (delay === undefined && container.host.AutoRemove)
      engine.spawn(this.#removed(container), { name: `removal of ${container.name}` });
  }

  *#restarted(container: Container): Activity<undefined> {
    try {
      yield* this.#exclusively(container, () => this.#launch(container));
    } catch (error) {
      // Told by its state: nobody waits for this start.
      if (!(error instanceof UsageError)) throw error;
    }
    return undefined;
  }

  *#removed(container: Container): Activity<undefined> {
    yield* this.remove(container, { volumes: true });
    return undefined;
  }

  /**
   * Asks the process to end by its stop signal, and kills it when the time is over.
   * @param timeout in seconds; -1 waits for ever; the container's own where absent
   * @throws EngineError 304 for one that doesn't run
   */
  *stop(container: Container, timeout?: number, signal?: string): Activity<undefined> {
    const { state } = container;
    if (state.status === "restarting") {
      this.#stopped(container);
      this.#tell(container, "stop");
      return undefined;
    }
    if (!container.isRunning) throw new EngineError(304, "container is already stopped", "It doesn't run.");
    if (state.status === "paused")
      throw conflict(
        `Container ${container.id} is paused. Unpause the container before stopping or killing`,
        "Unpause it.",
      );
    this.#stopped(container);
    yield* this.#stop(container, timeout, signal);
    this.#tell(container, "stop");
    return undefined;
  }

  /** It stays as it is from now on, whatever its policy says. */
  #stopped(container: Container): void {
    container.stoppedByUser = true;
    if (container.cancelRestart?.() === true) container.state.status = "exited";
    container.cancelRestart = undefined;
  }

  *#stop(
    container: Container,
    timeout = container.config.StopTimeout,
    signal = container.config.StopSignal,
  ): Activity<undefined> {
    const { engine } = this.#parts.host.kernel;
    const { ended } = container;
    yield* this.#signal(container, signal);
    if (timeout < 0) yield* ended;
    else {
      const late = engine.delay((timeout * 1e9) as Nanos);
      yield* any({ ended, late });
      if (!ended.settled) {
        yield* this.#signal(container, "SIGKILL");
        yield* ended;
      }
    }
    return undefined;
  }

  /** Sends a signal to the first process. @throws EngineError 409 where there is none */
  *kill(container: Container, signal = "SIGKILL"): Activity<undefined> {
    const { ended, state } = container;
    const name = signalOf(signal);
    if (!container.isRunning)
      throw conflict(
        `Cannot kill container: ${container.id}: container ${container.id} is not running`,
        "Look at what runs: docker ps.",
      );
    if (state.status === "paused")
      throw conflict(
        `Container ${container.id} is paused. Unpause the container before stopping or killing`,
        "Unpause it.",
      );
    const { StopSignal } = container.config;
    // Whoever kills it by a signal that ends it doesn't want it back.
    if (name === "SIGKILL" || name === signalOf(StopSignal)) container.stoppedByUser = true;
    this.#tell(container, "kill", { signal: String(signalNumbers[name]) });
    yield* this.#signal(container, name);
    if (name === "SIGKILL") yield* any({ ended, late: this.#parts.host.kernel.engine.delay(s(10)) });
    return undefined;
  }

  *restart(container: Container, timeout?: number): Activity<undefined> {
    return yield* this.#exclusively(container, () => this.#restart(container, timeout));
  }

  *#restart(container: Container, timeout: number | undefined): Activity<undefined> {
    if (container.isRunning) {
      this.#stopped(container);
      yield* this.#stop(container, timeout);
    }
    if (!container.isRunning) yield* this.#start(container);
    this.#tell(container, "restart");
    return undefined;
  }

  *pause(container: Container): Activity<undefined> {
    const { host } = this.#parts;
    this.#demandRunning(container);
    if (container.state.status === "paused")
      throw conflict(`Container ${container.id} is already paused`, "Unpause it first.");
    yield* host.serve((sys) => host.runtime.pause(sys, container.id));
    container.state.status = "paused";
    this.#tell(container, "pause");
    return undefined;
  }

  *unpause(container: Container): Activity<undefined> {
    const { host } = this.#parts;
    if (container.state.status !== "paused")
      throw conflict(`Container ${container.id} is not paused`, "Only what was paused goes on.");
    yield* host.serve((sys) => host.runtime.resume(sys, container.id));
    container.state.status = "running";
    this.#tell(container, "unpause");
    return undefined;
  }

  /** How a container ended, once it has. */
  *wait(container: Container, condition: WaitCondition = "not-running"): Activity<Ended> {
    if (condition === "removed") return yield* container.removed;
    if (condition === "next-exit") return yield* container.ended;
    while (container.isRunning || container.state.status === "restarting") yield* container.ended;
    return container.outcome;
  }

  /** @throws EngineError 409 for one that runs, unless forced */
  *remove(
    container: Container,
    { force = false, volumes = false }: { readonly force?: boolean; readonly volumes?: boolean } = {},
  ): Activity<undefined> {
    const { host, containers } = this.#parts;
    const { state } = container;
    if (state.status === "removing") {
      yield* container.removed;
      return undefined;
    }
    if (container.isRunning || state.status === "restarting") {
      if (!force)
        throw conflict(
          `cannot remove container "${container.name}": container is ${state.status}: stop the container before removing or force remove`,
          "Stop it, or force it.",
        );
      this.#stopped(container);
      if (state.status === "paused") yield* this.unpause(container);
      if (container.isRunning) yield* this.#stop(container, 0, "SIGKILL");
    }
    while (container.busy !== undefined) yield* container.busy;
    if (this.#isGone(container)) return undefined;
    state.status = "removing";
    yield* host.serve(function* (sys): Activity<undefined> {
      yield* host.snapshots.remove(sys, container.id);
      return yield* removeTree(sys, host.containerDirectory(container.id));
    });
    containers.delete(container);
    this.#parts.execs.forget(container);
    yield* this.#parts.volumes.letGo(container.id, container.mounts, volumes);
    this.#tell(container, "destroy");
    container.removed.fire(container.outcome);
    return undefined;
  }

  #isGone(container: Container): boolean {
    return container.removed.settled;
  }

  rename(container: Container, name: string): void {
    const before = container.name;
    this.#parts.containers.rename(container, name.replace(/^\//, ""));
    this.#tell(container, "rename", { oldName: `/${before}` });
  }

  /** Changes limits and the restart policy, of one that runs too. */
  *update(container: Container, changes: Partial<HostConfig>): Activity<undefined> {
    const { host } = this.#parts;
    const next = wholeHostConfig({ ...container.host, ...changes });
    if (container.host.AutoRemove && next.RestartPolicy.Name !== "no")
      throw invalid(
        "Restart policy cannot be updated because AutoRemove is enabled for the container",
        "Leave it out.",
      );
    container.host = next;
    if (container.isRunning) yield* host.serve((sys) => host.runtime.update(sys, container.id, resourcesOf(next)));
    this.#tell(container, "update");
    return undefined;
  }

  *#signal(container: Container, signal: string): Activity<undefined> {
    const { host } = this.#parts;
    const name = signalOf(signal);
    return yield* host.serve(function* (sys: Sys): Activity<undefined> {
      const { pid } = container.state;
      // It may just have ended.
      if (pid !== 0) yield* attempt(sys.kill(pid, name));
      return undefined;
    });
  }

  #demandRunning(container: Container): void {
    if (!container.isRunning) throw conflict(`Container ${container.id} is not running`, "Start it first.");
  }

  /** One verb at a time changes what a container is. */
  *#exclusively(container: Container, body: () => Activity<undefined>): Activity<undefined> {
    while (container.busy !== undefined) yield* container.busy;
    const busy = new Signal<void>(`container ${container.name}`);
    container.busy = busy;
    try {
      return yield* body();
    } finally {
      container.busy = undefined;
      busy.fire();
    }
  }

  #tell(container: Container, action: string, more: Readonly<Record<string, string>> = {}): void {
    this.#parts.host.events.emit("container", action, container.id, { ...container.attributes, ...more });
  }
}
