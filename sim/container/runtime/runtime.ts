import { encodeUtf8, UsageError, type Activity } from "../../core/index.js";
import { attempt, Errno, O_RDONLY, S_IFIFO, type Sys } from "../../os/index.js";
import { Field, parseJson } from "../json.js";
import { usualDevices } from "../bundle/device-rules.js";
import { parseSpec } from "../bundle/parse.js";
import type { ProcessSpec, Resources, RuntimeSpec } from "../bundle/spec.js";
import { removeTree } from "../image/unpack.js";
import { bearContainer, enterContainer, gateName } from "./birth.js";
import {
  cgroupDirectory,
  limitCgroup,
  makeCgroup,
  processesOf,
  removeCgroup,
  statsOf,
  type ContainerStats,
} from "./cgroup.js";
import { makeDirectories, readBytes, readText, readTextIfThere, writeText } from "./files.js";
import { runHooks } from "./hooks.js";
import type { Launched } from "./launch.js";

export type ContainerStatus = "creating" | "created" | "running" | "paused" | "stopped";

/** What `state` tells: runtime.md, "State". */
export interface ContainerState {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: ContainerStatus;
  /** Of its first process, as the caller sees it; 0 once it is gone. */
  readonly pid: number;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What of a container is kept in its state.json. */
interface Kept {
  readonly id: string;
  readonly bundle: string;
  readonly pid: number;
  /** When its first process began, in ticks since boot: a pid may be used again. */
  readonly started: string;
  readonly cgroup: string;
  /** Whether its configuration has hooks: only then is that read again. */
  readonly hooked: boolean;
}

export interface RuntimeOptions {
  /** Where states are kept. */
  readonly root?: string;
}

/**
 * A runtime like runc, by runtime-spec 1.2: each operation is a sequence of system calls that a task makes, with its rights,
 * on bundles in its file system; what is known of a container lies in files below /run/runc. Who calls `create` becomes the
 * parent of the container's first process and has to wait for it, as containerd's shim does. The process's standard streams are
 * the caller's 0, 1 and 2; with a terminal the caller gets its master (runc sends it over a socket).
 */
export class Runtime {
  readonly #root: string;

  constructor({ root = "/run/runc" }: RuntimeOptions = {}) {
    this.#root = root;
  }

  /**
   * Makes a container: namespaces, cgroup, root file system, hooks; its process waits for `start`.
   * @throws UsageError for a wrong configuration or a name that is taken; Errno
   */
  *create(sys: Sys, id: string, bundle: string): Activity<Launched> {
    if (!/^[\w][\w+.-]*$/.test(id))
      throw new UsageError(`"${id}" is no container's id`, "Use letters, digits, _, +, . and -.");
    const directory = `${this.#root}/${id}`;
    if (!((yield* attempt(sys.lstat(directory))) instanceof Errno))
      throw new UsageError(`container with given ID already exists: ${id}`, "Delete it, or choose another id.");
    const spec = yield* this.#spec(sys, bundle);
    const rootfs = spec.root.path.startsWith("/") ? spec.root.path : `${bundle}/${spec.root.path}`;
    if ((yield* attempt(sys.stat(rootfs))) instanceof Errno)
      throw new UsageError(`rootfs (${rootfs}) does not exist`, "Unpack an image there first.");
    const cgroup = spec.linux.cgroupsPath ?? `/${id}`;
    yield* makeDirectories(sys, this.#root);
    yield* sys.mkdir(directory, 0o711);
    try {
      yield* makeCgroup(sys, cgroup);
      const { resources } = spec.linux;
      yield* limitCgroup(sys, cgroup, { ...resources, devices: [...(resources?.devices ?? []), ...usualDevices] });
      yield* sys.mknod(`${directory}/${gateName}`, S_IFIFO | 0o622, 0);
      yield* sys.chmod(`${directory}/${gateName}`, 0o622);
      const launched = yield* this.#init(sys, id, bundle, rootfs, spec, cgroup);
      const { pid } = launched;
      const hooked = spec.hooks !== undefined;
      const kept: Kept = { id, bundle, cgroup, pid, started: yield* startOf(sys, pid), hooked };
      yield* writeText(sys, `${directory}/state.json`, JSON.stringify(kept), true);
      return launched;
    } catch (error) {
      yield* attempt(removeCgroup(sys, cgroup));
      yield* removeTree(sys, directory);
      throw error;
    }
  }

  /** Has a created container's process run its program. @throws UsageError for one that isn't just created */
  *start(sys: Sys, id: string): Activity<undefined> {
    const kept = yield* this.#kept(sys, id);
    const status = yield* this.#status(sys, kept);
    if (status !== "created")
      throw new UsageError(
        `cannot start a container that is ${status}`,
        status === "stopped" ? "Delete it and create it again." : "It runs already.",
      );
    const path = `${this.#root}/${id}/${gateName}`;
    const reader = yield* sys.open(path, O_RDONLY);
    yield* sys.read(reader, 1);
    yield* sys.close(reader);
    yield* sys.unlink(path);
    if (!kept.hooked) return undefined;
    const { ociVersion, annotations = {}, hooks } = yield* this.#spec(sys, kept.bundle);
    const { pid, bundle } = kept;
    return yield* runHooks(sys, hooks?.poststart, { ociVersion, id, status: "running", pid, bundle, annotations });
  }

  /** @throws UsageError for a container that there isn't */
  *state(sys: Sys, id: string): Activity<ContainerState> {
    const kept = yield* this.#kept(sys, id);
    const spec = yield* this.#spec(sys, kept.bundle);
    const status = yield* this.#status(sys, kept);
    const { ociVersion, annotations = {} } = spec;
    return { ociVersion, id, status, pid: status === "stopped" ? 0 : kept.pid, bundle: kept.bundle, annotations };
  }

  /** Ids of the containers that there are. */
  *list(sys: Sys): Activity<string[]> {
    const fd = yield* attempt(sys.open(this.#root));
    if (fd instanceof Errno) return [];
    const names = (yield* sys.getdents64(fd)).map(({ name }) => name).filter((name) => !name.startsWith("."));
    yield* sys.close(fd);
    return names.sort();
  }

  /** Sends a signal to the first process; with `all` to every one. @throws UsageError where none is left */
  *kill(sys: Sys, id: string, signal: Parameters<Sys["kill"]>[1] = "SIGTERM", all = false): Activity<undefined> {
    const kept = yield* this.#kept(sys, id);
    const status = yield* this.#status(sys, kept);
    if (all) {
      for (const pid of yield* processesOf(sys, kept.cgroup)) yield* attempt(sys.kill(pid, signal));
      return undefined;
    }
    if (status === "stopped") throw new UsageError("container not running", "It has ended: delete it.");
    return yield* sys.kill(kept.pid, signal);
  }

  /**
   * Removes a stopped container; with `force` a running one is killed. Its parent has to have waited for it.
   * @throws UsageError for one that runs
   */
  *delete(sys: Sys, id: string, force = false): Activity<undefined> {
    const kept = yield* this.#kept(sys, id);
    const status = yield* this.#status(sys, kept);
    if (status !== "stopped") {
      if (!force && status !== "created")
        throw new UsageError(
          `cannot delete container ${id} that is not stopped: ${status}`,
          "Kill it first, or force it.",
        );
      yield* writeText(sys, `${cgroupDirectory(kept.cgroup)}/cgroup.kill`, "1");
      yield* attempt(sys.wait4(kept.pid));
    }
    const spec = kept.hooked ? yield* this.#spec(sys, kept.bundle) : undefined;
    yield* attempt(removeCgroup(sys, kept.cgroup));
    yield* removeTree(sys, `${this.#root}/${id}`);
    if (spec === undefined) return undefined;
    const { ociVersion, annotations = {} } = spec;
    const state: ContainerState = { ociVersion, id, status: "stopped", pid: 0, bundle: kept.bundle, annotations };
    return yield* runHooks(sys, spec.hooks?.poststop, state);
  }

  /** Freezes every process, by cgroup.freeze. */
  *pause(sys: Sys, id: string): Activity<undefined> {
    return yield* this.#freeze(sys, id, "running", "1");
  }

  *resume(sys: Sys, id: string): Activity<undefined> {
    return yield* this.#freeze(sys, id, "paused", "0");
  }

  /** One more process in a container that runs: in its namespaces, its cgroup, under its filter. */
  *exec(sys: Sys, id: string, process: ProcessSpec): Activity<Launched> {
    const kept = yield* this.#kept(sys, id);
    const status = yield* this.#status(sys, kept);
    if (status !== "running")
      throw new UsageError(`cannot exec in a ${status} container`, "Start it, or let it go on.");
    const { pid, cgroup } = kept;
    return yield* enterContainer(sys, { spec: yield* this.#spec(sys, kept.bundle), pid, cgroup }, process);
  }

  /** Pids in the container, as the caller sees them. */
  *processes(sys: Sys, id: string): Activity<number[]> {
    return yield* processesOf(sys, (yield* this.#kept(sys, id)).cgroup);
  }

  *stats(sys: Sys, id: string): Activity<ContainerStats> {
    return yield* statsOf(sys, (yield* this.#kept(sys, id)).cgroup);
  }

  /** Changes a container's limits while it runs. */
  *update(sys: Sys, id: string, resources: Resources): Activity<undefined> {
    return yield* limitCgroup(sys, (yield* this.#kept(sys, id)).cgroup, resources);
  }

  *#init(sys: Sys, id: string, bundle: string, rootfs: string, spec: RuntimeSpec, cgroup: string): Activity<Launched> {
    const { ociVersion, annotations = {} } = spec;
    const state = (pid: number): ContainerState => ({ ociVersion, id, status: "creating", pid, bundle, annotations });
    return yield* bearContainer(sys, { spec, rootfs, cgroup, state, gate: `${this.#root}/${id}` });
  }

  *#freeze(sys: Sys, id: string, from: ContainerStatus, text: string): Activity<undefined> {
    const kept = yield* this.#kept(sys, id);
    const status = yield* this.#status(sys, kept);
    if (status !== from)
      throw new UsageError(
        `container ${id} is ${status}, not ${from}`,
        from === "running" ? "Start it first." : "Only what was paused goes on.",
      );
    return yield* writeText(sys, `${cgroupDirectory(kept.cgroup)}/cgroup.freeze`, text);
  }

  *#kept(sys: Sys, id: string): Activity<Kept> {
    const text = yield* readTextIfThere(sys, `${this.#root}/${id}/state.json`);
    if (text === undefined)
      throw new UsageError(`container does not exist: ${id}`, "Look at the list of those that there are.");
    const field = new Field(parseJson(encodeUtf8(text), "state.json"), "state");
    return {
      id,
      bundle: field.at("bundle").text(),
      pid: field.at("pid").number(),
      started: field.at("started").text(),
      cgroup: field.at("cgroup").text(),
      hooked: field.at("hooked").boolean(),
    };
  }

  *#spec(sys: Sys, bundle: string): Activity<RuntimeSpec> {
    return parseSpec(yield* readBytes(sys, `${bundle}/config.json`));
  }

  *#status(sys: Sys, { id, pid, started, cgroup }: Kept): Activity<ContainerStatus> {
    if ((yield* startOf(sys, pid)) !== started) return "stopped";
    const events = (yield* readTextIfThere(sys, `${cgroupDirectory(cgroup)}/cgroup.events`)) ?? "";
    if (events.includes("frozen 1")) return "paused";
    const waits = yield* attempt(sys.lstat(`${this.#root}/${id}/${gateName}`));
    return waits instanceof Errno ? "running" : "created";
  }
}

/** When a process began, as proc_pid_stat(5) has it; "" for one that is gone, or waits to be waited for. */
function* startOf(sys: Sys, pid: number): Activity<string> {
  const text = yield* attempt(readText(sys, `/proc/${pid}/stat`));
  if (text instanceof Errno) return "";
  // The name, in parentheses, may hold blanks.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
}
