import type { Activity, Signal } from "../../core/index.js";
import { checksum, formatIpv4, type EchoAnswer, type EchoSocket } from "../../net/index.js";
import { E } from "../errno.js";
import { IPPROTO_ICMP, POLLIN, POLLOUT, SOCK_RAW } from "../flags.js";
import type { NetNamespace } from "../namespace/net-namespace.js";
import type { Task } from "../task/task.js";
import { InetSocket, numeric } from "./inet-socket.js";
import { addressOf, given, until, type NetworkAddress, type OptionValue, type Received } from "./socket.js";

const header = 8;

/**
 * Echo requests and what comes of them, icmp(7): SOCK_DGRAM gives ICMP messages, SOCK_RAW with an IP header before, raw(7).
 * Simplified: a socket sends echo requests and nothing else, with an identifier that the kernel chooses, and hears answers
 * and errors to its own alone.
 */
export class IcmpChannel extends InetSocket {
  readonly #socket: EchoSocket;
  #remote: NetworkAddress | undefined;
  #ttl = 64;

  constructor(namespace: NetNamespace, type: number, socket: EchoSocket) {
    super(namespace, type, IPPROTO_ICMP);
    this.#socket = socket;
  }

  bind({ address }: NetworkAddress): void {
    const own = addressOf(address);
    if (own !== 0 && !this.namespace.net.isLocal(own)) throw E.EADDRNOTAVAIL;
  }

  connect(_task: Task, address: NetworkAddress): undefined {
    given(this.namespace.net.sourceFor(addressOf(address.address)));
    this.#remote = { ...address, port: 0 };
  }

  /** @throws EINVAL for what is no echo request */
  sendTo(task: Task, bytes: Uint8Array, address: NetworkAddress | undefined): number {
    const to = address ?? this.#remote;
    if (to === undefined) throw E.EDESTADDRREQ;
    if (bytes.length < header || bytes[0] !== 8 || bytes[1] !== 0) throw E.EINVAL;
    const sequence = ((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0);
    const request = { data: bytes.slice(header), ttl: this.#ttl };
    given(this.paidBy(task, () => this.#socket.send(addressOf(to.address), sequence, request)));
    return bytes.length;
  }

  receiveFrom(task: Task, length: number, nonblocking: boolean): Received | Activity<Received> {
    const take = (): Received | undefined => {
      const answer = this.#socket.take();
      if (answer === undefined) return undefined;
      const ttl = answer.kind === "reply" ? answer.ttl : 64;
      const message = this.#bytes(answer);
      const bytes = this.type === SOCK_RAW ? withHeader(message, answer.from, ttl) : message;
      return { bytes: bytes.subarray(0, length), from: { address: formatIpv4(answer.from), port: 0 }, ttl };
    };
    const now = take();
    if (now !== undefined) return now;
    if (nonblocking) throw E.EAGAIN;
    const how = { kind: "restartable", name: "__skb_wait_for_more_packets", timeout: this.receiveTimeout } as const;
    return until(task, take, () => this.#socket.changed, how);
  }

  shutdown(): void {
    if (this.#remote === undefined) throw E.ENOTCONN;
  }

  local(): NetworkAddress {
    return { address: "0.0.0.0", port: this.#socket.identifier };
  }

  remote(): NetworkAddress {
    if (this.#remote === undefined) throw E.ENOTCONN;
    return this.#remote;
  }

  poll(): { readonly events: number; readonly change: Signal<unknown> } {
    return { events: POLLOUT | (this.#socket.readable ? POLLIN : 0), change: this.#socket.changed };
  }

  override option(name: string): OptionValue {
    return name === "IP_TTL" ? this.#ttl : super.option(name);
  }

  override setOption(name: string, value: OptionValue): void {
    if (name === "IP_TTL") this.#ttl = numeric(value);
    else super.setOption(name, value);
  }

  protected close(): void {
    this.#socket.close();
  }

  protected takeError(): number {
    return 0;
  }

  /** An answer as it was on the wire; of an error, the request's first 8 bytes behind an IP header (RFC 792). */
  #bytes(answer: EchoAnswer): Uint8Array {
    const echo = (type: number, data: Uint8Array): Uint8Array => {
      const bytes = new Uint8Array(header + data.length);
      bytes.set([type, 0, 0, 0, this.#socket.identifier >> 8, this.#socket.identifier & 255]);
      bytes.set([answer.sequence >> 8, answer.sequence & 255], 6);
      bytes.set(data, header);
      return summed(bytes);
    };
    if (answer.kind === "reply") return echo(0, answer.data);
    const about = withHeader(echo(8, new Uint8Array(0)), answer.from, 1);
    const bytes = new Uint8Array(header + about.length);
    bytes.set([answer.type, answer.code]);
    bytes.set(about, header);
    return summed(bytes);
  }
}

function summed(bytes: Uint8Array): Uint8Array {
  const sum = checksum(bytes, 0, bytes.length);
  bytes.set([sum >> 8, sum & 255], 2);
  return bytes;
}

function withHeader(message: Uint8Array, from: number, ttl: number): Uint8Array {
  const bytes = new Uint8Array(20 + message.length);
  bytes.set([0x45, 0, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0, ttl, IPPROTO_ICMP]);
  bytes.set([from >>> 24, (from >>> 16) & 255, (from >>> 8) & 255, from & 255], 12);
  bytes.set(message, 20);
  return bytes;
}
