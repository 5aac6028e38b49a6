import type { Tcp } from "../packet/packet.js";
import type { Sent } from "./send-queue.js";
import type { Tcb } from "./tcb.js";

/** How many later segments must have arrived for one to be taken for lost (RFC 5681's and RFC 6675's DupThresh). */
const threshold = 3;

/**
 * Takes an acknowledgement: what is acknowledged leaves, what is lost is found, the windows follow.
 * With selective acknowledgements, a segment is lost when three that were sent later have arrived (as RFC 9002, 6.1.1, counts);
 * without, when three acknowledgements were repeated (RFC 5681), and then one in a round trip (NewReno, RFC 6582).
 * @returns bytes that it acknowledged
 */
export function acknowledged(tcb: Tcb, tcp: Tcp, upTo: number): number {
  const { now } = tcb.engine;
  const before = tcb.unacknowledged;
  const advance = upTo - before;
  const wasFull = tcb.limited;
  let segments = 0;
  let sample: number | undefined;
  let latest = 0;
  const delivered = (sent: Sent): void => {
    // Of a segment that was sent twice, nobody knows which one arrived, unless it is too early for the second.
    const sure = sent.transmissions === 1 || now - sent.sentAt >= tcb.roundTrip.shortest;
    if (sure) latest = Math.max(latest, sent.order);
    segments++;
  };

  while (tcb.sent[0] !== undefined && tcb.sent[0].end <= upTo) {
    const sent = tcb.sent[0];
    tcb.sent.shift();
    leave(tcb, sent);
    if (!sent.sacked) {
      delivered(sent);
      if (sent.transmissions === 1) sample = now - sent.sentAt;
    }
  }
  trim(tcb.sent[0], upTo);
  tcb.unacknowledged = Math.max(before, upTo);
  if (tcb.sackAllowed) for (const [from, to] of tcp.options?.sack ?? []) select(tcb, from, to, delivered);
  else countDuplicate(tcb, tcp, advance);
  updateWindow(tcb, tcp);

  if (sample !== undefined) tcb.roundTrip.measured(sample);
  if (advance > 0 || (tcb.sent.length === 0 && tcb.peerWindow > 0)) tcb.backoff = 0;
  findLosses(tcb, latest, advance);
  leavePhase(tcb);
  if (segments > 0 && wasFull && tcb.phase !== "recovery") {
    tcb.control.acknowledged(tcb, segments, tcb.seconds, (tcb.roundTrip.smoothed ?? 0) / 1e9);
  }
  if (tcb.sent.length === 0) tcb.retransmission.stop();
  else if (advance > 0) tcb.retransmission.set(tcb.roundTrip.timeout(tcb.backoff));
  tcb.check();
  return Math.max(0, advance);
}

/** A segment is under way no more. */
function leave(tcb: Tcb, sent: Sent): void {
  if (sent.sacked) tcb.sackedOut--;
  if (sent.lost) tcb.lostOut--;
  if (sent.again) tcb.againOut--;
  if (!tcb.sackAllowed) tcb.sackedOut = Math.min(tcb.sackedOut, tcb.sent.length);
}

/** A peer may acknowledge a part of a segment. */
function trim(sent: Sent | undefined, upTo: number): void {
  if (sent === undefined || sent.start >= upTo || sent.syn) return;
  sent.data = sent.data.subarray(upTo - sent.start);
  sent.start = upTo;
}

/** The peer has what lies between two sequence numbers. */
function select(tcb: Tcb, from: number, to: number, delivered: (sent: Sent) => void): void {
  const [start, end] = [tcb.acknowledgedPlace(from), tcb.acknowledgedPlace(to)];
  if (start < tcb.unacknowledged || end > tcb.next) return;
  for (const sent of tcb.sent) {
    if (sent.start >= end) break;
    if (sent.sacked || sent.start < start || sent.end > end) continue;
    if (sent.lost) tcb.lostOut--;
    if (sent.again) tcb.againOut--;
    sent.lost = sent.again = false;
    sent.sacked = true;
    tcb.sackedOut++;
    delivered(sent);
  }
}

/** Without selective acknowledgements, each repeated one says that some segment has arrived. */
function countDuplicate(tcb: Tcb, tcp: Tcp, advance: number): void {
  if (advance > 0) {
    tcb.duplicates = 0;
    tcb.sackedOut = 0;
    return;
  }
  const sameWindow = tcp.window * tcb.peerFactor === tcb.peerWindow;
  if (advance < 0 || tcp.data.length > 0 || tcb.sent.length === 0 || !sameWindow) return;
  tcb.duplicates++;
  tcb.sackedOut = Math.min(tcb.sackedOut + 1, tcb.sent.length - tcb.lostOut);
}

/** The window of the newest segment holds (RFC 9293, 3.10.7.4). */
function updateWindow(tcb: Tcb, tcp: Tcp): void {
  const place = tcb.placeOf(tcp.sequence);
  if (place < tcb.peerWindowAt) return;
  tcb.peerWindowAt = place;
  tcb.peerWindow = tcp.window * tcb.peerFactor;
}

function lose(tcb: Tcb, sent: Sent): void {
  if (sent.again) tcb.againOut--;
  sent.again = false;
  if (!sent.lost) tcb.lostOut++;
  sent.lost = true;
}

function findLosses(tcb: Tcb, latest: number, advance: number): void {
  const [first] = tcb.sent;
  if (first === undefined) return;
  if (!tcb.sackAllowed) {
    const partial = advance > 0 && tcb.phase === "recovery" && tcb.unacknowledged < tcb.recoverUpTo;
    if ((tcb.duplicates === threshold && tcb.phase === "open") || partial) lose(tcb, first);
  } else if (tcb.sackedOut > 0 || tcb.lostOut > 0) {
    for (const sent of tcb.sent) {
      if (sent.sacked || (sent.lost && !sent.again) || sent.order + threshold > latest) continue;
      lose(tcb, sent);
    }
  }
  if (tcb.lostOut > 0 && tcb.phase === "open") {
    tcb.host.counters.fastRecoveries++;
    tcb.slowStartThreshold = tcb.control.reduce(tcb);
    tcb.congestionWindow = tcb.slowStartThreshold;
    tcb.phase = "recovery";
    tcb.recoverUpTo = tcb.next;
  }
}

function leavePhase(tcb: Tcb): void {
  if (tcb.phase === "open" || tcb.unacknowledged < tcb.recoverUpTo) return;
  tcb.phase = "open";
  tcb.duplicates = 0;
  tcb.congestionWindow = Math.max(2, Math.min(tcb.congestionWindow, tcb.slowStartThreshold));
}

/** Nothing came for so long that all that is under way is taken for lost (RFC 5681, 3.1; RFC 6298, 5). */
export function timedOut(tcb: Tcb): void {
  tcb.host.counters.timeouts++;
  if (tcb.phase !== "loss") {
    tcb.slowStartThreshold = tcb.control.reduce(tcb);
    tcb.phase = "loss";
  }
  tcb.recoverUpTo = tcb.next;
  tcb.congestionWindow = 1;
  if (!tcb.sackAllowed) tcb.sackedOut = 0;
  tcb.duplicates = 0;
  for (const sent of tcb.sent) if (!sent.sacked) lose(tcb, sent);
  tcb.backoff++;
}
