import type { Passage } from "../ip/passage.js";
import type { Packet } from "../packet/packet.js";
import { opposite, tupleOf, withTuple, type Connection, type Tuple } from "./connection.js";
import type { Conntrack } from "./conntrack.js";
import type { NatTo, Range } from "./model.js";

/** Which end's address a hook translates: the destination before routing, the source behind it. */
export type Stage = "source" | "destination";

/** From which ports a source's port is chosen where its own is taken (nf_nat_core.c: a port from 1024 on stays there). */
const usual: Range = [1024, 65_535];

/** What packets look like behind the translation, for the direction in which this one goes. */
const translated = (connection: Connection, reply: boolean): Tuple =>
  opposite(reply ? connection.original : connection.reply);

/** Translates one end of a packet, and of the packet that an ICMP error quotes. */
export function translate(passage: Passage, stage: Stage): void {
  const { connection, reply, packet } = passage;
  if (connection === undefined) return;
  const after = translated(connection, reply);
  if (passage.related) {
    passage.packet = translateError(packet, connection, reply, stage);
    return;
  }
  const now = tupleOf(packet);
  if (now === undefined) return;
  const wanted: Tuple =
    stage === "destination"
      ? { ...now, destination: after.destination, destinationPort: after.destinationPort }
      : { ...now, source: after.source, sourcePort: after.sourcePort };
  const [a, b] =
    stage === "destination"
      ? ([now.destination, now.destinationPort] as const)
      : ([now.source, now.sourcePort] as const);
  const [c, d] =
    stage === "destination"
      ? ([wanted.destination, wanted.destinationPort] as const)
      : ([wanted.source, wanted.sourcePort] as const);
  if (a === c && b === d) return;
  passage.packet = withTuple(packet, echoOf(packet, wanted, stage));
}

/** An echo's identifier stands for both ports; the end that is translated decides. */
const echoOf = ({ payload }: Packet, wanted: Tuple, stage: Stage): Tuple =>
  payload.kind === "echo" && stage === "destination" ? { ...wanted, sourcePort: wanted.destinationPort } : wanted;

/** The quoted packet goes the other way: its source is what the error's destination is. */
function translateError(packet: Packet, connection: Connection, reply: boolean, stage: Stage): Packet {
  const { payload } = packet;
  if (payload.kind !== "icmp-error") return packet;
  const inner = tupleOf(payload.about);
  if (inner === undefined) return packet;
  const after = translated(connection, reply);
  const before = reply ? connection.reply : connection.original;
  if (stage === "destination") {
    if (after.destination === before.destination && after.destinationPort === before.destinationPort) return packet;
    const about = withTuple(payload.about, { ...inner, source: after.destination, sourcePort: after.destinationPort });
    return { ...packet, destination: after.destination, payload: { ...payload, about } };
  }
  if (after.source === before.source && after.sourcePort === before.sourcePort) return packet;
  const about = withTuple(payload.about, { ...inner, destination: after.source, destinationPort: after.sourcePort });
  return { ...packet, source: after.source, payload: { ...payload, about } };
}

/** Has a new connection's destination be another from now on. */
export function setDestination(
  connection: Connection,
  { address, ports }: NatTo,
  choose: (range: Range) => number,
): void {
  const { reply } = connection;
  connection.reply = {
    ...reply,
    source: address ?? reply.source,
    sourcePort: ports === undefined ? reply.sourcePort : choose(ports),
  };
}

/**
 * Has a new connection's source be another from now on: its own port where that is free, else the next that is.
 * @returns false where none is
 */
export function setSource(
  connection: Connection,
  { address, ports }: NatTo,
  conntrack: Conntrack,
  start: ((range: Range) => number) | undefined,
): boolean {
  const reply = { ...connection.reply, destination: address ?? connection.reply.destination };
  const own = connection.original.sourcePort;
  const allowed = (port: number): boolean => ports === undefined || (port >= ports[0] && port <= ports[1]);
  if (start === undefined && allowed(own) && !conntrack.taken(reply)) {
    connection.reply = reply;
    return true;
  }
  const [from, to] = ports ?? (own === 0 ? ([0, 0] as const) : usual);
  const first = start === undefined ? Math.max(from, Math.min(to, own)) : start([from, to]);
  for (let step = 0; step <= to - from; step++) {
    const port = from + ((first - from + step) % (to - from + 1));
    const candidate = echoPort(connection, { ...reply, destinationPort: port });
    if (conntrack.taken(candidate)) continue;
    connection.reply = candidate;
    return true;
  }
  return false;
}

/** Of an echo, the answer's two "ports" are the same identifier. */
const echoPort = ({ original }: Connection, reply: Tuple): Tuple =>
  original.protocol === 1 ? { ...reply, sourcePort: reply.destinationPort } : reply;
