import { rfc3339, type Activity } from "../../core/index.js";
import { attempt, describeStatus, O_RDONLY, type Sys } from "../../os/index.js";
import { defaultSpec } from "../bundle/default-spec.js";
import type { MountSpec } from "../bundle/spec.js";
import type { ContentStore } from "../image/content-store.js";
import { demandDigest } from "../image/digest.js";
import type { Image } from "../image/image.js";
import { entriesOf, type Layer } from "../image/layer.js";
import type { TarEntry } from "../../userland/index.js";
import { removeTree, unpack } from "../image/unpack.js";
import { makeDirectories, writeText } from "../runtime/files.js";
import type { ContainerEnd, Networks } from "../network/networks.js";
import type { Runtime } from "../runtime/runtime.js";
import type { Snapshotter } from "../snapshot/snapshotter.js";
import { stacked } from "./file-set.js";
import { userIn } from "./settings.js";
import type { BuildWorker, RunStep, StepMount } from "./worker.js";

export interface RuntimeWorkerOptions {
  readonly content: ContentStore;
  readonly runtime: Runtime;
  /** Whose network "bridge" commands are in; without it they have none. */
  readonly networks?: Networks | undefined;
  /** Where layers are unpacked, and commands' changes lie. */
  readonly snapshots: Snapshotter;
  /** Finds an image, or pulls it. */
  readonly image: (reference: string) => Activity<Image>;
  /** Gets what is behind an address. */
  readonly fetch?: (address: string) => Activity<Uint8Array>;
  /** Below it are caches and what runs. */
  readonly directory?: string;
  readonly architecture?: string;
}

/** Executes a build's commands, each in a container of its own: an overlay of the layers below, in the engine's default network. */
export class RuntimeWorker implements BuildWorker {
  readonly architecture: string;
  readonly fetch: BuildWorker["fetch"];
  readonly #sys: Sys;
  readonly #options: RuntimeWorkerOptions;
  readonly #directory: string;
  #steps = 0;

  /** @param sys of a task that is root and has no other children that end */
  constructor(sys: Sys, options: RuntimeWorkerOptions) {
    this.#sys = sys;
    this.#options = options;
    this.#directory = options.directory ?? "/var/lib/build";
    this.fetch = options.fetch;
    this.architecture = options.architecture ?? "amd64";
  }

  image(reference: string): Activity<Image> {
    return this.#options.image(reference);
  }

  blob(digest: string): Uint8Array {
    return this.#options.content.get(demandDigest(digest));
  }

  *now(): Activity<string> {
    const nanoseconds = yield* this.#sys.clock_gettime("CLOCK_REALTIME");
    return rfc3339(Math.floor(nanoseconds / 1e9));
  }

  *run(
    layers: readonly Layer[],
    step: RunStep,
  ): Activity<{ readonly status: number; readonly changes: readonly TarEntry[] }> {
    const sys = this.#sys;
    const id = `build-${++this.#steps}`;
    const place = `${this.#directory}/steps/${id}`;
    const { snapshots } = this.#options;
    yield* makeDirectories(sys, place);
    yield* snapshots.prepare(sys, id, layers);
    const rootfs = yield* snapshots.mount(sys, id);
    try {
      const mounts: MountSpec[] = [];
      for (const [number, mount] of step.mounts.entries())
        mounts.push(yield* this.#mount(mount, `${place}/mount-${number}`));
      if (this.#options.networks !== undefined) mounts.push(...(yield* placeFiles(sys, place)));
      const files = stacked(layers.map(({ blob }) => entriesOf(blob)));
      const [uid, gid] = step.user === undefined ? [0, 0] : userIn(files, step.user);
      const { args, env, cwd } = step;
      const spec = defaultSpec({ args, env, cwd, rootfs, hostname: id, user: { uid, gid } });
      const whole = { ...spec, mounts: [...spec.mounts, ...mounts] };
      yield* writeText(sys, `${place}/config.json`, JSON.stringify(whole), true);
      const status = yield* this.#execute(id, place, step.output);
      const changes = yield* snapshots.changes(sys, id);
      return { status, changes: withoutMountPoints(changes, whole.mounts) };
    } finally {
      if (this.#options.networks !== undefined) yield* this.#options.networks.release(sys, id);
      yield* snapshots.unmount(sys, id);
      yield* snapshots.remove(sys, id);
      yield* removeTree(sys, place);
    }
  }

  /** A child is the container's parent, as a shim is; this task reads what is printed. */
  *#execute(id: string, bundle: string, output: (bytes: Uint8Array) => void): Activity<number> {
    const sys = this.#sys;
    const { runtime, networks } = this.#options;
    const [reader, writer] = yield* sys.pipe2();
    const ended: { status?: number; error?: Error } = {};
    const shim = yield* sys.clone(function* (child) {
      try {
        const nothing = yield* child.open("/dev/null", O_RDONLY);
        // Above what is about to be replaced.
        const [input, out] = [yield* child.dup3(nothing, 20, 0), yield* child.dup3(writer, 21, 0)];
        for (const [from, to] of [
          [input, 0],
          [out, 1],
          [out, 2],
        ] as const)
          yield* child.dup2(from, to);
        const { pid } = yield* runtime.create(child, id, bundle);
        if (networks !== undefined) yield* joinNetwork(child, networks, { id, name: id, hostname: id, pid }, bundle);
        yield* runtime.start(child, id);
        for (const fd of [0, 1, 2, input, out, writer]) yield* attempt(child.close(fd));
        ended.status = statusOf((yield* child.wait4(pid))?.status ?? 0);
        yield* runtime.delete(child, id);
      } catch (error) {
        ended.error = error instanceof Error ? error : new Error(String(error));
      }
    });
    yield* sys.close(writer);
    for (;;) {
      const bytes = yield* sys.read(reader, 65_536);
      if (bytes.length === 0) break;
      output(bytes.slice());
    }
    yield* sys.close(reader);
    yield* sys.wait4(shim);
    if (ended.error !== undefined) throw ended.error;
    return ended.status ?? 1;
  }

  *#mount({ target, readonly, content }: StepMount, place: string): Activity<MountSpec> {
    const sys = this.#sys;
    if (content === "tmpfs") return { destination: target, type: "tmpfs", source: "tmpfs", options: ["nosuid"] };
    const kept = "cache" in content ? `${this.#directory}/caches/${encodeURIComponent(content.cache)}` : undefined;
    const source = kept ?? place;
    yield* makeDirectories(sys, source);
    if (!("cache" in content)) yield* unpack(sys, source, content);
    return { destination: target, type: "bind", source, options: ["rbind", readonly ? "ro" : "rw"] };
  }
}

/** The files of /etc that the network decides on: empty until the container is in it. @returns their mounts */
function* placeFiles(sys: Sys, place: string): Activity<MountSpec[]> {
  const names = ["hosts", "resolv.conf"];
  for (const name of names) yield* writeText(sys, `${place}/${name}`, "", true);
  return names.map((name) => ({
    destination: `/etc/${name}`,
    type: "bind",
    source: `${place}/${name}`,
    options: ["rbind", "rw"],
  }));
}

function* joinNetwork(sys: Sys, networks: Networks, end: ContainerEnd, place: string): Activity<undefined> {
  yield* networks.connect(sys, "bridge", end);
  const { hosts, resolvConf } = yield* networks.files(sys, end);
  yield* writeText(sys, `${place}/hosts`, hosts, true);
  return yield* writeText(sys, `${place}/resolv.conf`, resolvConf, true);
}

/** The exit status as a shell tells it. */
function statusOf(status: number): number {
  const ended = describeStatus(status);
  return "exited" in ended ? ended.exited : 128 + ended.signal;
}

/** A layer without the places that the runtime made for its mounts, and what is above these alone. */
function withoutMountPoints(changes: readonly TarEntry[], mounts: readonly MountSpec[]): TarEntry[] {
  const points = mounts.map(({ destination }) => destination.replace(/^\/+|\/+$/g, ""));
  const kept = changes.filter(({ name }) => !points.some((point) => name === point || name.startsWith(`${point}/`)));
  const idle = ({ name, type }: TarEntry): boolean =>
    type === "directory" &&
    points.some((point) => point.startsWith(`${name}/`)) &&
    !kept.some((other) => other.name.startsWith(`${name}/`));
  return kept.filter((entry) => !idle(entry));
}
