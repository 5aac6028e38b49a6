import { UsageError, type Activity } from "../../core/index.js";
import {
  attempt,
  CLONE_NEWNS,
  Errno,
  MS_PRIVATE,
  MS_REC,
  POLLIN,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  WNOHANG,
  type Sys,
} from "../../os/index.js";
import { closedDevices } from "../bundle/device-rules.js";
import { rebootStatus } from "../init/systemd.js";
import { removeTree } from "../image/unpack.js";
import { ask, inNamespace } from "../network/sandbox.js";
import { bearContainer } from "../runtime/birth.js";
import { cgroupDirectory, limitCgroup, makeCgroup, removeCgroup } from "../runtime/cgroup.js";
import { listDirectory, makeDirectories, writeText } from "../runtime/files.js";
import { findMachine, register, unregister } from "./registry.js";
import type { Settings } from "./settings.js";
import { specOfSettings } from "./translation.js";

/** The first range of ids that nspawn takes, and how many ranges there are: systemd-nspawn(1), --private-users=. */
const firstShift = 524_288;
const shiftSize = 65_536;

/** Asked to end, an init that is a systemd stops its services: SIGRTMIN+4. */
export const poweroffSignal = 38;

/** Where a range's file stands while a machine has it. */
const lockOf = (shift: number): string => `/run/systemd/nspawn-uid/${shift}`;

/** A range of ids that no machine has, and from now on this one: first the tree's own, where it was shifted before. */
function* takeShift(sys: Sys, directory: string): Activity<number> {
  const { uid } = yield* sys.stat(directory);
  yield* makeDirectories(sys, "/run/systemd/nspawn-uid");
  const before = uid >= firstShift && uid % shiftSize === 0 ? [uid] : [];
  for (let place = 0; ; place++) {
    const shift = before[place] ?? firstShift + (place - before.length) * shiftSize;
    // mkdir(2) is one step: of two that want a range one gets it.
    if (!((yield* attempt(sys.mkdir(lockOf(shift), 0o700))) instanceof Errno)) return shift;
  }
}

/** Gives a tree's files to a range of ids: what each was within its old range it is within the new one. */
function* shiftTree(sys: Sys, path: string, shift: number): Activity<undefined> {
  const { uid, gid, mode } = yield* sys.lstat(path);
  if (Math.floor(uid / shiftSize) * shiftSize !== shift)
    yield* sys.lchown(path, shift + (uid % shiftSize), shift + (gid % shiftSize));
  // chown(2) takes set-user-ID away.
  if ((mode & 0o6000) !== 0 && (mode & S_IFMT) !== S_IFLNK) yield* sys.chmod(path, mode & 0o7777);
  if ((mode & S_IFMT) !== S_IFDIR) return undefined;
  for (const name of yield* listDirectory(sys, path)) yield* shiftTree(sys, `${path}/${name}`, shift);
  return undefined;
}

/** The ends of a machine's veth: ve-NAME, or vb-NAME at a bridge, and host0 inside. */
function* plug(sys: Sys, pid: number, { name, network }: Settings): Activity<undefined> {
  if (network === "host" || network === "private") return undefined;
  const bridge = network === "veth" ? undefined : network.bridge;
  // Names of interfaces have at most 15 letters.
  const outer = `${bridge === undefined ? "ve" : "vb"}-${name}`.slice(0, 15);
  yield* ask(
    sys,
    { type: "RTM_NEWLINK", name: outer, kind: "veth", peer: "host0", peerNet: { pid } },
    { type: "RTM_SETLINK", name: outer, set: { ...(bridge !== undefined && { master: bridge }), up: true } },
  );
  return yield* inNamespace(sys, pid, () => ask(sys, { type: "RTM_SETLINK", name: "host0", set: { up: true } }));
}

/** Where the machine's root is: the tree, or an overlay over it that goes with the machine. */
function* rootOf(sys: Sys, { directory, ephemeral, name }: Settings): Activity<string> {
  if (!ephemeral) return directory;
  const place = `/run/systemd/nspawn/${name}`;
  for (const part of ["upper", "work", "root"]) yield* makeDirectories(sys, `${place}/${part}`);
  yield* sys.mount(
    "overlay",
    `${place}/root`,
    "overlay",
    0,
    `lowerdir=${directory},upperdir=${place}/upper,workdir=${place}/work`,
  );
  return `${place}/root`;
}

/**
 * Runs a machine in the foreground: its console is the caller's.
 * @returns what its first process ended with
 * @throws UsageError for a directory that is no tree, or that runs already
 */
export function* runMachine(sys: Sys, settings: Settings): Activity<number> {
  const { directory, name } = settings;
  if ((yield* attempt(sys.stat(directory))) instanceof Errno)
    throw new UsageError(`Directory ${directory} doesn't exist`, "Unpack an operating system there.");
  const release = [`${directory}/etc/os-release`, `${directory}/usr/lib/os-release`];
  let isTree = false;
  for (const path of release) isTree ||= !((yield* attempt(sys.stat(path))) instanceof Errno);
  if (!isTree)
    throw new UsageError(
      `Directory ${directory} doesn't look like an OS root directory (os-release file is missing)`,
      "Unpack an operating system there, with its etc/os-release.",
    );
  if ((yield* findMachine(sys, name)) !== undefined)
    throw new UsageError(`Machine '${name}' already exists`, "Give another name: -M NAME.");
  const top = `/machine.slice/systemd-nspawn@${name}.service`;
  const [supervisor, group] = [`${top}/supervisor`, `${top}/payload`];
  const shift = settings.users === "pick" ? yield* takeShift(sys, directory) : settings.users;
  yield* sys.rt_sigprocmask("SIG_BLOCK", ["SIGCHLD", "SIGTERM", "SIGINT"]);
  yield* sys.unshare(CLONE_NEWNS);
  yield* sys.mount("", "/", undefined, MS_REC | MS_PRIVATE);
  try {
    for (const one of [supervisor, group]) yield* makeCgroup(sys, one);
    yield* writeText(sys, `${cgroupDirectory(supervisor)}/cgroup.procs`, "0");
    yield* limitCgroup(sys, group, { unified: settings.limits, devices: closedDevices });
    const rootfs = yield* rootOf(sys, settings);
    if (shift !== undefined) yield* shiftTree(sys, rootfs, shift);
    const spec = specOfSettings(settings, group, shift);
    for (;;) {
      const { pid } = yield* bearContainer(sys, {
        spec,
        rootfs,
        cgroup: group,
        state: (of) => ({ ociVersion: spec.ociVersion, id: name, status: "creating", pid: of, bundle: directory }),
        join: (of) => plug(sys, of, settings),
      });
      yield* register(sys, { name, leader: pid, root: directory, group, shift }, spec);
      const status = yield* attend(sys, pid, settings.boot);
      yield* attempt(writeText(sys, `${cgroupDirectory(group)}/cgroup.kill`, "1"));
      if (!settings.boot || status !== rebootStatus << 8) return status;
      yield* clearGroup(sys, group);
    }
  } finally {
    yield* unregister(sys, name);
    if (settings.users === "pick" && shift !== undefined) yield* attempt(sys.rmdir(lockOf(shift)));
    yield* attempt(removeCgroup(sys, group));
    yield* attempt(writeText(sys, "/sys/fs/cgroup/cgroup.procs", "0"));
    yield* attempt(removeCgroup(sys, top));
    if (settings.ephemeral) {
      yield* attempt(sys.umount2(`/run/systemd/nspawn/${name}/root`));
      yield* removeTree(sys, `/run/systemd/nspawn/${name}`);
    }
  }
}

/** Takes the groups away that an init has made below its own. */
function* clearGroup(sys: Sys, group: string): Activity<undefined> {
  yield* attempt(removeCgroup(sys, group));
  yield* makeCgroup(sys, group);
  return undefined;
}

/** Waits for the machine's end, and passes the wish for it on. */
function* attend(sys: Sys, pid: number, boot: boolean): Activity<number> {
  const arriving = yield* sys.signalfd4(-1, ["SIGCHLD", "SIGTERM", "SIGINT"]);
  for (;;) {
    yield* sys.poll([{ fd: arriving, events: POLLIN }]);
    const [signal] = yield* sys.read(arriving, 128);
    if (signal !== 17) yield* attempt(sys.kill(pid, boot ? poweroffSignal : "SIGTERM"));
    const ended = yield* sys.wait4(pid, WNOHANG);
    if (ended === undefined) continue;
    yield* sys.close(arriving);
    return ended.status;
  }
}
