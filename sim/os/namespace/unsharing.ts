import { E } from "../errno.js";
import { CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUTS } from "../flags.js";
import { allCapabilities, noCapabilities } from "../security/capabilities.js";
import type { Credentials } from "../security/credentials.js";
import type { Task } from "../task/task.js";
import { MountNamespace, type Mount, type Place } from "../vfs/mount.js";
import { copyTree } from "../vfs/propagation.js";
import { NetNamespace } from "./net-namespace.js";
import type { NamespaceSet, TimeNamespace } from "./plain-namespaces.js";
import { noId, UserNamespace } from "./user-namespace.js";

/** How deep user namespaces nest, user_namespaces(7). */
const deepest = 32;

/**
 * Credentials in a new user namespace, where their bearer has every capability and no ids yet.
 * @throws EPERM for who has no ids in its present namespace; EUSERS too deep; EPERM in a chroot(2)
 */
export function newUserNamespace(task: Task): Credentials {
  const { credentials: who } = task;
  if (who.userNamespace.level >= deepest) throw E.EUSERS;
  if (who.userNamespace.uidFromKernel(who.euid) === noId || who.userNamespace.gidFromKernel(who.egid) === noId)
    throw E.EPERM;
  if (isChrooted(task)) throw E.EPERM;
  return inUserNamespace(who, new UserNamespace(task.kernel.nextNamespace(), who.userNamespace, who.euid, who.egid));
}

/** In another user namespace: all capabilities in it, and none elsewhere. */
export function inUserNamespace(who: Credentials, userNamespace: UserNamespace): Credentials {
  return {
    ...who,
    userNamespace,
    permitted: allCapabilities,
    effective: allCapabilities,
    inheritable: noCapabilities,
    bounding: allCapabilities,
    ambient: noCapabilities,
    keepCapabilities: false,
  };
}

/** Whether its root is another than its mount namespace's. */
function isChrooted(task: Task): boolean {
  let mount = task.namespaces.mnt.root;
  for (let over = mount?.over(mount.root); over !== undefined; over = mount.over(mount.root)) mount = over;
  return mount === undefined || task.root.mount !== mount || task.root.inode !== mount.root;
}

/**
 * The namespaces of a task after clone(2) or unshare(2) with these flags; its root and working directory follow it into
 * a new mount namespace. The caller has been found capable.
 */
export function changeNamespaces(task: Task, flags: number, credentials: Credentials): NamespaceSet {
  const { kernel } = task;
  const { userNamespace } = credentials;
  const number = (): number => kernel.nextNamespace();
  let { mnt, uts, ipc, net, cgroup } = task.namespaces;
  const { time } = task.namespaces;
  const before = task.debt;
  if ((flags & CLONE_NEWNS) !== 0) {
    mnt = copyMountNamespace(task, userNamespace);
    task.debt += kernel.costs.namespace;
  }
  if ((flags & CLONE_NEWUTS) !== 0) uts = { ...uts, number: number(), userNamespace };
  if ((flags & CLONE_NEWIPC) !== 0) ipc = { kind: "ipc", number: number(), userNamespace };
  if ((flags & CLONE_NEWNET) !== 0) {
    net = new NetNamespace(number(), userNamespace, kernel.networkHost);
    task.debt += kernel.costs.network;
  }
  if ((flags & CLONE_NEWCGROUP) !== 0) cgroup = { kind: "cgroup", number: number(), userNamespace, root: task.cgroup };
  task.systemTime += task.debt - before;
  const same = mnt === task.namespaces.mnt && uts === task.namespaces.uts && ipc === task.namespaces.ipc;
  if (same && net === task.namespaces.net && cgroup === task.namespaces.cgroup) return task.namespaces;
  return { mnt, uts, ipc, net, cgroup, time };
}

/** A time namespace with its parent's offsets, which may be changed until somebody lives in it: time_namespaces(7). */
export function newTimeNamespace(task: Task, { userNamespace }: Credentials): TimeNamespace {
  return { ...task.namespaces.time, number: task.kernel.nextNamespace(), userNamespace };
}

/**
 * A copy of a task's mount namespace, mount_namespaces(7): copies are peers of what they are copied from, but slaves
 * where the new one belongs to a less privileged user namespace; there what was mounted together stays together.
 */
function copyMountNamespace(task: Task, userNamespace: UserNamespace): MountNamespace {
  const { kernel } = task;
  const from = task.namespaces.mnt;
  const copy = new MountNamespace(kernel.nextNamespace(), userNamespace);
  if (from.root === undefined) throw E.EINVAL;
  const lessPrivileged = from.userNamespace !== userNamespace;
  const copies = new Map<Mount, Mount>();
  copy.root = copyTree(
    kernel.mountNumbers,
    from.root,
    from.root.root,
    copy,
    lessPrivileged ? "slave" : "peer",
    copies,
    false,
  );
  if (lessPrivileged) for (const mount of copy.root.tree()) mount.locked = mount !== copy.root;
  const moved = (place: Place): Place => {
    const mount = copies.get(place.mount);
    return mount === undefined
      ? place
      : { ...place, mount, ...(place.directory && { directory: moved(place.directory) }) };
  };
  task.context = { ...task.context, root: moved(task.root), cwd: moved(task.cwd) };
  return copy;
}
