import { any, byPriority, Resource, Signal, type Activity, type Engine, type Nanos } from "../../core/index.js";

export interface ChannelOptions {
  /** Bits per second. */
  readonly rate: number;
  /** How long a bit is on its way. */
  readonly latency: Nanos;
  /** When the link is cut, in nanoseconds from the beginning; Infinity for never. */
  readonly cut: number;
  /** How long an end hears nothing before it takes the link for cut. */
  readonly timeout: Nanos;
}

/** Thrown into whoever sends, when the other end has been silent for too long. */
export class LinkLost extends Error {
  override readonly name = "LinkLost";
}

/**
 * A TCP segment with timestamps carries 1448 bytes in an Ethernet frame; headers, preamble, check sequence and gap take 90 more
 * (RFC 793, RFC 7323, IEEE 802.3).
 */
const segment = { payload: 1448, overhead: 90 } as const;

/** What so many bytes of a stream are on the wire. */
const onWire = (bytes: number): number => bytes + segment.overhead * Math.ceil(bytes / segment.payload);

/**
 * One direction of a full-duplex link between two hosts, as a stream of messages: each has the link for the time of its bits and
 * arrives whole a latency later; what is urgent goes before what waits. TCP's slow start and losses are left out: the link carries
 * nothing else.
 */
export class Channel {
  readonly #engine: Engine;
  readonly #options: ChannelOptions;
  readonly #line: Resource;
  readonly #cutAt: number;
  #bytes = 0;
  /** Fires when either end would notice that the link is cut. */
  readonly #lost = new Signal<void>("the link is lost");

  constructor(engine: Engine, options: ChannelOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#line = new Resource(engine, { name: "link", policy: byPriority((claim) => claim.priority) });
    this.#cutAt = engine.now + options.cut;
    if (options.cut === Infinity) return;
    const noticed = (this.#cutAt + options.timeout) as Nanos;
    engine.at(noticed, () => this.#lost.fire(), { background: true, name: "link lost" });
  }

  /** Bytes on the wire so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Waits for the link, then for the last bit to be sent.
   * @param arrived is called when that has arrived
   * @param urgency a smaller number goes first
   * @param pace bits per second, where the sender keeps below the link's rate
   * @throws LinkLost where the link is cut meanwhile
   */
  *send(
    bytes: number,
    arrived: () => void,
    { urgency = 0, pace = Infinity }: { readonly urgency?: number; readonly pace?: number } = {},
  ): Activity<void> {
    const { latency, rate } = this.#options;
    const wire = onWire(bytes);
    const claim = this.#line.acquire(urgency);
    yield* claim;
    try {
      yield* this.#engine.delay(Math.ceil((8e9 * wire) / Math.min(rate, pace)) as Nanos);
    } finally {
      claim.release();
    }
    yield* this.#check(this.#engine.now);
    this.#bytes += wire;
    const at = this.#engine.now + latency;
    if (at < this.#cutAt) this.#engine.at(at as Nanos, arrived, { name: "message" });
  }

  /** As `send`, and waits for it to arrive. @throws LinkLost where the link is cut meanwhile */
  *transfer(bytes: number, urgency = 0): Activity<void> {
    yield* this.send(bytes, () => undefined, { urgency });
    const arrival = this.#engine.now + this.#options.latency;
    yield* this.#check(arrival);
    yield* this.#engine.delay(this.#options.latency);
  }

  /** Waits for what comes over the link. @throws LinkLost where the link is cut meanwhile */
  *await(arrival: Signal<void>): Activity<void> {
    yield* any({ arrival, lost: this.#lost });
    if (!arrival.settled) throw new LinkLost("the other host has been silent for too long");
  }

  /** Whether what happens at a time still gets across: if not, the silence is waited out. */
  *#check(time: number): Activity<void> {
    if (time >= this.#cutAt) yield* this.await(new Signal<void>("nothing comes"));
  }
}
