import { invariant, Signal, type Engine } from "../../core/index.js";
import type { Errno } from "../ip/errno.js";
import type { IpStack } from "../ip/stack.js";
import type { Ipv4 } from "../packet/address.js";
import { congestionControl, type CongestionControl, type Window } from "./congestion.js";
import { ReceiveQueue } from "./receive-queue.js";
import { RoundTrip } from "./round-trip.js";
import { Unsent, type Sent } from "./send-queue.js";
import type { TcpSettings } from "./settings.js";
import { Timer } from "./timer.js";

/** RFC 9293, 3.3.2; LISTEN is a listener's. */
export type TcpState =
  | "SYN_SENT"
  | "SYN_RECEIVED"
  | "ESTABLISHED"
  | "FIN_WAIT_1"
  | "FIN_WAIT_2"
  | "CLOSE_WAIT"
  | "CLOSING"
  | "LAST_ACK"
  | "TIME_WAIT"
  | "CLOSED";

/** What identifies a connection at one of its ends. */
export interface Endpoints {
  readonly localAddress: Ipv4;
  readonly localPort: number;
  readonly remoteAddress: Ipv4;
  readonly remotePort: number;
}

/** What all connections of a namespace counted (`nstat`: RetransSegs, OutRsts, …). */
export interface TcpCounters {
  activeOpens: number;
  passiveOpens: number;
  attemptFails: number;
  inSegments: number;
  outSegments: number;
  retransmitted: number;
  timeouts: number;
  fastRecoveries: number;
  resetsSent: number;
  resetsReceived: number;
  /** Connections that were turned away because nobody accepted those before (ListenOverflows). */
  listenOverflows: number;
}

/** What a connection tells those who hold it. */
export interface TcbHost {
  readonly stack: IpStack;
  readonly counters: TcpCounters;
  /** Its handshake is done. @returns whether there was room for it */
  established(tcb: Tcb): boolean;
  /** It is gone, or waits out its last segments, and takes part in nothing any more. */
  ended(tcb: Tcb): void;
}

/** What a connection's timers do when they run out. */
export interface TcbActions {
  retransmit(tcb: Tcb): void;
  acknowledge(tcb: Tcb): void;
  keepAlive(tcb: Tcb): void;
  orphaned(tcb: Tcb): void;
}

/** The maximum segment that every host takes (RFC 9293, 3.7.1), until the peer says more. */
const defaultSegment = 536;
/** Segments that may be under way at the beginning (RFC 6928). */
const initialWindow = 10;
/** Segments that are acknowledged at once at the beginning, since the sender begins slowly (TCP_MAX_QUICKACKS). */
const quickAcks = 16;

/**
 * A connection's state (RFC 9293's transmission control block). Places in both streams are counted from the SYN, which is 0, and
 * never wrap; sequence numbers are made of them when a segment is written.
 */
export class Tcb implements Window {
  readonly host: TcbHost;
  readonly engine: Engine;
  readonly ends: Endpoints;
  readonly settings: TcpSettings;
  state: TcpState;

  readonly initialSent: number;
  initialReceived = 0;

  // What is sent.
  readonly unsent: Unsent = new Unsent();
  /** Sent and not acknowledged, in order. */
  readonly sent: Sent[] = [];
  unacknowledged = 0;
  next = 0;
  /** Bytes that the peer takes, from `unacknowledged` on, and the segment that said so. */
  peerWindow = 1;
  peerWindowAt = 0;
  /** What the peer's windows are multiplied by, and the own are divided by: 1 unless both ends scale. */
  peerFactor = 1;
  ownFactor = 1;
  /** Whether both ends scale windows (RFC 7323). */
  scaling = true;
  segment: number = defaultSegment;
  finQueued = false;
  finSent = false;
  sackAllowed = false;
  transmissions = 0;

  // Congestion.
  readonly control: CongestionControl;
  readonly roundTrip: RoundTrip = new RoundTrip();
  congestionWindow: number = initialWindow;
  slowStartThreshold: number = Infinity;
  /** Of `sent`: taken for lost, selectively acknowledged, and sent again since they were taken for lost. */
  lostOut = 0;
  sackedOut = 0;
  againOut = 0;
  duplicates = 0;
  phase: "open" | "recovery" | "loss" = "open";
  /** What is to be acknowledged before the phase is open again. */
  recoverUpTo = 0;
  /** Whether the congestion window is what held it back last. */
  limited = false;
  backoff = 0;

  // What is received.
  readonly received: ReceiveQueue = new ReceiveQueue();
  expected = 0;
  /** The place that the window was offered up to. */
  offered = 0;
  /** The place of the peer's FIN, once it is known. */
  finAt: number | undefined = undefined;
  finReceived = false;
  /** Segments that wait for an acknowledgement. */
  owed = 0;
  quick: number = quickAcks;
  /** When something came last, and probes that were sent since. */
  heard = 0;
  keepProbes = 0;

  /** Nobody holds it any more. */
  orphan = false;
  readShut = false;
  error: Errno | undefined = undefined;

  // Timers come with what first needs them.
  readonly #actions: TcbActions;
  #retransmission: Timer | undefined;
  #delayed: Timer | undefined;
  #alive: Timer | undefined;
  #lingering: Timer | undefined;
  #readable: Signal<void> | undefined;
  #writable: Signal<void> | undefined;

  constructor(host: TcbHost, ends: Endpoints, state: TcpState, settings: TcpSettings, actions: TcbActions) {
    this.host = host;
    this.engine = host.stack.world.engine;
    this.ends = ends;
    this.state = state;
    this.settings = settings;
    this.#actions = actions;
    this.control = congestionControl(settings.congestion);
    this.initialSent = host.stack.world.rng.stream("net.tcp").uint32();
  }

  get retransmission(): Timer {
    return (this.#retransmission ??= new Timer(this.engine, "TCP retransmission", false, () => {
      this.#actions.retransmit(this);
    }));
  }

  get delayedAck(): Timer {
    return (this.#delayed ??= new Timer(this.engine, "TCP acknowledgement", false, () => {
      this.#actions.acknowledge(this);
    }));
  }

  get keepAlive(): Timer {
    return (this.#alive ??= new Timer(this.engine, "TCP keep-alive", true, () => {
      this.#actions.keepAlive(this);
    }));
  }

  /** How long a connection that nobody holds waits for the peer's FIN. */
  get lingering(): Timer {
    return (this.#lingering ??= new Timer(this.engine, "TCP FIN_WAIT_2", true, () => {
      this.#actions.orphaned(this);
    }));
  }

  /** Segments that are under way, as far as is known. */
  get inFlight(): number {
    return this.sent.length - this.sackedOut - this.lostOut + this.againOut;
  }

  /** Bytes in the send buffer. */
  get buffered(): number {
    return this.unsent.bytes + (this.next - this.unacknowledged);
  }

  get seconds(): number {
    return this.engine.now / 1e9;
  }

  /** The place in the peer's stream that a sequence number means: the nearest to what is expected. */
  placeOf(sequence: number): number {
    const expected = (this.initialReceived + this.expected) >>> 0;
    return this.expected + ((sequence - expected) | 0);
  }

  /** The place in the own stream that an acknowledgement means. */
  acknowledgedPlace(acknowledgement: number): number {
    const base = (this.initialSent + this.unacknowledged) >>> 0;
    return this.unacknowledged + ((acknowledgement - base) | 0);
  }

  /** Fires when there may be something to read, an error, or an end. */
  get readable(): Signal<void> {
    return (this.#readable ??= new Signal<void>("socket readable"));
  }

  /** Fires when there may be room to write, or an error. */
  get writable(): Signal<void> {
    return (this.#writable ??= new Signal<void>("socket writable"));
  }

  wakeReaders(): void {
    const signal = this.#readable;
    this.#readable = undefined;
    signal?.fire();
  }

  wakeWriters(): void {
    const signal = this.#writable;
    this.#writable = undefined;
    signal?.fire();
  }

  stopTimers(): void {
    for (const timer of [this.#retransmission, this.#delayed, this.#alive, this.#lingering]) timer?.stop();
  }

  /** Ends it: nothing is sent or heard any more. */
  end(error?: Errno): void {
    if (this.state === "CLOSED") return;
    this.state = "CLOSED";
    this.error ??= error;
    this.stopTimers();
    this.unsent.clear();
    this.sent.length = 0;
    this.host.ended(this);
    this.wakeReaders();
    this.wakeWriters();
  }

  /** Takes an error out, as a call that reports it does. */
  takeError(): Errno | undefined {
    const { error } = this;
    this.error = undefined;
    return error;
  }

  /** Of a segment that came: that counters add up. */
  check(): void {
    invariant(this.inFlight >= 0 && this.lostOut >= 0 && this.sackedOut >= 0, "TCP counts segments below zero");
  }
}
