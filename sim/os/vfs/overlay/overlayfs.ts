import { E } from "../../errno.js";
import {
  O_ACCMODE,
  O_RDONLY,
  O_TRUNC,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "../../flags.js";
import type { Caller } from "../caller.js";
import {
  Inode,
  type Attributes,
  type Changes,
  type Channel,
  type Creation,
  type FileSystem,
  type Space,
} from "../inode.js";
import { TmpfsInode } from "../tmpfs-inode.js";
import {
  isWhiteout,
  listLayers,
  lookupLayers,
  makeOpaque,
  overlayPrefix,
  whiteout,
  type Layers,
  type OverlayFs,
} from "./layers.js";

export interface OverlayOptions {
  readonly device: number;
  /** The read-only layers, the uppermost first. */
  readonly lower: readonly Inode[];
  /** Where changes go; without it the file system is read-only. */
  readonly upper?: Inode;
  /** What /proc/mounts shows: the paths that mount(2) was given. */
  readonly options?: string;
  /** The kernel itself, for which layers have no permissions to check. */
  readonly kernel: Caller;
}

/**
 * An overlay file system, Documentation/filesystems/overlayfs.rst: the union of layers, changed in the uppermost alone.
 * As mounted by default (index=off, redirect_dir=off, metacopy=off): copying up breaks hard links, and a directory with a
 * lower part can't be renamed (EXDEV). Inode numbers are the overlay's own and last as long as it is mounted (Linux
 * shows the layers' where all are on one file system). No work directory is needed: nothing here is interrupted midway.
 */
export class Overlayfs implements OverlayFs, FileSystem {
  readonly type = "overlay";
  readonly device: number;
  readonly options: string;
  readonly kernel: Caller;
  readonly writable: boolean;
  readonly root: OverlayInode;
  readonly #space: () => Space;
  #inodes = 0;

  /** @throws EINVAL without a layer */
  constructor({ device, lower, upper, options = "", kernel }: OverlayOptions) {
    const top = upper ?? lower[0];
    if (top === undefined) throw E.EINVAL;
    this.device = device;
    this.options = options;
    this.kernel = kernel;
    this.writable = upper !== undefined;
    this.#space = () => top.fs.space();
    this.root = new OverlayInode(this, { upper, lower }, undefined, "/");
  }

  nextInode(): number {
    return ++this.#inodes;
  }

  space(): Space {
    return this.#space();
  }
}

/** What is found under a name, its layers put together. */
export class OverlayInode extends Inode {
  declare readonly fs: Overlayfs;
  private layers: Layers;
  /** The directory that it was found in; of a file, that in which it is copied up. */
  private above: OverlayInode | undefined;
  private called: string | undefined;
  /** What was looked up in it, so that an inode is the same one each time. */
  private known: Map<string, OverlayInode> | undefined;

  constructor(fs: Overlayfs, layers: Layers, above: OverlayInode | undefined, called: string) {
    const top = layers.upper ?? layers.lower[0];
    if (top === undefined) throw E.ENOENT;
    super(fs, fs.nextInode(), top.mode, top.uid, top.gid);
    this.layers = layers;
    this.above = above;
    this.called = called;
    this.known = undefined;
  }

  override get rdev(): number {
    return this.top.rdev;
  }

  override get parent(): Inode {
    if (!this.isDirectory) throw E.ENOTDIR;
    return this.above ?? this;
  }

  override get name(): string | undefined {
    if (!this.isDirectory) throw E.ENOTDIR;
    return this.called;
  }

  /** Whether it lies in the upper layer: what `upperdir` holds. */
  get copiedUp(): boolean {
    return this.layers.upper !== undefined;
  }

  attributes(): Attributes {
    const attributes = this.top.attributes();
    // A merged directory's links aren't counted: overlayfs gives 1.
    const nlink =
      this.isDirectory && this.layers.lower.length > 0 && this.layers.upper !== undefined ? 1 : attributes.nlink;
    return { ...attributes, nlink, ino: this.ino, dev: this.fs.device };
  }

  change(changes: Changes): void {
    this.copyUp(changes.size !== 0).change(changes);
    this.refresh();
  }

  override lookup(name: string): OverlayInode | undefined {
    if (!this.isDirectory) throw E.ENOTDIR;
    const known = this.known?.get(name);
    if (known !== undefined) return known;
    const layers = lookupLayers(this.fs, this.layers, name);
    return layers === undefined ? undefined : this.know(name, new OverlayInode(this.fs, layers, this, name));
  }

  override list(): readonly string[] {
    if (!this.isDirectory) throw E.ENOTDIR;
    return listLayers(this.fs, this.layers);
  }

  override create(name: string, creation: Creation): OverlayInode {
    if (this.lookup(name) !== undefined) throw E.EEXIST;
    const upper = this.living();
    const covers = this.uncover(upper, name);
    const made = upper.create(name, creation, this.fs.kernel);
    if (covers && made.isDirectory) makeOpaque(made);
    return this.know(name, new OverlayInode(this.fs, { upper: made, lower: [] }, this, name));
  }

  override link(name: string, inode: Inode): void {
    if (!(inode instanceof OverlayInode) || inode.fs !== this.fs) throw E.EXDEV;
    if (this.lookup(name) !== undefined) throw E.EEXIST;
    const source = inode.copyUp(true);
    const upper = this.living();
    this.uncover(upper, name);
    upper.link(name, source, this.fs.kernel);
    this.know(name, inode);
  }

  override remove(name: string, directory: boolean): void {
    const victim = this.lookup(name);
    if (victim === undefined) throw E.ENOENT;
    if (victim.isDirectory !== directory) throw directory ? E.ENOTDIR : E.EISDIR;
    if (directory && victim.list().length > 0) throw E.ENOTEMPTY;
    const upper = this.copyUp(true);
    if (victim.layers.upper !== undefined) removeWhole(this.fs, upper, name, victim.layers.upper);
    this.coverLower(upper, name);
    this.known?.delete(name);
    if (directory) victim.called = undefined;
  }

  override rename(name: string, to: Inode, newName: string, flags: number): void {
    if (!(to instanceof OverlayInode) || to.fs !== this.fs) throw E.EXDEV;
    const moved = this.lookup(name);
    if (moved === undefined) throw E.ENOENT;
    const replaced = to.lookup(newName);
    if (moved === replaced) return;
    if ((flags & RENAME_NOREPLACE) !== 0 && replaced !== undefined) throw E.EEXIST;
    if ((flags & RENAME_EXCHANGE) !== 0) throw E.EINVAL;
    // Its lower part can't follow it (redirect_dir=off): mv(1) then copies it.
    if (moved.isDirectory && moved.layers.lower.length > 0) throw E.EXDEV;
    if (replaced !== undefined) {
      if (replaced.isDirectory !== moved.isDirectory) throw replaced.isDirectory ? E.EISDIR : E.ENOTDIR;
      if (replaced.isDirectory && replaced.list().length > 0) throw E.ENOTEMPTY;
    }
    for (let at: OverlayInode | undefined = to; at !== undefined; at = at.above) if (at === moved) throw E.EINVAL;
    moved.copyUp(true);
    const source = this.copyUp(true);
    const target = to.living();
    if (replaced?.isDirectory === true && replaced.layers.upper !== undefined)
      removeWhole(this.fs, target, newName, replaced.layers.upper);
    const covered = target.lookup(newName, this.fs.kernel);
    if (covered !== undefined && isWhiteout(covered)) target.remove(newName, false, this.fs.kernel);
    source.rename(name, target, newName, 0, this.fs.kernel);
    if (moved.isDirectory && to.inLower(newName)) makeOpaque(moved.top);
    this.coverLower(source, name);
    this.known?.delete(name);
    if (replaced?.isDirectory === true) replaced.called = undefined;
    to.know(newName, moved);
    moved.above = to;
    moved.called = newName;
  }

  override readlink(caller: Caller): string {
    return this.top.readlink(caller);
  }

  override get below(): Inode {
    return this.top;
  }

  override open(flags: number, caller: Caller): Channel {
    if (!this.isRegular || ((flags & O_ACCMODE) === O_RDONLY && (flags & O_TRUNC) === 0))
      return this.top.open(flags, caller);
    return this.copyUp((flags & O_TRUNC) === 0).open(flags, caller);
  }

  override getXattr(name: string): Uint8Array | undefined {
    return name.startsWith(overlayPrefix) ? undefined : this.top.getXattr(name);
  }

  override setXattr(name: string, value: Uint8Array | undefined): void {
    if (name.startsWith(overlayPrefix)) throw E.EPERM;
    this.copyUp(true).setXattr(name, value);
  }

  override listXattrs(): readonly string[] {
    return this.top.listXattrs().filter((name) => !name.startsWith(overlayPrefix));
  }

  /** The uppermost layer's inode: what attributes and data come from. */
  private get top(): Inode {
    const top = this.layers.upper ?? this.layers.lower[0];
    if (top === undefined) throw E.ENOENT;
    return top;
  }

  private know(name: string, inode: OverlayInode): OverlayInode {
    (this.known ??= new Map()).set(name, inode);
    return inode;
  }

  private refresh(): void {
    const { mode, uid, gid } = this.top;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
  }

  private living(): Inode {
    if (!this.isDirectory) throw E.ENOTDIR;
    if (this.called === undefined) throw E.ENOENT;
    return this.copyUp(true);
  }

  private inLower(name: string): boolean {
    return lookupLayers(this.fs, { upper: undefined, lower: this.layers.lower }, name) !== undefined;
  }

  /** Hides what lower layers have under a name that is gone. */
  private coverLower(upper: Inode, name: string): void {
    if (this.inLower(name)) upper.create(name, whiteout, this.fs.kernel);
  }

  /** Takes a whiteout away. @returns whether there was one */
  private uncover(upper: Inode, name: string): boolean {
    const inode = upper.lookup(name, this.fs.kernel);
    if (inode === undefined || !isWhiteout(inode)) return false;
    upper.remove(name, false, this.fs.kernel);
    return true;
  }

  /**
   * Copies it, and the directories above, into the upper layer, with owner, mode, times and attributes.
   * @param data whether a regular file's bytes come along: not where they are cut off anyway
   * @throws EROFS without an upper layer
   */
  private copyUp(data: boolean): Inode {
    if (this.layers.upper !== undefined) return this.layers.upper;
    if (!this.fs.writable || this.above === undefined || this.called === undefined) throw E.EROFS;
    const lower = this.top;
    const { kernel } = this.fs;
    const parent = this.above.copyUp(true);
    const { mode, uid, gid, rdev, atime, mtime, size } = lower.attributes();
    const target = (mode & S_IFMT) === S_IFLNK ? lower.readlink(kernel) : undefined;
    const copy = parent.create(this.called, { mode, uid, gid, rdev, ...(target !== undefined && { target }) }, kernel);
    if ((mode & S_IFMT) === S_IFREG && data) copyData(lower, copy, size, kernel);
    for (const name of lower.listXattrs()) {
      if (!name.startsWith(overlayPrefix)) copy.setXattr(name, lower.getXattr(name));
    }
    copy.change({ mode: mode & 0o7777, uid, gid, atime, mtime });
    // A directory goes on showing what is below; a file's data now is its own.
    this.layers = { upper: copy, lower: (mode & S_IFMT) === S_IFDIR ? this.layers.lower : [] };
    return copy;
  }
}

/** Where both are in memory, the bytes are shared; else read and written. */
function copyData(from: Inode, to: Inode, size: number, kernel: Caller): void {
  if (from instanceof TmpfsInode && to instanceof TmpfsInode) {
    to.fill(from.content.copy());
    return;
  }
  const source = from.open(O_RDONLY, kernel);
  const target = to.open(O_RDONLY, kernel);
  for (let at = 0; at < size; at += step) {
    const bytes = source.read(kernel, at, step, false);
    // A layer is a file system whose data is there at once.
    if (!(bytes instanceof Uint8Array)) throw E.EIO;
    target.write(kernel, at, bytes, false);
  }
  source.release?.();
  target.release?.();
}

const step = 65536;

/** Removes a name from the upper layer, with the whiteouts that a directory still holds. */
function removeWhole(fs: OverlayFs, upper: Inode, name: string, victim: Inode): void {
  if (victim.isDirectory) for (const inner of victim.list(fs.kernel)) victim.remove(inner, false, fs.kernel);
  upper.remove(name, victim.isDirectory, fs.kernel);
}
