import type { Activity, Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { O_RDONLY, O_WRONLY, POLLHUP, POLLIN, POLLOUT } from "../flags.js";
import { wait } from "../task/execution.js";
import type { Task } from "../task/task.js";
import type { Channel, Inode } from "../vfs/inode.js";
import { WaitQueue } from "../wait-queue.js";
import { Pipe, PipeEnd } from "./pipe.js";

/** Who is at the other end, SO_PEERCRED: as of connect(2) or socketpair(2). */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Who listens at a socket's inode. A name in the file system is all that leads there. */
const listeners = new WeakMap<Inode, UnixSocket>();

export const listenerAt = (inode: Inode): UnixSocket | undefined => listeners.get(inode);

/**
 * A stream socket of AF_UNIX, unix(7): two pipes once it is connected. Abstract names, datagrams and SCM_RIGHTS are absent.
 */
export class UnixSocket implements Channel {
  readonly seekable = false;
  path = "";
  peer: Peer | undefined;
  #in: PipeEnd | undefined;
  #out: PipeEnd | undefined;
  #inode: Inode | undefined;
  #backlog = 0;
  readonly #waiting: UnixSocket[] = [];
  readonly #queue: WaitQueue = new WaitQueue("unix");

  get listening(): boolean {
    return this.#backlog > 0;
  }

  get connected(): boolean {
    return this.#out !== undefined;
  }

  /** socketpair(2), and the two ends of a connection. */
  static join(a: UnixSocket, b: UnixSocket, number: () => number): void {
    const there = new Pipe(number());
    const back = new Pipe(number());
    a.#out = new PipeEnd(there, O_WRONLY);
    b.#in = new PipeEnd(there, O_RDONLY);
    b.#out = new PipeEnd(back, O_WRONLY);
    a.#in = new PipeEnd(back, O_RDONLY);
    a.#queue.wake();
    b.#queue.wake();
  }

  bind(inode: Inode, path: string): void {
    this.#inode = inode;
    this.path = path;
  }

  /** @throws EINVAL for a socket without a name */
  listen(backlog: number): void {
    if (this.#inode === undefined || this.connected) throw E.EINVAL;
    this.#backlog = Math.max(1, backlog);
    listeners.set(this.#inode, this);
  }

  /** @throws EAGAIN where too many wait already */
  request(from: UnixSocket, number: () => number): void {
    if (this.#waiting.length > this.#backlog) throw E.EAGAIN;
    const end = new UnixSocket();
    UnixSocket.join(from, end, number);
    end.path = this.path;
    end.peer = from.peer;
    this.#waiting.push(end);
    this.#queue.wake();
  }

  accept(task: Task, nonblocking: boolean): UnixSocket | Activity<UnixSocket> {
    if (!this.listening) throw E.EINVAL;
    const first = this.#waiting.shift();
    if (first !== undefined) return first;
    if (nonblocking) throw E.EAGAIN;
    return this.#acceptLater(task);
  }

  read(task: Task, _offset: number, length: number, nonblocking: boolean): Uint8Array | Activity<Uint8Array> {
    if (this.#in === undefined) throw this.#out === undefined ? E.ENOTCONN : E.EINVAL;
    return this.#in.read(task, 0, length, nonblocking);
  }

  write(task: Task, _offset: number, bytes: Uint8Array, nonblocking: boolean): number | Activity<number> {
    if (this.#out === undefined) throw this.#in === undefined ? E.ENOTCONN : E.EPIPE;
    return this.#out.write(task, 0, bytes, nonblocking);
  }

  /** shutdown(2): 0 reads no more, 1 writes no more, 2 neither. */
  shutdown(how: number): void {
    if (this.#in === undefined && this.#out === undefined) throw E.ENOTCONN;
    if (how !== 1) {
      this.#in?.release();
      this.#in = undefined;
    }
    if (how !== 0) {
      this.#out?.release();
      this.#out = undefined;
    }
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    if (this.listening) return { events: this.#waiting.length > 0 ? POLLIN : 0, change: this.#queue.change };
    const reads = this.#in?.poll();
    const writes = this.#out?.poll();
    if (reads === undefined || writes === undefined) return { events: POLLHUP, change: this.#queue.change };
    const events = (reads.events & (POLLIN | POLLHUP)) | (writes.events & POLLOUT);
    return { events: (events & POLLHUP) !== 0 ? events | POLLIN : events, change: reads.change };
  }

  release(): void {
    this.#in?.release();
    this.#out?.release();
    this.#in = this.#out = undefined;
    this.#backlog = 0;
    if (this.#inode !== undefined && listeners.get(this.#inode) === this) listeners.delete(this.#inode);
    for (const one of this.#waiting.splice(0)) one.release();
  }

  *#acceptLater(task: Task): Activity<UnixSocket> {
    for (;;) {
      yield* wait(task, this.#queue.change, "restartable", "unix_accept");
      const first = this.#waiting.shift();
      if (first !== undefined) return first;
    }
  }
}
