import { UsageError, type Activity } from "../../core/index.js";
import { PR_SET_NAME, type Kernel, type Sys } from "../../os/index.js";
import type { BuildOptions, Built } from "../build/progress.js";
import { ContentStore } from "../image/content-store.js";
import type { Image } from "../image/image.js";
import { ImageStore } from "../image/image-store.js";
import { Networks } from "../network/networks.js";
import { makeDirectories } from "../runtime/files.js";
import { Runtime } from "../runtime/runtime.js";
import { Snapshotter } from "../snapshot/snapshotter.js";
import type { HostConfig } from "./config.js";
import type { Container, Ended } from "./container.js";
import { Containers, summaryOf, type ContainerSummary, type ListOptions } from "./containers.js";
import type { CreateOptions } from "./creation.js";
import { conflict } from "./errors.js";
import { Events, type EngineEvent, type EventOptions, type EventStream } from "./events.js";
import { Execs, type Exec, type ExecOptions } from "./exec.js";
import { ContainerFiles, type Change, type PathStat } from "./files.js";
import { EngineHost } from "./host.js";
import { Images, type Registries } from "./images.js";
import { inspectContainer, inspectImage, type ContainerInspection, type ImageInspection } from "./inspect.js";
import { Lifecycle, type WaitCondition } from "./lifecycle.js";
import { selected, type LogEntry, type LogOptions } from "./log.js";
import { Networking } from "./networking.js";
import { statistics, top, type ContainerStatistics, type ProcessList } from "./observe.js";
import { streamsFor, type Attachment, type Wanted } from "./streams.js";
import {
  diskUsage,
  measureDisk,
  pruneContainers,
  sizeOfContainer,
  type ContainerSize,
  type DiskUsage,
  type Pruned,
  type UsageRow,
} from "./usage.js";
import { Volumes } from "./volumes.js";

export interface ContainerEngineOptions {
  /** How registries are reached; none where absent. */
  readonly registries?: Registries;
  /** Images that it has from the start. */
  readonly images?: ImageStore;
  /** Whether there are Docker's networks; without them only modes host, none and container:NAME mean anything. Default true. */
  readonly networks?: boolean;
  /** Where it keeps what it has. */
  readonly root?: string;
}

/**
 * A container engine as Docker's: dockerd on a simulated Linux. Its verbs are those of Docker's API, are activities (whoever calls waits
 * in virtual time) and throw EngineError, in Docker's words and with its HTTP status, where Docker refuses. Containers are named by
 * name, id or an id's beginning.
 */
export class ContainerEngine {
  readonly kernel: Kernel;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly execs: Execs;
  readonly networks: Networking;
  readonly #host: EngineHost;
  readonly #containers: Containers = new Containers();
  readonly #lifecycle: Lifecycle;
  readonly #files: ContainerFiles;

  /**
   * Starts the daemon on a kernel, which is booted where it isn't.
   * @throws UsageError inside of an event: make it before the world runs
   */
  constructor(kernel: Kernel, options: ContainerEngineOptions = {}) {
    const { root = "/var/lib/docker", registries = () => undefined } = options;
    this.kernel = kernel;
    const networks = options.networks === false ? undefined : new Networks();
    kernel.run((sys) => ready(sys, root, networks));
    const init = kernel.pidNamespace.init;
    if (init === undefined) throw new UsageError("the kernel has no pid 1", "Make another kernel.");
    const daemon = kernel.start(daemonBody, init);
    const events = new Events(kernel);
    const snapshots = new Snapshotter(`${root}/overlay2`);
    this.#host = new EngineHost({ kernel, root, daemon, events, networks, snapshots, runtime: new Runtime() });
    const store = options.images ?? new ImageStore(new ContentStore());
    this.images = new Images(this.#host, this.#containers, store, registries);
    this.volumes = new Volumes(this.#host);
    this.execs = new Execs(this.#host);
    this.#lifecycle = new Lifecycle({
      host: this.#host,
      containers: this.#containers,
      images: this.images,
      volumes: this.volumes,
      execs: this.execs,
    });
    this.#files = new ContainerFiles(this.#host, this.images);
    this.networks = new Networking(this.#host, (name) => this.container(name));
  }

  /** Its time of day, in nanoseconds since 1970. */
  get now(): number {
    return this.#host.now;
  }

  /** Docker's "Root Dir". */
  get root(): string {
    return this.#host.root;
  }

  /** @throws EngineError 404 */
  container(name: string): Container {
    return this.#containers.get(name);
  }

  /** @returns its id. @throws EngineError 404 for an image that isn't there: pull it first */
  *create(options: CreateOptions): Activity<string> {
    return (yield* this.#lifecycle.create(options)).id;
  }

  start(name: string): Activity<undefined> {
    return this.#lifecycle.start(this.container(name));
  }

  /** @param timeout in seconds, before it is killed */
  stop(name: string, timeout?: number, signal?: string): Activity<undefined> {
    return this.#lifecycle.stop(this.container(name), timeout, signal);
  }

  restart(name: string, timeout?: number): Activity<undefined> {
    return this.#lifecycle.restart(this.container(name), timeout);
  }

  kill(name: string, signal?: string): Activity<undefined> {
    return this.#lifecycle.kill(this.container(name), signal);
  }

  pause(name: string): Activity<undefined> {
    return this.#lifecycle.pause(this.container(name));
  }

  unpause(name: string): Activity<undefined> {
    return this.#lifecycle.unpause(this.container(name));
  }

  wait(name: string, condition?: WaitCondition): Activity<Ended> {
    return this.#lifecycle.wait(this.container(name), condition);
  }

  /** @param options.volumes whether its volumes without a name go, too */
  remove(name: string, options?: { readonly force?: boolean; readonly volumes?: boolean }): Activity<undefined> {
    return this.#lifecycle.remove(this.container(name), options);
  }

  rename(name: string, to: string): void {
    this.#lifecycle.rename(this.container(name), to);
  }

  update(name: string, changes: Partial<HostConfig>): Activity<undefined> {
    return this.#lifecycle.update(this.container(name), changes);
  }

  /** `docker ps`, the newest first. */
  list(options?: ListOptions): ContainerSummary[] {
    const { now } = this.#host;
    return this.#containers.list(options).map((container) => summaryOf(container, now));
  }

  inspect(name: string): ContainerInspection {
    const container = this.container(name);
    const execs = this.execs.of(container).flatMap(({ id, running }) => (running ? [id] : []));
    return inspectContainer(container, this.#host, execs);
  }

  inspectImage(name: string): ImageInspection {
    return inspectImage(this.images.get(name), this.images.list());
  }

  /** A client's end of a container's streams; of one that doesn't run, of its next run. */
  attach(name: string, wanted: Wanted = { stdout: true, stderr: true }): Attachment {
    const container = this.container(name);
    if (container.state.status === "paused")
      throw conflict(`Container ${container.name} is paused. Unpause it before attach.`, "Unpause it.");
    container.streams ??= streamsFor(this.kernel.engine, container.config);
    this.#host.events.emit("container", "attach", container.id, container.attributes);
    return container.streams.attach(wanted);
  }

  /** What a container has written up to now. */
  *logs(name: string, options: LogOptions = {}): Activity<LogEntry[]> {
    const { log } = this.container(name);
    return selected(yield* this.#host.serve((sys) => log.read(sys)), options);
  }

  /** What a container has written and writes, until it ends or `tell` says no. */
  *followLogs(name: string, options: LogOptions, tell: (entry: LogEntry) => boolean | undefined): Activity<undefined> {
    const container = this.container(name);
    const { log } = container;
    // How many there were before: what `tail` leaves out stays out.
    let seen = (yield* this.#host.serve((sys) => log.read(sys))).length;
    for (const entry of yield* this.logs(name, options)) if (tell(entry) === false) return undefined;
    const rest = { ...options, tail: undefined };
    for (;;) {
      const { grown } = log;
      const all = yield* this.#host.serve((sys) => log.read(sys));
      for (const entry of selected(all.slice(seen), rest)) if (tell(entry) === false) return undefined;
      seen = all.length;
      if (!container.isRunning) return undefined;
      if (log.grown === grown) yield* grown;
    }
  }

  /** Makes a further process; `execs.start` runs it. */
  exec(name: string, options: ExecOptions): Exec {
    return this.execs.create(this.container(name), options);
  }

  /** Sets a terminal's size, of a container's or an exec's. */
  *resize(of: string | Exec, rows: number, columns: number): Activity<undefined> {
    const pid = typeof of === "string" ? this.container(of).state.pid : of.pid;
    if (pid === 0) throw conflict(`cannot resize a stopped container`, "Start it first.");
    return yield* this.#host.serve(function* (sys): Activity<undefined> {
      const tty = yield* sys.open(`/proc/${pid}/fd/0`);
      yield* sys.ioctl(tty, "TIOCSWINSZ", { rows, columns });
      return yield* sys.close(tty);
    });
  }

  top(name: string): Activity<ProcessList> {
    return top(this.#host, this.container(name));
  }

  stats(name: string, before?: ContainerStatistics): Activity<ContainerStatistics> {
    return statistics(this.#host, this.container(name), before);
  }

  /** The last events. */
  events(options?: EventOptions): EngineEvent[] {
    return this.#host.events.list(options);
  }

  listen(options?: EventOptions): EventStream {
    return this.#host.events.listen(options);
  }

  diff(name: string): Activity<Change[]> {
    return this.#files.diff(this.container(name));
  }

  /** `docker cp` out of a container, as a tar archive. */
  getArchive(name: string, path: string): Activity<{ readonly archive: Uint8Array; readonly stat: PathStat }> {
    return this.#files.get(this.container(name), path);
  }

  /** `docker cp` into a directory of a container. */
  putArchive(name: string, path: string, archive: Uint8Array): Activity<undefined> {
    return this.#files.put(this.container(name), path, archive);
  }

  export(name: string): Activity<Uint8Array> {
    return this.#files.export(this.container(name));
  }

  commit(name: string, options?: Parameters<ContainerFiles["commit"]>[1]): Activity<Image> {
    return this.#files.commit(this.container(name), options);
  }

  build(names: readonly string[], options: BuildOptions): Activity<Built> {
    return this.images.build(names, options);
  }

  diskUsage(): Activity<UsageRow[]> {
    return diskUsage(this.#parts);
  }

  /** What each container and volume takes: what `diskUsage` sums up. */
  measureDisk(): Activity<DiskUsage> {
    return measureDisk(this.#parts);
  }

  size(name: string): Activity<ContainerSize> {
    return sizeOfContainer(this.#parts, this.container(name));
  }

  prune(): Activity<Pruned> {
    return pruneContainers(this.#parts, this.#lifecycle);
  }

  get #parts(): Parameters<typeof diskUsage>[0] {
    return { host: this.#host, containers: this.#containers, images: this.images, volumes: this.volumes };
  }
}

function* ready(sys: Sys, root: string, networks: Networks | undefined): Activity<undefined> {
  for (const name of ["containers", "volumes", "overlay2", "image"])
    yield* makeDirectories(sys, `${root}/${name}`, 0o710);
  if (networks !== undefined) yield* networks.start(sys);
  return undefined;
}

/** dockerd itself: what it does is done by tasks of its own. */
function* daemonBody(sys: Sys): Activity<undefined> {
  yield* sys.prctl(PR_SET_NAME, "dockerd");
  yield* sys.rt_sigaction("SIGCHLD", "SIG_IGN");
  for (;;) yield* sys.pause();
}
