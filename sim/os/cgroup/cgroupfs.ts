import { E } from "../errno.js";
import { S_IFDIR, S_IFMT } from "../flags.js";
import type { KernelState } from "../task/task.js";
import type { Creation, FileSystem, Inode } from "../vfs/inode.js";
import { permitted } from "../vfs/permission.js";
import { PseudoFile, PseudoFs, PseudoInode, type Text } from "../vfs/pseudo.js";
import type { Cgroup } from "./cgroup.js";
import type { Site } from "./file.js";
import { cgroupFiles } from "./files.js";

/** The cgroup2 file system: all its mounts show the same directories, each from its mounter's cgroup namespace's root. */
export class Cgroupfs {
  readonly #fs: PseudoFs;
  readonly #kernel: KernelState;
  readonly #directories = new WeakMap<Cgroup, CgroupDirectory>();

  constructor(kernel: KernelState) {
    this.#kernel = kernel;
    this.#fs = new PseudoFs("cgroup2", kernel.nextDevice());
    this.#fs.root = this.directory(kernel.cgroups);
  }

  /** A mount's file system, whose root is that group. */
  at(root: Cgroup): FileSystem {
    const { type, device, options } = this.#fs;
    return { type, device, options, root: this.directory(root), space: () => this.#fs.space() };
  }

  directory(cgroup: Cgroup): CgroupDirectory {
    let directory = this.#directories.get(cgroup);
    if (directory === undefined) {
      directory = new CgroupDirectory(this.#fs, this, cgroup, this.#kernel);
      this.#directories.set(cgroup, directory);
    }
    return directory;
  }
}

/** A group's directory. */
export class CgroupDirectory extends PseudoInode {
  readonly #all: Cgroupfs;
  readonly #cgroup: Cgroup;
  readonly #kernel: KernelState;
  /** Whose its files are at first; the directory alone may be given away. */
  #maker = { uid: 0, gid: 0 };
  #files: Map<string, PseudoFile> | undefined;

  constructor(fs: PseudoFs, all: Cgroupfs, cgroup: Cgroup, kernel: KernelState) {
    super(fs, S_IFDIR | 0o755);
    this.#all = all;
    this.#cgroup = cgroup;
    this.#kernel = kernel;
  }

  get cgroup(): Cgroup {
    return this.#cgroup;
  }

  override get parent(): Inode {
    const { parent } = this.#cgroup;
    return parent === undefined ? this : this.#all.directory(parent);
  }

  override get name(): string | undefined {
    return this.#cgroup.removed ? undefined : this.#cgroup.name;
  }

  override lookup(name: string): Inode | undefined {
    const child = this.#cgroup.children.get(name);
    if (child !== undefined) return this.#all.directory(child);
    return this.#shown(name) ? this.#file(name) : undefined;
  }

  override list(): readonly string[] {
    const files = [...cgroupFiles.keys()].filter((name) => this.#shown(name));
    return [...files.sort(), ...this.#cgroup.children.keys()];
  }

  /** mkdir(2) makes a group; its files belong to who made it. */
  override create(name: string, { mode, uid, gid }: Creation): Inode {
    if ((mode & S_IFMT) !== S_IFDIR) throw E.EPERM;
    if (this.#shown(name)) throw E.EEXIST;
    const directory = this.#all.directory(this.#cgroup.make(name));
    directory.change({ mode, uid, gid });
    directory.#maker = { uid, gid };
    return directory;
  }

  override remove(name: string, directory: boolean): void {
    const child = this.#cgroup.children.get(name);
    if (child === undefined) throw this.#shown(name) ? E.EPERM : E.ENOENT;
    if (!directory) throw E.EISDIR;
    child.remove();
  }

  #shown(name: string): boolean {
    const file = cgroupFiles.get(name);
    if (file === undefined) return false;
    if (this.#cgroup.parent === undefined) return file.inner !== true;
    return file.controller === undefined || this.#cgroup.has(file.controller);
  }

  #file(name: string): PseudoFile | undefined {
    const known = this.#files?.get(name);
    if (known !== undefined) return known;
    const found = cgroupFiles.get(name);
    if (found === undefined) return undefined;
    const { read, write } = found;
    const at: Site = {
      cgroup: this.#cgroup,
      kernel: this.#kernel,
      mayWrite: (cgroup, caller) => {
        const procs = this.#all.directory(cgroup).lookup("cgroup.procs");
        return procs !== undefined && permitted(caller.credentials, procs, 2);
      },
    };
    const text: Text = {
      ...(read && { read: (caller) => read(at, caller) }),
      ...(write && {
        write: (caller, given) => {
          write(at, caller, given);
        },
      }),
    };
    const file = new PseudoFile(this.fs, text, undefined, this.#maker);
    (this.#files ??= new Map()).set(name, file);
    return file;
  }
}
