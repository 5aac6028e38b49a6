import type { Ipv4, Mac } from "./address.js";

/** What is on an Ethernet: without preamble and check sequence, as network cards hand it over. */
export interface Frame {
  readonly destination: Mac;
  readonly source: Mac;
  /** The number of its virtual LAN (IEEE 802.1Q); 0 where it has no tag. */
  readonly vlan: number;
  readonly payload: Arp | Packet | OtherPayload;
}

/** RFC 826, for Ethernet and IPv4. */
export interface Arp {
  readonly kind: "arp";
  readonly operation: "request" | "reply";
  readonly senderMac: Mac;
  readonly senderIp: Ipv4;
  readonly targetMac: Mac;
  readonly targetIp: Ipv4;
}

/** What is carried without being understood: IPv6, protocols of a guest. */
export interface OtherPayload {
  readonly kind: "other";
  readonly etherType: number;
  readonly data: Uint8Array;
}

/** An IPv4 packet (RFC 791) without options: those of a packet that is read are dropped. */
export interface Packet {
  readonly kind: "ipv4";
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** Type of service: DSCP and ECN. */
  readonly tos: number;
  readonly id: number;
  readonly dontFragment: boolean;
  readonly ttl: number;
  /** 1 ICMP, 6 TCP, 17 UDP; what `payload` is, unless the packet is a fragment. */
  readonly protocol: number;
  readonly payload: Payload;
}

export type Payload = Tcp | Udp | IcmpEcho | IcmpError | Fragment | OtherProtocol;

/** RFC 9293, 3.1. */
export interface Tcp {
  readonly kind: "tcp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** Bits of `TcpFlag`. */
  readonly flags: number;
  /** As on the wire: not yet scaled. */
  readonly window: number;
  readonly options: TcpOptions | undefined;
  readonly data: Uint8Array;
}

export interface TcpOptions {
  readonly maximumSegment?: number | undefined;
  /** RFC 7323, 2. */
  readonly windowScale?: number | undefined;
  /** RFC 2018. */
  readonly sackPermitted?: boolean | undefined;
  /** Pairs of sequence numbers: the first byte had and the one behind the last. */
  readonly sack?: readonly (readonly [number, number])[] | undefined;
}

export const TcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

/** RFC 768. */
export interface Udp {
  readonly kind: "udp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

/** RFC 792: echo (8) and its reply (0). */
export interface IcmpEcho {
  readonly kind: "echo";
  readonly reply: boolean;
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** RFC 792: 3 destination unreachable, 11 time exceeded; other messages are `OtherProtocol`. */
export interface IcmpError {
  readonly kind: "icmp-error";
  readonly type: 3 | 11;
  readonly code: number;
  /** Of "fragmentation needed" (3/4): the next link's MTU (RFC 1191). */
  readonly mtu: number;
  /** What it is about; on the wire, its header and its payload's first eight bytes. */
  readonly about: Packet;
}

/** A part of a packet: `data` begins at byte `offset` of its payload. */
export interface Fragment {
  readonly kind: "fragment";
  readonly offset: number;
  readonly more: boolean;
  readonly data: Uint8Array;
}

export interface OtherProtocol {
  readonly kind: "other";
  readonly data: Uint8Array;
}

export const Protocol = { icmp: 1, tcp: 6, udp: 17 } as const;

/** Codes of "destination unreachable" (RFC 792, RFC 1122). */
export const Unreachable = {
  network: 0,
  host: 1,
  protocol: 2,
  port: 3,
  fragmentationNeeded: 4,
  administrativelyProhibited: 13,
} as const;

export const noData: Uint8Array = new Uint8Array(0);

const headers = { ethernet: 14, tag: 4, arp: 28, ipv4: 20, udp: 8, icmp: 8, tcp: 20 } as const;
/** The bytes of what an ICMP error quotes of a packet's payload (RFC 792). */
export const quoted = 8;

/** Bytes of TCP's options, padded to words. */
export function tcpOptionsLength(options: TcpOptions | undefined): number {
  if (options === undefined) return 0;
  let bytes = 0;
  if (options.maximumSegment !== undefined) bytes += 4;
  if (options.windowScale !== undefined) bytes += 3;
  if (options.sackPermitted === true) bytes += 2;
  if (options.sack !== undefined && options.sack.length > 0) bytes += 2 + 8 * options.sack.length;
  return (bytes + 3) & ~3;
}

/** Bytes of what an IPv4 header stands before. */
export function payloadLength(payload: Payload): number {
  switch (payload.kind) {
    case "tcp":
      return headers.tcp + tcpOptionsLength(payload.options) + payload.data.length;
    case "udp":
      return headers.udp + payload.data.length;
    case "echo":
      return headers.icmp + payload.data.length;
    case "icmp-error":
      return headers.icmp + headers.ipv4 + Math.min(quoted, payloadLength(payload.about.payload));
    case "fragment":
    case "other":
      return payload.data.length;
  }
}

/** Bytes of a packet with its header: what an MTU limits. */
export const packetLength = (packet: Packet): number => headers.ipv4 + payloadLength(packet.payload);

/** Bytes of a frame from the destination's address to the payload's end. */
export function frameLength({ vlan, payload }: Frame): number {
  const head = headers.ethernet + (vlan === 0 ? 0 : headers.tag);
  if (payload.kind === "ipv4") return head + packetLength(payload);
  return head + (payload.kind === "arp" ? headers.arp : payload.data.length);
}
