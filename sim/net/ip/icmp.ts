import { broadcastIpv4, isMulticast, type Ipv4 } from "../packet/address.js";
import { Protocol, type IcmpEcho, type Packet } from "../packet/packet.js";
import type { IpStack, ProtocolHandler } from "./stack.js";

/** Who sent echo requests with an identifier. */
export interface EchoListener {
  reply(echo: IcmpEcho, from: Ipv4, ttl: number): void;
  error(type: 3 | 11, code: number, sequence: number, from: Ipv4): void;
}

/** ICMP (RFC 792): answers echo requests, and tells those whom answers and errors are for. */
export class Icmp implements ProtocolHandler {
  readonly #stack: IpStack;
  readonly #handlers: ReadonlyMap<number, ProtocolHandler>;
  readonly #listeners = new Map<number, EchoListener>();

  constructor(stack: IpStack, handlers: ReadonlyMap<number, ProtocolHandler>) {
    this.#stack = stack;
    this.#handlers = handlers;
  }

  receive(packet: Packet): void {
    const { payload } = packet;
    if (payload.kind === "icmp-error") {
      const handler = payload.about.protocol === Protocol.icmp ? this : this.#handlers.get(payload.about.protocol);
      handler?.error(payload, packet.source);
    } else if (payload.kind === "echo" && payload.reply) {
      this.#listeners.get(payload.identifier)?.reply(payload, packet.source, packet.ttl);
    } else if (payload.kind === "echo" && this.#stack.isLocal(packet.destination)) {
      const { source, destination } = packet;
      this.#stack.send({
        ...packet,
        source: destination,
        destination: source,
        ttl: 64,
        payload: { ...payload, reply: true },
      });
    }
  }

  error({ about, type, code }: Extract<Packet["payload"], { kind: "icmp-error" }>, from: Ipv4): void {
    const { payload } = about;
    if (payload.kind === "echo") this.#listeners.get(payload.identifier)?.error(type, code, payload.sequence, from);
  }

  /** Takes an identifier that nobody has. */
  listen(listener: EchoListener): number {
    let identifier = this.#listeners.size + 1;
    while (this.#listeners.has(identifier)) identifier = (identifier % 0xffff) + 1;
    this.#listeners.set(identifier, listener);
    return identifier;
  }

  forget(identifier: number): void {
    this.#listeners.delete(identifier);
  }
}

/** Whether an ICMP error may be sent about a packet (RFC 1122, 3.2.2): never about an error, a later fragment, or to a group. */
export function mayRefuse({ source, destination, payload }: Packet): boolean {
  if (payload.kind === "icmp-error" || (payload.kind === "fragment" && payload.offset > 0)) return false;
  if (destination === broadcastIpv4 || isMulticast(destination)) return false;
  return source !== 0 && source !== broadcastIpv4 && !isMulticast(source);
}

/** The packet that says so. */
export function icmpError(
  from: Ipv4,
  about: Packet,
  error: { readonly type: 3 | 11; readonly code: number; readonly mtu: number },
  id: number,
): Packet {
  return {
    kind: "ipv4",
    source: from,
    destination: about.source,
    // Precedence "internetwork control" (RFC 1812, 4.3.2.5).
    tos: 0xc0,
    id,
    dontFragment: false,
    ttl: 64,
    protocol: Protocol.icmp,
    payload: { kind: "icmp-error", ...error, about },
  };
}
