import type { Activity, Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { POLLIN } from "../flags.js";
import { until } from "../network/socket.js";
import { takePendingOf } from "../task/signal-sending.js";
import type { Task } from "../task/task.js";
import type { Channel } from "../vfs/inode.js";

/** What one struct signalfd_siginfo takes. */
const infoBytes = 128;

/**
 * signalfd(2): signals of a task that are pending, read as a file; they must be blocked, or they are delivered as ever. Of
 * struct signalfd_siginfo the signal's number (bytes 0–3) and its sender's pid (12–15) are filled in. Simplified: it is about
 * the task that made it, also in a child that inherits it.
 */
export class SignalDescriptor implements Channel {
  readonly seekable = false;
  readonly #task: Task;
  signals: ReadonlySet<number>;

  constructor(task: Task, signals: ReadonlySet<number>) {
    this.#task = task;
    this.signals = signals;
  }

  read(task: Task, _offset: number, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    if (length < infoBytes) throw E.EINVAL;
    const take = (): Uint8Array | undefined => {
      const pending = takePendingOf(this.#task, this.signals);
      if (pending === undefined) return undefined;
      const bytes = new Uint8Array(infoBytes);
      const { signal, sender } = pending;
      bytes[0] = signal;
      for (let at = 0; at < 4; at++) bytes[12 + at] = (sender >>> (8 * at)) & 255;
      return bytes;
    };
    const now = take();
    if (now !== undefined) return now;
    if (nonblocking) throw E.EAGAIN;
    const change = (): Signal<unknown> => this.#task.signalChange.change;
    return until(task, take, change, { kind: "restartable", name: "signalfd_read", timeout: 0 });
  }

  write(): never {
    throw E.EINVAL;
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    const waits = this.#task.pending?.some(({ signal }) => this.signals.has(signal)) ?? false;
    return { events: waits ? POLLIN : 0, change: this.#task.signalChange.change };
  }
}
