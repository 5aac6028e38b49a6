import { s } from "../../core/index.js";
import type { Errno } from "../ip/errno.js";
import type { IpStack, ProtocolHandler } from "../ip/stack.js";
import type { Ipv4 } from "../packet/address.js";
import { noData, TcpFlag, Unreachable, type IcmpError, type Packet, type Tcp } from "../packet/packet.js";
import { Ports } from "../socket/ports.js";
import { actions, arrive, open, smallerSegments, takeSyn } from "./input.js";
import { Listener } from "./listener.js";
import { reset, tcpPacket } from "./output.js";
import { Tcb, type Endpoints, type TcbHost, type TcpCounters } from "./tcb.js";
import type { TcpSettings } from "./settings.js";

/** TCP_TIMEWAIT_LEN: twice the time that Linux takes a segment to live (RFC 9293, 3.6.1, has four minutes). */
const timeWaitLength = s(60);

/** What is left of a connection in TIME_WAIT: enough to answer what is still under way. */
interface Remains {
  readonly ends: Endpoints;
  readonly sequence: number;
  readonly expected: number;
  until: number;
}

const keyOf = (ends: Endpoints): string =>
  `${ends.localPort} ${ends.remoteAddress}:${ends.remotePort} ${ends.localAddress}`;

/** A connection as `ss` lists it. */
export interface Listed {
  readonly state: string;
  readonly ends: Endpoints;
  readonly tcb: Tcb | undefined;
  /** Of a listener: connections that wait to be accepted, and how many may. */
  readonly line?: { readonly waiting: number; readonly most: number };
}

/** TCP in one namespace: who listens, which connections there are, and which wait out their last segments. */
export class TcpStack implements ProtocolHandler, TcbHost {
  readonly stack: IpStack;
  readonly ports: Ports;
  readonly counters: TcpCounters = {
    activeOpens: 0,
    passiveOpens: 0,
    attemptFails: 0,
    inSegments: 0,
    outSegments: 0,
    retransmitted: 0,
    timeouts: 0,
    fastRecoveries: 0,
    resetsSent: 0,
    resetsReceived: 0,
    listenOverflows: 0,
  };
  readonly #listeners = new Map<number, Listener[]>();
  readonly #connections = new Map<string, Tcb>();
  /** Connections that a listener made and that aren't accepted. */
  readonly #parents = new Map<Tcb, Listener>();
  /** Oldest first: none needs an event of its own. */
  readonly #timeWait = new Map<string, Remains>();
  /** How many connections, and remains of such, there are at each local port. */
  readonly #atPort = new Map<number, number>();

  constructor(stack: IpStack) {
    this.stack = stack;
    this.ports = new Ports(stack.world.rng.stream("net.ports"));
  }

  /** Whether connections, or what is left of them, have a local port. */
  inUse(port: number): boolean {
    this.#sweep();
    return this.#atPort.has(port);
  }

  /** Begins to listen at a port that the caller has bound. */
  listen(address: Ipv4, port: number, settings: TcpSettings, backlog: number): Listener {
    const listener = new Listener(address, port, settings, backlog);
    const others = this.#listeners.get(port);
    if (others === undefined) this.#listeners.set(port, [listener]);
    else others.push(listener);
    return listener;
  }

  /** Ends listening: connections that nobody accepted are reset. */
  unlisten(listener: Listener): void {
    listener.closed = true;
    const left = this.#listeners.get(listener.port)?.filter((other) => other !== listener) ?? [];
    if (left.length === 0) this.#listeners.delete(listener.port);
    else this.#listeners.set(listener.port, left);
    for (const tcb of [...listener.opening, ...listener.waiting]) reset(tcb);
    listener.wake();
  }

  /** Whether an end can be taken by a new connection. */
  usable(ends: Endpoints): boolean {
    const key = keyOf(ends);
    return !this.#connections.has(key) && this.#remains(key) === undefined;
  }

  /** Opens a connection. */
  connect(ends: Endpoints, settings: TcpSettings): Tcb | Errno {
    if (!this.usable(ends)) return "EADDRNOTAVAIL";
    const tcb = new Tcb(this, ends, "SYN_SENT", settings, actions);
    this.#add(tcb);
    this.counters.activeOpens++;
    const failed = open(tcb);
    if (failed === undefined) return tcb;
    tcb.end(failed);
    return failed;
  }

  receive(packet: Packet): void {
    if (packet.payload.kind !== "tcp") return;
    const tcp = packet.payload;
    this.counters.inSegments++;
    const ends: Endpoints = {
      localAddress: packet.destination,
      localPort: tcp.destinationPort,
      remoteAddress: packet.source,
      remotePort: tcp.sourcePort,
    };
    const key = keyOf(ends);
    const tcb = this.#connections.get(key);
    if (tcb !== undefined) {
      arrive(tcb, tcp);
      return;
    }
    const remains = this.#remains(key);
    if (remains !== undefined && !this.#waitOut(key, remains, tcp)) return;
    const listener = this.#listenerAt(ends);
    const begins = (tcp.flags & (TcpFlag.syn | TcpFlag.ack | TcpFlag.rst)) === TcpFlag.syn;
    if (listener !== undefined && begins) this.#begin(listener, ends, tcp);
    else this.#refuse(ends, tcp);
  }

  error({ type, code, mtu, about }: IcmpError): void {
    if (about.payload.kind !== "tcp") return;
    const { sourcePort: localPort, destinationPort: remotePort } = about.payload;
    const { source: localAddress, destination: remoteAddress } = about;
    const tcb = this.#connections.get(keyOf({ localAddress, localPort, remoteAddress, remotePort }));
    if (tcb === undefined) return;
    if (type === 3 && code === Unreachable.fragmentationNeeded) smallerSegments(tcb, mtu);
    // One that exists isn't torn down by an error on the way (RFC 5461).
    else if (tcb.state === "SYN_SENT") tcb.end(errnoOf(type, code));
  }

  established(tcb: Tcb): boolean {
    const listener = this.#parents.get(tcb);
    if (listener === undefined) return true;
    if (listener.full) {
      this.counters.listenOverflows++;
      return false;
    }
    this.#parents.delete(tcb);
    listener.opening.delete(tcb);
    listener.waiting.push(tcb);
    this.counters.passiveOpens++;
    listener.wake();
    return true;
  }

  ended(tcb: Tcb): void {
    const key = keyOf(tcb.ends);
    if (this.#connections.get(key) !== tcb) return;
    this.#connections.delete(key);
    this.#parents.get(tcb)?.opening.delete(tcb);
    this.#parents.delete(tcb);
    if (tcb.state !== "TIME_WAIT") {
      this.#count(tcb.ends.localPort, -1);
      return;
    }
    this.#sweep();
    this.#timeWait.set(key, {
      ends: tcb.ends,
      sequence: (tcb.initialSent + tcb.next) >>> 0,
      expected: (tcb.initialReceived + tcb.expected) >>> 0,
      until: this.stack.world.engine.now + timeWaitLength,
    });
  }

  /** Everything that has a port, as `ss -ta` lists it. */
  list(): readonly Listed[] {
    this.#sweep();
    const listening = [...this.#listeners.values()].flat().map(({ address, port, waiting, backlog }) => ({
      state: "LISTEN",
      ends: { localAddress: address, localPort: port, remoteAddress: 0 as Ipv4, remotePort: 0 },
      tcb: undefined,
      line: { waiting: waiting.length, most: backlog },
    }));
    const connected = [...this.#connections.values()].map((tcb) => ({ state: tcb.state, ends: tcb.ends, tcb }));
    const waiting = [...this.#timeWait.values()].map(({ ends }) => ({ state: "TIME_WAIT", ends, tcb: undefined }));
    return [...listening, ...connected, ...waiting];
  }

  #listenerAt({ localAddress, localPort }: Endpoints): Listener | undefined {
    const all = this.#listeners.get(localPort);
    return all?.find(({ address }) => address === localAddress) ?? all?.find(({ address }) => address === 0);
  }

  #begin(listener: Listener, ends: Endpoints, syn: Tcp): void {
    if (listener.busy) {
      // The peer will ask again (tcp_abort_on_overflow is off).
      this.counters.listenOverflows++;
      return;
    }
    const tcb = new Tcb(this, ends, "SYN_RECEIVED", { ...listener.settings }, actions);
    takeSyn(tcb, syn);
    this.#add(tcb);
    this.#parents.set(tcb, listener);
    listener.opening.add(tcb);
    open(tcb);
  }

  /** A segment for nobody (RFC 9293, 3.10.7.1). */
  #refuse(ends: Endpoints, tcp: Tcp): void {
    if ((tcp.flags & TcpFlag.rst) !== 0) return;
    this.counters.resetsSent++;
    const acked = (tcp.flags & TcpFlag.ack) !== 0;
    const flag = (bit: number): number => ((tcp.flags & bit) === 0 ? 0 : 1);
    const length = tcp.data.length + flag(TcpFlag.syn) + flag(TcpFlag.fin);
    this.#bare(ends, {
      sequence: acked ? tcp.acknowledgement : 0,
      acknowledgement: acked ? 0 : (tcp.sequence + length) >>> 0,
      flags: acked ? TcpFlag.rst : TcpFlag.rst | TcpFlag.ack,
    });
  }

  /** A segment for what has ended. @returns whether it begins a new connection (RFC 9293, 3.10.7.4: a later SYN) */
  #waitOut(key: string, remains: Remains, tcp: Tcp): boolean {
    const later = ((tcp.sequence - remains.expected) | 0) >= 0;
    const syn = (tcp.flags & TcpFlag.syn) !== 0;
    const rst = (tcp.flags & TcpFlag.rst) !== 0;
    if ((syn && later && !rst) || rst) {
      this.#timeWait.delete(key);
      this.#count(remains.ends.localPort, -1);
      return !rst;
    }
    if ((tcp.flags & TcpFlag.fin) !== 0) {
      remains.until = this.stack.world.engine.now + timeWaitLength;
      this.#timeWait.delete(key);
      this.#timeWait.set(key, remains);
    }
    if (tcp.data.length > 0 || (tcp.flags & (TcpFlag.fin | TcpFlag.syn)) !== 0) {
      this.#bare(remains.ends, { sequence: remains.sequence, acknowledgement: remains.expected, flags: TcpFlag.ack });
    }
    return false;
  }

  #bare(ends: Endpoints, what: Pick<Tcp, "sequence" | "acknowledgement" | "flags">): void {
    this.counters.outSegments++;
    this.stack.send(tcpPacket(ends, this.stack.nextId(), { ...what, window: 0, options: undefined, data: noData }));
  }

  #remains(key: string): Remains | undefined {
    const remains = this.#timeWait.get(key);
    if (remains === undefined || remains.until > this.stack.world.engine.now) return remains;
    this.#sweep();
    return undefined;
  }

  #sweep(): void {
    const { now } = this.stack.world.engine;
    for (const [key, { until, ends }] of this.#timeWait) {
      if (until > now) return;
      this.#timeWait.delete(key);
      this.#count(ends.localPort, -1);
    }
  }

  #add(tcb: Tcb): void {
    this.#connections.set(keyOf(tcb.ends), tcb);
    this.#count(tcb.ends.localPort, 1);
  }

  #count(port: number, change: number): void {
    const count = (this.#atPort.get(port) ?? 0) + change;
    if (count === 0) this.#atPort.delete(port);
    else this.#atPort.set(port, count);
  }
}

/** What an ICMP error is to a socket (icmp_err_convert in net/ipv4/icmp.c). */
function errnoOf(type: 3 | 11, code: number): Errno {
  if (type === 11) return "EHOSTUNREACH";
  if (code === Unreachable.network) return "ENETUNREACH";
  if (code === Unreachable.port || code === Unreachable.protocol) return "ECONNREFUSED";
  return code === Unreachable.fragmentationNeeded ? "EMSGSIZE" : "EHOSTUNREACH";
}
