import type { Activity, Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { O_NOCTTY, POLLHUP, POLLIN, POLLOUT } from "../flags.js";
import { ByteQueue } from "../ipc/pipe.js";
import { wait } from "../task/waiting.js";
import type { ControllingTerminal, ProcessGroup, Session } from "../task/process-group.js";
import { ignores, send } from "../task/signal-sending.js";
import { SIGCONT, SIGHUP, signalNumbers } from "../task/signals.js";
import { Task } from "../task/task.js";
import type { Caller } from "../vfs/caller.js";
import type { Channel } from "../vfs/inode.js";
import { WaitQueue } from "../wait-queue.js";
import { LineDiscipline, type Termios } from "./line-discipline.js";

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** How much of what was printed may wait to be taken by the other end. */
const outputCapacity = 65536;

/**
 * A pseudo-terminal, pty(7): programs have its terminal, whoever plays the keyboard and the screen its master. Job
 * control as in tty_ioctl(4): reading in the background stops the job (SIGTTIN).
 */
export class Terminal implements ControllingTerminal<Task> {
  readonly number: number;
  readonly device: number;
  foreground: ProcessGroup<Task> | undefined = undefined;
  session: Session<Task> | undefined = undefined;
  size: WindowSize = { rows: 24, columns: 80 };
  locked = true;
  readonly #discipline: LineDiscipline = new LineDiscipline();
  readonly #output: ByteQueue = new ByteQueue();
  readonly #change: WaitQueue = new WaitQueue("tty");
  #slaves = 0;
  #opened = false;
  #masters = 0;
  readonly #gone: () => void;

  /** @param gone told when nobody plays keyboard and screen any more */
  constructor(number: number, device: number, gone: () => void) {
    this.number = number;
    this.device = device;
    this.#gone = gone;
  }

  get change(): Signal<void> {
    return this.#change.change;
  }

  /** The end that plays keyboard and screen. */
  master(): Channel {
    this.#masters++;
    return {
      seekable: false,
      read: (caller, _offset, length, nonblocking) => this.#readMaster(caller, length, nonblocking),
      write: (_caller, _offset, bytes) => {
        this.type(bytes);
        return bytes.length;
      },
      poll: () => ({
        events: POLLOUT | (this.#output.size > 0 ? POLLIN : 0) | (this.#closed ? POLLHUP : 0),
        change: this.change,
      }),
      ioctl: (caller, request, argument) => this.#control(caller, request, argument),
      release: () => {
        this.#masters--;
        if (this.#masters === 0) this.#hangUp();
      },
    };
  }

  /** The programs' end. A session's leader without a terminal gets it as its own, unless it says O_NOCTTY. */
  open(caller: Caller, flags: number): Channel {
    if (this.locked || this.#masters === 0) throw E.EIO;
    this.#slaves++;
    this.#opened = true;
    if (caller instanceof Task && (flags & O_NOCTTY) === 0) this.#adopt(caller);
    return {
      seekable: false,
      read: (who, _offset, length, nonblocking) => this.#read(who, length, nonblocking),
      write: (who, _offset, bytes, nonblocking) => this.#write(who, bytes, nonblocking),
      poll: () => ({
        events:
          (this.#output.size < outputCapacity ? POLLOUT : 0) |
          (this.#discipline.readable ? POLLIN : 0) |
          (this.#masters === 0 ? POLLHUP : 0),
        change: this.change,
      }),
      ioctl: (who, request, argument) => this.#control(who, request, argument),
      release: () => {
        this.#slaves--;
        this.#change.wake();
      },
    };
  }

  /** Keys are pressed. */
  type(bytes: Uint8Array): void {
    const { echo, signals } = this.#discipline.type(bytes);
    this.#output.push(Uint8Array.from(echo));
    for (const signal of signals)
      for (const member of [...(this.foreground?.members ?? [])]) send(member, signal, undefined);
    this.#change.wake();
  }

  /** What is on its way to the screen. */
  takeOutput(): Uint8Array {
    const bytes = this.#output.take(this.#output.size);
    this.#change.wake();
    return bytes;
  }

  get #closed(): boolean {
    return this.#opened && this.#slaves === 0;
  }

  #adopt(task: Task): void {
    const { session } = task.processGroup;
    const leads = session.pids.numbers[0] === task.pids[0];
    if (!leads || session.terminal !== undefined || this.session !== undefined) return;
    session.terminal = this;
    this.session = session;
    this.foreground = task.processGroup;
  }

  #hangUp(): void {
    const { session, foreground } = this;
    if (session !== undefined) session.terminal = undefined;
    this.session = this.foreground = undefined;
    if (this.#masters === 0) this.#gone();
    for (const member of [...(foreground?.members ?? [])]) {
      send(member, SIGHUP, undefined);
      send(member, SIGCONT, undefined);
    }
    this.#change.wake();
  }

  /** A job in the background that would read is stopped. @throws EIO where it wouldn't hear of it */
  #demandForeground(caller: Caller): boolean {
    if (!(caller instanceof Task) || caller.processGroup.session.terminal !== this) return true;
    const { processGroup: group } = caller;
    if (group === this.foreground || this.foreground === undefined) return true;
    const signal = signalNumbers.SIGTTIN;
    if (caller.blocked?.has(signal) === true || ignores(caller, signal, true)) throw E.EIO;
    for (const member of [...group.members]) send(member, signal, undefined);
    return false;
  }

  #read(caller: Caller, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    const inForeground = this.#demandForeground(caller);
    const now = inForeground ? this.#take(length) : undefined;
    if (now !== undefined) return now;
    if (nonblocking) throw E.EAGAIN;
    if (!(caller instanceof Task)) throw E.EAGAIN;
    return this.#readLater(caller, length);
  }

  *#readLater(task: Task, length: number): Activity<Uint8Array> {
    for (;;) {
      yield* wait(task, this.change, "restartable", "n_tty_read");
      if (!this.#demandForeground(task)) continue;
      const bytes = this.#take(length);
      if (bytes !== undefined) return bytes;
    }
  }

  #take(length: number): Uint8Array | undefined {
    if (this.#masters === 0) return new Uint8Array(0);
    return this.#discipline.take(length);
  }

  #write(caller: Caller, bytes: Uint8Array, nonblocking: boolean): number | Activity<number> {
    if (this.#masters === 0) throw E.EIO;
    if (this.#put(bytes)) return bytes.length;
    if (nonblocking || !(caller instanceof Task)) throw E.EAGAIN;
    return this.#writeLater(caller, bytes);
  }

  *#writeLater(task: Task, bytes: Uint8Array): Activity<number> {
    for (;;) {
      yield* wait(task, this.change, "restartable", "n_tty_write");
      if (this.#masters === 0) throw E.EIO;
      if (this.#put(bytes)) return bytes.length;
    }
  }

  /** A write goes in as one, and so may overfill the queue once. */
  #put(bytes: Uint8Array): boolean {
    if (this.#output.size >= outputCapacity) return false;
    this.#output.push(this.#discipline.print(bytes));
    this.#change.wake();
    return true;
  }

  #readMaster(caller: Caller, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    const now = this.#takeOutput(length);
    if (now !== undefined) return now;
    if (nonblocking || !(caller instanceof Task)) throw E.EAGAIN;
    return this.#readMasterLater(caller, length);
  }

  *#readMasterLater(task: Task, length: number): Activity<Uint8Array> {
    for (;;) {
      yield* wait(task, this.change, "restartable", "ptmx_read");
      const bytes = this.#takeOutput(length);
      if (bytes !== undefined) return bytes;
    }
  }

  /** @throws EIO once all who had the terminal have closed it */
  #takeOutput(length: number): Uint8Array | undefined {
    if (this.#output.size === 0) {
      if (this.#closed) throw E.EIO;
      return undefined;
    }
    const bytes = this.#output.take(length);
    this.#change.wake();
    return bytes;
  }

  #control(caller: Caller, request: string, argument: unknown): unknown {
    switch (request) {
      case "TCGETS":
        return { ...this.#discipline.termios };
      case "TCSETS":
        Object.assign(this.#discipline.termios, argument as Partial<Termios>);
        return 0;
      case "TIOCGWINSZ":
        return this.size;
      case "TIOCSWINSZ":
        this.size = argument as WindowSize;
        for (const member of [...(this.foreground?.members ?? [])]) send(member, signalNumbers.SIGWINCH, undefined);
        return 0;
      case "TIOCGPTN":
        return this.number;
      case "TIOCSPTLCK":
        this.locked = argument === 1;
        return 0;
      default:
        return this.#controlJobs(caller, request, argument);
    }
  }

  #controlJobs(caller: Caller, request: string, argument: unknown): unknown {
    if (!(caller instanceof Task)) throw E.ENOTTY;
    const { session } = caller.processGroup;
    switch (request) {
      case "TIOCSCTTY":
        if (session.pids.numbers[0] !== caller.pids[0]) throw E.EPERM;
        if (session.terminal === this) return 0;
        if (session.terminal !== undefined || this.session !== undefined) throw E.EPERM;
        this.#adopt(caller);
        return 0;
      case "TIOCNOTTY":
        if (session.terminal !== this) throw E.ENOTTY;
        this.#hangUp();
        return 0;
      case "TIOCGPGRP":
        if (session.terminal !== this) throw E.ENOTTY;
        return this.foreground?.numberIn(caller.pidNamespace) ?? 0;
      case "TIOCSPGRP": {
        if (session.terminal !== this) throw E.ENOTTY;
        for (const member of caller.pidNamespace.tasks.values()) {
          if (member.processGroup.numberIn(caller.pidNamespace) !== argument) continue;
          if (member.processGroup.session !== session) throw E.EPERM;
          this.foreground = member.processGroup;
          this.#change.wake();
          return 0;
        }
        throw E.ESRCH;
      }
      default:
        throw E.ENOTTY;
    }
  }
}
