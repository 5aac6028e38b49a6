import { any, GiB, UsageError, type Activity, type Bytes, type Nanos } from "../../core/index.js";
import { EngineError, makeDirectories, removeTree, writeText, type EngineContainer } from "../../container/index.js";
import { textOf } from "../../net/index.js";
import type { Kernel } from "../../os/index.js";
import {
  RuntimeFailure,
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerState,
  type ContainerUsage,
  type ExecResult,
  type HttpProbe,
  type ImageState,
  type LogLine,
  type PodState,
  type RuntimeStats,
  type SandboxConfig,
} from "../kubelet/runtime.js";
import { containerOptions, sandboxOptions } from "./container-options.js";
import { logLines, readFile } from "./kernel-files.js";
import type { NodeMachine } from "./machine.js";
import { pauseImage } from "./system-images.js";
import { resolvConf } from "./resolv-conf.js";
import { EngineStreaming } from "./streaming.js";
import { connectTo, statusOf } from "./probing.js";

interface Sandbox {
  readonly id: string;
  readonly config: SandboxConfig;
  /** Empty in the node's network. */
  readonly ip: string;
  ready: boolean;
  /** The newest first. */
  readonly containers: OwnContainer[];
}

interface OwnContainer {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  /** Why it could not be started; then it counts as ended. */
  failed: string | undefined;
  /** What it left as its last words, once it has ended and they were read. */
  message: string | undefined;
}

/** Below it a directory for each sandbox. */
const root = "/var/lib/cri-dockerd/sandboxes";

const untold = 0 as Nanos;

/** Declared: what a node's disk holds. */
const disk = GiB(100);

/** Runs an activity; what the engine refuses becomes the runtime's failure. */
function* asked<T>(activity: Activity<T>): Activity<T> {
  try {
    return yield* activity;
  } catch (error) {
    if (error instanceof EngineError || error instanceof UsageError) throw new RuntimeFailure(error.message);
    throw error;
  }
}

/**
 * A container runtime with processes: pods on a node's container engine, as cri-dockerd runs them. A pod's sandbox is a container that
 * waits; the others share its namespaces. What the engine knows of a container is asked there and not remembered here.
 */
export class EngineRuntime implements ContainerRuntime {
  readonly name = "docker";
  readonly version = "27.3.1";
  readonly system: NodeMachine;
  readonly streaming: EngineStreaming;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #byPod = new Map<string, Sandbox[]>();
  readonly #containers = new Map<string, OwnContainer>();
  readonly #listeners = new Set<(uid: string) => void>();

  constructor(machine: NodeMachine) {
    this.system = machine;
    this.streaming = new EngineStreaming(machine, this);
    const { engine } = machine;
    machine.kernel.engine.spawn(this.#hear(), { name: `CRI of ${machine.name}`, background: true });
    // It is the runtime's own: image collection leaves it alone.
    engine.images.get(pauseImage);
  }

  *runPodSandbox(config: SandboxConfig): Activity<string> {
    const { engine, network } = this.system;
    const id = yield* asked(engine.create(sandboxOptions(config)));
    let ip = "";
    try {
      yield* asked(engine.start(id));
      const { pid } = engine.container(id).state;
      if (!config.hostNetwork) ip = yield* this.system.serve("cni", (sys) => network.add(sys, id, pid));
      if (config.linux !== undefined) yield* this.#writeFiles(id, resolvConf(config.linux.dns));
    } catch (error) {
      yield* this.system.serve("cni", (sys) => network.remove(sys, id));
      yield* asked(engine.remove(id, { force: true }));
      throw error;
    }
    const sandbox: Sandbox = { id, config, ip, ready: true, containers: [] };
    this.#sandboxes.set(id, sandbox);
    const others = this.#byPod.get(config.uid);
    if (others === undefined) this.#byPod.set(config.uid, [sandbox]);
    else others.unshift(sandbox);
    this.#tell(config.uid);
    return id;
  }

  *#writeFiles(id: string, resolver: string): Activity<undefined> {
    return yield* this.system.serve("cri-dockerd", function* (sys): Activity<undefined> {
      yield* makeDirectories(sys, `${root}/${id}`);
      return yield* writeText(sys, `${root}/${id}/resolv.conf`, resolver, true);
    });
  }

  *stopPodSandbox(id: string): Activity<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox?.ready !== true) return;
    const { engine, network } = this.system;
    for (const container of sandbox.containers) yield* this.stopContainer(container.id, untold);
    yield* this.system.serve("cni", (sys) => network.remove(sys, id));
    if (engine.container(id).isRunning) yield* asked(engine.stop(id, 10));
    sandbox.ready = false;
    this.#tell(sandbox.config.uid);
  }

  *removePodSandbox(id: string): Activity<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    yield* this.stopPodSandbox(id);
    for (const container of [...sandbox.containers]) yield* this.removeContainer(container.id);
    yield* asked(this.system.engine.remove(id, { force: true }));
    yield* this.system.serve("cri-dockerd", (sys) => removeTree(sys, `${root}/${id}`));
    this.#sandboxes.delete(id);
    const { uid } = sandbox.config;
    const left = (this.#byPod.get(uid) ?? []).filter((other) => other !== sandbox);
    if (left.length === 0) this.#byPod.delete(uid);
    else this.#byPod.set(uid, left);
    this.#tell(uid);
  }

  *createContainer(sandboxId: string, config: ContainerConfig): Activity<string> {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox?.ready !== true) throw new RuntimeFailure(`failed to find sandbox id "${sandboxId}": not found`);
    const { engine } = this.system;
    const id = yield* asked(engine.create(containerOptions(config, sandbox, `${root}/${sandboxId}/resolv.conf`)));
    const container: OwnContainer = { id, sandbox, config, failed: undefined, message: undefined };
    this.#containers.set(id, container);
    sandbox.containers.unshift(container);
    this.#tell(sandbox.config.uid);
    return id;
  }

  *startContainer(id: string): Activity<void> {
    const container = this.#container(id);
    try {
      yield* asked(this.system.engine.start(id));
    } catch (error) {
      if (error instanceof RuntimeFailure) container.failed = error.message;
      this.#tell(container.sandbox.config.uid);
      throw error;
    }
  }

  *stopContainer(id: string, grace: Nanos): Activity<void> {
    const container = this.#containers.get(id);
    if (container === undefined || container.failed !== undefined) return;
    const { engine } = this.system;
    if (!engine.container(id).isRunning) {
      if (engine.container(id).state.startedAt === undefined) container.failed = "it was never started";
      return;
    }
    // With nothing left of its time it is killed at once, as with a signal that nobody can catch.
    yield* asked(grace > 0 ? engine.stop(id, grace / 1e9) : engine.kill(id));
    if (engine.container(id).isRunning) yield* asked(engine.wait(id));
  }

  *removeContainer(id: string): Activity<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    yield* asked(this.system.engine.remove(id, { force: true }));
    this.#containers.delete(id);
    const { sandbox } = container;
    sandbox.containers.splice(sandbox.containers.indexOf(container), 1);
  }

  *execSync(id: string, command: readonly string[], timeout: Nanos): Activity<ExecResult> {
    const { engine, kernel } = this.system;
    this.#container(id);
    if (!engine.container(id).isRunning)
      throw new RuntimeFailure(`container is not in running state (container ${id})`);
    const exec = engine.exec(id, { Cmd: command });
    const attached = exec.streams.attach({ stdout: true, stderr: true });
    yield* asked(engine.execs.start(exec));
    const late = timeout > 0 ? kernel.engine.delay(timeout) : undefined;
    yield* any(late === undefined ? { ended: exec.ended } : { ended: exec.ended, late });
    if (!exec.ended.settled) {
      yield* engine.execs.kill(exec, "SIGKILL");
      attached.detach();
      throw new RuntimeFailure(`command ${JSON.stringify(command.join(" "))} timed out`);
    }
    const chunks = yield* attached.rest();
    return { exitCode: exec.exitCode ?? 0, output: chunks.map(({ bytes }) => textOf(bytes)).join("") };
  }

  logs(id: string): readonly LogLine[] {
    this.#container(id);
    return logLines(this.system.kernel, this.system.engine.container(id).log.path);
  }

  imageStatus(image: string): ImageState | undefined {
    const { images } = this.system.engine;
    const found = images.store.find(image);
    if (found === undefined) return undefined;
    const row = images.list().find(({ id }) => id === found.id);
    if (row === undefined) return undefined;
    return { ref: row.digests[0] ?? row.id, names: [...row.tags, ...row.digests], size: row.size as Bytes };
  }

  *pullImage(image: string): Activity<ImageState> {
    yield* asked(this.system.engine.images.pull(image));
    const state = this.imageStatus(image);
    if (state === undefined) throw new RuntimeFailure(`failed to pull image "${image}": it has gone meanwhile`);
    return state;
  }

  removeImage(image: string): void {
    const { engine, kernel } = this.system;
    if (image === pauseImage || engine.images.store.find(image) === undefined) return;
    kernel.engine.spawn(asked(engine.images.remove(image, true)), { name: `removal of ${image}` });
  }

  listImages(): readonly ImageState[] {
    return this.system.engine.images.list().map(({ id, digests, tags, size }) => ({
      ref: digests[0] ?? id,
      names: [...digests, ...tags],
      size: size as Bytes,
    }));
  }

  podState(uid: string): PodState {
    const sandboxes = this.#byPod.get(uid) ?? [];
    return {
      sandboxes: sandboxes.map(({ id, config, ready, ip }) => ({
        id,
        uid: config.uid,
        attempt: config.attempt,
        ready: ready && this.system.engine.container(id).isRunning,
        ip,
      })),
      containers: sandboxes.flatMap(({ containers }) => containers.map((each) => this.#stateOf(each))),
    };
  }

  pods(): readonly string[] {
    return [...this.#byPod.keys()];
  }

  stats(): RuntimeStats {
    const { kernel, engine } = this.system;
    let filled = 0;
    for (const { size } of engine.images.list()) filled += size;
    return {
      memoryAvailable: kernel.freeMemory as Bytes,
      disk: { available: Math.max(0, disk - filled) as Bytes, capacity: disk },
      pods: () =>
        new Map(
          [...this.#byPod].map(([uid, sandboxes]) => [
            uid,
            new Map(
              sandboxes
                .flatMap(({ containers }) => containers)
                .filter(({ id }) => engine.container(id).isRunning)
                .map(({ id, config, sandbox }) => [
                  config.name,
                  { ...this.#usageOf(sandbox.config, id), disk: 0 as Bytes },
                ]),
            ),
          ]),
        ),
    };
  }

  listen(changed: (uid: string) => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  *httpGet(id: string, probe: HttpProbe, timeout: Nanos): Activity<number> {
    return yield* statusOf(this.system, this.#addressOf(id), probe, timeout);
  }

  *connect(id: string, port: number, timeout: Nanos): Activity<void> {
    yield* connectTo(this.system, this.#addressOf(id), port, timeout);
  }

  /** The engine's container behind one of a pod. @throws RuntimeFailure for one that isn't there */
  engineContainer(id: string): EngineContainer {
    this.#container(id);
    return this.system.engine.container(id);
  }

  /** A process in a pod's network namespace. @throws RuntimeFailure where there is none */
  networkOf(sandboxId: string): number {
    const sandbox = this.#sandboxes.get(sandboxId);
    const pid = sandbox === undefined ? 0 : this.system.engine.container(sandboxId).state.pid;
    if (pid === 0) throw new RuntimeFailure(`failed to find sandbox id "${sandboxId}": not found`);
    return pid;
  }

  #addressOf(sandboxId: string): string {
    const ip = this.#sandboxes.get(sandboxId)?.ip ?? "";
    return ip === "" ? "127.0.0.1" : ip;
  }

  #usageOf({ linux }: SandboxConfig, id: string): Pick<ContainerUsage, "memory" | "cpu"> {
    const parts = [...(linux?.cgroupParent ?? "/docker").split("/").filter((part) => part !== ""), id];
    let group: Kernel["cgroups"] = this.system.kernel.cgroups;
    for (const part of parts) {
      const next = group.children.get(part);
      if (next === undefined) return { memory: 0 as Bytes, cpu: untold };
      group = next;
    }
    return { memory: group.memory.current as Bytes, cpu: group.group.usage as Nanos };
  }

  #stateOf(container: OwnContainer): ContainerState {
    const { id, config, failed } = container;
    const { state, image, created } = this.system.engine.container(id);
    const { bootTime } = this.system.kernel;
    const time = (at: number | undefined): Nanos => (at === undefined ? 0 : at - bootTime) as Nanos;
    const isOver = failed !== undefined || (state.startedAt !== undefined && state.pid === 0);
    const base = {
      id,
      name: config.name,
      attempt: config.attempt,
      image: config.image,
      imageRef: image.id,
      createdAt: time(created),
      startedAt: time(state.startedAt),
    };
    if (failed !== undefined)
      return {
        ...base,
        ...{ state: "exited", startedAt: time(created), finishedAt: time(created) },
        ...{ exitCode: 128, reason: "StartError", message: failed },
      };
    if (!isOver) {
      const running = state.startedAt === undefined ? "created" : "running";
      return { ...base, state: running, finishedAt: untold, exitCode: 0, reason: "", message: "" };
    }
    const { exitCode, oomKilled } = state;
    container.message ??= this.#lastWords(container, exitCode);
    return {
      ...base,
      state: "exited",
      finishedAt: time(state.finishedAt),
      exitCode,
      reason: oomKilled ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error",
      message: container.message,
    };
  }

  /** What it wrote into its terminationMessagePath: 4096 bytes at most (kubernetes, `MaxContainerTerminationMessageLength`). */
  #lastWords({ id, config: { linux } }: OwnContainer, exitCode: number): string {
    if (linux === undefined) return "";
    const left = textOf(readFile(this.system.kernel, linux.terminationLog) ?? new Uint8Array(0)).slice(0, 4096);
    if (left !== "" || !linux.logsAsMessage || exitCode === 0) return left;
    const lines = this.logs(id).slice(-80);
    return lines
      .map(({ text }) => `${text}\n`)
      .join("")
      .slice(-2048);
  }

  #container(id: string): OwnContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new RuntimeFailure(`No such container: ${id}`);
    return container;
  }

  #tell(uid: string): void {
    for (const listener of this.#listeners) listener(uid);
  }

  /** Hands on what the engine tells of containers that begin and end. */
  *#hear(): Activity<void> {
    const events = this.system.engine.listen({ filters: { type: ["container"], event: ["start", "die"] } });
    for (;;) {
      const { Actor } = yield* events.next();
      const uid = this.#containers.get(Actor.ID)?.sandbox.config.uid ?? this.#sandboxes.get(Actor.ID)?.config.uid;
      if (uid !== undefined) this.#tell(uid);
    }
  }
}
