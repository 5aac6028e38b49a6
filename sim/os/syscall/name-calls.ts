import { encodeUtf8 } from "../../core/index.js";
import { E } from "../errno.js";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_ISGID,
  S_ISUID,
} from "../flags.js";
import { noId } from "../namespace/user-namespace.js";
import { capable, capableOver, inGroup } from "../security/credentials.js";
import type { Task } from "../task/task.js";
import type { Attributes, Changes, Inode, Space } from "../vfs/inode.js";
import { pathOf, topmost, type Target } from "../vfs/resolve.js";
import type { Place } from "../vfs/mount.js";
import { demand, demandRemoval, ownsOrCapable } from "../vfs/permission.js";
import { baseOf, demandWritable, existing, target } from "./paths.js";
import { full, partial, type Rows } from "./row.js";

/** Ids as the caller's user namespace has them. */
function shown(task: Task, inode: Inode): Attributes {
  const attributes = inode.attributes();
  const { userNamespace } = task.credentials;
  return { ...attributes, uid: userNamespace.shownUid(attributes.uid), gid: userNamespace.shownGid(attributes.gid) };
}

/** Where a new name is to be. @throws EEXIST, and what keeps the caller from making it */
function roomFor(task: Task, directory: number, path: string, isDirectory: boolean): Target {
  const found = target(task, directory, path, { follow: false });
  if (found.place !== undefined) throw E.EEXIST;
  if (found.slash && !isDirectory) throw E.ENOENT;
  demandWritable(found.directory);
  demand(task.credentials, found.directory.inode, 3);
  return found;
}

function make(
  task: Task,
  found: Target,
  mode: number,
  more: { readonly rdev?: number; readonly target?: string } = {},
): void {
  const { euid: uid, egid: gid, userNamespace } = task.credentials;
  if (userNamespace.uidFromKernel(uid) === noId || userNamespace.gidFromKernel(gid) === noId) throw E.EOVERFLOW;
  found.directory.inode.create(found.name, { mode, uid, gid, ...more }, task);
}

/** Where an existing name is, to be removed or moved. */
function removable(task: Task, directory: number, path: string): Target & { readonly place: Place } {
  const found = target(task, directory, path, { follow: false });
  const { place } = found;
  if (found.name === ".") throw E.EINVAL;
  if (found.name === "..") throw E.ENOTEMPTY;
  if (found.name === "/") throw E.EBUSY;
  if (place === undefined) throw E.ENOENT;
  demandWritable(found.directory);
  return { ...found, place };
}

/** @throws EBUSY where something is mounted on it */
function demandUncovered({ place, directory, name }: Target & { readonly place: Place }, task: Task): void {
  const covered = directory.inode.lookup(name, task);
  if (place.mount !== directory.mount || (covered !== undefined && directory.mount.over(covered) !== undefined))
    throw E.EBUSY;
}

function remove(task: Task, directory: number, path: string, isDirectory: boolean): void {
  const found = removable(task, directory, path);
  demandRemoval(task.credentials, found.directory.inode, found.place.inode);
  if (isDirectory && !found.place.inode.isDirectory) throw E.ENOTDIR;
  if (!isDirectory && (found.place.inode.isDirectory || found.slash))
    throw found.place.inode.isDirectory ? E.EISDIR : E.ENOTDIR;
  demandUncovered(found, task);
  found.directory.inode.remove(found.name, isDirectory, task);
}

function changeMode(task: Task, place: Place, mode: number): void {
  const { inode } = place;
  demandWritable(place);
  if (!ownsOrCapable(task.credentials, inode)) throw E.EPERM;
  const keeps = inGroup(task.credentials, inode.gid) || capableOver(task.credentials, inode, "FSETID");
  inode.change({ mode: keeps ? mode : mode & ~S_ISGID });
}

/** chown(2), with ids of the caller's namespace; −1 leaves one as it is. */
function changeOwner(task: Task, place: Place, uid: number, gid: number): void {
  const { inode } = place;
  const { credentials: who } = task;
  demandWritable(place);
  const newUid = uid === -1 ? inode.uid : who.userNamespace.uidToKernel(uid);
  const newGid = gid === -1 ? inode.gid : who.userNamespace.gidToKernel(gid);
  if (newUid === noId || newGid === noId) throw E.EINVAL;
  const mayAll = capableOver(who, inode, "CHOWN");
  const owns = who.euid === inode.uid;
  const allowed = mayAll || (owns && newUid === inode.uid && (newGid === inode.gid || inGroup(who, newGid)));
  if (!allowed) throw E.EPERM;
  let { mode } = inode;
  // Set-ID bits don't outlive a change of owner: chown(2).
  if (!inode.isDirectory) mode &= ~(S_ISUID | ((mode & 0o010) !== 0 ? S_ISGID : 0));
  inode.change({ mode: mode & 0o7777, uid: newUid, gid: newGid });
  if (inode.isRegular && inode.listXattrs().includes("security.capability"))
    inode.setXattr("security.capability", undefined);
}

/** What kind of capability an attribute's prefix asks for, xattr(7). */
function demandXattr(task: Task, inode: Inode, name: string, write: boolean): void {
  if (name.startsWith("user.")) {
    if (!inode.isRegular && !inode.isDirectory) throw write ? E.EPERM : E.ENODATA;
    demand(task.credentials, inode, write ? 2 : 4);
  } else if (name.startsWith("trusted.")) {
    if (!capable(task.credentials, rootNamespace(task), "SYS_ADMIN")) throw write ? E.EPERM : E.ENODATA;
  } else if (name === "security.capability") {
    if (write && !capableOver(task.credentials, inode, "SETFCAP")) throw E.EPERM;
  } else if (name.startsWith("security.")) {
    if (write && !capable(task.credentials, rootNamespace(task), "SYS_ADMIN")) throw E.EPERM;
  } else throw E.EOPNOTSUPP;
}

const rootNamespace = (task: Task): Task["credentials"]["userNamespace"] => task.kernel.pidNamespace.userNamespace;

function rename(
  task: Task,
  fromDirectory: number,
  from: string,
  toDirectory: number,
  to: string,
  flags: number,
): undefined {
  const source = removable(task, fromDirectory, from);
  const goal = target(task, toDirectory, to, { follow: false });
  if ([".", ".."].includes(goal.name)) throw E.EBUSY;
  if (source.directory.mount !== goal.directory.mount) throw E.EXDEV;
  if (goal.slash && !source.place.inode.isDirectory) throw E.ENOTDIR;
  demandRemoval(task.credentials, source.directory.inode, source.place.inode);
  if (goal.place === undefined) demand(task.credentials, goal.directory.inode, 3);
  else demandRemoval(task.credentials, goal.directory.inode, goal.place.inode);
  demandUncovered(source, task);
  if (goal.place !== undefined) demandUncovered({ ...goal, place: goal.place }, task);
  source.directory.inode.rename(source.name, goal.directory.inode, goal.name, flags, task);
}

function link(
  task: Task,
  fromDirectory: number,
  from: string,
  toDirectory: number,
  to: string,
  follow: boolean,
): undefined {
  const source = existing(task, fromDirectory, from, follow);
  const goal = roomFor(task, toDirectory, to, false);
  if (source.mount !== goal.directory.mount) throw E.EXDEV;
  if (source.inode.isDirectory) throw E.EPERM;
  goal.directory.inode.link(goal.name, source.inode, task);
}

export const nameCalls = {
  stat(task: Task, path: string): Attributes {
    return shown(task, existing(task, AT_FDCWD, path).inode);
  },
  lstat(task: Task, path: string): Attributes {
    return shown(task, existing(task, AT_FDCWD, path, false).inode);
  },
  fstat(task: Task, descriptor: number): Attributes {
    const { place } = task.files.file(descriptor);
    if (place !== undefined) return shown(task, place.inode);
    const { shownUid: uid, shownGid: gid } = { shownUid: task.credentials.euid, shownGid: task.credentials.egid };
    return {
      ino: 0,
      dev: 0,
      mode: 0o010600,
      nlink: 1,
      uid,
      gid,
      rdev: 0,
      size: 0,
      blocks: 0,
      atime: 0,
      mtime: 0,
      ctime: 0,
    };
  },
  newfstatat(task: Task, directory: number, path: string, flags: number = 0): Attributes {
    if (path === "" && (flags & AT_EMPTY_PATH) !== 0) return nameCalls.fstat(task, directory);
    return shown(task, existing(task, directory, path, (flags & AT_SYMLINK_NOFOLLOW) === 0).inode);
  },
  statfs(task: Task, path: string): Space & { readonly type: string } {
    const { inode } = existing(task, AT_FDCWD, path);
    return { ...inode.fs.space(), type: inode.fs.type };
  },
  access(task: Task, path: string, mode: number): undefined {
    const place = existing(task, AT_FDCWD, path);
    const { uid: euid, gid: egid } = task.credentials;
    // By the real ids, and the capabilities that these would have: access(2).
    const { permitted: effective } = task.credentials;
    demand({ ...task.credentials, euid, egid, effective }, place.inode, mode);
    if ((mode & 2) !== 0) demandWritable(place);
  },
  getdents64(task: Task, descriptor: number): readonly { readonly name: string; readonly type: number }[] {
    const { place, offset } = task.files.file(descriptor);
    if (place?.inode.isDirectory !== true) throw E.ENOTDIR;
    const file = task.files.file(descriptor);
    if (offset > 0) return [];
    const { inode } = place;
    const names = inode.list(task);
    file.offset = names.length + 2;
    const entries = names.map((name) => ({ name, type: inode.lookup(name, task)?.type ?? S_IFREG }));
    return [{ name: ".", type: S_IFDIR }, { name: "..", type: S_IFDIR }, ...entries];
  },
  mkdir(task: Task, path: string, mode: number = 0o777): undefined {
    nameCalls.mkdirat(task, AT_FDCWD, path, mode);
  },
  mkdirat(task: Task, directory: number, path: string, mode: number = 0o777): undefined {
    make(task, roomFor(task, directory, path, true), S_IFDIR | (mode & 0o1777 & ~task.context.umask));
  },
  rmdir(task: Task, path: string): undefined {
    remove(task, AT_FDCWD, path, true);
  },
  unlink(task: Task, path: string): undefined {
    remove(task, AT_FDCWD, path, false);
  },
  unlinkat(task: Task, directory: number, path: string, flags: number = 0): undefined {
    remove(task, directory, path, (flags & AT_REMOVEDIR) !== 0);
  },
  rename(task: Task, from: string, to: string): undefined {
    rename(task, AT_FDCWD, from, AT_FDCWD, to, 0);
  },
  renameat2(
    task: Task,
    fromDirectory: number,
    from: string,
    toDirectory: number,
    to: string,
    flags: number = 0,
  ): undefined {
    rename(task, fromDirectory, from, toDirectory, to, flags);
  },
  link(task: Task, from: string, to: string): undefined {
    link(task, AT_FDCWD, from, AT_FDCWD, to, false);
  },
  linkat(
    task: Task,
    fromDirectory: number,
    from: string,
    toDirectory: number,
    to: string,
    flags: number = 0,
  ): undefined {
    link(task, fromDirectory, from, toDirectory, to, (flags & AT_SYMLINK_FOLLOW) !== 0);
  },
  symlink(task: Task, text: string, path: string): undefined {
    nameCalls.symlinkat(task, text, AT_FDCWD, path);
  },
  symlinkat(task: Task, text: string, directory: number, path: string): undefined {
    if (text === "") throw E.ENOENT;
    make(task, roomFor(task, directory, path, false), S_IFLNK | 0o777, { target: text });
  },
  readlink(task: Task, path: string): string {
    return nameCalls.readlinkat(task, AT_FDCWD, path);
  },
  readlinkat(task: Task, directory: number, path: string): string {
    return existing(task, directory, path, false).inode.readlink(task);
  },
  mknod(task: Task, path: string, mode: number, device: number = 0): undefined {
    const type = mode & S_IFMT || S_IFREG;
    if (type === S_IFDIR || type === S_IFLNK) throw E.EPERM;
    const found = roomFor(task, AT_FDCWD, path, false);
    const isDevice = type === S_IFCHR || type === S_IFBLK;
    const isWhiteout = type === S_IFCHR && device === 0;
    // Not in the namespace's own right: a device made there would reach the machine's. mknod(2).
    if (isDevice && !isWhiteout && !capable(task.credentials, rootNamespace(task), "MKNOD")) throw E.EPERM;
    make(task, found, type | (mode & 0o7777 & ~task.context.umask), { rdev: device });
  },
  chmod(task: Task, path: string, mode: number): undefined {
    changeMode(task, existing(task, AT_FDCWD, path), mode);
  },
  fchmod(task: Task, descriptor: number, mode: number): undefined {
    const { place } = task.files.file(descriptor);
    if (place === undefined) throw E.EINVAL;
    changeMode(task, place, mode);
  },
  chown(task: Task, path: string, uid: number, gid: number): undefined {
    changeOwner(task, existing(task, AT_FDCWD, path), uid, gid);
  },
  lchown(task: Task, path: string, uid: number, gid: number): undefined {
    changeOwner(task, existing(task, AT_FDCWD, path, false), uid, gid);
  },
  fchown(task: Task, descriptor: number, uid: number, gid: number): undefined {
    const { place } = task.files.file(descriptor);
    if (place === undefined) throw E.EINVAL;
    changeOwner(task, place, uid, gid);
  },
  truncate(task: Task, path: string, size: number): undefined {
    const place = existing(task, AT_FDCWD, path);
    if (place.inode.isDirectory) throw E.EISDIR;
    if (!place.inode.isRegular || size < 0) throw E.EINVAL;
    demand(task.credentials, place.inode, 2);
    demandWritable(place);
    place.inode.change({ size });
  },
  ftruncate(task: Task, descriptor: number, size: number): undefined {
    const file = task.files.file(descriptor);
    if (!file.writable || file.place?.inode.isRegular !== true || size < 0) throw E.EINVAL;
    file.place.inode.change({ size });
  },
  utimensat(
    task: Task,
    directory: number,
    path: string,
    times?: { readonly atime?: number; readonly mtime?: number },
    flags: number = 0,
  ): undefined {
    const place = existing(task, directory, path, (flags & AT_SYMLINK_NOFOLLOW) === 0);
    const { inode } = place;
    demandWritable(place);
    if (!ownsOrCapable(task.credentials, inode)) {
      if (times !== undefined) throw E.EPERM;
      demand(task.credentials, inode, 2);
    }
    const now = task.kernel.engine.now;
    const changes: Changes = times ?? { atime: now, mtime: now };
    inode.change(changes);
  },
  umask(task: Task, mask: number): number {
    const before = task.context.umask;
    task.context.umask = mask & 0o777;
    return before;
  },
  chdir(task: Task, path: string): undefined {
    const place = existing(task, AT_FDCWD, path);
    if (!place.inode.isDirectory) throw E.ENOTDIR;
    demand(task.credentials, place.inode, 1);
    task.context.cwd = place;
  },
  fchdir(task: Task, descriptor: number): undefined {
    const place = baseOf(task, descriptor);
    if (place === undefined) throw E.EBADF;
    demand(task.credentials, place.inode, 1);
    task.context.cwd = place;
  },
  getcwd(task: Task): string {
    if (task.cwd.inode.name === undefined) throw E.ENOENT;
    return pathOf(task.cwd, task.root, task);
  },
  chroot(task: Task, path: string): undefined {
    const place = existing(task, AT_FDCWD, path);
    if (!place.inode.isDirectory) throw E.ENOTDIR;
    demand(task.credentials, place.inode, 1);
    if (!capable(task.credentials, task.credentials.userNamespace, "SYS_CHROOT")) throw E.EPERM;
    task.context.root = topmost(place);
  },
  setxattr(task: Task, path: string, name: string, value: Uint8Array | string): undefined {
    const place = existing(task, AT_FDCWD, path);
    demandWritable(place);
    demandXattr(task, place.inode, name, true);
    place.inode.setXattr(name, typeof value === "string" ? encodeUtf8(value) : value.slice());
  },
  getxattr(task: Task, path: string, name: string): Uint8Array {
    const { inode } = existing(task, AT_FDCWD, path);
    demandXattr(task, inode, name, false);
    const value = inode.getXattr(name);
    if (value === undefined) throw E.ENODATA;
    return value;
  },
  listxattr(task: Task, path: string): readonly string[] {
    const { inode } = existing(task, AT_FDCWD, path);
    const trusted = capable(task.credentials, rootNamespace(task), "SYS_ADMIN");
    return inode.listXattrs().filter((name) => trusted || !name.startsWith("trusted."));
  },
  removexattr(task: Task, path: string, name: string): undefined {
    const place = existing(task, AT_FDCWD, path);
    demandWritable(place);
    demandXattr(task, place.inode, name, true);
    if (place.inode.getXattr(name) === undefined) throw E.ENODATA;
    place.inode.setXattr(name, undefined);
  },
};

export const nameRows: Rows<typeof nameCalls> = {
  stat: full(4, "path"),
  lstat: full(6, "path"),
  fstat: full(5),
  newfstatat: full(262, "path"),
  statfs: partial(137, "type as a name; bytes, not blocks", "path"),
  access: full(21, "path"),
  getdents64: partial(217, "all entries at once"),
  mkdir: full(83, "path"),
  mkdirat: full(258, "path"),
  rmdir: full(84, "path"),
  unlink: full(87, "path"),
  unlinkat: full(263, "path"),
  rename: full(82, "path"),
  renameat2: partial(316, "no RENAME_WHITEOUT; no RENAME_EXCHANGE on overlay", "path"),
  link: full(86, "path"),
  linkat: partial(265, "no AT_EMPTY_PATH", "path"),
  symlink: full(88, "path"),
  symlinkat: full(266, "path"),
  readlink: full(89, "path"),
  readlinkat: full(267, "path"),
  mknod: full(133, "path"),
  chmod: full(90, "path"),
  fchmod: full(91),
  chown: full(92, "path"),
  lchown: full(94, "path"),
  fchown: full(93),
  truncate: full(76, "path"),
  ftruncate: full(77),
  utimensat: partial(280, "no UTIME_NOW, UTIME_OMIT: leave the field out", "path"),
  umask: full(95),
  chdir: full(80, "path"),
  fchdir: full(81),
  getcwd: full(79),
  chroot: full(161, "path"),
  setxattr: partial(188, "no XATTR_CREATE, XATTR_REPLACE; no access control lists", "path"),
  getxattr: full(191, "path"),
  listxattr: full(194, "path"),
  removexattr: full(197, "path"),
};
