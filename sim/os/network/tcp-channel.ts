import type { Activity, Signal } from "../../core/index.js";
import type { CongestionName, TcpSocket } from "../../net/index.js";
import { E, type ErrnoName } from "../errno.js";
import { IPPROTO_TCP, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, SOCK_STREAM } from "../flags.js";
import type { NetNamespace } from "../namespace/net-namespace.js";
import type { Task } from "../task/task.js";
import { InetSocket, numeric, textual } from "./inet-socket.js";
import {
  addressOf,
  given,
  nameOf,
  until,
  type NetworkAddress,
  type NetworkSocket,
  type OptionValue,
  type Received,
} from "./socket.js";

const flag = (value: boolean): number => (value ? 1 : 0);

/** A TCP socket as a file, tcp(7). */
export class TcpChannel extends InetSocket {
  readonly #socket: TcpSocket;
  /** What MSG_PEEK looked at, and the next read gets: all that had come (so that the peer may send as much again). */
  #peeked: Uint8Array | undefined;
  #writeShut = false;
  #linger: number | undefined;

  constructor(namespace: NetNamespace, socket: TcpSocket) {
    super(namespace, SOCK_STREAM, IPPROTO_TCP);
    this.#socket = socket;
  }

  bind({ address, port }: NetworkAddress): void {
    given(this.#socket.bind(addressOf(address), port));
  }

  override listen(backlog: number): void {
    given(this.#socket.listen(backlog));
  }

  override accept(task: Task, nonblocking: boolean): NetworkSocket | Activity<NetworkSocket> {
    const take = (): NetworkSocket | undefined => {
      const got = this.#socket.tryAccept();
      return got === "EAGAIN" ? undefined : new TcpChannel(this.namespace, given(got));
    };
    return this.#now(task, take, nonblocking, "inet_csk_accept", this.receiveTimeout);
  }

  connect(task: Task, { address, port }: NetworkAddress, nonblocking: boolean): undefined | Activity<undefined> {
    const socket = this.#socket;
    const begun = this.paidBy(task, () => socket.startConnect(addressOf(address), port));
    const again = begun === "EALREADY" && !nonblocking;
    if (begun !== "EINPROGRESS" && !again) throw E[begun];
    if (nonblocking) throw E.EINPROGRESS;
    const decided = (): { readonly done: true } | undefined => {
      const { state } = socket;
      if (state === "SYN_SENT" || state === "SYN_RECEIVED") return undefined;
      if (state === "CLOSED") {
        const failed = socket.takeError() ?? "ECONNABORTED";
        socket.forgetConnection();
        throw E[failed];
      }
      return { done: true };
    };
    const { sendTimeout } = this;
    return (function* () {
      yield* until(task, decided, () => socket.changed, {
        kind: "once",
        name: "inet_stream_connect",
        timeout: sendTimeout,
      });
      return undefined;
    })();
  }

  sendTo(
    task: Task,
    bytes: Uint8Array,
    _address: NetworkAddress | undefined,
    nonblocking: boolean,
  ): number | Activity<number> {
    if (this.#writeShut) throw E.EPIPE;
    const socket = this.#socket;
    const put = (from: number): number | undefined => {
      const got = this.paidBy(task, () => socket.trySend(from === 0 ? bytes : bytes.subarray(from)));
      // Who never connected gets this, too: sk_stream_wait_connect().
      if (got === "ENOTCONN") throw E.EPIPE;
      return got === "EAGAIN" ? undefined : given(got);
    };
    let sent = put(0) ?? 0;
    if (sent === bytes.length) return sent;
    if (nonblocking) {
      if (sent === 0) throw E.EAGAIN;
      return sent;
    }
    const how = { kind: "restartable", name: "sk_stream_wait_memory", timeout: this.sendTimeout } as const;
    return (function* () {
      while (sent < bytes.length) {
        try {
          sent += yield* until(
            task,
            () => put(sent),
            () => socket.changed,
            how,
          );
        } catch (error) {
          // What was taken counts, and the error comes with the next call.
          if (sent > 0) return sent;
          throw error;
        }
      }
      return sent;
    })();
  }

  receiveFrom(task: Task, length: number, nonblocking: boolean, peek: boolean): Received | Activity<Received> {
    const take = (): Received | undefined => {
      let bytes = this.#peeked;
      if (bytes === undefined) {
        const got = this.#socket.tryReceive(peek ? Infinity : length);
        if (got === "EAGAIN") return undefined;
        bytes = given(got);
      }
      const some = bytes.subarray(0, length);
      const left = peek ? bytes : bytes.subarray(some.length);
      this.#peeked = left.length === 0 ? undefined : left;
      return { bytes: some, from: undefined };
    };
    return this.#now(task, take, nonblocking, "sk_wait_data", this.receiveTimeout);
  }

  shutdown(how: number): void {
    const which = (["read", "write", "both"] as const)[how];
    if (which === undefined) throw E.EINVAL;
    given(this.#socket.shutdown(which));
    if (how !== 0) this.#writeShut = true;
  }

  local(): NetworkAddress {
    return nameOf(this.#socket.local);
  }

  remote(): NetworkAddress {
    const { remote, state } = this.#socket;
    if (remote === undefined || state === "SYN_SENT" || state === "CLOSED") throw E.ENOTCONN;
    return nameOf(remote);
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    const socket = this.#socket;
    const { state, readiness } = socket;
    let events = 0;
    if (this.#peeked !== undefined || (readiness.readable && socket.used)) events |= POLLIN;
    if (readiness.writable) events |= POLLOUT;
    if (readiness.error) events |= POLLERR;
    if (state !== "LISTEN" && readiness.hangup) {
      events |= POLLRDHUP;
      if (state === "CLOSED" || state === "TIME_WAIT" || this.#writeShut) events |= POLLHUP;
    }
    return { events, change: socket.changed };
  }

  override option(name: string): OptionValue {
    const { settings } = this.#socket;
    switch (name) {
      case "SO_REUSEADDR":
        return flag(settings.reuseAddress);
      case "SO_KEEPALIVE":
        return flag(settings.keepAlive);
      case "SO_ACCEPTCONN":
        return flag(this.#socket.state === "LISTEN");
      case "SO_SNDBUF":
        return settings.sendBuffer;
      case "SO_RCVBUF":
        return settings.receiveBuffer;
      case "SO_LINGER":
        return this.#linger ?? 0;
      case "TCP_NODELAY":
        return flag(settings.noDelay);
      case "TCP_QUICKACK":
        return flag(!settings.delayedAck);
      case "TCP_CONGESTION":
        return settings.congestion;
      case "TCP_KEEPIDLE":
        return settings.keepIdle;
      case "TCP_KEEPINTVL":
        return settings.keepInterval;
      case "TCP_KEEPCNT":
        return settings.keepCount;
      case "TCP_MAXSEG":
        return Number(this.#socket.info()["mss"] ?? 536);
      default:
        return super.option(name);
    }
  }

  override setOption(name: string, value: OptionValue): void {
    const { settings } = this.#socket;
    switch (name) {
      case "SO_REUSEADDR":
        settings.reuseAddress = numeric(value) !== 0;
        break;
      case "SO_KEEPALIVE":
        settings.keepAlive = numeric(value) !== 0;
        break;
      // The kernel doubles what it is told, for what it adds to each packet: socket(7).
      case "SO_SNDBUF":
        settings.sendBuffer = Math.max(4608, numeric(value) * 2);
        break;
      case "SO_RCVBUF":
        settings.receiveBuffer = Math.max(2304, numeric(value) * 2);
        break;
      case "SO_LINGER":
        this.#linger = numeric(value);
        break;
      case "TCP_NODELAY":
        settings.noDelay = numeric(value) !== 0;
        break;
      case "TCP_QUICKACK":
        settings.delayedAck = numeric(value) === 0;
        break;
      case "TCP_CONGESTION": {
        const congestion = (["reno", "cubic"] as const).find((known: CongestionName) => known === textual(value));
        if (congestion === undefined) throw E.ENOENT;
        settings.congestion = congestion;
        break;
      }
      case "TCP_KEEPIDLE":
        settings.keepIdle = numeric(value) as typeof settings.keepIdle;
        break;
      case "TCP_KEEPINTVL":
        settings.keepInterval = numeric(value) as typeof settings.keepInterval;
        break;
      case "TCP_KEEPCNT":
        settings.keepCount = numeric(value);
        break;
      default:
        super.setOption(name, value);
    }
  }

  protected close(): void {
    if (this.#linger === 0) this.#socket.abort();
    else this.#socket.close();
  }

  protected takeError(): number {
    const name: ErrnoName | undefined = this.#socket.takeError();
    return name === undefined ? 0 : E[name].number;
  }

  #now<T>(task: Task, take: () => T | undefined, nonblocking: boolean, name: string, timeout: number): T | Activity<T> {
    const got = take();
    if (got !== undefined) return got;
    if (nonblocking) throw E.EAGAIN;
    return until(task, take, () => this.#socket.changed, { kind: "restartable", name, timeout });
  }
}
