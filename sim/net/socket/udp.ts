import { Signal, type Activity } from "../../core/index.js";
import type { Errno } from "../ip/errno.js";
import type { IpStack, ProtocolHandler } from "../ip/stack.js";
import type { NetworkInterface } from "../link/interface.js";
import { anyIpv4, ipv4, type Ipv4 } from "../packet/address.js";
import { Protocol, type IcmpError, type Packet } from "../packet/packet.js";
import { Unreachable } from "../packet/packet.js";
import { Ports, type Bound } from "./ports.js";

/** A datagram as it was received. */
export interface Datagram {
  readonly data: Uint8Array;
  readonly address: Ipv4;
  readonly port: number;
  /** Where it came in. */
  readonly input: NetworkInterface | undefined;
}

/** An ICMP error about a datagram (IP_RECVERR). */
export interface DatagramError {
  readonly type: 3 | 11;
  readonly code: number;
  /** Who said so. */
  readonly from: Ipv4;
  /** The port that the datagram was sent to. */
  readonly port: number;
}

/** Bytes of datagrams that wait to be read at most: net.core.rmem_default. */
const receiveBuffer = 212_992;
/** The longest datagram (RFC 768). */
const longest = 65_507;

/** UDP in one namespace (RFC 768). */
export class UdpStack implements ProtocolHandler {
  readonly stack: IpStack;
  readonly ports: Ports;
  readonly #sockets = new Map<number, UdpSocket[]>();
  /** Datagrams that nobody had a socket for. */
  noPort = 0;

  constructor(stack: IpStack) {
    this.stack = stack;
    this.ports = new Ports(stack.world.rng.stream("net.ports"));
  }

  get sockets(): readonly UdpSocket[] {
    return [...this.#sockets.values()].flat();
  }

  add(port: number, socket: UdpSocket): void {
    const others = this.#sockets.get(port);
    if (others === undefined) this.#sockets.set(port, [socket]);
    else others.push(socket);
  }

  remove(port: number, socket: UdpSocket): void {
    const left = this.#sockets.get(port)?.filter((other) => other !== socket) ?? [];
    if (left.length === 0) this.#sockets.delete(port);
    else this.#sockets.set(port, left);
  }

  receive(packet: Packet, input: NetworkInterface | undefined): void {
    const { payload, source: address, destination } = packet;
    if (payload.kind !== "udp") return;
    const here = this.#sockets
      .get(payload.destinationPort)
      ?.filter((socket) => socket.takes(destination, input, packet));
    const [best] = [...(here ?? [])].sort((a, b) => b.rank - a.rank);
    if (best === undefined) {
      this.noPort++;
      this.stack.refuse(packet, 3, Unreachable.port);
    } else {
      best.arrived({ data: payload.data, address, port: payload.sourcePort, input });
    }
  }

  error({ about, type, code }: IcmpError, from: Ipv4): void {
    const { payload } = about;
    if (payload.kind !== "udp") return;
    for (const socket of this.#sockets.get(payload.sourcePort) ?? []) {
      socket.failed({ type, code, from, port: payload.destinationPort });
    }
  }
}

/** A UDP socket (udp(7)). What waits is an activity; failures are errnos. */
export class UdpSocket {
  /** Whether it may be bound beside others (SO_REUSEADDR). */
  reuseAddress = false;
  /** The interface that it sends by and hears (SO_BINDTODEVICE). */
  device: NetworkInterface | undefined = undefined;
  ttl = 64;
  /** Datagrams that came while the buffer was full. */
  dropped = 0;
  readonly #udp: UdpStack;
  #local: { readonly address: Ipv4; readonly port: number } = { address: anyIpv4, port: 0 };
  #remote: { readonly address: Ipv4; readonly port: number } | undefined;
  #bound: Bound | undefined;
  #waiting: Datagram[] = [];
  #waitingBytes = 0;
  #errors: DatagramError[] = [];
  #changed: Signal<void> | undefined;
  #closed = false;

  constructor(udp: UdpStack) {
    this.#udp = udp;
  }

  get local(): { readonly address: Ipv4; readonly port: number } {
    return this.#local;
  }

  get remote(): { readonly address: Ipv4; readonly port: number } | undefined {
    return this.#remote;
  }

  /** How exactly it says what it hears: the more exact socket gets a datagram. */
  get rank(): number {
    return (
      (this.#remote === undefined ? 0 : 4) +
      (this.device === undefined ? 0 : 2) +
      (this.#local.address === anyIpv4 ? 0 : 1)
    );
  }

  bind(address: string | Ipv4 = anyIpv4, port = 0): Errno | undefined {
    if (this.#closed) return "EBADF";
    if (this.#bound !== undefined) return "EINVAL";
    const at = ipv4(address);
    const group = at >>> 28 === 14;
    if (at !== anyIpv4 && !group && !this.#udp.stack.isLocal(at)) return "EADDRNOTAVAIL";
    const bound: Bound = { address: at, shares: () => this.reuseAddress };
    const taken = this.#udp.ports.bind(port, bound);
    if (typeof taken === "string") return taken;
    this.#bound = bound;
    this.#local = { address: at, port: taken };
    this.#udp.add(taken, this);
    return undefined;
  }

  /** Fixes the peer: others aren't heard, and `send` needs no address. */
  connect(address: string | Ipv4, port: number): Errno | undefined {
    const remote = ipv4(address);
    const source = this.#udp.stack.sourceFor(remote, { interface: this.device });
    if (typeof source === "string") return source;
    const failed = this.#bound === undefined ? this.bind() : undefined;
    if (failed !== undefined) return failed;
    this.#remote = { address: remote, port };
    return undefined;
  }

  /** Sends a datagram: it is gone, or it is an error; nothing waits. */
  send(data: Uint8Array, address?: string | Ipv4, port?: number): Errno | undefined {
    if (this.#closed) return "EBADF";
    const pending = this.takeError();
    if (pending !== undefined && this.#remote !== undefined) return pending;
    const to = address === undefined ? this.#remote : { address: ipv4(address), port: port ?? 0 };
    if (to === undefined) return "EDESTADDRREQ";
    if (data.length > longest) return "EMSGSIZE";
    const { stack } = this.#udp;
    const own = this.#local.address;
    const broadcast = this.device !== undefined && to.address === 0xffff_ffff;
    const near = broadcast && this.device !== undefined ? (this.device.addresses[0]?.address ?? anyIpv4) : undefined;
    const source = own !== anyIpv4 ? own : (near ?? stack.sourceFor(to.address, { interface: this.device }));
    if (typeof source === "string") return source;
    const failed = this.#bound === undefined ? this.bind() : undefined;
    if (failed !== undefined) return failed;
    const payload = { kind: "udp", sourcePort: this.#local.port, destinationPort: to.port, data } as const;
    return stack.send(
      {
        kind: "ipv4",
        source,
        destination: to.address,
        tos: 0,
        id: stack.nextId(),
        dontFragment: false,
        ttl: this.ttl,
        protocol: Protocol.udp,
        payload,
      },
      { interface: this.device },
    );
  }

  tryReceive(): Datagram | Errno {
    if (this.#closed) return "EBADF";
    const datagram = this.#waiting.shift();
    if (datagram !== undefined) {
      this.#waitingBytes -= datagram.data.length;
      return datagram;
    }
    return (this.#remote === undefined ? undefined : this.takeError()) ?? "EAGAIN";
  }

  /** Waits for a datagram. */
  *receive(): Activity<Datagram | Errno> {
    for (;;) {
      const got = this.tryReceive();
      if (got !== "EAGAIN") return got;
      yield this.changed;
    }
  }

  /** Takes the oldest ICMP error out. */
  takeDatagramError(): DatagramError | undefined {
    return this.#errors.shift();
  }

  /** The oldest ICMP error as an errno. */
  takeError(): Errno | undefined {
    const error = this.takeDatagramError();
    if (error === undefined) return undefined;
    return error.type === 3 && error.code === Unreachable.port ? "ECONNREFUSED" : "EHOSTUNREACH";
  }

  get readable(): boolean {
    return this.waits || this.failing;
  }

  /** Whether a datagram waits to be read. */
  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether an error waits to be told. */
  get failing(): boolean {
    return this.#errors.length > 0;
  }

  /** Fires when a datagram, or an error, has come. */
  get changed(): Signal<void> {
    return (this.#changed ??= new Signal<void>("datagram"));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#bound !== undefined) {
      this.#udp.ports.release(this.#local.port, this.#bound);
      this.#udp.remove(this.#local.port, this);
    }
    this.#wake();
  }

  /** Whether a datagram to `destination` is for it. */
  takes(destination: Ipv4, input: NetworkInterface | undefined, { source, payload }: Packet): boolean {
    if (this.device !== undefined && input !== undefined && input !== this.device) return false;
    const { address } = this.#local;
    if (address !== anyIpv4 && address !== destination) return false;
    const remote = this.#remote;
    return (
      remote === undefined ||
      (remote.address === source && payload.kind === "udp" && payload.sourcePort === remote.port)
    );
  }

  /** A datagram has come for it. */
  arrived(datagram: Datagram): void {
    if (this.#waitingBytes + datagram.data.length > receiveBuffer) {
      this.dropped++;
      return;
    }
    this.#waiting.push(datagram);
    this.#waitingBytes += datagram.data.length;
    this.#wake();
  }

  /** An error has come about what it sent. */
  failed(error: DatagramError): void {
    this.#errors.push(error);
    if (this.#errors.length > 64) this.#errors.shift();
    this.#wake();
  }

  #wake(): void {
    const signal = this.#changed;
    this.#changed = undefined;
    signal?.fire();
  }
}
