import { any, type Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from "../flags.js";
import type { Channel } from "../vfs/inode.js";
import type { OpenFile } from "../vfs/open-file.js";
import { WaitQueue } from "../wait-queue.js";

/** Bits beside poll's own: epoll_ctl(2). */
export const EPOLLET: number = 2 ** 31;
export const EPOLLONESHOT: number = 2 ** 30;

export interface EpollEvent {
  readonly events: number;
  /** What a program wants to be told it by: as a rule the descriptor. */
  readonly data: unknown;
}

interface Interest {
  readonly file: OpenFile;
  events: number;
  data: unknown;
  /** Of one that tells edges: whether something changed since it told. Of a one-shot: whether it may tell. */
  armed: boolean;
}

const has = (events: number, bit: number): boolean => Math.floor(events / bit) % 2 === 1;

/** A set of files that one wants to hear of, epoll(7): level- or edge-triggered. Files that are closed leave it. */
export class Epoll implements Channel {
  readonly seekable = false;
  readonly #interests = new Map<number, Interest>();
  readonly #queue: WaitQueue = new WaitQueue("epoll");

  /** @throws EEXIST; EPERM for a file that is always ready; EINVAL for itself */
  add(descriptor: number, file: OpenFile, { events, data }: EpollEvent): void {
    if (file.channel === this) throw E.EINVAL;
    if (file.channel.poll === undefined) throw E.EPERM;
    if (this.#find(descriptor) !== undefined) throw E.EEXIST;
    this.#interests.set(descriptor, { file, events, data, armed: true });
    this.#queue.wake();
  }

  /** @throws ENOENT */
  modify(descriptor: number, { events, data }: EpollEvent): void {
    const interest = this.#find(descriptor);
    if (interest === undefined) throw E.ENOENT;
    interest.events = events;
    interest.data = data;
    interest.armed = true;
    this.#queue.wake();
  }

  /** @throws ENOENT */
  remove(descriptor: number): void {
    if (this.#find(descriptor) === undefined) throw E.ENOENT;
    this.#interests.delete(descriptor);
  }

  /** Up to `most` events that hold now; told edges and one-shots are quiet from then on. */
  take(most: number): EpollEvent[] {
    const told: EpollEvent[] = [];
    for (const [descriptor, interest] of [...this.#interests]) {
      if (told.length === most) break;
      const holds = this.#holds(descriptor, interest);
      if (holds === 0) continue;
      told.push({ events: holds, data: interest.data });
      this.#quiet(interest);
      // Who told goes to the end of the line, so that all have their turn.
      this.#interests.delete(descriptor);
      this.#interests.set(descriptor, interest);
    }
    return told;
  }

  /** Fires when something may hold that didn't. */
  get change(): Signal<unknown> {
    const signals: Record<string, Signal<unknown>> = { own: this.#queue.change };
    for (const [descriptor, { file, armed }] of this.#interests) {
      const change = armed ? file.channel.poll?.().change : undefined;
      if (change !== undefined) signals[descriptor] = change;
    }
    return any(signals);
  }

  read(): never {
    throw E.EINVAL;
  }

  write(): never {
    throw E.EINVAL;
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    const ready = [...this.#interests].some(([descriptor, interest]) => this.#holds(descriptor, interest) !== 0);
    return { events: ready ? POLLIN : 0, change: this.change };
  }

  release(): void {
    this.#interests.clear();
  }

  #find(descriptor: number): Interest | undefined {
    const interest = this.#interests.get(descriptor);
    if (interest?.file.closed !== true) return interest;
    this.#interests.delete(descriptor);
    return undefined;
  }

  #holds(descriptor: number, interest: Interest): number {
    if (this.#find(descriptor) === undefined || !interest.armed) return 0;
    const now = interest.file.channel.poll?.().events ?? POLLIN | POLLOUT;
    return now & (interest.events | POLLERR | POLLHUP);
  }

  #quiet(interest: Interest): void {
    const once = has(interest.events, EPOLLONESHOT);
    if (!once && !has(interest.events, EPOLLET)) return;
    interest.armed = false;
    if (once) return;
    interest.file.channel.poll?.().change.subscribe({
      wake: () => {
        interest.armed = true;
        this.#queue.wake();
      },
    });
  }
}
