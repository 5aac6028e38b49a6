import { isZero, UsageError } from "../core/index.js";
import { SparseBytes, type SparseState } from "./sparse.js";

/**
 * What an access is for, so that a trace can tell an image's own tables from the guest's data. `copy` is the data that
 * copy-on-write moves besides what the guest asked for.
 */
export type Purpose = "data" | "copy" | "header" | "L1 table" | "L2 table" | "refcounts" | "snapshots";

/**
 * The file in which a virtual disk lives: bytes at offsets. In memory (`MemoryFile`), on a simulated host's partition
 * (`HostFile`), or given from outside, as Node's real file is.
 */
export interface FileLike {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly writable: boolean;
  /** `length` bytes from `offset`; what lies beyond the end reads as zeros. */
  read(offset: number, length: number, purpose?: Purpose): Uint8Array;
  /** Grows the file where the bytes reach beyond its end. */
  write(offset: number, bytes: Uint8Array, purpose?: Purpose): void;
  /** Cuts the file, or grows it by a hole that reads as zeros. */
  truncate(size: number): void;
  /** Returns when all that was written would survive a power failure. */
  flush(): void;
  /** Where the file is one of this machine, gives it free. An image closes its file with itself. */
  close?(): void;
}

/** A file in memory; holes take no room. */
export class MemoryFile implements FileLike {
  readonly name: string;
  readonly writable = true;
  readonly #bytes = new SparseBytes();
  #size = 0;

  constructor(name: string, content?: Uint8Array) {
    this.name = name;
    if (content !== undefined) this.write(0, content);
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of memory that the file takes: what `du` shows, where `size` is what `ls` shows. */
  get allocated(): number {
    return this.#bytes.allocated;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.read(offset, length);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#bytes.write(offset, bytes);
    this.#size = Math.max(this.#size, offset + bytes.length);
  }

  truncate(size: number): void {
    if (size < this.#size) this.#bytes.clear(size, this.#size - size);
    this.#size = size;
  }

  flush(): void {
    // Memory is as lasting as it gets.
  }

  save(): MemoryFileState {
    return { size: this.#size, bytes: this.#bytes.save() };
  }

  restore(state: MemoryFileState): void {
    this.#size = state.size;
    this.#bytes.restore(state.bytes);
  }
}

export interface MemoryFileState {
  readonly size: number;
  readonly bytes: SparseState;
}

/** @throws UsageError unless the file is empty and can be written: creating never destroys what is there */
export function checkEmpty(file: FileLike): void {
  if (!file.writable)
    throw new UsageError(`"${file.name}" cannot be written`, "Open the file for writing, or give another.");
  if (file.size > 0) {
    throw new UsageError(
      `"${file.name}" already holds ${file.size} bytes; creating an image would destroy them`,
      "Give a new, empty file, or open this one.",
    );
  }
}

/** Bytes copied at a time. */
const chunk = 1024 * 1024;

/**
 * Copies a file's bytes into an empty one, zeros as holes: an image out of the simulation onto the student's disk, or in.
 * @throws UsageError where the target holds anything or cannot be written
 */
export function copyFile(from: FileLike, to: FileLike): void {
  checkEmpty(to);
  to.truncate(from.size);
  for (let offset = 0; offset < from.size; offset += chunk) {
    const bytes = from.read(offset, Math.min(chunk, from.size - offset));
    if (!isZero(bytes)) to.write(offset, bytes);
  }
  to.flush();
}

/** Who has an image's file open. As qemu's image locks: many readers, or one writer alone. */
const holders = new WeakMap<FileLike, { readers: number; writer: boolean }>();

/**
 * @returns the function that gives the file free again
 * @throws UsageError where someone else has the file open in a way that excludes this one
 */
export function acquire(file: FileLike, mode: "read" | "write"): () => void {
  const held = holders.get(file) ?? { readers: 0, writer: false };
  if (held.writer || (mode === "write" && held.readers > 0)) {
    throw new UsageError(
      `the image "${file.name}" is in use ${held.writer ? "for writing" : "by a reader, such as an overlay on it"}`,
      "Close the other image first.",
    );
  }
  if (mode === "write") held.writer = true;
  else held.readers += 1;
  holders.set(file, held);
  let released = false;
  return () => {
    if (released) return;
    released = true;
    if (mode === "write") held.writer = false;
    else held.readers -= 1;
  };
}
