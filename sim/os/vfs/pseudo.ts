import { encodeUtf8 } from "../../core/index.js";
import { E } from "../errno.js";
import { O_ACCMODE, O_RDONLY, S_IFDIR, S_IFLNK, S_IFREG } from "../flags.js";
import type { Caller } from "./caller.js";
import { Inode, type Attributes, type Changes, type Channel, type FileSystem, type Space } from "./inode.js";
import type { Place } from "./mount.js";

/** A file system whose files the kernel makes up as they are read. */
export class PseudoFs implements FileSystem {
  readonly type: string;
  readonly device: number;
  readonly options = "";
  #root: Inode | undefined;
  #inodes = 0;

  constructor(type: string, device: number) {
    this.type = type;
    this.device = device;
  }

  get root(): Inode {
    if (this.#root === undefined) throw E.ENODEV;
    return this.#root;
  }

  set root(root: Inode) {
    this.#root = root;
  }

  nextInode(): number {
    return ++this.#inodes;
  }

  space(): Space {
    return { total: 0, free: 0, files: 0 };
  }
}

/** What all such inodes have: attributes that may change, and no size. */
export abstract class PseudoInode extends Inode {
  declare readonly fs: PseudoFs;

  constructor(fs: PseudoFs, mode: number, uid = 0, gid = 0) {
    super(fs, fs.nextInode(), mode, uid, gid);
  }

  attributes(): Attributes {
    const { ino, mode, uid, gid } = this;
    const nlink = this.isDirectory ? 2 : 1;
    return {
      ino,
      dev: this.fs.device,
      mode,
      nlink,
      uid,
      gid,
      rdev: 0,
      size: 0,
      blocks: 0,
      atime: 0,
      mtime: 0,
      ctime: 0,
    };
  }

  change({ mode, uid, gid }: Changes): void {
    if (mode !== undefined) this.mode = this.type | (mode & 0o7777);
    if (uid !== undefined) this.uid = uid;
    if (gid !== undefined) this.gid = gid;
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const root: Owner = { uid: 0, gid: 0 };

/** How a made-up file is read and written. */
export interface Text {
  read?(caller: Caller): string;
  write?(caller: Caller, text: string): void;
}

export class PseudoFile extends PseudoInode {
  readonly #text: Text;

  constructor(fs: PseudoFs, text: Text, mode?: number, owner: Owner = root) {
    const usual = (text.read === undefined ? 0 : 0o444) | (text.write === undefined ? 0 : 0o200);
    super(fs, S_IFREG | (mode ?? usual), owner.uid, owner.gid);
    this.#text = text;
  }

  override open(flags: number): Channel {
    const text = this.#text;
    if ((flags & O_ACCMODE) !== O_RDONLY && text.write === undefined) throw E.EACCES;
    let bytes: Uint8Array | undefined;
    return {
      seekable: true,
      read(caller, offset, length) {
        if (text.read === undefined) throw E.EINVAL;
        if (bytes === undefined || offset === 0) bytes = encodeUtf8(text.read(caller));
        return bytes.subarray(offset, offset + length);
      },
      write(caller, _offset, given) {
        if (text.write === undefined) throw E.EINVAL;
        text.write(caller, String.fromCharCode(...given).trimEnd());
        return given.length;
      },
    };
  }
}

/** A link whose text is made up, and that may lead where no text would. */
export class PseudoLink extends PseudoInode {
  readonly #text: (caller: Caller) => string;

  constructor(fs: PseudoFs, text: (caller: Caller) => string, owner: Owner = root) {
    super(fs, S_IFLNK | 0o777, owner.uid, owner.gid);
    this.#text = text;
  }

  override readlink(caller: Caller): string {
    return this.#text(caller);
  }
}

export class PseudoMagicLink extends PseudoLink {
  readonly #follow: (caller: Caller) => Place;

  constructor(fs: PseudoFs, text: (caller: Caller) => string, follow: (caller: Caller) => Place, owner: Owner = root) {
    super(fs, text, owner);
    this.#follow = follow;
  }

  follow(caller: Caller): Place {
    return this.#follow(caller);
  }
}

/** A directory of fixed entries, and of others that are looked up as they are asked for. */
export class PseudoDirectory extends PseudoInode {
  /** Those that nobody has looked up yet are functions that make them: most never are. */
  readonly #entries = new Map<string, Inode | (() => Inode)>();
  readonly #parent: Inode | undefined;
  readonly #name: string;

  constructor(fs: PseudoFs, parent: Inode | undefined, name: string, mode = 0o555, owner: Owner = root) {
    super(fs, S_IFDIR | mode, owner.uid, owner.gid);
    this.#parent = parent;
    this.#name = name;
  }

  override get parent(): Inode {
    return this.#parent ?? this;
  }

  override get name(): string | undefined {
    return this.#name;
  }

  add<T extends Inode>(name: string, inode: T): T {
    this.#entries.set(name, inode);
    return inode;
  }

  /** An entry that is made when it is first looked up. */
  later(name: string, make: () => Inode): void {
    this.#entries.set(name, make);
  }

  drop(name: string): void {
    this.#entries.delete(name);
  }

  /** A subdirectory, made where it isn't there. */
  directory(name: string): PseudoDirectory {
    const known = this.#known(name);
    return known instanceof PseudoDirectory ? known : this.add(name, new PseudoDirectory(this.fs, this, name));
  }

  /** A file of its own owner. */
  file(name: string, text: Text, mode?: number): void {
    this.later(name, () => new PseudoFile(this.fs, text, mode, this));
  }

  override lookup(name: string, caller: Caller): Inode | undefined {
    return this.#known(name) ?? this.find?.(name, caller);
  }

  override list(caller: Caller): readonly string[] {
    return [...this.#entries.keys(), ...(this.others?.(caller) ?? [])];
  }

  #known(name: string): Inode | undefined {
    const entry = this.#entries.get(name);
    return typeof entry === "function" ? this.add(name, entry()) : entry;
  }

  /** Entries beside the fixed ones, in directories that have such. */
  protected find?(name: string, caller: Caller): Inode | undefined;

  protected others?(caller: Caller): readonly string[];
}
