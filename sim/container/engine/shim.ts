import { Signal, UsageError, type Activity } from "../../core/index.js";
import { attempt, CLONE_NEWNS, describeStatus, Errno, MS_PRIVATE, MS_REC, O_RDWR, type Sys } from "../../os/index.js";
import type { MountSpec, NamespaceType } from "../bundle/spec.js";
import { hostnameText, hostsText } from "../network/files.js";
import { makeDirectories, writeText } from "../runtime/files.js";
import { openRoot, placeWithin } from "../runtime/rootfs.js";
import { removeTree } from "../image/unpack.js";
import type { Container, Ended } from "./container.js";
import { devicesFor } from "./devices.js";
import type { EngineHost } from "./host.js";
import { join, leave } from "./networking.js";
import { specOf, userOf, type Shared } from "./process-spec.js";
import { openInput, relay, type StreamName } from "./streams.js";
import { readyMount } from "./volumes.js";

/** What a container's shim is told and tells. */
export interface ShimOptions {
  readonly host: EngineHost;
  /** Finds the container that another one shares a namespace with. */
  readonly find: (name: string) => Container;
  /** Told once, when its process has ended, all that it wrote is kept and the runtime has let go of it. */
  readonly ended: (how: Ended) => void;
}

/** An exit status as Docker tells it: of a signal's victim 128 more than the signal. */
export function exitCodeOf(status: number): number {
  const how = describeStatus(status);
  return "exited" in how ? how.exited : 128 + how.signal;
}

/**
 * Starts a container: a shim, as containerd has one for each, becomes the parent of its first process, mounts its root where no one
 * else sees it, keeps what it writes, and waits for its end.
 * @returns a signal with the process's pid, once it runs; it fails with why it doesn't
 */
export function startShim(container: Container, options: ShimOptions): Signal<number> {
  const started = new Signal<number>("containerd-shim");
  options.host.start("containerd-shim", function* (sys) {
    const running = yield* launched(sys, container, options, started);
    if (running !== undefined) yield* attend(sys, container, options, running);
  });
  return started;
}

interface Running {
  readonly pid: number;
  readonly log: number;
  readonly outputs: ReadonlyMap<number, StreamName>;
  readonly input?: { readonly from: number; readonly to: number } | undefined;
}

function* launched(
  sys: Sys,
  container: Container,
  options: ShimOptions,
  started: Signal<number>,
): Activity<Running | undefined> {
  const { host } = options;
  const { id } = container;
  try {
    yield* sys.unshare(CLONE_NEWNS);
    yield* sys.mount("", "/", undefined, MS_REC | MS_PRIVATE);
    yield* writeBundle(sys, container, options);
    const streams = yield* openStreams(sys, container);
    const log = yield* container.log.open(sys);
    const { pid, terminal } = yield* host.runtime.create(sys, id, host.bundle(id));
    // What the process has is not the shim's: it would never see the end of it.
    for (const fd of [0, 1, 2]) yield* sys.close(fd);
    let settled = false;
    try {
      yield* join(sys, host, container, pid);
      yield* host.runtime.start(sys, id);
      settled = true;
    } finally {
      if (!settled) {
        yield* leave(sys, host, container);
        yield* host.runtime.delete(sys, id, true);
      }
    }
    started.fire(pid);
    if (terminal === undefined) return { pid, log, outputs: streams.outputs };
    const { input } = streams;
    return {
      pid,
      log,
      outputs: new Map([[terminal, "stdout"]]),
      input: input === undefined ? undefined : { from: input, to: terminal },
    };
  } catch (error) {
    container.streams?.end();
    yield* attempt(removeTree(sys, host.bundle(id)));
    started.fail(error);
    return undefined;
  }
}

function* attend(sys: Sys, container: Container, { host, ended }: ShimOptions, running: Running): Activity<undefined> {
  const { id, log, streams } = container;
  const status = yield* relay(sys, {
    ...running,
    *hear(chunk) {
      streams?.hear(chunk);
      return yield* log.append(sys, running.log, chunk);
    },
  });
  yield* log.finish(sys, running.log);
  const { memory } = yield* host.runtime.stats(sys, id);
  yield* leave(sys, host, container);
  yield* host.runtime.delete(sys, id);
  yield* removeTree(sys, host.bundle(id));
  // The root is mounted here alone; it has to be free before others mount it.
  yield* host.snapshots.unmount(sys, id);
  streams?.end();
  ended({ exitCode: exitCodeOf(status), oomKilled: memory.oomKills > 0 });
  log.tell();
  return undefined;
}

/** Puts the container's streams at 0, 1 and 2. @returns the other ends; a terminal has its own */
function* openStreams(
  sys: Sys,
  { config, streams }: Container,
): Activity<{ readonly outputs: ReadonlyMap<number, StreamName>; readonly input?: number }> {
  // Whatever the shim has there is nobody's.
  for (const fd of [0, 1, 2]) yield* attempt(sys.close(fd));
  for (let fd = -1; fd < 2;) fd = yield* sys.open("/dev/null", O_RDWR);
  const input = streams?.input === undefined ? undefined : yield* openInput(sys, streams.input);
  if (config.Tty) return { outputs: new Map(), ...(input !== undefined && { input }) };
  if (input !== undefined) {
    yield* sys.dup2(input, 0);
    yield* sys.close(input);
  }
  const outputs = new Map<number, StreamName>();
  for (const [fd, stream] of [
    [1, "stdout"],
    [2, "stderr"],
  ] as const) {
    const [reader, writer] = yield* sys.pipe2();
    yield* sys.dup2(writer, fd);
    yield* sys.close(writer);
    outputs.set(reader, stream);
  }
  return { outputs };
}

/** Mounts the root, makes ready what is mounted into it, and writes config.json. */
function* writeBundle(sys: Sys, container: Container, options: ShimOptions): Activity<undefined> {
  const { host } = options;
  const { id, config } = container;
  const rootfs = yield* host.snapshots.mount(sys, id);
  for (const mount of container.mounts) yield* readyMount(sys, rootfs, mount);
  const root = yield* openRoot(sys, rootfs);
  const user = yield* userOf(sys, root, config.User, container.host.GroupAdd);
  // One that the image lacks is made, as Docker does.
  if (config.WorkingDir !== "") yield* placeWithin(sys, root, config.WorkingDir, "directory");
  yield* sys.close(root);
  const files = yield* etcFiles(sys, host.containerDirectory(id), container);
  const devices = yield* devicesFor(sys, container.host);
  const spec = specOf(container, rootfs, user, files, sharedNamespaces(container, options.find), devices);
  yield* makeDirectories(sys, host.bundle(id));
  return yield* writeText(sys, `${host.bundle(id)}/config.json`, JSON.stringify(spec), true);
}

function* etcFiles(sys: Sys, directory: string, { config, host }: Container): Activity<MountSpec[]> {
  const names = { hostname: config.Hostname, domainname: config.Domainname, extraHosts: host.ExtraHosts };
  const texts = [
    ["hostname", hostnameText(names)],
    ["hosts", hostsText(names, [])],
    ["resolv.conf", host.Dns.map((one) => `nameserver ${one}\n`).join("")],
  ] as const;
  const mounts: MountSpec[] = [];
  for (const [name, text] of texts) {
    const source = `${directory}/${name}`;
    // A network may have written it; it stays from run to run.
    const there = yield* attempt(sys.lstat(source));
    if (there instanceof Errno) yield* writeText(sys, source, text, true);
    mounts.push({ destination: `/etc/${name}`, type: "bind", source, options: ["rbind", "rprivate"] });
  }
  return mounts;
}

/** Namespaces that a container shares: with the host, or with another container that runs. */
function sharedNamespaces({ host }: Container, find: (name: string) => Container): Shared {
  const paths: Partial<Record<NamespaceType, string>> = {};
  const ofHost: NamespaceType[] = [];
  for (const [type, file, mode] of [
    ["network", "net", host.NetworkMode],
    ["pid", "pid", host.PidMode],
    ["ipc", "ipc", host.IpcMode],
    ["uts", "uts", host.UTSMode],
  ] as const) {
    if (mode === "host") ofHost.push(type);
    else if (mode.startsWith("container:")) {
      const other = find(mode.slice("container:".length));
      if (!other.isRunning)
        throw new UsageError(
          `cannot join ${type} namespace of a non running container: container ${other.name} is ${other.state.status}`,
          "Start it first.",
        );
      paths[type] = `/proc/${other.state.pid}/ns/${file}`;
    }
  }
  return { paths, ofHost };
}
