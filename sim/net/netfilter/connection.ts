import type { Ipv4 } from "../packet/address.js";
import type { Packet, Payload } from "../packet/packet.js";

/** What identifies a flow in one direction. For an ICMP echo, both ports are its identifier. */
export interface Tuple {
  readonly protocol: number;
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly destination: Ipv4;
  readonly destinationPort: number;
}

/** How TCP looks from in between (nf_conntrack_proto_tcp). */
export type TrackedTcpState =
  "SYN_SENT" | "SYN_RECV" | "ESTABLISHED" | "FIN_WAIT" | "CLOSE_WAIT" | "LAST_ACK" | "TIME_WAIT" | "CLOSE";

/** A connection that a namespace has seen, and how its addresses are changed on the way. */
export interface Connection {
  /** As the first packet came. */
  readonly original: Tuple;
  /** What answers look like when they come: the opposite of `original`, unless addresses are translated. */
  reply: Tuple;
  /** Whether an answer was seen. */
  answered: boolean;
  /** Whether its first packet got through; till then it is in no table. */
  confirmed: boolean;
  tcp: TrackedTcpState | undefined;
  /** When it is forgotten. */
  expires: number;
  mark: number;
  /** Whether the nat chains, for the source and for the destination, have been asked. */
  sourceNat: boolean;
  destinationNat: boolean;
  packets: number;
  bytes: number;
  /** Called once it is forgotten. */
  ended: (() => void) | undefined;
}

/** Of a payload, the ports, or what stands for them; undefined for what can't be tracked as a flow. */
function portsOf(payload: Payload): readonly [number, number] | undefined {
  switch (payload.kind) {
    case "tcp":
    case "udp":
      return [payload.sourcePort, payload.destinationPort];
    case "echo":
      return [payload.identifier, payload.identifier];
    case "other":
      return [0, 0];
    case "icmp-error":
    case "fragment":
      return undefined;
  }
}

/** The flow that a packet belongs to. */
export function tupleOf({ protocol, source, destination, payload }: Packet): Tuple | undefined {
  const ports = portsOf(payload);
  if (ports === undefined) return undefined;
  return { protocol, source, sourcePort: ports[0], destination, destinationPort: ports[1] };
}

export const opposite = (tuple: Tuple): Tuple => ({
  protocol: tuple.protocol,
  source: tuple.destination,
  sourcePort: tuple.destinationPort,
  destination: tuple.source,
  destinationPort: tuple.sourcePort,
});

/** A tuple as a key. */
export const keyOf = ({ protocol, source, sourcePort, destination, destinationPort }: Tuple): string =>
  `${protocol} ${source}:${sourcePort} ${destination}:${destinationPort}`;

/** A packet with the addresses and ports of `tuple`. */
export function withTuple(packet: Packet, tuple: Tuple): Packet {
  const { source, sourcePort, destination, destinationPort } = tuple;
  const { payload } = packet;
  switch (payload.kind) {
    case "tcp":
    case "udp":
      return { ...packet, source, destination, payload: { ...payload, sourcePort, destinationPort } };
    case "echo":
      return { ...packet, source, destination, payload: { ...payload, identifier: sourcePort } };
    case "icmp-error":
    case "fragment":
    case "other":
      return { ...packet, source, destination };
  }
}
