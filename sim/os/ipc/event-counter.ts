import type { Activity, Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { POLLIN, POLLOUT } from "../flags.js";
import { wait } from "../task/waiting.js";
import type { Task } from "../task/task.js";
import type { Channel } from "../vfs/inode.js";
import { WaitQueue } from "../wait-queue.js";

/** eventfd(2): a counter that writes add to and a read empties. Values are 8 bytes, little-endian, exact to 2^53. */
export class EventCounter implements Channel {
  readonly seekable = false;
  #count: number;
  readonly #semaphore: boolean;
  readonly #queue: WaitQueue = new WaitQueue("eventfd");

  constructor(count: number, semaphore: boolean) {
    this.#count = count;
    this.#semaphore = semaphore;
  }

  read(task: Task, _offset: number, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    if (length < 8) throw E.EINVAL;
    if (this.#count > 0) return this.#take();
    if (nonblocking) throw E.EAGAIN;
    return this.#readLater(task);
  }

  write(_task: Task, _offset: number, bytes: Uint8Array): number {
    if (bytes.length < 8) throw E.EINVAL;
    let value = 0;
    for (let at = 7; at >= 0; at--) value = value * 256 + (bytes[at] ?? 0);
    this.#count += value;
    this.#queue.wake();
    return 8;
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    return { events: POLLOUT | (this.#count > 0 ? POLLIN : 0), change: this.#queue.change };
  }

  *#readLater(task: Task): Activity<Uint8Array> {
    while (this.#count === 0) yield* wait(task, this.#queue.change, "restartable", "eventfd_read");
    return this.#take();
  }

  #take(): Uint8Array {
    const value = this.#semaphore ? 1 : this.#count;
    this.#count -= value;
    this.#queue.wake();
    return counterBytes(value);
  }
}

/** A count as such files give it: 8 bytes, little-endian. */
export function counterBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(8);
  let left = count;
  for (let at = 0; at < 8; at++) {
    bytes[at] = left % 256;
    left = Math.floor(left / 256);
  }
  return bytes;
}
