import { invariant, type Activity } from "../../core/index.js";
import type { CachedFile } from "../memory/page-cache.js";
import { E } from "../errno.js";
import { O_DIRECT, O_DSYNC, O_TRUNC, RENAME_EXCHANGE, RENAME_NOREPLACE, S_IFDIR, S_IFMT, S_ISGID } from "../flags.js";
import type { Caller } from "./caller.js";
import type { Content } from "./content.js";
import { pageSize } from "./content.js";
import { DirectFile } from "./direct-file.js";
import { bodyOf, type Body, type PageAccount } from "./tmpfs-body.js";
import {
  Inode,
  type Attributes,
  type Changes,
  type Channel,
  type Clock,
  type Creation,
  type FileSystem,
} from "./inode.js";

/** What a file asks of its file system. */
export interface TmpfsState extends FileSystem {
  readonly clock: Clock;
  readonly account: ((caller: Caller) => PageAccount | undefined) | undefined;
  readonly openSpecial: ((inode: Inode, flags: number, caller: Caller) => Channel) | undefined;
  /** Of a file system on a disk: a file's pages in the cache. */
  readonly cacheFile: (() => CachedFile) | undefined;
  make(creation: Creation, parent: TmpfsInode | undefined, name: string | undefined): TmpfsInode;
  /** @throws ENOSPC */
  take(pages: number): void;
}

export class TmpfsInode extends Inode implements Channel {
  declare readonly fs: TmpfsState;
  private nlink: number;
  private opens: number;
  private atime: number;
  private mtime: number;
  private ctime: number;
  private body: Body<TmpfsInode>;
  private xattrs: Map<string, Uint8Array> | undefined;

  constructor(
    fs: TmpfsState,
    ino: number,
    creation: Creation,
    parent: TmpfsInode | undefined,
    name: string | undefined,
  ) {
    super(fs, ino, creation.mode, creation.uid, creation.gid);
    this.body = bodyOf(creation, parent, name);
    this.nlink = this.body.kind === "directory" ? 2 : 1;
    this.opens = 0;
    this.atime = this.mtime = this.ctime = fs.clock.now;
    this.xattrs = undefined;
  }

  get seekable(): boolean {
    return true;
  }

  override get rdev(): number {
    return this.body.kind === "special" ? this.body.rdev : 0;
  }

  override get parent(): Inode {
    const { body } = this;
    if (body.kind !== "directory") throw E.ENOTDIR;
    return body.parent ?? this;
  }

  override get name(): string | undefined {
    const { body } = this;
    if (body.kind !== "directory") throw E.ENOTDIR;
    return body.name;
  }

  attributes(): Attributes {
    const { body } = this;
    let size = 0;
    let blocks = 0;
    if (body.kind === "file") {
      size = body.content.size;
      blocks = (body.content.pages * pageSize) / 512;
    } else if (body.kind === "link") size = body.target.length;
    // BOGO_DIRENT_SIZE in mm/shmem.c, for each entry, "." and ".." too.
    else if (body.kind === "directory") size = (body.entries.size + 2) * 20;
    const { ino, mode, nlink, uid, gid, rdev, atime, mtime, ctime } = this;
    return { ino, dev: this.fs.device, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime };
  }

  change(changes: Changes): void {
    if (changes.size !== undefined) this.resize(changes.size);
    if (changes.mode !== undefined) this.mode = this.type | (changes.mode & 0o7777);
    if (changes.uid !== undefined) this.uid = changes.uid;
    if (changes.gid !== undefined) this.gid = changes.gid;
    if (changes.atime !== undefined) this.atime = changes.atime;
    if (changes.mtime !== undefined) this.mtime = changes.mtime;
    this.ctime = this.fs.clock.now;
  }

  override lookup(name: string): TmpfsInode | undefined {
    return this.directory().entries.get(name);
  }

  override list(): readonly string[] {
    return [...this.directory().entries.keys()];
  }

  override create(name: string, creation: Creation): TmpfsInode {
    const { entries } = this.living();
    if (entries.has(name)) throw E.EEXIST;
    const isDirectory = (creation.mode & S_IFMT) === S_IFDIR;
    // A directory with set-group-ID hands its group on, and the bit to directories: inode(7).
    const inherits = (this.mode & S_ISGID) !== 0;
    const gid = inherits ? this.gid : creation.gid;
    const mode = inherits && isDirectory ? creation.mode | S_ISGID : creation.mode;
    const inode = this.fs.make({ ...creation, gid, mode }, isDirectory ? this : undefined, name);
    entries.set(name, inode);
    if (isDirectory) this.nlink++;
    this.touched();
    return inode;
  }

  override link(name: string, inode: Inode): void {
    const { entries } = this.living();
    if (entries.has(name)) throw E.EEXIST;
    if (!(inode instanceof TmpfsInode) || inode.fs !== this.fs) throw E.EXDEV;
    if (inode.body.kind === "directory") throw E.EPERM;
    entries.set(name, inode);
    inode.nlink++;
    inode.ctime = this.fs.clock.now;
    this.touched();
  }

  override remove(name: string, directory: boolean): void {
    const { entries } = this.directory();
    const victim = entries.get(name);
    if (victim === undefined) throw E.ENOENT;
    if (victim.body.kind === "directory") {
      if (!directory) throw E.EISDIR;
      if (victim.body.entries.size > 0) throw E.ENOTEMPTY;
    } else if (directory) throw E.ENOTDIR;
    entries.delete(name);
    this.dropped(victim);
    this.touched();
  }

  override rename(name: string, to: Inode, newName: string, flags: number): void {
    if (!(to instanceof TmpfsInode) || to.fs !== this.fs) throw E.EXDEV;
    const from = this.directory();
    const target = to.living();
    const moved = from.entries.get(name);
    const replaced = target.entries.get(newName);
    if (moved === undefined) throw E.ENOENT;
    if ((flags & RENAME_NOREPLACE) !== 0 && replaced !== undefined) throw E.EEXIST;
    if ((flags & RENAME_EXCHANGE) !== 0 && replaced === undefined) throw E.ENOENT;
    if (moved === replaced) return;
    if (moved.contains(to) || ((flags & RENAME_EXCHANGE) !== 0 && replaced?.contains(this) === true)) throw E.EINVAL;
    if ((flags & RENAME_EXCHANGE) !== 0 && replaced !== undefined) {
      target.entries.set(newName, moved);
      from.entries.set(name, replaced);
      moved.moved(this, to, newName);
      replaced.moved(to, this, name);
    } else {
      if (replaced !== undefined) {
        if (replaced.body.kind === "directory") {
          if (moved.body.kind !== "directory") throw E.EISDIR;
          if (replaced.body.entries.size > 0) throw E.ENOTEMPTY;
        } else if (moved.body.kind === "directory") throw E.ENOTDIR;
        to.dropped(replaced);
      }
      from.entries.delete(name);
      target.entries.set(newName, moved);
      moved.moved(this, to, newName);
    }
    this.touched();
    to.touched();
  }

  override readlink(): string {
    if (this.body.kind !== "link") throw E.EINVAL;
    return this.body.target;
  }

  override open(flags: number, caller: Caller): Channel {
    const { body } = this;
    if (body.kind === "special") {
      if (this.fs.openSpecial === undefined) throw E.ENXIO;
      return this.fs.openSpecial(this, flags, caller);
    }
    if (body.kind === "link") throw E.ELOOP;
    if (body.kind === "file" && (flags & O_TRUNC) !== 0) {
      this.resize(0);
      this.mtime = this.fs.clock.now;
    }
    this.opens++;
    if ((flags & (O_DIRECT | O_DSYNC)) !== 0 && this.fs.cacheFile !== undefined)
      return new DirectFile(this, (flags & O_DIRECT) !== 0, (flags & O_DSYNC) !== 0);
    return this;
  }

  release(): void {
    this.opens--;
    this.freeIfGone();
  }

  read(caller: Caller, offset: number, length: number): Uint8Array | Activity<Uint8Array> {
    return this.readBytes(caller, offset, length, false);
  }

  write(caller: Caller, offset: number, bytes: Uint8Array): number | Activity<number> {
    return this.writeBytes(caller, offset, bytes, false);
  }

  /** @param direct past the page cache */
  readBytes(caller: Caller, offset: number, length: number, direct: boolean): Uint8Array | Activity<Uint8Array> {
    const { body } = this;
    if (body.kind !== "file") throw E.EISDIR;
    this.atime = this.fs.clock.now;
    const bytes = body.content.read(offset, length);
    const waits = direct
      ? this.cached?.direct(caller, "read", offset, bytes.length)
      : this.cached?.read(caller, offset, bytes.length, body.content.size);
    return waits === undefined ? bytes : after(waits, bytes);
  }

  /** @param direct past the page cache */
  writeBytes(caller: Caller, offset: number, bytes: Uint8Array, direct: boolean): number | Activity<number> {
    const { body } = this;
    if (body.kind !== "file") throw E.EISDIR;
    const before = body.content.ownPages;
    // Checked for the most that it can take, before anything is written.
    const most = Math.ceil((offset + bytes.length) / pageSize) - Math.floor(offset / pageSize);
    body.payer ??= this.fs.account?.(caller);
    this.fs.take(most);
    try {
      body.payer?.charge(most);
    } catch (error) {
      this.fs.take(-most);
      throw error;
    }
    const waits = direct
      ? this.cached?.direct(caller, "write", offset, bytes.length)
      : this.cached?.write(caller, offset, bytes.length, body.content.size);
    body.content.write(offset, bytes);
    const unused = most - (body.content.ownPages - before);
    this.fs.take(-unused);
    if (unused > 0) body.payer?.uncharge(unused);
    this.mtime = this.ctime = this.fs.clock.now;
    return waits === undefined ? bytes.length : after(waits, bytes.length);
  }

  sync(caller: Caller): Activity<undefined> | undefined {
    return this.cached?.sync(caller);
  }

  /** Its pages in the cache, where it lies on a disk. */
  get cached(): CachedFile | undefined {
    const { body } = this;
    if (body.kind !== "file" || this.fs.cacheFile === undefined) return undefined;
    return (body.cached ??= this.fs.cacheFile());
  }

  override getXattr(name: string): Uint8Array | undefined {
    return this.xattrs?.get(name);
  }

  override setXattr(name: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.xattrs?.delete(name);
    else (this.xattrs ??= new Map()).set(name, value);
    this.ctime = this.fs.clock.now;
  }

  override listXattrs(): readonly string[] {
    return [...(this.xattrs?.keys() ?? [])];
  }

  /** A regular file's bytes, shared with it. */
  get content(): Content {
    if (this.body.kind !== "file") throw E.EINVAL;
    return this.body.content;
  }

  /** Makes a regular file of these bytes, which are shared and paid by nobody: as an image brings them. */
  fill(content: Content): void {
    invariant(this.body.kind === "file", "only a regular file is filled");
    this.resize(0);
    this.body.content = content;
  }

  private resize(size: number): void {
    const { body } = this;
    if (body.kind !== "file") throw body.kind === "directory" ? E.EISDIR : E.EINVAL;
    const before = body.content.ownPages;
    body.content.truncate(size);
    body.cached?.truncate(size);
    this.freed(before - body.content.ownPages);
    this.mtime = this.ctime = this.fs.clock.now;
  }

  private freed(pages: number): void {
    if (this.body.kind !== "file" || pages === 0) return;
    this.fs.take(-pages);
    this.body.payer?.uncharge(pages);
  }

  /** A name of `victim` is gone from this directory. */
  private dropped(victim: TmpfsInode): void {
    const { body } = victim;
    if (body.kind === "directory") {
      victim.nlink = 0;
      this.nlink--;
      body.name = undefined;
    } else victim.nlink--;
    victim.ctime = this.fs.clock.now;
    victim.freeIfGone();
  }

  private freeIfGone(): void {
    if (this.nlink !== 0 || this.opens !== 0 || this.body.kind !== "file") return;
    this.freed(this.body.content.ownPages);
    this.body.cached?.truncate(0);
  }

  private moved(from: TmpfsInode, to: TmpfsInode, name: string): void {
    this.ctime = this.fs.clock.now;
    if (this.body.kind !== "directory") return;
    this.body.parent = to;
    this.body.name = name;
    from.nlink--;
    to.nlink++;
  }

  private contains(other: TmpfsInode): boolean {
    for (let at: TmpfsInode | undefined = other; at !== undefined;) {
      if (at === this) return true;
      at = at.body.kind === "directory" ? at.body.parent : undefined;
    }
    return false;
  }

  private directory(): Body<TmpfsInode> & { kind: "directory" } {
    if (this.body.kind !== "directory") throw E.ENOTDIR;
    return this.body;
  }

  /** A directory that was removed takes no new names. */
  private living(): Body<TmpfsInode> & { kind: "directory" } {
    const directory = this.directory();
    if (directory.name === undefined) throw E.ENOENT;
    return directory;
  }

  private touched(): void {
    this.mtime = this.ctime = this.fs.clock.now;
  }
}

/** What a call gives when it has waited. */
function* after<T>(waits: Activity<undefined>, value: T): Activity<T> {
  yield* waits;
  return value;
}
