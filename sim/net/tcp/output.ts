import { ms } from "../../core/index.js";
import type { Errno } from "../ip/errno.js";
import { noData, Protocol, TcpFlag, type Packet, type Tcp, type TcpOptions } from "../packet/packet.js";
import type { Sent } from "./send-queue.js";
import type { Endpoints, Tcb } from "./tcb.js";

/** Linux's least time of a delayed acknowledgement (TCP_DELACK_MIN). */
const delayedAckTime = ms(40);
/** The largest window that a segment's 16 bits say. */
const plainWindow = 65_535;

/** The scale that lets a buffer be offered (RFC 7323, 2.3). */
export function scaleFor(buffer: number): number {
  let scale = 0;
  while (scale < 14 && plainWindow * 2 ** scale < buffer) scale++;
  return scale;
}

/** A packet of a connection, or of none. */
export function tcpPacket(
  ends: Endpoints,
  id: number,
  tcp: Omit<Tcp, "kind" | "sourcePort" | "destinationPort">,
): Packet {
  return {
    kind: "ipv4",
    source: ends.localAddress,
    destination: ends.remoteAddress,
    tos: 0,
    id,
    // Path MTU discovery (RFC 1191).
    dontFragment: true,
    ttl: 64,
    protocol: Protocol.tcp,
    payload: { kind: "tcp", sourcePort: ends.localPort, destinationPort: ends.remotePort, ...tcp },
  };
}

/** The window to offer: what is free, but never less than was offered, nor a little more (RFC 9293, 3.8.6.2.2). */
function offer(tcb: Tcb): number {
  const { settings, received, expected, segment } = tcb;
  const right = expected + Math.max(0, settings.receiveBuffer - received.held);
  if (right - tcb.offered >= Math.min(segment, settings.receiveBuffer / 2)) tcb.offered = right;
  return Math.max(0, tcb.offered - expected);
}

function write(tcb: Tcb, flags: number, start: number, data: Uint8Array, options?: TcpOptions): Errno | undefined {
  const window = offer(tcb);
  const syn = (flags & TcpFlag.syn) !== 0;
  const ack = (flags & TcpFlag.ack) !== 0;
  if (ack) {
    tcb.owed = 0;
    tcb.delayedAck.stop();
  }
  tcb.host.counters.outSegments++;
  return tcb.host.stack.send(
    tcpPacket(tcb.ends, tcb.host.stack.nextId(), {
      sequence: (tcb.initialSent + start) >>> 0,
      acknowledgement: ack ? (tcb.initialReceived + tcb.expected) >>> 0 : 0,
      flags,
      window: Math.min(plainWindow, syn ? window : Math.ceil(window / tcb.ownFactor)),
      options,
      data,
    }),
  );
}

/** The options of a SYN: what this end can do and, in an answer, the other, too. */
function synOptions(tcb: Tcb): TcpOptions {
  const answer = tcb.state === "SYN_RECEIVED";
  const mtu = tcb.host.stack.mtuTo(tcb.ends.remoteAddress);
  return {
    maximumSegment: Math.min(plainWindow, mtu - 40),
    windowScale: answer && !tcb.scaling ? undefined : scaleFor(tcb.settings.receiveBuffer),
    sackPermitted: answer ? tcb.sackAllowed : tcb.settings.sack,
  };
}

/** Sends a segment of the stream, for the first time or again. */
function transmit(tcb: Tcb, sent: Sent): Errno | undefined {
  sent.sentAt = tcb.engine.now;
  sent.order = ++tcb.transmissions;
  if (sent.transmissions++ > 0) tcb.host.counters.retransmitted++;
  let flags = 0;
  if (sent.syn) flags |= TcpFlag.syn;
  if (sent.fin) flags |= TcpFlag.fin;
  if (tcb.state !== "SYN_SENT") flags |= TcpFlag.ack;
  if (sent.data.length > 0 && tcb.unsent.bytes === 0) flags |= TcpFlag.psh;
  if (!tcb.retransmission.armed) tcb.retransmission.set(tcb.roundTrip.timeout(tcb.backoff));
  return write(tcb, flags, sent.start, sent.data, sent.syn ? synOptions(tcb) : undefined);
}

/** Puts a new segment at the end of the stream and sends it. */
function append(tcb: Tcb, data: Uint8Array, { syn = false, fin = false }): Errno | undefined {
  const start = tcb.next;
  const end = start + data.length + (syn ? 1 : 0) + (fin ? 1 : 0);
  tcb.next = end;
  const flags = { sacked: false, lost: false, again: false };
  const sent: Sent = { start, end, data, syn, fin, sentAt: 0, order: 0, transmissions: 0, ...flags };
  tcb.sent.push(sent);
  if (fin) tcb.finSent = true;
  return transmit(tcb, sent);
}

/** Begins the stream: sends the SYN. */
export const sendSyn = (tcb: Tcb): Errno | undefined => append(tcb, noData, { syn: true });

/** Acknowledges what has come, at once; with the blocks beyond gaps where there are any. */
export function acknowledge(tcb: Tcb): void {
  const blocks = tcb.sackAllowed && tcb.received.hasGap ? tcb.received.blocks(4) : [];
  const place = (at: number): number => (tcb.initialReceived + at) >>> 0;
  const sack = blocks.map(([from, to]) => [place(from), place(to)] as const);
  write(tcb, TcpFlag.ack, tcb.next, noData, sack.length === 0 ? undefined : { sack });
}

/** Acknowledges soon: with data, with the second segment, or after a while. */
export function acknowledgeSoon(tcb: Tcb): void {
  tcb.owed++;
  if (!tcb.settings.delayedAck || tcb.owed >= 2 || tcb.quick > 0) {
    if (tcb.quick > 0) tcb.quick--;
    acknowledge(tcb);
  } else if (!tcb.delayedAck.armed) tcb.delayedAck.set(delayedAckTime);
}

/** Something was read: the peer is told where that opens the window by much. */
export function windowOpened(tcb: Tcb): void {
  if (tcb.state === "CLOSED" || tcb.state === "SYN_SENT" || tcb.finReceived) return;
  const right = tcb.expected + Math.max(0, tcb.settings.receiveBuffer - tcb.received.held);
  const least = Math.min(2 * tcb.segment, tcb.settings.receiveBuffer / 2);
  if (right - tcb.offered >= least && tcb.offered - tcb.expected < tcb.settings.receiveBuffer / 2) acknowledge(tcb);
}

/** Ends the connection at once and tells the peer so. */
export function reset(tcb: Tcb): void {
  if (tcb.state === "CLOSED") return;
  if (tcb.state !== "SYN_SENT") {
    tcb.host.counters.resetsSent++;
    write(tcb, TcpFlag.rst | TcpFlag.ack, tcb.next, noData);
  }
  tcb.end();
}

/** A segment that asks for an acknowledgement and brings nothing new: it lies before the window. */
export const probe = (tcb: Tcb): Errno | undefined => write(tcb, TcpFlag.ack, tcb.unacknowledged - 1, noData);

const maySend = (tcb: Tcb): boolean =>
  tcb.state !== "SYN_SENT" && tcb.state !== "SYN_RECEIVED" && tcb.state !== "CLOSED" && tcb.state !== "TIME_WAIT";

/**
 * Sends what may be sent: first what was lost, then new data as far as both windows allow and it is worth a segment (Nagle's
 * algorithm, RFC 896; RFC 9293, 3.8.6.2.1).
 */
export function push(tcb: Tcb): void {
  tcb.limited = false;
  if (!maySend(tcb)) {
    resend(tcb);
    return;
  }
  if (!resend(tcb)) return;
  while (!tcb.finSent && (tcb.unsent.bytes > 0 || tcb.finQueued)) {
    if (tcb.inFlight >= Math.floor(tcb.congestionWindow)) {
      tcb.limited = true;
      return;
    }
    const { bytes } = tcb.unsent;
    const room = tcb.unacknowledged + tcb.peerWindow - tcb.next;
    const length = Math.min(tcb.segment, bytes, Math.max(0, room));
    const last = length === bytes;
    if (length === 0 && bytes > 0) break;
    const quiet = tcb.sent.length === 0;
    if (length < tcb.segment && !quiet) {
      // A small one waits for those under way, unless it is the last of all; one that the window cuts, for a larger window.
      if (!last || !(tcb.settings.noDelay || tcb.finQueued)) return;
    }
    append(tcb, tcb.unsent.take(length), { fin: last && tcb.finQueued });
  }
  // The window is closed, and what opens it may get lost: the timer's probes find out (RFC 9293, 3.8.6.1).
  if (tcb.unsent.bytes > 0 && tcb.sent.length === 0 && !tcb.retransmission.armed) {
    tcb.retransmission.set(tcb.roundTrip.timeout(tcb.backoff));
  }
}

/** Sends again what was taken for lost, as far as the congestion window allows. @returns whether nothing is left */
function resend(tcb: Tcb): boolean {
  if (tcb.lostOut <= tcb.againOut) return true;
  for (const sent of tcb.sent) {
    if (!sent.lost || sent.again) continue;
    if (tcb.inFlight >= Math.max(1, Math.floor(tcb.congestionWindow))) {
      tcb.limited = true;
      return false;
    }
    sent.again = true;
    tcb.againOut++;
    transmit(tcb, sent);
    if (tcb.lostOut <= tcb.againOut) break;
  }
  return true;
}
