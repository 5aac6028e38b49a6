import {
  GiB,
  ms,
  ns,
  s,
  Signal,
  type Activity,
  type Bytes,
  type Cancel,
  type Nanos,
  type World,
} from "../../../core/index.js";
import {
  RuntimeFailure,
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerState,
  type ExecResult,
  type HttpProbe,
  type ImageState,
  type LogLine,
  type PodState,
  type RuntimeStats,
  type Sandbox,
  type SandboxConfig,
} from "../runtime.js";
import { joined } from "../../objects/value.js";
import { AddressPool } from "../address-pool.js";
import { digestOf } from "./identifier.js";
import { ProcessorTime } from "./processor-time.js";
import { assumedMemory, assumedSize, behaviourOf, type Behaviour, type HollowImage } from "./behaviour.js";

export interface HollowRuntimeOptions {
  readonly world: World;
  /** Where pods get their addresses from: `10.244.1.0/24`. */
  readonly podCIDR: string;
  readonly memory?: Bytes;
  readonly disk?: Bytes;
  /** What images there are to pull: a table by name with tag, or a function. Default every one, of 50 MiB. */
  readonly images?: Readonly<Record<string, HollowImage>> | ((image: string) => HollowImage | undefined);
  /** Bytes a second that a pull brings. Default 100 MiB. */
  readonly bandwidth?: number;
  /** What making a sandbox takes, and starting a container. Declared, not measured: defaults 200 ms and 50 ms. */
  readonly sandboxTime?: Nanos;
  readonly startTime?: Nanos;
}

interface HollowSandbox {
  readonly id: string;
  readonly config: SandboxConfig;
  ready: boolean;
  readonly ip: string;
  /** The newest first. */
  containers: readonly HollowContainer[];
}

interface HollowContainer {
  readonly sandbox: HollowSandbox;
  readonly config: ContainerConfig;
  readonly behaviour: Behaviour;
  readonly ended: Signal<void>;
  readonly log: LogLine[];
  readonly cpu: ProcessorTime;
  /** What will end it. */
  ending: { readonly at: Nanos; readonly cancel: Cancel } | undefined;
  state: ContainerState;
}

const untold: Nanos = ns(0);

/**
 * A container runtime without processes, as kubemark's and kwok's nodes have it: the kubelet above is the same, containers do what is
 * declared of their image and command, and cost a few events each.
 */
export class HollowRuntime implements ContainerRuntime {
  readonly name = "hollow";
  readonly version = "1.0";
  readonly system = undefined;
  readonly streaming = undefined;
  readonly #options: HollowRuntimeOptions;
  readonly #addresses: AddressPool;
  readonly #sandboxes = new Map<string, HollowSandbox>();
  readonly #byPod = new Map<string, HollowSandbox[]>();
  readonly #containers = new Map<string, HollowContainer>();
  readonly #images = new Map<string, ImageState>();
  readonly #listeners = new Set<(uid: string) => void>();
  #ids = 0;

  constructor(options: HollowRuntimeOptions) {
    this.#options = options;
    this.#addresses = new AddressPool(options.podCIDR);
  }

  *runPodSandbox(config: SandboxConfig): Activity<string> {
    const { world, sandboxTime = ms(200) } = this.#options;
    if (sandboxTime > 0) yield* world.engine.delay(sandboxTime);
    const ip = config.hostNetwork ? "" : this.#addresses.take();
    if (ip === undefined) {
      const { podCIDR } = this.#options;
      throw new RuntimeFailure(`failed to allocate for range 0: no IP addresses available in range set: ${podCIDR}`);
    }
    const sandbox: HollowSandbox = { id: this.#id(), config, ready: true, ip, containers: [] };
    this.#sandboxes.set(sandbox.id, sandbox);
    const others = this.#byPod.get(config.uid);
    if (others === undefined) this.#byPod.set(config.uid, [sandbox]);
    else others.unshift(sandbox);
    this.#tell(config.uid);
    return sandbox.id;
  }

  *stopPodSandbox(id: string): Activity<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox?.ready !== true) return;
    for (const container of sandbox.containers) yield* this.stopContainer(container.state.id, untold);
    sandbox.ready = false;
    if (sandbox.ip !== "") this.#addresses.give(sandbox.ip);
    this.#tell(sandbox.config.uid);
  }

  *removePodSandbox(id: string): Activity<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    yield* this.stopPodSandbox(id);
    for (const { state } of [...sandbox.containers]) yield* this.removeContainer(state.id);
    this.#sandboxes.delete(id);
    const { uid } = sandbox.config;
    const left = (this.#byPod.get(uid) ?? []).filter((other) => other !== sandbox);
    if (left.length === 0) this.#byPod.delete(uid);
    else this.#byPod.set(uid, left);
    this.#tell(uid);
  }

  *createContainer(id: string, config: ContainerConfig): Activity<string> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox?.ready !== true) throw new RuntimeFailure(`failed to find sandbox id "${id}": not found`);
    const image = this.#images.get(config.image);
    if (image === undefined) throw new RuntimeFailure(`failed to get image "${config.image}": not found`);
    const declared = this.#declared(config.image)?.behaviour ?? behaviourOf(config);
    const behaviour = typeof declared === "function" ? declared(config, config.attempt) : declared;
    const container: HollowContainer = {
      sandbox,
      config,
      behaviour,
      ended: new Signal<void>("container ended"),
      log: [],
      cpu: new ProcessorTime(behaviour),
      ending: undefined,
      state: {
        id: this.#id(),
        name: config.name,
        attempt: config.attempt,
        image: config.image,
        imageRef: image.ref,
        state: "created",
        createdAt: this.#now,
        startedAt: untold,
        finishedAt: untold,
        exitCode: 0,
        reason: "",
        message: "",
      },
    };
    this.#containers.set(container.state.id, container);
    sandbox.containers = [container].concat(sandbox.containers);
    return container.state.id;
  }

  *startContainer(id: string): Activity<void> {
    const { world, startTime = ms(50) } = this.#options;
    if (startTime > 0) yield* world.engine.delay(startTime);
    const container = this.#container(id);
    const { behaviour, config } = container;
    container.state = { ...container.state, state: "running", startedAt: this.#now };
    container.cpu.begin(this.#now);
    for (const text of behaviour.prints ?? []) container.log.push({ time: this.#now, text });
    if (config.memory !== undefined && (behaviour.memory ?? assumedMemory) > config.memory)
      this.#endAfter(container, ms(1), 137, "OOMKilled");
    else if (behaviour.runs !== undefined) this.#endAfter(container, behaviour.runs, behaviour.exitCode ?? 0);
    // Whoever waits for pods that start waits for this, too.
    const { startup = untold } = behaviour;
    if (startup > 0) world.engine.after(startup, () => undefined, { name: `startup of ${config.name}` });
    this.#tell(container.sandbox.config.uid);
  }

  *stopContainer(id: string, grace: Nanos): Activity<void> {
    const container = this.#containers.get(id);
    if (container === undefined || container.state.state === "exited") return;
    if (container.state.state === "created") {
      this.#end(container, 137, "Error");
      return;
    }
    const { stops = untold } = container.behaviour;
    if (stops === "never" || stops > grace) this.#endAfter(container, grace, 137);
    // A program that hears SIGTERM and ends by itself: most servers' exit code is 0 then.
    else this.#endAfter(container, stops, 0);
    yield* container.ended;
  }

  *removeContainer(id: string): Activity<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    yield* this.stopContainer(id, untold);
    this.#containers.delete(id);
    const { sandbox } = container;
    sandbox.containers = sandbox.containers.filter((other) => other !== container);
  }

  *execSync(id: string, command: readonly string[], timeout: Nanos): Activity<ExecResult> {
    const container = this.#container(id);
    if (container.state.state !== "running")
      throw new RuntimeFailure(`container is not in running state (container ${id})`);
    const { takes = untold, ...result } = container.behaviour.exec?.(command, this.#age(container)) ?? {
      exitCode: 0,
      output: "",
    };
    if (takes > timeout) {
      yield* this.#options.world.engine.delay(timeout);
      throw new RuntimeFailure(`command ${JSON.stringify(command.join(" "))} timed out`);
    }
    if (takes > 0) yield* this.#options.world.engine.delay(takes);
    return result;
  }

  logs(id: string): readonly LogLine[] {
    return this.#container(id).log;
  }

  imageStatus(image: string): ImageState | undefined {
    return this.#images.get(image);
  }

  *pullImage(image: string): Activity<ImageState> {
    const { world, bandwidth = 100 * 2 ** 20 } = this.#options;
    const found = this.#declared(image);
    const present = this.#images.get(image);
    if (found === undefined || present !== undefined) yield* world.engine.delay(ms(100));
    if (present !== undefined) return present;
    if (found === undefined) {
      const name = image.includes("/") ? `docker.io/${image}` : `docker.io/library/${image}`;
      throw new RuntimeFailure(
        `rpc error: code = NotFound desc = failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${name}: not found`,
      );
    }
    const size = found.size ?? assumedSize;
    yield* world.engine.delay(s(size / bandwidth));
    const state: ImageState = { ref: `sha256:${digestOf(image)}`, names: [image], size };
    this.#images.set(image, state);
    return state;
  }

  removeImage(image: string): void {
    this.#images.delete(image);
  }

  listImages(): readonly ImageState[] {
    return [...this.#images.values()];
  }

  podState(uid: string): PodState {
    const sandboxes = this.#byPod.get(uid) ?? [];
    const [first, ...older] = sandboxes.map(({ containers }) => containers.map(({ state }) => state));
    return { sandboxes: sandboxes.map(sandboxOf), containers: joined(first ?? [], ...older) };
  }

  pods(): readonly string[] {
    return [...this.#byPod.keys()];
  }

  stats(): RuntimeStats {
    const { memory = GiB(8), disk = GiB(100) } = this.#options;
    let used = 0;
    let filled = 0;
    for (const { state, behaviour } of this.#containers.values()) {
      if (state.state === "running") used += behaviour.memory ?? assumedMemory;
      filled += behaviour.disk ?? 0;
    }
    for (const { size } of this.#images.values()) filled += size;
    return {
      memoryAvailable: Math.max(0, memory - used) as Bytes,
      disk: { available: Math.max(0, disk - filled) as Bytes, capacity: disk },
      pods: () =>
        new Map(
          [...this.#byPod].map(([uid, sandboxes]) => [
            uid,
            new Map(
              sandboxes
                .flatMap(({ containers }) => containers)
                .filter(({ state }) => state.state === "running")
                .map(({ config, behaviour: { memory = assumedMemory, disk = 0 as Bytes }, cpu }) => [
                  config.name,
                  { memory, disk, cpu: cpu.read(this.#now) },
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

  *httpGet(sandbox: string, probe: HttpProbe, timeout: Nanos): Activity<number> {
    const container = yield* this.#listening(sandbox, probe.port, timeout);
    return container.behaviour.http?.(probe, this.#age(container)) ?? 200;
  }

  *connect(sandbox: string, port: number, timeout: Nanos): Activity<void> {
    yield* this.#listening(sandbox, port, timeout);
  }

  /** Ends a container from outside, as a crash or `kill` on the node would. For experiments. */
  crash(id: string, exitCode = 137): void {
    const container = this.#container(id);
    if (container.state.state === "running") this.#end(container, exitCode, exitCode === 0 ? "Completed" : "Error");
  }

  /** Its machine is gone: nothing of it goes on. */
  halt(): void {
    for (const { ending } of this.#containers.values()) ending?.cancel();
    this.#listeners.clear();
  }

  /** The container that answers at a port: one that names it, or else any that runs. Half a millisecond each way would not be seen. */
  *#listening(id: string, port: number, timeout: Nanos): Activity<HollowContainer> {
    yield* this.#options.world.engine.delay(Math.min(timeout, ms(1)) as Nanos);
    const sandbox = this.#sandboxes.get(id);
    const running = (sandbox?.containers ?? []).filter(
      ({ state, behaviour, config }) =>
        state.state === "running" &&
        this.#now - state.startedAt >= (behaviour.startup ?? 0) &&
        (config.ports.includes(port) || behaviour.http !== undefined),
    );
    const [found] = running;
    if (found === undefined)
      throw new RuntimeFailure(`dial tcp ${sandbox?.ip ?? ""}:${port}: connect: connection refused`);
    return found;
  }

  #declared(image: string): HollowImage | undefined {
    const { images } = this.#options;
    if (images === undefined) return {};
    if (typeof images === "function") return images(image);
    return Object.hasOwn(images, image) ? images[image] : undefined;
  }

  get #now(): Nanos {
    return this.#options.world.engine.now;
  }

  #age({ state }: HollowContainer): Nanos {
    return (this.#now - state.startedAt) as Nanos;
  }

  #container(id: string): HollowContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new RuntimeFailure(`container "${id}" in namespace "k8s.io": not found`);
    return container;
  }

  #id(): string {
    return digestOf(`${this.#options.podCIDR} ${this.#ids++}`);
  }

  #tell(uid: string): void {
    for (const listener of this.#listeners) listener(uid);
  }

  /** Has a container end, unless it ends sooner anyway. */
  #endAfter(container: HollowContainer, delay: Nanos, exitCode: number, reason?: string): void {
    const { engine } = this.#options.world;
    const at = (engine.now + delay) as Nanos;
    if (container.ending !== undefined && container.ending.at <= at) return;
    container.ending?.cancel();
    const end = (): void => {
      this.#end(container, exitCode, reason ?? (exitCode === 0 ? "Completed" : "Error"));
    };
    container.ending = { at, cancel: engine.at(at, end, { name: `end of ${container.config.name}` }) };
  }

  #end(container: HollowContainer, exitCode: number, reason: string): void {
    container.ending?.cancel();
    container.ending = undefined;
    const { state, behaviour } = container;
    const startedAt = state.state === "created" ? this.#now : state.startedAt;
    const { message = "" } = behaviour;
    container.state = { ...state, state: "exited", startedAt, finishedAt: this.#now, exitCode, reason, message };
    container.ended.fire();
    this.#tell(container.sandbox.config.uid);
  }
}

const sandboxOf = ({ id, config, ready, ip }: HollowSandbox): Sandbox => ({
  id,
  uid: config.uid,
  attempt: config.attempt,
  ready,
  ip,
});
