import { encodeUtf8, UsageError, type Activity } from "../../core/index.js";
import {
  attempt,
  CLONE_NEWNS,
  Errno,
  MS_PRIVATE,
  MS_REC,
  O_APPEND,
  O_CREAT,
  O_RDWR,
  O_WRONLY,
  POLLIN,
  PR_SET_NAME,
  WNOHANG,
  type Sys,
} from "../../os/index.js";
import { textOf } from "../../net/index.js";
import type { RuntimeSpec } from "../bundle/spec.js";
import { encodeJson } from "../json.js";
import { rebootStatus } from "../init/systemd.js";
import { bearContainer } from "../runtime/birth.js";
import { cgroupDirectory, limitCgroup, makeCgroup, removeCgroup } from "../runtime/cgroup.js";
import { answer, listenForRequests, takeRequest } from "../runtime/control.js";
import { makeDirectories, readText, readTextIfThere, writeText } from "../runtime/files.js";
import { commandSocket, containerDirectory, payloadGroup, type ContainerState } from "./client.js";
import type { Configuration } from "./configuration.js";
import { plugNetworks } from "./network.js";
import { parsePolicy } from "./seccomp.js";
import { specOfConfiguration } from "./translation.js";

/** What a monitor is started for. */
export interface Start {
  readonly lxcPath: string;
  readonly name: string;
  readonly configuration: Configuration;
  /** What runs as pid 1; the configuration's init where absent. */
  readonly args?: readonly string[];
  /** Whether the payload has the caller's standard streams; else /dev/null, or the console's log. */
  readonly foreground?: boolean;
}

/**
 * Starts a container: forks its monitor and waits until the payload runs.
 * @returns the monitor's pid
 * @throws UsageError with what the monitor failed with
 */
export function* startContainer(sys: Sys, start: Start): Activity<number> {
  const [reader, writer] = yield* sys.pipe2();
  const pid = yield* sys.clone(function* (child) {
    yield* child.close(reader);
    return yield* monitor(child, start, writer);
  });
  yield* sys.close(writer);
  let said = "";
  for (;;) {
    const bytes = yield* sys.read(reader, 4096);
    if (bytes.length === 0) break;
    said += textOf(bytes);
  }
  yield* sys.close(reader);
  if (said === "running") return pid;
  yield* sys.wait4(pid);
  const [message = "", mend = ""] = said.split("\n");
  throw new UsageError(
    message === "" ? "the monitor ended before the container ran" : message,
    mend === "" ? "Look at the configuration." : mend,
  );
}

/** Mounts an overlay's layers where the root is to be; another root is taken as it is. @returns its path */
function* mountRoot(sys: Sys, { lxcPath, name, configuration }: Start): Activity<string> {
  const { rootfs } = configuration;
  if (rootfs === undefined)
    throw new UsageError("lxc.rootfs.path is missing", "Write where the container's root file system is.");
  const [kind, lower = "", upper = ""] = rootfs.split(":");
  if (kind !== "overlay") {
    if ((yield* attempt(sys.stat(rootfs))) instanceof Errno)
      throw new UsageError(
        `lxc.rootfs.path = ${rootfs}: there is no such directory`,
        "Make one: lxc-create -t download.",
      );
    return rootfs;
  }
  const directory = containerDirectory(lxcPath, name);
  for (const path of [`${directory}/rootfs`, `${directory}/overlay/work`, upper]) yield* makeDirectories(sys, path);
  yield* sys.mount(
    "overlay",
    `${directory}/rootfs`,
    "overlay",
    0,
    `lowerdir=${lower},upperdir=${upper},workdir=${directory}/overlay/work`,
  );
  return `${directory}/rootfs`;
}

function* useStreams(sys: Sys, { configuration, foreground = false }: Start): Activity<undefined> {
  if (foreground) return undefined;
  const log = configuration.consoleLog;
  const output = yield* sys.open(log ?? "/dev/null", log === undefined ? O_RDWR : O_WRONLY | O_CREAT | O_APPEND, 0o600);
  const input = yield* sys.open("/dev/null", O_RDWR);
  yield* sys.dup2(input, 0);
  for (const fd of [1, 2]) yield* sys.dup2(output, fd);
  for (const fd of [input, output]) if (fd > 2) yield* sys.close(fd);
  return undefined;
}

/** The monitor's life. @param report where it says "running", or why not */
function* monitor(sys: Sys, start: Start, report: number): Activity<number> {
  const { lxcPath, name, configuration } = start;
  const group = payloadGroup(name);
  const own = `/lxc.monitor.${name}`;
  try {
    yield* attempt(sys.setsid());
    yield* sys.prctl(PR_SET_NAME, "lxc monitor");
    // Its child's end is to be heard of, whatever its parent ignores.
    yield* sys.rt_sigaction("SIGCHLD", "SIG_DFL");
    yield* sys.rt_sigprocmask("SIG_BLOCK", ["SIGCHLD"]);
    yield* sys.chdir("/");
    yield* useStreams(sys, start);
    yield* sys.unshare(CLONE_NEWNS);
    yield* sys.mount("", "/", undefined, MS_REC | MS_PRIVATE);
    const listener = yield* listenForRequests(sys, commandSocket(lxcPath, name));
    yield* makeCgroup(sys, own);
    yield* writeText(sys, `${cgroupDirectory(own)}/cgroup.procs`, "0");
    const profile = configuration.seccompProfile;
    const seccomp = profile === undefined ? undefined : parsePolicy(yield* readText(sys, profile), profile);
    const spec = specOfConfiguration(configuration, name, start.args ?? configuration.init, seccomp);
    const rootfs = yield* mountRoot(sys, start);
    for (;;) {
      yield* makeCgroup(sys, group);
      yield* limitCgroup(sys, group, spec.linux.resources ?? {});
      const { pid } = yield* bearContainer(sys, {
        spec,
        rootfs,
        cgroup: group,
        state: (of) => ({ ociVersion: spec.ociVersion, id: name, status: "creating", pid: of, bundle: lxcPath }),
        join: (of) => plugNetworks(sys, of, configuration.networks),
      });
      yield* attempt(sys.write(report, encodeUtf8("running")));
      yield* attempt(sys.close(report));
      const status = yield* attend(sys, { listener, pid, group, spec });
      yield* attempt(writeText(sys, `${cgroupDirectory(group)}/cgroup.kill`, "1"));
      yield* attempt(removeCgroup(sys, group));
      if (status === rebootStatus << 8) continue;
      return (status >> 8) & 0xff;
    }
  } catch (error) {
    const [message, hint] =
      error instanceof UsageError
        ? [error.message, error.hint]
        : [error instanceof Error ? error.message : String(error), ""];
    yield* attempt(sys.write(report, encodeUtf8(`${message}\n${hint}`)));
    return 1;
  } finally {
    yield* attempt(removeCgroup(sys, group));
    // A group with a process in it can't go: the monitor leaves its own first.
    yield* attempt(writeText(sys, "/sys/fs/cgroup/cgroup.procs", "0"));
    yield* attempt(removeCgroup(sys, own));
  }
}

interface Attended {
  readonly listener: number;
  readonly pid: number;
  readonly group: string;
  readonly spec: RuntimeSpec;
}

/** Answers requests until the payload's first process has ended. @returns its status */
function* attend(sys: Sys, { listener, pid, group, spec }: Attended): Activity<number> {
  const children = yield* sys.signalfd4(-1, ["SIGCHLD"]);
  const waiting: { readonly fd: number; readonly states: readonly string[] }[] = [];
  const tellWaiting = function* (state: ContainerState): Activity<undefined> {
    for (const one of waiting.splice(0)) {
      if (one.states.includes(state) || state === "STOPPED") yield* answer(sys, one.fd, state);
      else waiting.push(one);
    }
    return undefined;
  };
  const freezer = `${cgroupDirectory(group)}/cgroup.freeze`;
  const stateNow = function* (): Activity<ContainerState> {
    const events = (yield* readTextIfThere(sys, `${cgroupDirectory(group)}/cgroup.events`)) ?? "";
    return events.includes("frozen 1") ? "FROZEN" : "RUNNING";
  };
  for (;;) {
    const ready = yield* sys.poll([children, listener].map((fd) => ({ fd, events: POLLIN })));
    for (const { fd } of ready) {
      if (fd === children) {
        yield* sys.read(children, 128);
        continue;
      }
      const asked = yield* takeRequest(sys, listener);
      const [verb = "", ...words] = asked.words;
      if (verb === "wait") {
        waiting.push({ fd: asked.fd, states: words });
        yield* tellWaiting(yield* stateNow());
        continue;
      }
      if (verb === "freeze" || verb === "unfreeze") {
        yield* writeText(sys, freezer, verb === "freeze" ? "1" : "0");
        yield* tellWaiting(yield* stateNow());
      }
      const says =
        verb === "init"
          ? String(pid)
          : verb === "spec"
            ? textOf(encodeJson(spec))
            : verb === "cgroup"
              ? group
              : yield* stateNow();
      yield* answer(sys, asked.fd, says);
    }
    const ended = yield* sys.wait4(pid, WNOHANG);
    if (ended === undefined) continue;
    yield* tellWaiting("STOPPED");
    yield* sys.close(children);
    return ended.status;
  }
}
