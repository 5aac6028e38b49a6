import { ms, s } from "../../core/index.js";
import type { Errno } from "../ip/errno.js";
import { TcpFlag, type Tcp } from "../packet/packet.js";
import { acknowledge, acknowledgeSoon, probe, push, reset, scaleFor, sendSyn } from "./output.js";
import { acknowledged, timedOut } from "./recovery.js";
import type { Tcb, TcbActions } from "./tcb.js";

/** tcp_syn_retries, tcp_synack_retries, tcp_retries2 and tcp_orphan_retries (ip-sysctl). */
const retries = { synSent: 6, synReceived: 5, established: 15, orphan: 8 } as const;
/** tcp_fin_timeout. */
const finTimeout = s(60);

const has = (tcp: Tcp, flag: number): boolean => (tcp.flags & flag) !== 0;

/** Takes what a SYN says about its sender. */
export function takeSyn(tcb: Tcb, tcp: Tcp): void {
  tcb.initialReceived = tcp.sequence;
  tcb.expected = 1;
  tcb.offered = 1;
  const { maximumSegment = 536, windowScale, sackPermitted = false } = tcp.options ?? {};
  const own = tcb.host.stack.mtuTo(tcb.ends.remoteAddress) - 40;
  tcb.segment = Math.max(48, Math.min(maximumSegment, own));
  // Both scale, or none does (RFC 7323, 2.2).
  tcb.scaling = windowScale !== undefined;
  tcb.peerFactor = 2 ** (windowScale ?? 0);
  tcb.ownFactor = windowScale === undefined ? 1 : 2 ** scaleFor(tcb.settings.receiveBuffer);
  tcb.sackAllowed = tcb.settings.sack && sackPermitted;
  // A SYN's own window is never scaled.
  tcb.peerWindow = tcp.window;
  tcb.peerWindowAt = 0;
}

/** A segment has come for a connection (RFC 9293, 3.10.7). */
export function arrive(tcb: Tcb, tcp: Tcp): void {
  tcb.heard = tcb.engine.now;
  tcb.keepProbes = 0;
  if (tcb.state === "CLOSED") return;
  if (tcb.state === "SYN_SENT") {
    arriveInSynSent(tcb, tcp);
    return;
  }
  const place = tcb.placeOf(tcp.sequence);
  const length = tcp.data.length + (has(tcp, TcpFlag.fin) ? 1 : 0) + (has(tcp, TcpFlag.syn) ? 1 : 0);
  if (!acceptable(tcb, place, length)) {
    if (!has(tcp, TcpFlag.rst)) acknowledge(tcb);
    return;
  }
  if (has(tcp, TcpFlag.rst)) {
    // One that isn't exactly next is asked about (RFC 5961, 3.2).
    if (place !== tcb.expected) acknowledge(tcb);
    else resetReceived(tcb);
    return;
  }
  if (has(tcp, TcpFlag.syn)) {
    // The handshake's, again; any other might be forged (RFC 5961, 4.2).
    if (tcb.state === "SYN_RECEIVED" && place === 0) retransmit(tcb);
    else acknowledge(tcb);
    return;
  }
  if (!has(tcp, TcpFlag.ack)) return;
  const upTo = tcb.acknowledgedPlace(tcp.acknowledgement);
  if (upTo > tcb.next) {
    acknowledge(tcb);
    return;
  }
  if (tcb.state === "SYN_RECEIVED") {
    if (upTo < 1 || !tcb.host.established(tcb)) return;
    tcb.state = "ESTABLISHED";
    startKeepAlive(tcb);
  }
  if (acknowledged(tcb, tcp, upTo) > 0) wroteThrough(tcb);
  if (tcb.sent.length === 0 && tcb.finSent && closed(tcb)) return;
  take(tcb, tcp, place);
  push(tcb);
}

/** RFC 9293, 3.4: whether any of it lies in the window. */
function acceptable(tcb: Tcb, place: number, length: number): boolean {
  const window = Math.max(0, tcb.offered - tcb.expected);
  if (length === 0) return place >= tcb.expected && place <= tcb.expected + window;
  return place + length > tcb.expected && (place < tcb.expected + window || place === tcb.expected);
}

function arriveInSynSent(tcb: Tcb, tcp: Tcp): void {
  const ack = has(tcp, TcpFlag.ack);
  if (ack && tcb.acknowledgedPlace(tcp.acknowledgement) !== tcb.next) return;
  if (has(tcp, TcpFlag.rst)) {
    if (!ack) return;
    tcb.host.counters.attemptFails++;
    tcb.end("ECONNREFUSED");
    return;
  }
  if (!has(tcp, TcpFlag.syn)) return;
  takeSyn(tcb, tcp);
  if (!ack) {
    // Both called each other at once (RFC 9293, 3.5).
    tcb.state = "SYN_RECEIVED";
    retransmit(tcb);
    return;
  }
  tcb.state = "ESTABLISHED";
  acknowledged(tcb, tcp, 1);
  tcb.peerWindow = tcp.window;
  acknowledge(tcb);
  startKeepAlive(tcb);
  tcb.host.established(tcb);
  tcb.wakeWriters();
  push(tcb);
}

function resetReceived(tcb: Tcb): void {
  tcb.host.counters.resetsReceived++;
  if (tcb.state === "SYN_RECEIVED") tcb.host.counters.attemptFails++;
  tcb.end(tcb.state === "CLOSE_WAIT" ? "EPIPE" : "ECONNRESET");
}

/** Writers go on when a third of the buffer is free, so that they aren't woken for every segment. */
function wroteThrough(tcb: Tcb): void {
  if (tcb.buffered <= (tcb.settings.sendBuffer * 2) / 3) tcb.wakeWriters();
}

/** All that was sent, the FIN too, is acknowledged. @returns whether nothing more is to be done */
function closed(tcb: Tcb): boolean {
  switch (tcb.state) {
    case "FIN_WAIT_1":
      tcb.state = "FIN_WAIT_2";
      if (tcb.orphan) tcb.lingering.set(finTimeout);
      return false;
    case "CLOSING":
      timeWait(tcb);
      return true;
    case "LAST_ACK":
      tcb.end();
      return true;
    case "SYN_SENT":
    case "SYN_RECEIVED":
    case "ESTABLISHED":
    case "FIN_WAIT_2":
    case "CLOSE_WAIT":
    case "TIME_WAIT":
    case "CLOSED":
      return false;
  }
}

function timeWait(tcb: Tcb): void {
  tcb.state = "TIME_WAIT";
  tcb.stopTimers();
  tcb.host.ended(tcb);
  tcb.wakeReaders();
  tcb.wakeWriters();
}

/** Takes a segment's data and FIN. */
function take(tcb: Tcb, tcp: Tcp, place: number): void {
  const fin = has(tcp, TcpFlag.fin);
  if (tcp.data.length === 0 && !fin) return;
  if (tcp.data.length > 0 && tcb.orphan) {
    // Nobody will read it (RFC 9293, 3.6.1).
    reset(tcb);
    return;
  }
  const { expected, received } = tcb;
  const gap = received.hasGap;
  const room = tcp.data.subarray(0, Math.max(0, tcb.offered - place));
  if (fin && room.length === tcp.data.length) tcb.finAt = place + tcp.data.length;
  tcb.expected = received.add(place, room, expected);
  if (tcb.finAt === tcb.expected && !tcb.finReceived) finReceived(tcb);
  if (tcb.expected > expected) tcb.wakeReaders();
  // What came out of order, again, or filled a gap is acknowledged at once (RFC 5681, 4.2).
  if (gap || tcb.received.hasGap || tcb.expected === expected || tcb.finReceived) acknowledge(tcb);
  else acknowledgeSoon(tcb);
  if (tcb.finReceived && tcb.state === "FIN_WAIT_2") timeWait(tcb);
}

function finReceived(tcb: Tcb): void {
  tcb.finReceived = true;
  tcb.expected++;
  if (tcb.state === "ESTABLISHED") tcb.state = "CLOSE_WAIT";
  else if (tcb.state === "FIN_WAIT_1") tcb.state = "CLOSING";
}

/** Sends the oldest segment again, whatever windows say. */
function retransmit(tcb: Tcb): void {
  for (const sent of tcb.sent.slice(0, 1)) {
    if (!sent.lost) {
      sent.lost = true;
      tcb.lostOut++;
    }
  }
  push(tcb);
}

function startKeepAlive(tcb: Tcb): void {
  if (tcb.settings.keepAlive) tcb.keepAlive.set(tcb.settings.keepIdle);
}

/** How often is tried in a state, before the connection fails. */
function limit(tcb: Tcb): number {
  if (tcb.state === "SYN_SENT") return retries.synSent;
  if (tcb.state === "SYN_RECEIVED") return retries.synReceived;
  return tcb.orphan ? retries.orphan : retries.established;
}

/** What timers do. */
export const actions: TcbActions = {
  retransmit(tcb) {
    const tried = tcb.sent.length > 0 ? tcb.backoff : tcb.keepProbes;
    if (tried >= limit(tcb)) {
      if (tcb.state === "SYN_SENT" || tcb.state === "SYN_RECEIVED") tcb.host.counters.attemptFails++;
      tcb.end("ETIMEDOUT");
    } else if (tcb.sent.length > 0) {
      timedOut(tcb);
      push(tcb);
      if (!tcb.retransmission.armed) tcb.retransmission.set(tcb.roundTrip.timeout(tcb.backoff));
    } else if (tcb.unsent.bytes > 0) {
      probe(tcb);
      tcb.keepProbes++;
      tcb.backoff++;
      tcb.retransmission.set(tcb.roundTrip.timeout(tcb.backoff));
    }
  },
  acknowledge(tcb) {
    if (tcb.owed > 0) acknowledge(tcb);
  },
  keepAlive(tcb) {
    const { keepIdle, keepInterval, keepCount } = tcb.settings;
    const silence = tcb.engine.now - tcb.heard;
    if (silence < keepIdle || tcb.sent.length > 0) {
      tcb.keepAlive.set(ms(Math.max(1, (keepIdle - silence) / 1e6)));
    } else if (tcb.keepProbes >= keepCount) {
      reset(tcb);
      tcb.error = "ETIMEDOUT";
    } else {
      tcb.keepProbes++;
      probe(tcb);
      tcb.keepAlive.set(keepInterval);
    }
  },
  orphaned(tcb) {
    tcb.end();
  },
};

/** Opens a connection: sends the SYN. */
export const open: (tcb: Tcb) => Errno | undefined = sendSyn;

/** The next link of the way takes smaller packets only (RFC 1191): what is under way is cut and sent again. */
export function smallerSegments(tcb: Tcb, mtu: number): void {
  const segment = Math.max(48, mtu - 40);
  if (segment >= tcb.segment) return;
  tcb.segment = segment;
  const cut = tcb.sent.flatMap((sent) => {
    if (sent.data.length <= segment) return [sent];
    const pieces = [];
    for (let at = 0; at < sent.data.length; at += segment) {
      const data = sent.data.subarray(at, at + segment);
      const last = at + segment >= sent.data.length;
      const start = sent.start + at;
      pieces.push({ ...sent, start, end: last ? sent.end : start + data.length, data, fin: last && sent.fin });
    }
    return pieces;
  });
  tcb.sent.splice(0, tcb.sent.length, ...cut);
  tcb.lostOut = tcb.againOut = tcb.sackedOut = 0;
  for (const sent of tcb.sent) {
    sent.again = false;
    sent.lost = !sent.sacked;
    if (sent.sacked) tcb.sackedOut++;
    else tcb.lostOut++;
  }
  push(tcb);
}
