import type { Activity } from "../../core/index.js";
import { E } from "../errno.js";
import type { Caller } from "./caller.js";
import type { Channel } from "./inode.js";

/** What O_DIRECT asks offsets and lengths to be whole numbers of: a disk's logical block. */
const block = 512;

/** A file on a disk, as its special descriptors see it. */
export interface DiskFile {
  /** @param direct past the page cache */
  readBytes(caller: Caller, offset: number, length: number, direct: boolean): Uint8Array | Activity<Uint8Array>;
  writeBytes(caller: Caller, offset: number, bytes: Uint8Array, direct: boolean): number | Activity<number>;
  sync(caller: Caller): Activity<undefined> | undefined;
  release(): void;
}

/** A file on a disk opened with O_DIRECT, past the page cache, or with O_SYNC or O_DSYNC: each write waits for the disk. */
export class DirectFile implements Channel {
  readonly seekable = true;
  readonly #file: DiskFile;
  readonly #direct: boolean;
  readonly #syncs: boolean;

  constructor(file: DiskFile, direct: boolean, syncs: boolean) {
    this.#file = file;
    this.#direct = direct;
    this.#syncs = syncs;
  }

  /** @throws EINVAL for parts of blocks */
  read(caller: Caller, offset: number, length: number): Uint8Array | Activity<Uint8Array> {
    this.#demandBlocks(offset, length);
    return this.#file.readBytes(caller, offset, length, this.#direct);
  }

  /** @throws EINVAL for parts of blocks */
  write(caller: Caller, offset: number, bytes: Uint8Array): number | Activity<number> {
    this.#demandBlocks(offset, bytes.length);
    const written = this.#file.writeBytes(caller, offset, bytes, this.#direct);
    return this.#syncs ? this.#synced(caller, written) : written;
  }

  sync(caller: Caller): Activity<undefined> | undefined {
    return this.#file.sync(caller);
  }

  release(): void {
    this.#file.release();
  }

  *#synced(caller: Caller, written: number | Activity<number>): Activity<number> {
    const length = typeof written === "number" ? written : yield* written;
    const waits = this.#file.sync(caller);
    if (waits !== undefined) yield* waits;
    return length;
  }

  #demandBlocks(offset: number, length: number): void {
    if (this.#direct && (offset % block !== 0 || length % block !== 0)) throw E.EINVAL;
  }
}
