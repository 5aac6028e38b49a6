import type { Activity, Signal } from "../../core/index.js";
import { E, Errno } from "../errno.js";
import { POLLIN, POLLOUT } from "../flags.js";
import type { NetNamespace } from "../namespace/net-namespace.js";
import type { Task } from "../task/task.js";
import type { Channel } from "../vfs/inode.js";
import { WaitQueue } from "../wait-queue.js";
import { answer } from "./rtnetlink.js";
import type { NetlinkRequest } from "./rtnetlink-messages.js";
import { until } from "./socket.js";

/** One answer: what was asked for, or NLMSG_ERROR. */
export type NetlinkAnswer = { readonly reply: unknown } | { readonly error: Errno };

/**
 * A socket of AF_NETLINK, netlink(7). Messages are objects here where Linux has bytes: the names of their types and what they
 * do are Linux's (rtnetlink(7), sock_diag(7)). Multicast groups (`ip monitor`) are absent.
 */
export class NetlinkSocket implements Channel {
  readonly seekable = false;
  readonly namespace: NetNamespace;
  readonly #answers: NetlinkAnswer[] = [];
  readonly #queue: WaitQueue = new WaitQueue("netlink");

  constructor(namespace: NetNamespace) {
    this.namespace = namespace.hold();
  }

  /** Does what a request says at once; the answer waits to be read. */
  request(task: Task, request: NetlinkRequest): void {
    let made: NetlinkAnswer;
    try {
      made = { reply: answer(task, this.namespace, request) };
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      made = { error };
    }
    this.#answers.push(made);
    this.#queue.wake();
  }

  receive(task: Task, nonblocking: boolean): NetlinkAnswer | Activity<NetlinkAnswer> {
    const now = this.#answers.shift();
    if (now !== undefined) return now;
    if (nonblocking) throw E.EAGAIN;
    return until(
      task,
      () => this.#answers.shift(),
      () => this.#queue.change,
      { kind: "restartable", name: "netlink_recvmsg", timeout: 0 },
    );
  }

  /** Bytes are no messages here. */
  read(): Uint8Array {
    throw E.EOPNOTSUPP;
  }

  write(): number {
    throw E.EOPNOTSUPP;
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    return { events: POLLOUT | (this.#answers.length > 0 ? POLLIN : 0), change: this.#queue.change };
  }

  release(): void {
    this.namespace.letGo();
  }
}
