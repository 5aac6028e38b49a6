import { encodeUtf8, type Activity } from "../../core/index.js";
import {
  attempt,
  CLONE_NEWCGROUP,
  CLONE_NEWUSER,
  netlink,
  O_DIRECTORY,
  O_PATH,
  O_WRONLY,
  type Sys,
} from "../../os/index.js";
import type { ProcessSpec, RuntimeSpec } from "../bundle/spec.js";
import { cgroupDirectory } from "./cgroup.js";
import { writeText } from "./files.js";
import { runHooks } from "./hooks.js";
import { launchProcess, type Launched, type Line } from "./launch.js";
import { entered, mapIds, namespaceFiles, newNamespaces } from "./namespaces.js";
import { closeOthers, runProcess, useTerminal } from "./process.js";
import { finishRootfs, pivotInto, prepareRootfs } from "./rootfs.js";

/** Where a created container's process waits for its start, in the directory that `Birth.gate` names. */
export const gateName = "exec.fifo";

/** A container's first process: what runc, LXC, nspawn and libvirt's driver all come down to. */
export interface Birth {
  readonly spec: RuntimeSpec;
  /** As the caller sees it. */
  readonly rootfs: string;
  /** The group that it is born into; it has to be there. */
  readonly cgroup: string;
  /** What hooks are told. */
  readonly state: (pid: number) => object;
  /** A directory with a named pipe that the process opens last: who reads it starts the program. Without one it runs at once. */
  readonly gate?: string;
  /** Done while the process waits in its namespaces, before it makes its root: a network. */
  readonly join?: (pid: number) => Activity<undefined>;
}

/**
 * Makes a container's namespaces and its first process in them, which is the caller's child; its standard streams are the
 * caller's.
 * @throws UsageError, Errno where a step fails: then nothing of the process is left
 */
export function* bearContainer(sys: Sys, birth: Birth): Activity<Launched> {
  const { spec, cgroup, state, join } = birth;
  const { hooks, linux } = spec;
  const flags = newNamespaces(linux);
  return yield* launchProcess(sys, {
    paths: entered(linux),
    flags,
    *prepare(pid) {
      if ((flags & CLONE_NEWUSER) !== 0) yield* mapIds(sys, pid, linux);
      yield* writeText(sys, `${cgroupDirectory(cgroup)}/cgroup.procs`, String(pid));
      return yield* join?.(pid) ?? none();
    },
    *hooks(pid) {
      yield* runHooks(sys, hooks?.prestart, state(pid));
      return yield* runHooks(sys, hooks?.createRuntime, state(pid));
    },
    inside: (child, line) => beFirst(child, line, birth),
  });
}

/** One more process in a container that runs: in its namespaces, its cgroup, under its filter. */
export function* enterContainer(
  sys: Sys,
  { spec, pid, cgroup }: { readonly spec: RuntimeSpec; readonly pid: number; readonly cgroup: string },
  process: ProcessSpec,
): Activity<Launched> {
  const { namespaces, seccomp } = spec.linux;
  const has = (type: string): boolean => namespaces.some((one) => one.type === type);
  return yield* launchProcess(sys, {
    paths: namespaceFiles.filter(([type]) => has(type)).map(([, , file]) => `/proc/${pid}/ns/${file}`),
    flags: 0,
    prepare: (own) => writeText(sys, `${cgroupDirectory(cgroup)}/cgroup.procs`, String(own)),
    *inside(child, line) {
      if (has("user")) yield* becomeRoot(child);
      if (process.terminal === true) {
        yield* line.ask("terminal");
        yield* useTerminal(child, line.terminal());
      }
      yield* closeOthers(child, line.keep);
      return yield* runProcess(child, process, seccomp, () => line.ready());
    },
  });
}

function* none(): Activity<undefined> {
  return undefined;
}

/** In a user namespace: whoever it was outside, it is root inside. */
function* becomeRoot(sys: Sys): Activity<undefined> {
  yield* sys.setresgid(0, 0, 0);
  return yield* sys.setresuid(0, 0, 0);
}

/** What a container's first process does up to its program: runc's init. */
function* beFirst(sys: Sys, line: Line, { spec, rootfs, gate, state: stateOf }: Birth): Activity<never> {
  const { linux, process, hostname, domainname, hooks } = spec;
  const state = stateOf(0);
  const isNew = (type: string): boolean => linux.namespaces.some((one) => one.type === type && one.path === undefined);
  if (isNew("user")) yield* becomeRoot(sys);
  // Its group is the root of what it sees: it is in it by now.
  if (isNew("cgroup")) yield* sys.unshare(CLONE_NEWCGROUP);
  const own = gate === undefined ? undefined : yield* sys.open(gate, O_PATH | O_DIRECTORY);
  yield* closeOthers(sys, new Set([...(own === undefined ? [] : [own]), ...line.keep]));
  yield* attempt(sys.setsid());
  if (hostname !== undefined) yield* sys.sethostname(hostname);
  if (domainname !== undefined) yield* sys.setdomainname(domainname);
  // A network namespace of its own has nothing but lo, which is down; a machine without a network has none of it.
  if (linux.namespaces.some(({ type, path }) => type === "network" && path === undefined))
    yield* attempt(netlink(sys, { type: "RTM_SETLINK", name: "lo", set: { up: true } }));
  yield* prepareRootfs(sys, rootfs, spec);
  if (hooks?.prestart !== undefined || hooks?.createRuntime !== undefined) yield* line.ask("hooks");
  yield* runHooks(sys, hooks?.createContainer, state);
  yield* pivotInto(sys, rootfs);
  for (const [name, value] of Object.entries(linux.sysctl ?? {}))
    yield* writeText(sys, `/proc/sys/${name.replaceAll(".", "/")}`, value);
  if (process.terminal === true) {
    yield* line.ask("terminal");
    yield* useTerminal(sys, line.terminal());
  }
  yield* finishRootfs(sys, spec);
  return yield* runProcess(sys, process, linux.seccomp, function* () {
    yield* line.ready();
    if (own !== undefined) {
      // Blocks until `start` opens the other end.
      const waits = yield* sys.openat(own, gateName, O_WRONLY);
      yield* sys.write(waits, encodeUtf8("0"));
      yield* sys.close(waits);
      // Nothing of the host's may be left open: what leads out of a container once did so by such a descriptor.
      yield* sys.close(own);
    }
    return yield* runHooks(sys, hooks?.startContainer, { ...state, status: "created" });
  });
}
