import { encodeUtf8 } from "../../core/index.js";
import { E } from "../errno.js";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, S_ISGID, S_ISUID } from "../flags.js";
import { noId } from "../namespace/user-namespace.js";
import { capable, capableOver, inGroup } from "../security/credentials.js";
import type { Task } from "../task/task.js";
import type { Attributes, Changes, Inode, Space } from "../vfs/inode.js";
import type { Place } from "../vfs/mount.js";
import { demand, ownsOrCapable } from "../vfs/permission.js";
import { demandWritable, existing, rootNamespace } from "./paths.js";
import { full, partial, type Rows } from "./row.js";

/** Ids as the caller's user namespace has them; times by the real-time clock. */
function shown(task: Task, inode: Inode): Attributes {
  const attributes = inode.attributes();
  const { userNamespace } = task.credentials;
  const { bootTime } = task.kernel;
  return {
    ...attributes,
    uid: userNamespace.shownUid(attributes.uid),
    gid: userNamespace.shownGid(attributes.gid),
    atime: bootTime + attributes.atime,
    mtime: bootTime + attributes.mtime,
    ctime: bootTime + attributes.ctime,
  };
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

export const attributeCalls = {
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
      atime: task.kernel.bootTime,
      mtime: task.kernel.bootTime,
      ctime: task.kernel.bootTime,
    };
  },
  newfstatat(task: Task, directory: number, path: string, flags: number = 0): Attributes {
    if (path === "" && (flags & AT_EMPTY_PATH) !== 0) return attributeCalls.fstat(task, directory);
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
    const { engine, bootTime } = task.kernel;
    const { atime, mtime } = times ?? { atime: bootTime + engine.now, mtime: bootTime + engine.now };
    const changes: Changes = {
      ...(atime === undefined ? {} : { atime: atime - bootTime }),
      ...(mtime === undefined ? {} : { mtime: mtime - bootTime }),
    };
    inode.change(changes);
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

export const attributeRows: Rows<typeof attributeCalls> = {
  stat: full(4, "path"),
  lstat: full(6, "path"),
  fstat: full(5),
  newfstatat: full(262, "path"),
  statfs: partial(137, "type as a name; bytes, not blocks", "path"),
  access: full(21, "path"),
  chmod: full(90, "path"),
  fchmod: full(91),
  chown: full(92, "path"),
  lchown: full(94, "path"),
  fchown: full(93),
  truncate: full(76, "path"),
  ftruncate: full(77),
  utimensat: partial(280, "no UTIME_NOW, UTIME_OMIT: leave the field out", "path"),
  setxattr: partial(188, "no XATTR_CREATE, XATTR_REPLACE; no access control lists", "path"),
  getxattr: full(191, "path"),
  listxattr: full(194, "path"),
  removexattr: full(197, "path"),
};
