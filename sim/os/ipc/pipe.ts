import type { Activity, Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { O_ACCMODE, O_RDONLY, O_RDWR, O_WRONLY, POLLERR, POLLHUP, POLLIN, POLLOUT } from "../flags.js";
import { wait } from "../task/waiting.js";
import type { Task } from "../task/task.js";
import type { Channel } from "../vfs/inode.js";
import { WaitQueue } from "../wait-queue.js";

/** What a pipe holds, and up to what size a write goes in as one: pipe(7). */
const pipeCapacity = 65536;
const pipeBuf = 4096;

/** Bytes on their way, in order. */
export class ByteQueue {
  #parts: Uint8Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes.slice());
    this.#size += bytes.length;
  }

  take(length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.#size));
    let at = 0;
    while (at < bytes.length) {
      const [part] = this.#parts;
      if (part === undefined) break;
      const some = part.subarray(0, bytes.length - at);
      bytes.set(some, at);
      at += some.length;
      if (some.length === part.length) this.#parts.shift();
      else this.#parts[0] = part.subarray(some.length);
    }
    this.#size -= bytes.length;
    return bytes;
  }
}

/** A pipe, or what is behind a named one. */
export class Pipe {
  readonly number: number;
  readonly bytes: ByteQueue = new ByteQueue();
  readers = 0;
  writers = 0;
  /** How often each end was opened: an opener that waits for the other end looks at this. */
  readersSeen = 0;
  writersSeen = 0;
  readonly #change: WaitQueue = new WaitQueue("pipe");

  constructor(number: number) {
    this.number = number;
  }

  get change(): Signal<void> {
    return this.#change.change;
  }

  wake(): void {
    this.#change.wake();
  }

  read(task: Task, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    const now = this.#take(length);
    if (now !== undefined) return now;
    if (nonblocking) throw E.EAGAIN;
    return this.#readLater(task, length);
  }

  write(task: Task, bytes: Uint8Array, nonblocking: boolean): number | Activity<number> {
    if (this.readers === 0) throw E.EPIPE;
    const taken = this.#put(bytes);
    if (taken === bytes.length) return taken;
    if (!nonblocking) return this.#writeLater(task, bytes, taken);
    if (taken === 0) throw E.EAGAIN;
    return taken;
  }

  *#readLater(task: Task, length: number): Activity<Uint8Array> {
    for (;;) {
      yield* wait(task, this.change, "restartable", "pipe_read");
      const bytes = this.#take(length);
      if (bytes !== undefined) return bytes;
    }
  }

  *#writeLater(task: Task, bytes: Uint8Array, already: number): Activity<number> {
    let taken = already;
    while (taken < bytes.length) {
      try {
        yield* wait(task, this.change, "restartable", "pipe_write");
      } catch (error) {
        if (taken > 0 && error === E.EINTR) return taken;
        throw error;
      }
      if (this.readers === 0) throw E.EPIPE;
      taken += this.#put(bytes.subarray(taken), bytes.length);
    }
    return taken;
  }

  /** Undefined where a reader has to wait; nothing at the end, when all writers are gone. */
  #take(length: number): Uint8Array | undefined {
    if (this.bytes.size === 0) return this.writers === 0 ? new Uint8Array(0) : undefined;
    const bytes = this.bytes.take(length);
    this.wake();
    return bytes;
  }

  /** Takes what fits; a write of up to PIPE_BUF bytes whole, or not at all. */
  #put(bytes: Uint8Array, whole: number = bytes.length): number {
    const room = pipeCapacity - this.bytes.size;
    if (room <= 0 || (whole <= pipeBuf && room < bytes.length)) return 0;
    const some = bytes.subarray(0, room);
    this.bytes.push(some);
    this.wake();
    return some.length;
  }
}

/** One opened end of a pipe, or both. */
export class PipeEnd implements Channel {
  readonly seekable = false;
  readonly pipe: Pipe;
  readonly #reads: boolean;
  readonly #writes: boolean;
  readonly #named: boolean;

  /** @param mode O_RDONLY, O_WRONLY or, for a named pipe, O_RDWR */
  constructor(pipe: Pipe, mode: number, named = false) {
    this.pipe = pipe;
    this.#reads = (mode & O_ACCMODE) !== O_WRONLY;
    this.#writes = (mode & O_ACCMODE) !== O_RDONLY;
    this.#named = named && (mode & O_ACCMODE) !== O_RDWR;
    if (this.#reads) {
      pipe.readers++;
      pipe.readersSeen++;
    }
    if (this.#writes) {
      pipe.writers++;
      pipe.writersSeen++;
    }
    pipe.wake();
  }

  /** fifo(7): opening waits for the other end. @throws ENXIO for a writer that won't wait and has no reader */
  opening(nonblocking: boolean): Activity<undefined> | undefined {
    if (!this.#named) return undefined;
    const { pipe } = this;
    const other = this.#reads ? pipe.writers : pipe.readers;
    if (other > 0) return undefined;
    if (nonblocking) {
      if (this.#reads) return undefined;
      this.release();
      throw E.ENXIO;
    }
    const seen = (): number => (this.#reads ? pipe.writersSeen : pipe.readersSeen);
    const before = seen();
    return (function* () {
      while (seen() === before) yield* pipe.change;
      return undefined;
    })();
  }

  read(task: Task, _offset: number, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    return this.pipe.read(task, length, nonblocking);
  }

  write(task: Task, _offset: number, bytes: Uint8Array, nonblocking: boolean): number | Activity<number> {
    return this.pipe.write(task, bytes, nonblocking);
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    const { pipe } = this;
    let events = 0;
    if (this.#reads) {
      if (pipe.bytes.size > 0) events |= POLLIN;
      if (pipe.writers === 0) events |= POLLHUP;
    }
    if (this.#writes) {
      if (pipeCapacity - pipe.bytes.size >= pipeBuf) events |= POLLOUT;
      if (pipe.readers === 0) events |= POLLERR;
    }
    return { events, change: pipe.change };
  }

  release(): void {
    if (this.#reads) this.pipe.readers--;
    if (this.#writes) this.pipe.writers--;
    this.pipe.wake();
  }
}
