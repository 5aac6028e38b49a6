import { E } from "../errno.js";
import { S_IFDIR } from "../flags.js";
import type { Caller } from "./caller.js";
import { pageSize } from "./content.js";
import type { Inode } from "./inode.js";
import type { CachedFile } from "../memory/page-cache.js";
import { type Channel, type Clock, type Creation, type Space } from "./inode.js";

import type { PageAccount } from "./tmpfs-body.js";
import { TmpfsInode, type TmpfsState } from "./tmpfs-inode.js";

export interface TmpfsOptions {
  readonly device: number;
  readonly clock: Clock;
  /** In bytes; Infinity where absent. */
  readonly size?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Who pays for what a caller writes. */
  readonly account?: (caller: Caller) => PageAccount | undefined;
  /** The files behind devices, named pipes: asked at each opening. */
  readonly openSpecial?: (inode: Inode, flags: number, caller: Caller) => Channel;
  /** Where it stands for a disk's: a new file's pages in the cache. */
  readonly cacheFile?: () => CachedFile;
  /** As mount(2) names it; tmpfs where absent. */
  readonly type?: string;
}

/**
 * A file system in memory, tmpfs(5). Pages are paid by whoever wrote a file first (Linux charges each page to whoever
 * touches it first). Also stands for a disk's file system, of which
 * names, bytes and what the page cache has of them matter, but no blocks.
 */
export class Tmpfs implements TmpfsState {
  readonly type: string;
  readonly device: number;
  readonly clock: Clock;
  readonly root: TmpfsInode;
  readonly account: ((caller: Caller) => PageAccount | undefined) | undefined;
  readonly openSpecial: ((inode: Inode, flags: number, caller: Caller) => Channel) | undefined;
  readonly cacheFile: (() => CachedFile) | undefined;
  #size: number;
  #used = 0;
  #inodes = 0;

  constructor(options: TmpfsOptions) {
    this.type = options.type ?? "tmpfs";
    this.device = options.device;
    this.clock = options.clock;
    this.account = options.account;
    this.openSpecial = options.openSpecial;
    this.cacheFile = options.cacheFile;
    this.#size = options.size ?? Infinity;
    const mode = S_IFDIR | (options.mode ?? 0o1777);
    this.root = this.make({ mode, uid: options.uid ?? 0, gid: options.gid ?? 0 }, undefined, "/");
  }

  get options(): string {
    return this.#size === Infinity ? "" : `size=${Math.ceil(this.#size / 1024)}k`;
  }

  space(): Space {
    return { total: this.#size, free: this.#size - this.#used * pageSize, files: this.#inodes };
  }

  /** Has it hold so many bytes from now on. */
  grow(size: number): void {
    this.#size = size;
  }

  make(creation: Creation, parent: TmpfsInode | undefined, name: string | undefined): TmpfsInode {
    return new TmpfsInode(this, ++this.#inodes, creation, parent, name);
  }

  /** @throws ENOSPC */
  take(pages: number): void {
    if ((this.#used + pages) * pageSize > this.#size) throw E.ENOSPC;
    this.#used += pages;
  }
}
