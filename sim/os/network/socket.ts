import type { Activity, Nanos, Signal } from "../../core/index.js";
import { any } from "../../core/index.js";
import { formatIpv4, isErrno, parseIpv4, type Errno as NetErrno, type Ipv4 } from "../../net/index.js";
import { E } from "../errno.js";
import { wait } from "../task/waiting.js";
import type { Task } from "../task/task.js";
import type { WaitKind } from "../task/parts.js";
import type { Channel } from "../vfs/inode.js";

/** struct sockaddr_in: an IPv4 address as text, and a port. */
export interface NetworkAddress {
  readonly address: string;
  readonly port: number;
}

export interface Received {
  readonly bytes: Uint8Array;
  /** Who sent it; undefined where that is known from the connection. */
  readonly from: NetworkAddress | undefined;
  /** IP_RECVTTL. */
  readonly ttl?: number;
  /** MSG_TRUNC: a datagram was longer than what was asked for. */
  readonly truncated?: boolean;
}

/** A value of setsockopt(2): flags are 0 or 1, times are nanoseconds, TCP_CONGESTION and SO_BINDTODEVICE are names. */
export type OptionValue = number | string;

/** What the socket system calls take of every family but AF_UNIX and AF_NETLINK. Errors are thrown as `E.…`. */
export interface NetworkSocket extends Channel {
  bind(address: NetworkAddress): void;
  listen(backlog: number): void;
  accept(task: Task, nonblocking: boolean): NetworkSocket | Activity<NetworkSocket>;
  connect(task: Task, address: NetworkAddress, nonblocking: boolean): undefined | Activity<undefined>;
  sendTo(
    task: Task,
    bytes: Uint8Array,
    address: NetworkAddress | undefined,
    nonblocking: boolean,
  ): number | Activity<number>;
  receiveFrom(task: Task, length: number, nonblocking: boolean, peek: boolean): Received | Activity<Received>;
  shutdown(how: number): void;
  local(): NetworkAddress;
  /** @throws ENOTCONN */
  remote(): NetworkAddress;
  /** Reads an option. @throws ENOPROTOOPT */
  option(name: string): OptionValue;
  /** @throws ENOPROTOOPT; EINVAL for a value that makes no sense */
  setOption(name: string, value: OptionValue): void;
}

/** A value, or the errno thrown. */
export function given<T>(outcome: T): Exclude<T, NetErrno | undefined> {
  if (isErrno(outcome)) throw E[outcome as NetErrno];
  return outcome as Exclude<T, NetErrno | undefined>;
}

/** @throws EINVAL for what is no IPv4 address */
export function addressOf(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw E.EINVAL;
  return address;
}

export const nameOf = ({ address, port }: { readonly address: Ipv4; readonly port: number }): NetworkAddress => ({
  address: formatIpv4(address),
  port,
});

/**
 * Tries until it succeeds, waiting for a change in between.
 * @param timeout SO_RCVTIMEO and its like, in nanoseconds; 0 waits for ever
 * @throws EAGAIN when that is over
 */
export function* until<T>(
  task: Task,
  attempt: () => T | undefined,
  change: () => Signal<unknown>,
  how: { readonly kind: WaitKind; readonly name: string; readonly timeout: number },
): Activity<T> {
  const late = how.timeout > 0 ? task.kernel.engine.delay(how.timeout as Nanos) : undefined;
  // A wait with a time limit isn't begun again: signal(7).
  const kind = late === undefined ? how.kind : "once";
  for (;;) {
    const got = attempt();
    if (got !== undefined) return got;
    if (late === undefined) yield* wait(task, change(), kind, how.name);
    else {
      const first: { readonly key: string } = yield* wait(task, any({ change: change(), late }), kind, how.name);
      if (first.key === "late") throw E.EAGAIN;
    }
  }
}
