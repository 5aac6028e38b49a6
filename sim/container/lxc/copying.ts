import { UsageError, type Activity } from "../../core/index.js";
import { attempt, describeStatus, Errno, type Sys } from "../../os/index.js";
import { removeTree } from "../image/unpack.js";
import { listDirectory, makeDirectories, readText, readTextIfThere, writeText } from "../runtime/files.js";
import { configFile, containerDirectory, demandDefined, stateOf, type Place } from "./client.js";
import { readConfiguration } from "./configuration.js";

/** Copies a tree with owners, modes and links: cp -a, as lxc-copy has rsync do it. */
function* copyTree(sys: Sys, from: string, to: string): Activity<undefined> {
  const pid = yield* sys.clone(function* (child) {
    yield* child.execve("/bin/cp", ["cp", "-a", from, to], ["PATH=/usr/bin:/bin"]);
  });
  const ended = describeStatus((yield* sys.wait4(pid))?.status ?? 1);
  if ("exited" in ended && ended.exited === 0) return undefined;
  throw new UsageError(`${from} could not be copied to ${to}`, "Look at what cp says, and whether there is room.");
}

/** A container's configuration with other values for what says who and where it is. */
function* rewrite(sys: Sys, from: Place, to: Place, rootfs: string): Activity<undefined> {
  const kept = (yield* readText(sys, configFile(from.lxcPath, from.name)))
    .split("\n")
    .filter((line) => !/^\s*lxc\.(rootfs\.path|uts\.name|net\.\d+\.hwaddr)\s*=/.test(line));
  const text = `${kept.join("\n").trimEnd()}\nlxc.rootfs.path = ${rootfs}\nlxc.uts.name = ${to.name}\n`;
  return yield* writeText(sys, configFile(to.lxcPath, to.name), text, true);
}

/**
 * lxc-copy: a container like another one. With `snapshot` its root is an overlay over the other's, and what it writes is all that it
 * takes; the other one can then not be destroyed (it is noted in its lxc_snapshots).
 * @throws UsageError for a name that is taken, a container that runs
 */
export function* copyContainer(sys: Sys, from: Place, to: Place, snapshot: boolean): Activity<undefined> {
  yield* demandDefined(sys, from);
  if (!((yield* attempt(sys.stat(configFile(to.lxcPath, to.name)))) instanceof Errno))
    throw new UsageError(`Container ${to.name} already exists`, "Choose another name.");
  if ((yield* stateOf(sys, from)) !== "STOPPED")
    throw new UsageError(`${from.name} is running`, `Stop it first: lxc-stop -n ${from.name}.`);
  const { rootfs = "" } = yield* readConfiguration(sys, configFile(from.lxcPath, from.name));
  const directory = containerDirectory(to.lxcPath, to.name);
  yield* makeDirectories(sys, directory);
  const { mode } = yield* sys.stat(containerDirectory(from.lxcPath, from.name));
  yield* sys.chmod(directory, mode & 0o7777);
  if (!snapshot) {
    if (rootfs.startsWith("overlay:"))
      throw new UsageError(
        `${from.name} is an overlay itself`,
        "Copy what it lies over, or make a snapshot: lxc-copy -s.",
      );
    yield* copyTree(sys, rootfs, `${directory}/rootfs`);
    return yield* rewrite(sys, from, to, `dir:${directory}/rootfs`);
  }
  const [kind, lower = "", upper = ""] = rootfs.split(":");
  const below = kind === "overlay" ? `${upper}:${lower}` : rootfs;
  if (below.includes(":"))
    throw new UsageError(
      `${from.name} is an overlay itself`,
      "An overlay of an overlay is absent here: copy what it lies over.",
    );
  yield* rewrite(sys, from, to, `overlay:${below}:${directory}/overlay/delta`);
  const children = `${containerDirectory(from.lxcPath, from.name)}/lxc_snapshots`;
  return yield* writeText(sys, children, `${(yield* readTextIfThere(sys, children)) ?? ""}${to.name}\n`, true);
}

const snapshotsOf = (place: Place): string => `${containerDirectory(place.lxcPath, place.name)}/snaps`;

/** lxc-snapshot: keeps the root and the configuration as they are. @returns its name: snap0 and on */
export function* takeSnapshot(sys: Sys, place: Place): Activity<string> {
  yield* makeDirectories(sys, snapshotsOf(place));
  const taken = yield* listDirectory(sys, snapshotsOf(place));
  let number = 0;
  while (taken.includes(`snap${number}`)) number++;
  const name = `snap${number}`;
  yield* copyContainer(sys, place, { lxcPath: snapshotsOf(place), name }, false);
  const at = yield* sys.clock_gettime("CLOCK_REALTIME");
  yield* writeText(sys, `${snapshotsOf(place)}/${name}/ts`, String(at), true);
  return name;
}

/** Snapshots with when they were taken, in nanoseconds since 1970. */
export function* listSnapshots(sys: Sys, place: Place): Activity<(readonly [name: string, at: number])[]> {
  const names = yield* attempt(listDirectory(sys, snapshotsOf(place)));
  const found: (readonly [string, number])[] = [];
  for (const name of names instanceof Errno ? [] : names.sort())
    found.push([name, Number((yield* readTextIfThere(sys, `${snapshotsOf(place)}/${name}/ts`)) ?? 0)]);
  return found;
}

/** Makes a container of a snapshot; in the place of its own where no other name is given. */
export function* restoreSnapshot(sys: Sys, place: Place, snapshot: string, as: string): Activity<undefined> {
  const from = { lxcPath: snapshotsOf(place), name: snapshot };
  yield* demandDefined(sys, from);
  const to = { lxcPath: place.lxcPath, name: as };
  if (as !== place.name) return yield* copyContainer(sys, from, to, false);
  if ((yield* stateOf(sys, place)) !== "STOPPED")
    throw new UsageError(`${place.name} is running`, `Stop it first: lxc-stop -n ${place.name}.`);
  const rootfs = `${containerDirectory(to.lxcPath, to.name)}/rootfs`;
  yield* removeTree(sys, rootfs);
  yield* copyTree(sys, `${containerDirectory(from.lxcPath, from.name)}/rootfs`, rootfs);
  return yield* rewrite(sys, from, to, `dir:${rootfs}`);
}

export function* removeSnapshot(sys: Sys, place: Place, snapshot: string): Activity<undefined> {
  const from = { lxcPath: snapshotsOf(place), name: snapshot };
  yield* demandDefined(sys, from);
  return yield* removeTree(sys, containerDirectory(from.lxcPath, from.name));
}

/** lxc-destroy. @throws UsageError for one that runs, or whose snapshots there are */
export function* destroyContainer(sys: Sys, place: Place, force: boolean): Activity<undefined> {
  yield* demandDefined(sys, place);
  const directory = containerDirectory(place.lxcPath, place.name);
  const children = ((yield* readTextIfThere(sys, `${directory}/lxc_snapshots`)) ?? "")
    .split("\n")
    .filter((one) => one !== "");
  const left: string[] = [];
  for (const child of children)
    if (!((yield* attempt(sys.stat(configFile(place.lxcPath, child)))) instanceof Errno)) left.push(child);
  if (left.length > 0)
    throw new UsageError(
      `${place.name} has snapshots: ${left.join(", ")}`,
      "Destroy them first: they lie over its root.",
    );
  const kept = yield* listSnapshots(sys, place);
  if (kept.length > 0 && !force)
    throw new UsageError(
      `${place.name} has snapshots: ${kept.map(([name]) => name).join(", ")}`,
      "Delete them first, or destroy with -s.",
    );
  return yield* removeTree(sys, directory);
}
