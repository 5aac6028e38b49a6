import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from "../flags.js";
import type { UserNamespace } from "../namespace/user-namespace.js";
import type { Namespace } from "../namespace/namespace.js";
import type { FileSystem, Inode } from "./inode.js";

/** Mounts among which mount events spread: a peer group, mount_namespaces(7). */
export interface PeerGroup {
  readonly number: number;
  readonly members: Set<Mount>;
  /** Mounts that receive from this group. */
  readonly slaves: Set<Mount>;
}

/** A file system, or a part of one, at a place in a namespace's tree. */
export class Mount {
  readonly number: number;
  readonly fs: FileSystem;
  readonly root: Inode;
  /** What mount(2) was told as source; shown in /proc/mounts. */
  readonly source: string;
  /** MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC. */
  flags: number;
  namespace: MountNamespace;
  /** Where it hangs; undefined for a root and for what is unmounted. */
  parent: Mount | undefined;
  /** The inode of `parent` that it covers. */
  place: Inode | undefined;
  /** Where it covers a file: that file's directory and name, which a file's inode doesn't know. */
  placeDirectory: Inode | undefined;
  placeName: string | undefined;
  /** What hangs here, by the covered inode: a stack, the visible one last. */
  children: Map<Inode, Mount[]> | undefined;
  peers: PeerGroup | undefined;
  master: PeerGroup | undefined;
  unbindable: boolean;
  /** Files of it that are open. */
  opens: number;
  /** Came from a more privileged namespace: may not be uncovered, nor its flags cleared (MNT_LOCKED). */
  locked: boolean;

  constructor(number: number, fs: FileSystem, root: Inode, source: string, flags: number, namespace: MountNamespace) {
    this.number = number;
    this.fs = fs;
    this.root = root;
    this.source = source;
    this.flags = flags;
    this.namespace = namespace;
    this.parent = undefined;
    this.place = undefined;
    this.placeDirectory = undefined;
    this.placeName = undefined;
    this.children = undefined;
    this.peers = undefined;
    this.master = undefined;
    this.unbindable = false;
    this.opens = 0;
    this.locked = false;
  }

  get readonly(): boolean {
    return (this.flags & MS_RDONLY) !== 0;
  }

  get nosuid(): boolean {
    return (this.flags & MS_NOSUID) !== 0;
  }

  get nodev(): boolean {
    return (this.flags & MS_NODEV) !== 0;
  }

  get noexec(): boolean {
    return (this.flags & MS_NOEXEC) !== 0;
  }

  /** The mount that covers `inode` of this one; undefined where none does. */
  over(inode: Inode): Mount | undefined {
    return this.children?.get(inode)?.at(-1);
  }

  attach(parent: Mount, at: Covered): void {
    const place = at.inode;
    this.parent = parent;
    this.place = place;
    this.placeDirectory = at.directory;
    this.placeName = at.name;
    parent.children ??= new Map();
    const stack = parent.children.get(place);
    if (stack === undefined) parent.children.set(place, [this]);
    else stack.push(this);
  }

  detach(): void {
    const { parent, place } = this;
    if (parent === undefined || place === undefined) return;
    const stack = parent.children?.get(place)?.filter((mount) => mount !== this) ?? [];
    if (stack.length > 0) parent.children?.set(place, stack);
    else parent.children?.delete(place);
    if (parent.children?.size === 0) parent.children = undefined;
    this.parent = undefined;
    this.place = undefined;
  }

  /** What it covers. */
  get covered(): Covered | undefined {
    if (this.place === undefined) return undefined;
    return { inode: this.place, directory: this.placeDirectory, name: this.placeName };
  }

  /** This mount and all below it, parents first, in the order in which they were mounted. */
  tree(): Mount[] {
    const all: Mount[] = [];
    this.#collect(all);
    return all;
  }

  #collect(all: Mount[]): void {
    all.push(this);
    if (this.children === undefined) return;
    for (const stack of this.children.values()) for (const child of stack) child.#collect(all);
  }
}

/** What a mount covers: an inode, and where it covers a file, that file's directory and name. */
export interface Covered {
  readonly inode: Inode;
  readonly directory?: Inode | undefined;
  readonly name?: string | undefined;
}

/** Who lives in a mount namespace: a task, whose root and working directory may be in the tree. */
interface Inhabitant {
  readonly context: { root: Place; cwd: Place };
}

/** A mount namespace: a tree of mounts. */
export class MountNamespace implements Namespace {
  readonly kind = "mnt";
  readonly number: number;
  readonly userNamespace: UserNamespace;
  /** Set as soon as it has one, and again by pivot_root(2). */
  root: Mount | undefined;
  readonly inhabitants: Set<Inhabitant> = new Set();

  constructor(number: number, userNamespace: UserNamespace) {
    this.number = number;
    this.userNamespace = userNamespace;
    this.root = undefined;
  }

  /** Every mount, as /proc/PID/mountinfo lists them. */
  get mounts(): readonly Mount[] {
    return this.root === undefined ? [] : this.root.tree().sort((a, b) => a.number - b.number);
  }
}

/** A place: an inode as seen through a mount. */
export interface Place {
  readonly mount: Mount;
  readonly inode: Inode;
  /** Of what is no directory: where it was found. */
  readonly directory?: Place;
  readonly name?: string;
}
