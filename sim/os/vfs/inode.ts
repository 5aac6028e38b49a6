import type { Activity, Nanos, Signal } from "../../core/index.js";
import { E, type Errno } from "../errno.js";
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../flags.js";
import type { Caller } from "./caller.js";

export interface Clock {
  readonly now: Nanos;
}

/** What stat(2) gives, with kernel ids; times in nanoseconds of virtual time, which for tasks begins at the kernel's `bootTime`. */
export interface Attributes {
  readonly ino: number;
  readonly dev: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly size: number;
  readonly blocks: number;
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
}

/** What chmod(2), chown(2), utimensat(2) and truncate(2) change. */
export interface Changes {
  /** Without the type. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly atime?: number;
  readonly mtime?: number;
}

/** What a new inode is to be. */
export interface Creation {
  /** With the type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev?: number;
  /** A symbolic link's. */
  readonly target?: string;
}

/**
 * How an opened file is read and written. What may have to wait is an activity. Offsets are the open file's; those
 * that know no offset (a pipe, a terminal) say so by `seekable: false`, and get 0.
 */
export interface Channel {
  readonly seekable: boolean;
  read(caller: Caller, offset: number, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array>;
  /** @returns how many bytes were taken */
  write(caller: Caller, offset: number, bytes: Uint8Array, nonblocking: boolean): number | Activity<number>;
  /** The bits of poll(2) that hold now. Files that never block have none of this and are always ready. */
  poll?(): { readonly events: number; readonly change: Signal<unknown> };
  /** Writes to its disk what only memory has: fsync(2). */
  sync?(caller: Caller): Activity<undefined> | undefined;
  ioctl?(caller: Caller, request: string, argument: unknown): unknown;
  /** The last descriptor is gone. */
  release?(): void;
}

/** What a kind of inode doesn't do, whatever it is asked with. */
const cannot: (error: Errno, ...asked: readonly unknown[]) => never = (error) => {
  throw error;
};

/** A file system's inode. What a kind of inode can't do fails with the errno of its system call. */
export abstract class Inode {
  readonly fs: FileSystem;
  readonly ino: number;
  /** With the type (S_IFMT). */
  mode: number;
  uid: number;
  gid: number;

  constructor(fs: FileSystem, ino: number, mode: number, uid: number, gid: number) {
    this.fs = fs;
    this.ino = ino;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
  }

  get type(): number {
    return this.mode & S_IFMT;
  }

  get isDirectory(): boolean {
    return this.type === S_IFDIR;
  }

  get isLink(): boolean {
    return this.type === S_IFLNK;
  }

  get isRegular(): boolean {
    return this.type === S_IFREG;
  }

  /** A device's number. */
  get rdev(): number {
    return 0;
  }

  /** Of a directory: where it lies; itself for the root. */
  get parent(): Inode {
    throw E.ENOTDIR;
  }

  /** Of a directory: its name in its parent; undefined once it is removed. */
  get name(): string | undefined {
    throw E.ENOTDIR;
  }

  /** Of an overlay's inode: the layer's that holds its data, and the pages of it. */
  get below(): Inode | undefined {
    return undefined;
  }

  abstract attributes(): Attributes;
  abstract change(changes: Changes): void;

  lookup(name: string, caller: Caller): Inode | undefined {
    return cannot(E.ENOTDIR, name, caller);
  }

  /** Names without "." and "..". */
  list(caller: Caller): readonly string[] {
    return cannot(E.ENOTDIR, caller);
  }

  create(name: string, creation: Creation, caller: Caller): Inode {
    return cannot(E.EPERM, name, creation, caller);
  }

  link(name: string, inode: Inode, caller: Caller): void {
    return cannot(E.EPERM, name, inode, caller);
  }

  /** Removes a name: of a directory (which must be empty) where `directory` says so. */
  remove(name: string, directory: boolean, caller: Caller): void {
    return cannot(E.EPERM, name, directory, caller);
  }

  rename(name: string, to: Inode, newName: string, flags: number, caller: Caller): void {
    return cannot(E.EPERM, name, to, newName, flags, caller);
  }

  readlink(caller: Caller): string {
    return cannot(E.EINVAL, caller);
  }

  /** A regular file's bytes; of other kinds, what they are as files. */
  open(flags: number, caller: Caller): Channel {
    return cannot(E.ENXIO, flags, caller);
  }

  getXattr(name: string): Uint8Array | undefined {
    return cannot(E.EOPNOTSUPP, name);
  }

  /** Undefined removes it. */
  setXattr(name: string, value: Uint8Array | undefined): void {
    return cannot(E.EOPNOTSUPP, name, value);
  }

  listXattrs(): readonly string[] {
    return [];
  }
}

/** What statfs(2) says, in bytes. */
export interface Space {
  readonly total: number;
  readonly free: number;
  readonly files: number;
}

export interface FileSystem {
  /** As mount(2) names it. */
  readonly type: string;
  /** Its device number, of those without a device: 0:minor. */
  readonly device: number;
  readonly root: Inode;
  /** What /proc/mounts shows behind the flags. */
  readonly options: string;
  space(): Space;
}
