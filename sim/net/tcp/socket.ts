import { any, s, Signal, type Activity, type Row } from "../../core/index.js";
import type { Errno } from "../ip/errno.js";
import { anyIpv4, formatIpv4, ipv4, type Ipv4 } from "../packet/address.js";
import { noData } from "../packet/packet.js";
import type { Bound } from "../socket/ports.js";
import type { Listener } from "./listener.js";
import { push, reset, windowOpened } from "./output.js";
import { tcpDefaults, type TcpSettings } from "./settings.js";
import type { TcpStack } from "./stack.js";
import type { Endpoints, Tcb, TcpState } from "./tcb.js";

/** How long a connection that nobody holds waits for the peer's FIN: tcp_fin_timeout. */
const finTimeout = s(60);

/** What a socket that is no more has to wait for. */
const fired = new Signal<void>("closed socket");
fired.fire();

/** What poll(2) says of a socket. */
export interface Readiness {
  readonly readable: boolean;
  readonly writable: boolean;
  /** The peer, or both, will send nothing more. */
  readonly hangup: boolean;
  readonly error: boolean;
}

/** An address and a port. */
export interface SocketAddress {
  readonly address: Ipv4;
  readonly port: number;
}

/**
 * A TCP socket (tcp(7)): `bind`, `listen` and `accept`, or `connect`; then `send`, `receive`, `shutdown`, `close`. What waits is an
 * activity; each has a form that doesn't (`try…`, EAGAIN), and `readiness` with `changed` is poll. Failures are errnos.
 */
export class TcpSocket {
  readonly settings: TcpSettings = { ...tcpDefaults };
  readonly #tcp: TcpStack;
  #local: SocketAddress = { address: anyIpv4, port: 0 };
  #bound: Bound | undefined;
  #listener: Listener | undefined;
  #tcb: Tcb | undefined;
  #closed = false;
  #connected = false;

  constructor(tcp: TcpStack, tcb?: Tcb) {
    this.#tcp = tcp;
    if (tcb === undefined) return;
    this.#tcb = tcb;
    this.#connected = true;
    this.settings = tcb.settings;
    this.#local = { address: tcb.ends.localAddress, port: tcb.ends.localPort };
  }

  get state(): TcpState | "LISTEN" {
    return this.#listener === undefined ? (this.#tcb?.state ?? "CLOSED") : "LISTEN";
  }

  get local(): SocketAddress {
    return this.#local;
  }

  /** The other end; undefined where there is none. */
  get remote(): SocketAddress | undefined {
    const { ends } = this.#tcb ?? {};
    return ends === undefined ? undefined : { address: ends.remoteAddress, port: ends.remotePort };
  }

  /** Takes a local address and port; port 0 stands for one that is free. */
  bind(address: string | Ipv4 = anyIpv4, port = 0): Errno | undefined {
    if (this.#closed) return "EBADF";
    if (this.#bound !== undefined || this.#tcb !== undefined) return "EINVAL";
    const at = ipv4(address);
    if (at !== anyIpv4 && !this.#tcp.stack.isLocal(at)) return "EADDRNOTAVAIL";
    if (!this.settings.reuseAddress && port !== 0 && this.#tcp.inUse(port)) return "EADDRINUSE";
    const bound: Bound = { address: at, shares: () => this.settings.reuseAddress && this.#listener === undefined };
    const taken = this.#tcp.ports.bind(port, bound);
    if (typeof taken === "string") return taken;
    this.#bound = bound;
    this.#local = { address: at, port: taken };
    return undefined;
  }

  /** @param backlog connections that wait to be accepted at most */
  listen(backlog = 4096): Errno | undefined {
    if (this.#closed) return "EBADF";
    if (this.#tcb !== undefined) return "EINVAL";
    if (this.#listener !== undefined) {
      this.#listener.backlog = backlog;
      return undefined;
    }
    const failed = this.#bound === undefined ? this.bind() : undefined;
    if (failed !== undefined) return failed;
    this.#listener = this.#tcp.listen(this.#local.address, this.#local.port, this.settings, backlog);
    return undefined;
  }

  tryAccept(): TcpSocket | Errno {
    if (this.#listener === undefined) return this.#closed ? "EBADF" : "EINVAL";
    const tcb = this.#listener.waiting.shift();
    return tcb === undefined ? "EAGAIN" : new TcpSocket(this.#tcp, tcb);
  }

  /** Waits for a connection. */
  *accept(): Activity<TcpSocket | Errno> {
    for (;;) {
      const got = this.tryAccept();
      if (got !== "EAGAIN" || this.#listener === undefined) return got;
      yield this.#listener.changed;
    }
  }

  /** Begins to connect: EINPROGRESS, and `changed` fires when it is decided. */
  startConnect(address: string | Ipv4, port: number): Errno {
    if (this.#closed) return "EBADF";
    if (this.#listener !== undefined) return "EINVAL";
    if (this.#tcb !== undefined) return this.#tcb.state === "SYN_SENT" ? "EALREADY" : "EISCONN";
    const { stack, ports } = this.#tcp;
    // The address "any" means this host (RFC 1122, 3.2.1.3; Linux).
    const remoteAddress = ipv4(address) === anyIpv4 ? ipv4("127.0.0.1") : ipv4(address);
    const source = this.#local.address === anyIpv4 ? stack.sourceFor(remoteAddress) : this.#local.address;
    if (typeof source === "string") return source;
    const ends = (localPort: number): Endpoints => ({
      localAddress: source,
      localPort,
      remoteAddress,
      remotePort: port,
    });
    const usable = (candidate: number): boolean => !ports.has(candidate) && this.#tcp.usable(ends(candidate));
    const localPort = this.#local.port === 0 ? ports.free(usable) : this.#local.port;
    if (localPort === undefined) return "EADDRNOTAVAIL";
    const tcb = this.#tcp.connect(ends(localPort), this.settings);
    if (typeof tcb === "string") return tcb;
    this.#tcb = tcb;
    this.#local = { address: source, port: localPort };
    return "EINPROGRESS";
  }

  /** Connects, and waits until that has succeeded or failed. */
  *connect(address: string | Ipv4, port: number): Activity<Errno | undefined> {
    const begun = this.startConnect(address, port);
    if (begun !== "EINPROGRESS") return begun;
    return yield* this.connected();
  }

  /** Waits until a connection that was begun is there, or has failed. */
  *connected(): Activity<Errno | undefined> {
    for (;;) {
      const tcb = this.#tcb;
      if (tcb === undefined) return "ENOTCONN";
      if (tcb.state === "CLOSED") {
        const failed = tcb.takeError() ?? "ECONNABORTED";
        this.forgetConnection();
        return failed;
      }
      if (tcb.state !== "SYN_SENT" && tcb.state !== "SYN_RECEIVED") {
        this.#connected = true;
        return undefined;
      }
      yield tcb.writable;
    }
  }

  /** A connection that failed: the socket may connect again. */
  forgetConnection(): void {
    if (this.#tcb?.state !== "CLOSED") return;
    this.#tcb = undefined;
    if (this.#bound === undefined) this.#local = { address: anyIpv4, port: 0 };
  }

  /** Whether it listens, or has or had a connection. */
  get used(): boolean {
    return this.#listener !== undefined || this.#tcb !== undefined;
  }

  /** Puts what fits into the send buffer. @returns how many bytes that were */
  trySend(data: Uint8Array): number | Errno {
    const tcb = this.#tcb;
    if (tcb === undefined) return this.#closed ? "EBADF" : this.#connected ? "EPIPE" : "ENOTCONN";
    const failed = tcb.takeError();
    if (failed !== undefined) return failed;
    if (tcb.state === "SYN_SENT" || tcb.state === "SYN_RECEIVED") return "EAGAIN";
    if (tcb.finQueued || tcb.state === "CLOSED" || tcb.state === "TIME_WAIT") return "EPIPE";
    const room = tcb.settings.sendBuffer - tcb.buffered;
    if (room <= 0 && data.length > 0) return "EAGAIN";
    const taken = data.length <= room ? data : data.subarray(0, room);
    tcb.unsent.push(taken);
    push(tcb);
    return taken.length;
  }

  /** Sends all of `data`, waiting for room. The bytes are the connection's from now on. @returns how many */
  *send(data: Uint8Array): Activity<number | Errno> {
    let sent = 0;
    for (;;) {
      const got = this.trySend(sent === 0 ? data : data.subarray(sent));
      if (typeof got === "number") sent += got;
      else if (got !== "EAGAIN" || this.#tcb === undefined) return got;
      if (sent >= data.length) return sent;
      yield this.#tcb?.writable ?? this.changed;
    }
  }

  /** Up to `most` bytes that have come; none where the peer has said that it sends nothing more. */
  tryReceive(most: number = Infinity): Uint8Array | Errno {
    const tcb = this.#tcb;
    if (tcb === undefined) return this.#closed ? "EBADF" : "ENOTCONN";
    if (tcb.received.readable > 0) {
      const data = tcb.received.read(most);
      windowOpened(tcb);
      return data;
    }
    const failed = tcb.takeError();
    if (failed !== undefined) return failed;
    const over = tcb.finReceived || tcb.readShut || tcb.state === "CLOSED" || tcb.state === "TIME_WAIT";
    return over ? noData : "EAGAIN";
  }

  /** Waits for bytes, the end (none), or an error. */
  *receive(most: number = Infinity): Activity<Uint8Array | Errno> {
    for (;;) {
      const got = this.tryReceive(most);
      if (got !== "EAGAIN" || this.#tcb === undefined) return got;
      yield this.#tcb.readable;
    }
  }

  /** Says that nothing more will be sent ("write"), or that nothing more is read ("read"). */
  shutdown(how: "read" | "write" | "both"): Errno | undefined {
    const tcb = this.#tcb;
    if (tcb === undefined || tcb.state === "SYN_SENT") return "ENOTCONN";
    if (how !== "write") {
      tcb.readShut = true;
      tcb.wakeReaders();
    }
    if (how !== "read") finish(tcb);
    return undefined;
  }

  /** Gives the socket up: what was sent still goes out, then the connection ends; with a reset, where something is left unread. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#listener !== undefined) this.#tcp.unlisten(this.#listener);
    this.#listener = undefined;
    if (this.#bound !== undefined) this.#tcp.ports.release(this.#local.port, this.#bound);
    const tcb = this.#tcb;
    this.#tcb = undefined;
    if (tcb === undefined || tcb.state === "CLOSED" || tcb.state === "TIME_WAIT") return;
    tcb.orphan = true;
    // RFC 2525, 2.17.
    if (tcb.state === "SYN_SENT" || tcb.received.readable > 0) reset(tcb);
    else if (tcb.state === "FIN_WAIT_2") tcb.lingering.set(finTimeout);
    else finish(tcb);
    tcb.wakeReaders();
    tcb.wakeWriters();
  }

  /** Ends the connection by a reset, as close does with SO_LINGER at 0. */
  abort(): void {
    if (this.#tcb !== undefined) reset(this.#tcb);
    this.close();
  }

  get readiness(): Readiness {
    if (this.#listener !== undefined) {
      return { readable: this.#listener.waiting.length > 0, writable: false, hangup: false, error: false };
    }
    const tcb = this.#tcb;
    if (tcb === undefined) return { readable: true, writable: true, hangup: true, error: false };
    const opening = tcb.state === "SYN_SENT" || tcb.state === "SYN_RECEIVED";
    const over = tcb.state === "CLOSED" || tcb.state === "TIME_WAIT";
    return {
      readable: tcb.received.readable > 0 || tcb.finReceived || tcb.readShut || over,
      writable: over || (!opening && tcb.buffered < tcb.settings.sendBuffer),
      hangup: over || tcb.finReceived,
      error: tcb.error !== undefined,
    };
  }

  /** Fires when `readiness` may have changed. */
  get changed(): Signal<unknown> {
    if (this.#listener !== undefined) return this.#listener.changed;
    const tcb = this.#tcb;
    if (tcb === undefined) return fired;
    return any({ readable: tcb.readable, writable: tcb.writable });
  }

  /** SO_ERROR: takes the error that the connection failed with. */
  takeError(): Errno | undefined {
    return this.#tcb?.takeError();
  }

  /** What `ss -ti` shows; times in milliseconds, windows in segments. */
  info(): Row {
    const tcb = this.#tcb;
    if (tcb === undefined) return { state: this.state };
    const { smoothed, variation } = tcb.roundTrip;
    return {
      state: tcb.state,
      congestion: tcb.control.name,
      rtt: smoothed === undefined ? null : smoothed / 1e6,
      rttvar: variation / 1e6,
      rto: tcb.roundTrip.timeout(tcb.backoff) / 1e6,
      mss: tcb.segment,
      cwnd: tcb.congestionWindow,
      ssthresh: tcb.slowStartThreshold === Infinity ? null : tcb.slowStartThreshold,
      inFlight: tcb.inFlight,
      unsent: tcb.unsent.bytes,
      received: tcb.received.readable,
    };
  }

  toString(): string {
    const end = (at: SocketAddress | undefined): string =>
      at === undefined ? "*" : `${formatIpv4(at.address)}:${at.port}`;
    return `tcp ${this.state} ${end(this.#local)} ${end(this.remote)}`;
  }
}

/** Says behind all data that there is no more. */
function finish(tcb: Tcb): void {
  if (tcb.finQueued) return;
  tcb.finQueued = true;
  if (tcb.state === "ESTABLISHED" || tcb.state === "SYN_RECEIVED") tcb.state = "FIN_WAIT_1";
  else if (tcb.state === "CLOSE_WAIT") tcb.state = "LAST_ACK";
  push(tcb);
}
