import { Errno } from "./errno.js";
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, S_IFDIR } from "./flags.js";
import { fileSystemTypes, type Mounter } from "./file-systems.js";
import { CachedFile } from "./memory/page-cache.js";
import { Mount, type MountNamespace, type Place } from "./vfs/mount.js";
import type { FileSystem } from "./vfs/inode.js";
import { coveredBy } from "./vfs/mounting.js";
import { graft } from "./vfs/propagation.js";
import { resolve, type Walker } from "./vfs/resolve.js";
import { Tmpfs } from "./vfs/tmpfs.js";

/** Makes a file system the root of a namespace, and mounts what an init mounts first where it has the directories. */
export function mountRoot(kernel: Mounter, fs: FileSystem, namespace: MountNamespace): Place {
  const { mountNumbers } = kernel;
  const mount = new Mount(mountNumbers.mount(), fs, fs.root, "/dev/root", 0, namespace);
  namespace.root = mount;
  const root: Place = { mount, inode: fs.root };
  const walker = { ...kernel.caller, root, cwd: root };
  for (const [path, type, flags] of [
    ["/dev", "devtmpfs", MS_NOSUID],
    ["/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC],
    ["/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC],
    ["/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC],
    ["/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC],
  ] as const) {
    const place = directoryAt(walker, path);
    const make = fileSystemTypes[type];
    if (place === undefined || make === undefined) continue;
    const made = type === "devpts" ? kernel.devpts : make({ kernel, task: undefined, options: "", source: type });
    graft(
      mountNumbers,
      new Mount(mountNumbers.mount(), made, made.root, type, flags, namespace),
      place.mount,
      coveredBy(place),
    );
  }
  return root;
}

/** A directory that a root file system may have, or not. */
function directoryAt(walker: Walker, path: string): Place | undefined {
  try {
    return resolve(walker, path).place;
  } catch (error) {
    if (error instanceof Errno) return undefined;
    throw error;
  }
}

/** A root file system with nothing but directories. */
export function plainRoot(kernel: Mounter): Tmpfs {
  const fs = new Tmpfs({
    device: kernel.rootDisk.number,
    clock: kernel.engine,
    mode: 0o755,
    type: "ext4",
    openSpecial: (inode, flags, caller) => kernel.openSpecial(inode, flags, caller),
    cacheFile: () => new CachedFile(kernel.pageCache, kernel.rootDisk),
  });
  const names = "bin dev etc home lib mnt opt proc root run sbin srv sys tmp usr var".split(" ");
  for (const name of names) {
    const mode = name === "tmp" ? 0o1777 : name === "root" ? 0o700 : 0o755;
    fs.root.create(name, { mode: S_IFDIR | mode, uid: 0, gid: 0 });
  }
  return fs;
}
