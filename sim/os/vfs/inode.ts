import type { Activity, Nanos } from "../../core/index.js";
import { E } from "../errno.js";
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../flags.js";
import type { Caller } from "./caller.js";

export interface Clock {
  readonly now: Nanos;
}

/** What stat(2) gives, with kernel ids; times in nanoseconds of virtual time. */
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
  poll?(): { readonly events: number; readonly change: import("../../core/index.js").Signal<unknown> };
  ioctl?(caller: Caller, request: string, argument: unknown): unknown;
  /** The last descriptor is gone. */
  release?(): void;
}

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

  abstract attributes(): Attributes;
  abstract change(changes: Changes): void;

  lookup(_name: string, _caller: Caller): Inode | undefined {
    throw E.ENOTDIR;
  }

  /** Names without "." and "..". */
  list(_caller: Caller): readonly string[] {
    throw E.ENOTDIR;
  }

  create(_name: string, _creation: Creation, _caller: Caller): Inode {
    throw E.EPERM;
  }

  link(_name: string, _inode: Inode, _caller: Caller): void {
    throw E.EPERM;
  }

  /** Removes a name: of a directory (which must be empty) where `directory` says so. */
  remove(_name: string, _directory: boolean, _caller: Caller): void {
    throw E.EPERM;
  }

  rename(_name: string, _to: Inode, _newName: string, _flags: number, _caller: Caller): void {
    throw E.EPERM;
  }

  readlink(_caller: Caller): string {
    throw E.EINVAL;
  }

  /** A regular file's bytes; of other kinds, what they are as files. */
  open(_flags: number, _caller: Caller): Channel {
    throw E.ENXIO;
  }

  getXattr(_name: string): Uint8Array | undefined {
    throw E.EOPNOTSUPP;
  }

  /** Undefined removes it. */
  setXattr(_name: string, _value: Uint8Array | undefined): void {
    throw E.EOPNOTSUPP;
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
