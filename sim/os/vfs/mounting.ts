import { E } from "../errno.js";
import {
  MNT_DETACH,
  MS_BIND,
  MS_MOVE,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "../flags.js";
import type { FileSystem } from "./inode.js";
import { Mount, type Covered, type MountNamespace, type Place } from "./mount.js";
import {
  copyMount,
  copyTree,
  counterparts,
  forget,
  graft,
  reaches,
  setPropagation,
  type MountNumbers,
} from "./propagation.js";

const kept = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

export const coveredBy = (place: Place): Covered => ({
  inode: place.inode,
  directory: place.directory?.inode,
  name: place.name,
});

/** Whether a place belongs to the namespace: what was unmounted, or is another's, doesn't. */
function demandWithin(place: Place, namespace: MountNamespace): void {
  if (place.mount.namespace !== namespace) throw E.EINVAL;
}

/** Hangs a file system over a place. @throws ENOTDIR, EINVAL */
export function mountFileSystem(
  numbers: MountNumbers,
  fs: FileSystem,
  source: string,
  place: Place,
  flags: number,
): Mount {
  if (fs.root.isDirectory !== place.inode.isDirectory) throw E.ENOTDIR;
  const mount = new Mount(numbers.mount(), fs, fs.root, source, flags & kept, place.mount.namespace);
  graft(numbers, mount, place.mount, coveredBy(place));
  return mount;
}

/** MS_BIND: what is at `source` appears at `place` too; with MS_REC what is mounted below comes along. */
export function bind(numbers: MountNumbers, source: Place, place: Place, recursive: boolean): Mount {
  const { namespace } = place.mount;
  demandWithin(source, namespace);
  if (source.mount.unbindable) throw E.EINVAL;
  if (source.inode.isDirectory !== place.inode.isDirectory) throw E.ENOTDIR;
  // Without MS_REC what was locked over a part of it would be uncovered.
  if (!recursive && hidesLocked(source)) throw E.EINVAL;
  const tree = recursive
    ? copyTree(numbers, source.mount, source.inode, namespace, "peer")
    : copyMount(numbers, source.mount, source.inode, namespace, "peer");
  tree.locked = false;
  graft(numbers, tree, place.mount, coveredBy(place));
  return tree;
}

function hidesLocked({ mount, inode }: Place): boolean {
  for (const stack of mount.children?.values() ?? []) {
    for (const child of stack) {
      if (child.locked && child.place !== undefined && reaches(child.place, child.placeDirectory, inode)) return true;
    }
  }
  return false;
}

/** MS_REMOUNT of one mount's flags. @throws EPERM for flags that a more privileged namespace set */
export function remount(place: Place, flags: number): void {
  const { mount, inode } = place;
  if (inode !== mount.root) throw E.EINVAL;
  if (mount.locked && (mount.flags & ~flags & kept) !== 0) throw E.EPERM;
  mount.flags = flags & kept;
}

/** MS_SHARED and its like, of a mount or with MS_REC of all below it. */
export function changePropagation(numbers: MountNumbers, place: Place, flags: number): void {
  const { mount, inode } = place;
  if (inode !== mount.root) throw E.EINVAL;
  const types = [
    [MS_SHARED, "shared"],
    [MS_PRIVATE, "private"],
    [MS_SLAVE, "slave"],
    [MS_UNBINDABLE, "unbindable"],
  ] as const;
  const wanted = types.filter(([flag]) => (flags & flag) !== 0);
  const [type] = wanted;
  if (type === undefined || wanted.length > 1) throw E.EINVAL;
  for (const one of (flags & MS_REC) !== 0 ? mount.tree() : [mount]) setPropagation(numbers, one, type[1]);
}

/** MS_MOVE. @throws EINVAL out of a shared mount, into itself; ELOOP */
export function move(numbers: MountNumbers, source: Place, place: Place): void {
  const { mount } = source;
  if (source.inode !== mount.root || mount.parent === undefined || mount.locked) throw E.EINVAL;
  if (mount.parent.peers !== undefined) throw E.EINVAL;
  demandWithin(source, place.mount.namespace);
  if (source.inode.isDirectory !== place.inode.isDirectory) throw E.ENOTDIR;
  for (let at: Mount | undefined = place.mount; at !== undefined; at = at.parent) if (at === mount) throw E.ELOOP;
  if (place.mount.peers !== undefined) for (const below of mount.tree()) if (below.unbindable) throw E.EINVAL;
  mount.detach();
  graft(numbers, mount, place.mount, coveredBy(place));
}

/**
 * umount2(2).
 * @param busy whether somebody uses a mount
 * @throws EINVAL for what is no mount's root, or locked; EBUSY, but not with MNT_DETACH
 */
export function unmount(place: Place, flags: number, busy: (mount: Mount) => boolean): void {
  const { mount, inode } = place;
  if (inode !== mount.root || mount.locked) throw E.EINVAL;
  const lazy = (flags & MNT_DETACH) !== 0;
  if (mount.parent === undefined) throw lazy ? E.EINVAL : E.EBUSY;
  if (!lazy && (mount.children !== undefined || busy(mount))) throw E.EBUSY;
  for (const one of [mount, ...counterparts(mount)]) {
    if (one !== mount && !lazy && one.children !== undefined) continue;
    for (const below of one.tree()) {
      forget(below);
      if (below === one) below.detach();
    }
  }
}

/**
 * pivot_root(2): `newRoot` becomes the namespace's root, what was it appears at `putOld`. Whoever of the namespace stood at the
 * old root stands at the new one.
 */
export function pivotRoot(root: Place, newRoot: Place, putOld: Place): void {
  const namespace = root.mount.namespace;
  demandWithin(newRoot, namespace);
  demandWithin(putOld, namespace);
  if (!newRoot.inode.isDirectory || !putOld.inode.isDirectory) throw E.ENOTDIR;
  if (newRoot.mount.locked) throw E.EINVAL;
  if (newRoot.mount === root.mount || putOld.mount === root.mount) throw E.EBUSY;
  if (root.inode !== root.mount.root || newRoot.inode !== newRoot.mount.root) throw E.EINVAL;
  const { parent } = newRoot.mount;
  if (parent === undefined) throw E.EINVAL;
  if (parent.peers !== undefined || root.mount.parent?.peers !== undefined || newRoot.mount.peers !== undefined)
    throw E.EINVAL;
  if (!under(putOld, newRoot)) throw E.EINVAL;
  const above = root.mount.parent;
  const covered = root.mount.covered;
  // What must not be uncovered is so at the new root from now on.
  if (root.mount.locked) {
    newRoot.mount.locked = true;
    root.mount.locked = false;
  }
  newRoot.mount.detach();
  root.mount.detach();
  if (above !== undefined && covered !== undefined) newRoot.mount.attach(above, covered);
  else namespace.root = newRoot.mount;
  root.mount.attach(putOld.mount, coveredBy(putOld));
  const goal = { mount: newRoot.mount, inode: newRoot.inode };
  const moved = (place: Place): Place => (place.mount === root.mount && place.inode === root.inode ? goal : place);
  for (const { context } of namespace.inhabitants) {
    context.root = moved(context.root);
    context.cwd = moved(context.cwd);
  }
}

/** Whether a place lies at or below another. */
function under(place: Place, top: Place): boolean {
  let { mount, inode } = place;
  for (;;) {
    if (mount === top.mount) return reaches(inode, undefined, top.inode);
    if (mount.parent === undefined || mount.place === undefined) return false;
    inode = mount.placeDirectory ?? mount.place;
    mount = mount.parent;
  }
}

/** What mount(2)'s flags ask for. */
export function requested(flags: number): "remount" | "bind" | "propagation" | "move" | "new" {
  if ((flags & MS_REMOUNT) !== 0) return "remount";
  if ((flags & MS_BIND) !== 0) return "bind";
  if ((flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)) !== 0) return "propagation";
  return (flags & MS_MOVE) !== 0 ? "move" : "new";
}
