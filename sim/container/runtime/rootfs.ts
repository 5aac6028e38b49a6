import { UsageError, type Activity } from "../../core/index.js";
import {
  AT_FDCWD,
  attempt,
  Errno,
  makedev,
  MNT_DETACH,
  MS_BIND,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_SLAVE,
  O_CREAT,
  O_DIRECTORY,
  O_PATH,
  O_WRONLY,
  RESOLVE_IN_ROOT,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  type Sys,
} from "../../os/index.js";
import type { DeviceSpec, MountSpec, RuntimeSpec } from "../bundle/spec.js";
import { parseMountOptions, propagations } from "./mount-options.js";

const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

/** A root file system that isn't the root yet, opened to look for places in it. */
export const openRoot = (sys: Sys, rootfs: string): Activity<number> => sys.open(rootfs, O_PATH | O_DIRECTORY);

/**
 * A place inside of an opened root, made where it is missing, as a path that mount(2) can take: links in the image lead to
 * places inside, as openat2(2) with RESOLVE_IN_ROOT sees to it.
 */
export function* placeWithin(sys: Sys, root: number, path: string, kind: "directory" | "file"): Activity<string> {
  const parts = partsOf(path);
  if (parts.includes("..")) throw new UsageError(`a path in a container is "${path}"`, "Write it without dots.");
  // Most are there; what is missing is made part by part.
  const whole = yield* attempt(sys.openat2(root, parts.join("/") || ".", { flags: O_PATH, resolve: RESOLVE_IN_ROOT }));
  let fd = whole instanceof Errno ? root : whole;
  for (let depth = fd === root ? 1 : parts.length + 1; depth <= parts.length; depth++) {
    const upTo = parts.slice(0, depth).join("/");
    const name = parts[depth - 1] ?? "";
    const last = depth === parts.length;
    let next = yield* attempt(sys.openat2(root, upTo, { flags: O_PATH, resolve: RESOLVE_IN_ROOT }));
    if (next instanceof Errno) {
      if (next.code !== "ENOENT") throw next;
      if (last && kind === "file") {
        yield* sys.close(yield* sys.openat(fd, name, O_CREAT | O_WRONLY, 0o755));
      } else yield* sys.mkdirat(fd, name, 0o755);
      next = yield* sys.openat2(root, upTo, { flags: O_PATH, resolve: RESOLVE_IN_ROOT });
    }
    if (fd !== root) yield* sys.close(fd);
    fd = next;
  }
  const place = yield* sys.readlink(`/proc/self/fd/${fd}`);
  if (fd !== root) yield* sys.close(fd);
  return place;
}

/** A mount's flags that only a remount sets: a bind takes those of its source. */
function* settle(sys: Sys, place: string, flags: number): Activity<undefined> {
  const kept = flags & ~(MS_BIND | MS_REC);
  if (kept !== 0) yield* sys.mount("", place, undefined, MS_REMOUNT | MS_BIND | kept);
  return undefined;
}

function* mountOne(sys: Sys, root: number, mount: MountSpec): Activity<undefined> {
  const { flags, propagation, data } = parseMountOptions(mount.options ?? []);
  const source = mount.source ?? mount.type ?? "none";
  if ((flags & MS_BIND) !== 0) {
    const { mode } = yield* sys.stat(source);
    const kind = (mode & S_IFMT) === S_IFDIR ? "directory" : "file";
    const place = yield* placeWithin(sys, root, mount.destination, kind);
    yield* sys.mount(source, place, undefined, flags & (MS_BIND | MS_REC));
    yield* settle(sys, place, flags);
    for (const one of propagation) yield* sys.mount("", place, undefined, one);
    return undefined;
  }
  const place = yield* placeWithin(sys, root, mount.destination, "directory");
  // The one hierarchy of version 2, whichever a configuration names.
  const type = mount.type === "cgroup" ? "cgroup2" : (mount.type ?? "none");
  yield* sys.mount(source, place, type, flags, type === "cgroup2" ? "" : data);
  for (const one of propagation) yield* sys.mount("", place, undefined, one);
  return undefined;
}

/** Devices that every container has: config-linux.md, "Default Devices". */
const defaultDevices: readonly DeviceSpec[] = (
  [
    ["null", 1, 3],
    ["zero", 1, 5],
    ["full", 1, 7],
    ["random", 1, 8],
    ["urandom", 1, 9],
    ["tty", 5, 0],
  ] as const
).map(([name, major, minor]) => ({ type: "c", path: `/dev/${name}`, major, minor, fileMode: 0o666 }));

const links = [
  ["/proc/self/fd", "/dev/fd"],
  ["/proc/self/fd/0", "/dev/stdin"],
  ["/proc/self/fd/1", "/dev/stdout"],
  ["/proc/self/fd/2", "/dev/stderr"],
  ["pts/ptmx", "/dev/ptmx"],
] as const;

/** @param directory where the device's own is in the root */
function* makeDevice(sys: Sys, root: number, directory: string, device: DeviceSpec): Activity<undefined> {
  const { path, type, major = 0, minor = 0, fileMode = 0o600, uid = 0, gid = 0 } = device;
  const at = `${directory}/${path.slice(path.lastIndexOf("/") + 1)}`;
  const kind = type === "p" ? S_IFIFO : type === "b" ? S_IFBLK : S_IFCHR;
  const made = yield* attempt(sys.mknod(at, kind | fileMode, type === "p" ? 0 : makedev(major, minor)));
  if (made instanceof Errno) {
    if (made.code === "EEXIST") return undefined;
    if (made.code !== "EPERM") throw made;
    // In a user namespace no device can be made: the host's is shown instead.
    const place = yield* placeWithin(sys, root, path, "file");
    return yield* sys.mount(path, place, undefined, MS_BIND);
  }
  yield* sys.chmod(at, fileMode);
  return yield* sys.lchown(at, uid, gid);
}

/** Mounts a container's file systems on its root, and makes its devices. The caller is in the container's mount namespace. */
export function* prepareRootfs(sys: Sys, rootfs: string, { mounts, linux }: RuntimeSpec): Activity<undefined> {
  const propagation = propagations[linux.rootfsPropagation ?? "rslave"];
  if (propagation === undefined)
    throw new UsageError(
      `config.linux.rootfsPropagation is "${linux.rootfsPropagation ?? ""}"`,
      `Use one of ${Object.keys(propagations).join(", ")}.`,
    );
  // Nothing that is mounted here may reach the host.
  yield* sys.mount("", "/", undefined, linux.rootfsPropagation === undefined ? MS_SLAVE | MS_REC : propagation);
  // pivot_root(2) wants a mount, and none that is shared above it.
  yield* sys.mount(rootfs, rootfs, undefined, MS_BIND | MS_REC);
  const root = yield* openRoot(sys, rootfs);
  for (const mount of mounts) yield* mountOne(sys, root, mount);
  const ownDev = mounts.some(
    ({ destination, type }) => destination === "/dev" && type !== undefined && type !== "bind",
  );
  if (ownDev) yield* makeDevices(sys, root, linux.devices ?? []);
  return yield* sys.close(root);
}

function* makeDevices(sys: Sys, root: number, others: readonly DeviceSpec[]): Activity<undefined> {
  const before = yield* sys.umask(0);
  const dev = yield* placeWithin(sys, root, "/dev", "directory");
  for (const device of defaultDevices) yield* makeDevice(sys, root, dev, device);
  for (const device of others) {
    const directory = device.path.slice(0, device.path.lastIndexOf("/"));
    yield* makeDevice(sys, root, yield* placeWithin(sys, root, directory, "directory"), device);
  }
  for (const [target, link] of links) {
    const made = yield* attempt(sys.symlink(target, `${dev}${link.slice("/dev".length)}`));
    if (made instanceof Errno && made.code !== "EEXIST") throw made;
  }
  yield* sys.umask(before);
  return undefined;
}

/** Makes a directory the root, and lets go of all that was above: without a place for the old root, as runc does it. */
export function* pivotInto(sys: Sys, rootfs: string): Activity<undefined> {
  const old = yield* sys.open("/", O_DIRECTORY);
  yield* sys.chdir(rootfs);
  yield* sys.pivot_root(".", ".");
  yield* sys.fchdir(old);
  yield* sys.mount("", ".", undefined, MS_SLAVE | MS_REC);
  yield* sys.umount2(".", MNT_DETACH);
  yield* sys.close(old);
  return yield* sys.chdir("/");
}

/** What comes after the pivot: settings, hidden and read-only paths, a read-only root. */
export function* finishRootfs(sys: Sys, { root, linux }: RuntimeSpec): Activity<undefined> {
  for (const path of linux.readonlyPaths ?? []) yield* makeReadonly(sys, path);
  for (const path of linux.maskedPaths ?? []) yield* mask(sys, path);
  if (root.readonly === true) yield* sys.mount("", "/", undefined, MS_REMOUNT | MS_BIND | MS_RDONLY);
  return undefined;
}

function* makeReadonly(sys: Sys, path: string): Activity<undefined> {
  const bound = yield* attempt(sys.mount(path, path, undefined, MS_BIND | MS_REC));
  if (bound instanceof Errno) {
    if (bound.code === "ENOENT") return undefined;
    throw bound;
  }
  return yield* sys.mount("", path, undefined, MS_BIND | MS_REMOUNT | MS_RDONLY);
}

/** Files become /dev/null, directories empty. */
function* mask(sys: Sys, path: string): Activity<undefined> {
  const found = yield* attempt(sys.newfstatat(AT_FDCWD, path));
  if (found instanceof Errno) return undefined;
  if ((found.mode & S_IFMT) === S_IFDIR) return yield* sys.mount("tmpfs", path, "tmpfs", MS_RDONLY);
  return yield* sys.mount("/dev/null", path, undefined, MS_BIND);
}
