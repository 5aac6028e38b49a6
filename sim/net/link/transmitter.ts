import { ns, UsageError, withDefaults, type Nanos, type World } from "../../core/index.js";
import { frameLength, type Frame } from "../packet/packet.js";

export interface LinkOptions {
  /** What the trace and messages call it. */
  readonly name: string;
  /** Bits per second; Infinity for a link whose capacity is not what is looked at. */
  readonly rate: number;
  /** How long a bit is on its way. */
  readonly delay: Nanos;
  /** Frames that wait to be sent at most, beside the one that is being sent; what comes then is lost (drop tail). */
  readonly queue: number;
  /** The probability with which a frame is lost on the way. */
  readonly loss: number;
  /** The greatest delay more that a frame may have, uniformly and each for itself: so frames may overtake one another. */
  readonly jitter: Nanos;
}

/**
 * 1 Gbit/s over 100 m of twisted pair (TIA-568: 538 ns at most), with the 1000 frames of queue that Linux gives an Ethernet card
 * (`DEFAULT_TX_QUEUE_LEN`, include/net/pkt_sched.h).
 */
const gigabit: LinkOptions = { name: "link", rate: 1e9, delay: ns(538), queue: 1000, loss: 0, jitter: ns(0) };

/** @throws UsageError for an option that makes no sense */
export function linkOptions(noun: string, given?: Partial<LinkOptions>): LinkOptions {
  const options = withDefaults<LinkOptions>(noun, given, gigabit);
  const { rate, delay, queue, loss, jitter } = options;
  const check = (valid: boolean, what: string, hint: string): void => {
    if (!valid) throw new UsageError(`a ${noun} cannot have ${what}`, hint);
  };
  check(rate >= 1, `a rate of ${rate}`, "Give bits per second: { rate: 100e6 }.");
  check(Number.isInteger(delay) && delay >= 0, `a delay of ${delay}`, "Give a duration: { delay: ms(10) }.");
  check(Number.isInteger(jitter) && jitter >= 0, `a jitter of ${jitter}`, "Give a duration: { jitter: ms(1) }.");
  check(queue >= 0, `a queue of ${queue}`, "Give the number of frames that may wait: { queue: 100 }.");
  check(loss >= 0 && loss <= 1, `a loss of ${loss}`, "Give a probability from 0 to 1: { loss: 0.01 }.");
  return options;
}

/** What was sent into a link and what became of it; `busy` in nanoseconds. */
export interface TransmitterStatistics {
  readonly frames: number;
  readonly bytes: number;
  /** Lost because the queue was full. */
  readonly overflowed: number;
  /** Lost on the way. */
  readonly lost: number;
  readonly busy: number;
}

/** Of a frame without its check sequence at least 60 bytes; the sequence, the preamble, the gap (IEEE 802.3, 3.2 and 4.4.2). */
const shortest = 60;
const overhead = 4 + 8 + 12;

/**
 * What sends one frame after the other: each waits in a queue for its turn, takes the time of its bits (with preamble, check
 * sequence and gap) and arrives whole after the delay. One event for each frame that arrives.
 */
export class Transmitter {
  readonly options: LinkOptions;
  readonly #world: World;
  readonly #deliver: (frame: Frame, from: number) => void;
  /** When the frame sent last is through. */
  #free = 0;
  /** When each frame that waits, or is being sent, began or will begin: the queue, oldest from `#head` on. */
  #begins: number[] = [];
  #head = 0;
  #frames = 0;
  #bytes = 0;
  #overflowed = 0;
  #lost = 0;
  #busy = 0;

  constructor(world: World, options: LinkOptions, deliver: (frame: Frame, from: number) => void) {
    this.options = options;
    this.#world = world;
    this.#deliver = deliver;
  }

  /** Frames that wait for their turn now. */
  get waiting(): number {
    return this.#waitingAt(this.#world.engine.now);
  }

  get statistics(): TransmitterStatistics {
    const [frames, bytes, overflowed, lost, busy] = [
      this.#frames,
      this.#bytes,
      this.#overflowed,
      this.#lost,
      this.#busy,
    ];
    return { frames, bytes, overflowed, lost, busy };
  }

  /** @param from handed on to `deliver`, with the frame */
  send(frame: Frame, from: number, ahead = 0): void {
    const { engine, rng, trace } = this.#world;
    const { name, rate, delay, queue, loss, jitter } = this.options;
    const time = engine.now + ahead;
    const begin = Math.max(time, this.#free);
    if (begin > time && this.#waitingAt(time) >= queue) {
      this.#overflowed++;
      trace.emit("net.overflow", name);
      return;
    }
    const length = frameLength(frame);
    const bits = 8 * (Math.max(shortest, length) + overhead);
    const duration = rate === Infinity ? 0 : Math.ceil((bits * 1e9) / rate);
    this.#free = begin + duration;
    this.#busy += duration;
    this.#frames++;
    this.#bytes += length;
    if (begin > time) this.#begins.push(begin);
    if (loss > 0 && rng.stream("net.loss").uniform() < loss) {
      this.#lost++;
      trace.emit("net.loss", name);
      return;
    }
    const late = jitter === 0 ? 0 : rng.stream("net.jitter").integer(jitter + 1);
    engine.at((this.#free + delay + late) as Nanos, () => {
      this.#deliver(frame, from);
    });
  }

  #waitingAt(time: number): number {
    const begins = this.#begins;
    while (this.#head < begins.length && (begins[this.#head] ?? 0) <= time) this.#head++;
    if (this.#head > 64 && this.#head * 2 > begins.length) {
      this.#begins = begins.slice(this.#head);
      this.#head = 0;
    }
    return this.#begins.length - this.#head;
  }
}
