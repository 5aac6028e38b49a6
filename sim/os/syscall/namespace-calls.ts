import { E } from "../errno.js";
import {
  AT_FDCWD,
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  MS_REC,
} from "../flags.js";
import type { Namespace } from "../namespace/namespace.js";
import { PidNamespace } from "../namespace/pid-namespace.js";
import type { NamespaceSet } from "../namespace/plain-namespaces.js";
import { changeNamespaces, inUserNamespace, newTimeNamespace, newUserNamespace } from "../namespace/unsharing.js";
import { UserNamespace } from "../namespace/user-namespace.js";
import { capable } from "../security/credentials.js";
import type { Task } from "../task/task.js";
import { MountNamespace, type Mount, type Place } from "../vfs/mount.js";
import {
  bind,
  changePropagation,
  mountFileSystem,
  move,
  pivotRoot,
  remount,
  requested,
  unmount,
} from "../vfs/mounting.js";
import { topmost } from "../vfs/resolve.js";
import { existing } from "./paths.js";
import { full, partial, type Rows } from "./row.js";

/** @throws EPERM for who may not administer its mount namespace */
function demandMounting(task: Task): void {
  if (!capable(task.credentials, task.namespaces.mnt.userNamespace, "SYS_ADMIN")) throw E.EPERM;
}

/** Types that a user namespace's root may mount: those with FS_USERNS_MOUNT. */
const safeTypes = new Set(["tmpfs", "proc", "sysfs", "cgroup2", "overlay", "devpts", "mqueue"]);

function bindMount(task: Task, from: Place, to: Place, flags: number): void {
  bind(task.kernel.mountNumbers, from, to, (flags & MS_REC) !== 0);
  if (isNamespaceFile(from.inode)) task.kernel.networkHost?.noteMount();
}

/** Whether somebody has a file of a mount open, or stands in it. */
function isBusy(task: Task, mount: Mount): boolean {
  if (mount.opens > 0) return true;
  for (const { root, cwd, executable } of task.kernel.pidNamespace.tasks.values())
    if (root.mount === mount || cwd.mount === mount || executable?.mount === mount) return true;
  return false;
}

const kinds: readonly (readonly [number, string])[] = [
  [CLONE_NEWUSER, "user"],
  [CLONE_NEWNS, "mnt"],
  [CLONE_NEWUTS, "uts"],
  [CLONE_NEWIPC, "ipc"],
  [CLONE_NEWNET, "net"],
  [CLONE_NEWPID, "pid"],
  [CLONE_NEWCGROUP, "cgroup"],
  [CLONE_NEWTIME, "time"],
];

/** What an open file of /proc/PID/ns refers to. */
export interface NamespaceFile {
  readonly namespace: Namespace & { readonly userNamespace: UserNamespace };
}

const isNamespaceFile = (inode: object): inode is NamespaceFile => "namespace" in inode;

export const namespaceCalls = {
  mount(
    task: Task,
    source: string,
    path: string,
    type: string | undefined,
    flags: number = 0,
    data: string = "",
  ): undefined {
    demandMounting(task);
    const { mountNumbers } = task.kernel;
    const place = existing(task, AT_FDCWD, path);
    if (place.mount.namespace !== task.namespaces.mnt) throw E.EINVAL;
    switch (requested(flags)) {
      case "remount":
        remount(place, flags);
        return;
      case "propagation":
        changePropagation(mountNumbers, place, flags);
        return;
      case "bind":
        bindMount(task, existing(task, AT_FDCWD, source), place, flags);
        return;
      case "move":
        move(mountNumbers, existing(task, AT_FDCWD, source), place);
        return;
      case "new": {
        if (type === undefined) throw E.EINVAL;
        if (task.namespaces.mnt.userNamespace.parent !== undefined && !safeTypes.has(type)) throw E.EPERM;
        const fs = task.kernel.makeFileSystem(type, task, data, source);
        mountFileSystem(mountNumbers, fs, source, place, flags);
      }
    }
  },
  umount2(task: Task, path: string, flags: number = 0): undefined {
    demandMounting(task);
    unmount(topmost(existing(task, AT_FDCWD, path)), flags, (mount) => isBusy(task, mount));
    task.kernel.networkHost?.settle();
  },
  pivot_root(task: Task, newRoot: string, putOld: string): undefined {
    demandMounting(task);
    const to = existing(task, AT_FDCWD, newRoot);
    const old = existing(task, AT_FDCWD, putOld);
    pivotRoot(topmost(task.root), to, old);
  },
  unshare(task: Task, flags: number): undefined {
    if ((flags & CLONE_NEWUSER) !== 0) flags |= CLONE_FS;
    if ((flags & CLONE_NEWNS) !== 0) flags |= CLONE_FS;
    const credentials = (flags & CLONE_NEWUSER) !== 0 ? newUserNamespace(task) : task.credentials;
    const others =
      CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWPID | CLONE_NEWTIME;
    if ((flags & others) !== 0 && !capable(credentials, credentials.userNamespace, "SYS_ADMIN")) throw E.EPERM;
    if ((flags & CLONE_FS) !== 0) task.context = { ...task.context };
    if ((flags & CLONE_FILES) !== 0 && task.files.shared) {
      const files = task.files.copy();
      task.files.leave();
      task.files = files;
    }
    if ((flags & CLONE_NEWPID) !== 0) {
      // Its children are born there, not itself: unshare(2).
      if (task.childPidNamespace !== undefined) throw E.EINVAL;
      task.childPidNamespace = new PidNamespace<Task>(
        task.kernel.nextNamespace(),
        task.pidNamespace,
        credentials.userNamespace,
      );
    }
    if ((flags & CLONE_NEWTIME) !== 0) task.childTimeNamespace = newTimeNamespace(task, credentials);
    task.enter(changeNamespaces(task, flags, credentials));
    task.credentials = credentials;
  },
  setns(task: Task, descriptor: number, type: number = 0): undefined {
    const { place } = task.files.file(descriptor);
    if (place === undefined || !isNamespaceFile(place.inode)) throw E.EINVAL;
    const { namespace } = place.inode;
    const kind = kinds.find(([flag]) => flag === type)?.[1];
    if (type !== 0 && kind !== namespace.kind) throw E.EINVAL;
    join(task, namespace);
  },
  sethostname(task: Task, name: string): undefined {
    const { uts } = task.namespaces;
    if (!capable(task.credentials, uts.userNamespace, "SYS_ADMIN")) throw E.EPERM;
    if (name.length > 64) throw E.EINVAL;
    uts.hostname = name;
  },
  setdomainname(task: Task, name: string): undefined {
    const { uts } = task.namespaces;
    if (!capable(task.credentials, uts.userNamespace, "SYS_ADMIN")) throw E.EPERM;
    if (name.length > 64) throw E.EINVAL;
    uts.domainname = name;
  },
  uname(task: Task): {
    readonly sysname: string;
    readonly nodename: string;
    readonly release: string;
    readonly version: string;
    readonly machine: string;
    readonly domainname: string;
  } {
    const { uts } = task.namespaces;
    const { release, machine } = task.kernel;
    return {
      sysname: "Linux",
      nodename: uts.hostname,
      release,
      version: "#1 SMP",
      machine,
      domainname: uts.domainname,
    };
  },
  reboot(task: Task): undefined {
    if (!capable(task.credentials, task.pidNamespace.userNamespace, "SYS_BOOT")) throw E.EPERM;
    const { init } = task.pidNamespace;
    // In a pid namespace of its own it ends that namespace's pid 1: reboot(2).
    if (task.pidNamespace.parent !== undefined && init !== undefined) task.kernel.kill(init);
    else task.kernel.halt();
  },
};

/** Enters a namespace, setns(2). */
function join(task: Task, namespace: NamespaceFile["namespace"]): void {
  const { credentials: who } = task;
  if (namespace instanceof UserNamespace) {
    if (namespace === who.userNamespace) throw E.EINVAL;
    if (!capable(who, namespace, "SYS_ADMIN")) throw E.EPERM;
    task.credentials = inUserNamespace(who, namespace);
    return;
  }
  if (!capable(who, namespace.userNamespace, "SYS_ADMIN") || !capable(who, who.userNamespace, "SYS_ADMIN"))
    throw E.EPERM;
  if (namespace instanceof PidNamespace) {
    // Only downwards: a task can't get out of what it can't see.
    const inner = namespace as PidNamespace<Task>;
    if (!inner.isWithin(task.pidNamespace)) throw E.EINVAL;
    task.childPidNamespace = inner;
  } else if (namespace.kind === "time") {
    task.childTimeNamespace = namespace as NamespaceSet["time"];
    task.enter({ ...task.namespaces, time: namespace as NamespaceSet["time"] });
  } else if (namespace instanceof MountNamespace) {
    if (!capable(who, who.userNamespace, "SYS_CHROOT")) throw E.EPERM;
    const mount = namespace.root;
    if (mount === undefined) throw E.EINVAL;
    const root = topmost({ mount, inode: mount.root });
    task.enter({ ...task.namespaces, mnt: namespace });
    task.context = { ...task.context, root, cwd: root };
  } else task.enter({ ...task.namespaces, [namespace.kind]: namespace });
}

export const namespaceRows: Rows<typeof namespaceCalls> = {
  mount: partial(
    165,
    "types tmpfs, overlay, proc, sysfs, cgroup2, devtmpfs, devpts; flags of a mount, not of its file system",
    "path",
  ),
  umount2: partial(166, "no MNT_FORCE, MNT_EXPIRE", "path"),
  pivot_root: full(155, "path"),
  unshare: full(272, "namespace"),
  setns: partial(308, "descriptors of /proc/PID/ns, no pidfds"),
  sethostname: full(170),
  setdomainname: full(171),
  uname: full(63),
  reboot: partial(169, "halts the machine, or ends a pid namespace"),
};
