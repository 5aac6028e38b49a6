import type { Activity, Cancel, Engine, Nanos, Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { POLLIN } from "../flags.js";
import { until } from "../network/socket.js";
import type { Task } from "../task/task.js";
import type { Channel } from "../vfs/inode.js";
import { WaitQueue } from "../wait-queue.js";
import { counterBytes } from "./event-counter.js";

/** When a timer goes off first, from now, and how often then; 0 never. Nanoseconds. */
export interface TimerSetting {
  readonly value: Nanos;
  readonly interval?: Nanos;
}

/** timerfd_create(2): a file that can be read when its timer has gone off; reads give how often, in 8 bytes. */
export class TimerDescriptor implements Channel {
  readonly seekable = false;
  readonly #engine: Engine;
  readonly #queue: WaitQueue = new WaitQueue("timerfd");
  #cancel: Cancel | undefined;
  #next = 0;
  #interval = 0;
  #count = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get setting(): { readonly value: number; readonly interval: number } {
    const { now } = this.#engine;
    return { value: this.#cancel === undefined ? 0 : Math.max(0, this.#next - now), interval: this.#interval };
  }

  set({ value, interval = 0 as Nanos }: TimerSetting): void {
    if (!(value >= 0 && interval >= 0)) throw E.EINVAL;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#count = 0;
    this.#interval = interval;
    if (value > 0) this.#start(this.#engine.now + value);
  }

  read(task: Task, _offset: number, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    if (length < 8) throw E.EINVAL;
    const take = (): Uint8Array | undefined => {
      if (this.#count === 0) return undefined;
      const bytes = counterBytes(this.#count);
      this.#count = 0;
      return bytes;
    };
    const now = take();
    if (now !== undefined) return now;
    if (nonblocking) throw E.EAGAIN;
    return until(task, take, () => this.#queue.change, { kind: "restartable", name: "timerfd_read", timeout: 0 });
  }

  write(): never {
    throw E.EINVAL;
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    return { events: this.#count > 0 ? POLLIN : 0, change: this.#queue.change };
  }

  release(): void {
    this.#cancel?.();
  }

  #start(at: number): void {
    this.#next = at;
    this.#cancel = this.#engine.at(
      at as Nanos,
      () => {
        this.#cancel = undefined;
        this.#count++;
        if (this.#interval > 0) this.#start(at + this.#interval);
        this.#queue.wake();
      },
      { name: "timerfd" },
    );
  }
}
