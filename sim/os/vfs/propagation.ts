import { Mount, type Covered, type MountNamespace, type PeerGroup } from "./mount.js";
import type { Inode } from "./inode.js";

/** Numbers for new mounts and peer groups, counted over the whole kernel. */
export class MountNumbers {
  #mount = 20;
  #group = 0;

  mount(): number {
    return ++this.#mount;
  }

  group(): PeerGroup {
    return { number: ++this.#group, members: new Set(), slaves: new Set() };
  }
}

/** How a copy relates to what it was copied from. */
export type CopyAs = "peer" | "slave" | "private";

function join(mount: Mount, group: PeerGroup): void {
  mount.peers = group;
  group.members.add(mount);
}

function follow(mount: Mount, group: PeerGroup | undefined): void {
  mount.master?.slaves.delete(mount);
  mount.master = group;
  group?.slaves.add(mount);
}

/** Makes a mount shared (a peer group of its own), private, a slave of its peers, or unbindable: mount(2). */
export function setPropagation(
  numbers: MountNumbers,
  mount: Mount,
  type: "shared" | "private" | "slave" | "unbindable",
): void {
  if (type === "shared") {
    mount.unbindable = false;
    if (mount.peers === undefined) join(mount, numbers.group());
    return;
  }
  const peers = mount.peers;
  const formerMaster = mount.master;
  leavePeers(mount);
  if (type === "slave") {
    // Who was the only peer has nobody to receive from: it is private then (or stays its master's slave).
    if (peers !== undefined && peers.members.size > 0) follow(mount, peers);
    else follow(mount, formerMaster);
  } else {
    follow(mount, undefined);
    mount.unbindable = type === "unbindable";
  }
}

function leavePeers(mount: Mount): void {
  const group = mount.peers;
  if (group === undefined) return;
  group.members.delete(mount);
  mount.peers = undefined;
  if (group.members.size > 0) return;
  // The last peer goes: its slaves now receive from its master, if it had one (change_mnt_propagation, fs/pnode.c).
  for (const slave of [...group.slaves]) follow(slave, mount.master);
}

/** Takes a mount out of what spreads events: it is gone. */
export function forget(mount: Mount): void {
  leavePeers(mount);
  follow(mount, undefined);
}

/** One more mount of the same file system; `root` where it shows less than `mount`. */
export function copyMount(
  numbers: MountNumbers,
  mount: Mount,
  root: Inode,
  namespace: MountNamespace,
  as: CopyAs,
): Mount {
  const copy = new Mount(numbers.mount(), mount.fs, root, mount.source, mount.flags, namespace);
  copy.unbindable = mount.unbindable;
  copy.locked = mount.locked;
  if (as === "peer") {
    if (mount.peers !== undefined) join(copy, mount.peers);
    follow(copy, mount.master);
  } else if (as === "slave") follow(copy, mount.peers ?? mount.master);
  return copy;
}

/**
 * Copies a mount and what hangs below it.
 * @param copies filled with what became of which
 */
export function copyTree(
  numbers: MountNumbers,
  mount: Mount,
  root: Inode,
  namespace: MountNamespace,
  as: CopyAs,
  copies: Map<Mount, Mount> = new Map(),
  leavesUnbindable = true,
): Mount {
  const copy = copyMount(numbers, mount, root, namespace, as);
  copies.set(mount, copy);
  if (mount.children === undefined) return copy;
  for (const [place, stack] of mount.children) {
    if (!reaches(place, stack[0]?.placeDirectory, root)) continue;
    for (const child of stack) {
      if (leavesUnbindable && child.unbindable) continue;
      const covered = child.covered;
      if (covered !== undefined)
        copyTree(numbers, child, child.root, namespace, as, copies, leavesUnbindable).attach(copy, covered);
    }
  }
  return copy;
}

/** Whether `root` is above `inode`, or is it. */
export function reaches(inode: Inode, directory: Inode | undefined, root: Inode): boolean {
  if (inode === root) return true;
  let at = inode.isDirectory ? inode : directory;
  while (at !== undefined) {
    if (at === root) return true;
    const { parent } = at;
    at = parent === at ? undefined : parent;
  }
  return false;
}

/**
 * Hangs a tree of mounts over `covered` in `parent`, and copies of it wherever `parent`'s events go: at its peers as
 * peers, at its slaves as slaves. What is hung below a shared mount becomes shared.
 */
export function graft(numbers: MountNumbers, tree: Mount, parent: Mount, covered: Covered): void {
  tree.attach(parent, covered);
  if (parent.peers === undefined) return;
  for (const mount of tree.tree()) if (mount.peers === undefined) join(mount, numbers.group());
  spread(numbers, tree, parent.peers, covered, new Set([parent]));
}

function spread(numbers: MountNumbers, tree: Mount, group: PeerGroup, covered: Covered, done: Set<Mount>): void {
  for (const [receivers, as] of [
    [group.members, "peer"],
    [group.slaves, "slave"],
  ] as const) {
    for (const receiver of [...receivers]) {
      if (done.has(receiver)) continue;
      done.add(receiver);
      if (!reaches(covered.inode, covered.directory, receiver.root)) continue;
      const copy = copyTree(numbers, tree, tree.root, receiver.namespace, as, new Map(), false);
      if (receiver.namespace.userNamespace !== tree.namespace.userNamespace)
        for (const mount of copy.tree()) mount.locked = mount !== copy;
      // What hangs there already stays visible: it moves on top of what comes (attach_recursive_mnt, fs/namespace.c).
      const present = receiver.over(covered.inode);
      present?.detach();
      copy.attach(receiver, covered);
      present?.attach(copy, { inode: copy.root });
      if (as === "slave" && receiver.peers !== undefined) {
        for (const mount of copy.tree()) if (mount.peers === undefined) join(mount, numbers.group());
        spread(numbers, copy, receiver.peers, covered, done);
      }
    }
  }
}

/** What must go with a mount where its parent's events go: the mounts of the same root at the same place. */
export function counterparts(mount: Mount): Mount[] {
  const { parent, place } = mount;
  if (parent?.peers === undefined || place === undefined) return [];
  const found: Mount[] = [];
  const done = new Set([parent]);
  const look = (group: PeerGroup): void => {
    for (const receiver of [...group.members, ...group.slaves]) {
      if (done.has(receiver)) continue;
      done.add(receiver);
      const over = receiver.over(place);
      if (over !== undefined && over.root === mount.root) found.push(over);
      if (receiver.peers !== undefined && receiver.peers !== group) look(receiver.peers);
    }
  };
  look(parent.peers);
  return found;
}
