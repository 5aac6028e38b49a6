import { E } from "../errno.js";
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "../flags.js";
import { noId } from "../namespace/user-namespace.js";
import { capable } from "../security/credentials.js";
import type { Task } from "../task/task.js";
import { demandDevice } from "../vfs/devices.js";
import { reaches } from "../vfs/propagation.js";
import { pathOf, topmost, type Target } from "../vfs/resolve.js";
import type { Place } from "../vfs/mount.js";
import { demand, demandRemoval } from "../vfs/permission.js";
import { baseOf, demandWritable, existing, rootNamespace, target } from "./paths.js";
import { full, partial, type Rows } from "./row.js";

/** Where a new name is to be. @throws EEXIST, and what keeps the caller from making it */
function roomFor(task: Task, directory: number, path: string, isDirectory: boolean): Target {
  const found = target(task, directory, path, { itself: true });
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
  const found = target(task, directory, path, { itself: true });
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

function rename(
  task: Task,
  fromDirectory: number,
  from: string,
  toDirectory: number,
  to: string,
  flags: number,
): undefined {
  const [last] = from
    .split("/")
    .filter((name) => name !== "")
    .slice(-1);
  if (last === "." || last === "..") throw E.EBUSY;
  const source = removable(task, fromDirectory, from);
  const goal = target(task, toDirectory, to, { itself: true });
  if ([".", ".."].includes(goal.name)) throw E.EBUSY;
  if (source.directory.mount !== goal.directory.mount) throw E.EXDEV;
  if ((goal.slash || source.slash) && !source.place.inode.isDirectory) throw E.ENOTDIR;
  if (goal.place !== undefined && reaches(source.directory.inode, undefined, goal.place.inode)) throw E.ENOTEMPTY;
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
    if (isDevice && !isWhiteout) {
      if (!capable(task.credentials, rootNamespace(task), "MKNOD")) throw E.EPERM;
      demandDevice(task, type, device, "m");
    }
    make(task, found, type | (mode & 0o7777 & ~task.context.umask), { rdev: device });
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
};

export const nameRows: Rows<typeof nameCalls> = {
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
  umask: full(95),
  chdir: full(80, "path"),
  fchdir: full(81),
  getcwd: full(79),
  chroot: full(161, "path"),
};
