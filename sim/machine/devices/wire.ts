import {
  createWorld,
  decodeBase64,
  encodeBase64,
  ns,
  UsageError,
  withDefaults,
  type Cancel,
  type Nanos,
  type Persist,
  type World,
} from "../../core/index.js";
import type { Link, Send } from "./link.js";

export interface WireOptions {
  /** Whose clock it is on; a world of its own where null, which is of use to nobody else. */
  readonly world: World | null;
  /** How long a bit is on its way. The default is that of 100 m of twisted pair at most (TIA-568: 538 ns). */
  readonly latency: Nanos;
  /** Bits per second that an end can send. */
  readonly rate: number;
}

const defaults: WireOptions = { world: null, latency: ns(538), rate: 1e9 };

/** A frame on its way: to which end, and in how many nanoseconds it has arrived. */
interface Flight {
  readonly to: number;
  readonly left: number;
  readonly frame: string;
}

export interface WireState {
  /** For how many nanoseconds each end is still sending. */
  readonly busy: readonly number[];
  readonly flights: readonly Flight[];
}

/** Frames under way, each with the time at which its last bit arrives. */
interface Pending {
  readonly to: number;
  readonly due: number;
  readonly frame: Uint8Array;
  cancel: Cancel;
}

/** Of a frame: without its check sequence at least 60 bytes; and the sequence (IEEE 802.3, 3.2). */
const shortest = 60;
const checkSequence = 4;
/** Preamble with delimiter, and the gap between frames, in bytes (IEEE 802.3, 3.1.1 and 4.4.2). */
const preamble = 8;
const gap = 12;

/**
 * A cable between two cards: full duplex, each end sends one frame after the other at the wire's rate, and each arrives whole when
 * its last bit does. Nothing is lost on it, and frames wait for their turn without a limit, a simplification.
 */
export class Wire implements Link, Persist<WireState> {
  readonly #world: World;
  readonly #latency: number;
  readonly #rate: number;
  readonly #receivers: ((frame: Uint8Array) => void)[] = [];
  /** When each end may begin its next frame. */
  readonly #free = [0, 0];
  #pending = new Set<Pending>();

  constructor({ world, latency, rate }: WireOptions) {
    if (!(Number.isInteger(latency) && latency >= 0)) {
      throw new UsageError(`${latency} is no latency of a wire`, "Give a duration: wire({ latency: us(10) }).");
    }
    if (!(rate >= 1)) {
      throw new UsageError(`${rate} is no rate of a wire`, "Give bits per second: wire({ rate: 1e9 }).");
    }
    this.#world = world ?? createWorld();
    this.#latency = latency;
    this.#rate = rate;
  }

  /** @throws UsageError for a third card */
  plug(receive: (frame: Uint8Array) => void): Send {
    const from = this.#receivers.length;
    if (from === 2) throw new UsageError("a wire has two ends, and both are taken", "Use a hub() for more.");
    this.#receivers.push(receive);
    return (frame, ahead = 0) => {
      const { now } = this.#world.engine;
      const begin = Math.max(now + ahead, this.#free[from] ?? 0);
      const time = (bytes: number): number => Math.ceil((8e9 * bytes) / this.#rate);
      const bytes = preamble + Math.max(shortest, frame.length) + checkSequence;
      this.#free[from] = begin + time(bytes + gap);
      this.#fly(1 - from, begin + time(bytes) + this.#latency, frame);
    };
  }

  save(): WireState {
    const { now } = this.#world.engine;
    return {
      busy: this.#free.map((free) => Math.max(0, free - now)),
      flights: [...this.#pending].map(({ to, due, frame }) => ({ to, left: due - now, frame: encodeBase64(frame) })),
    };
  }

  /** What was under way before is lost. */
  restore({ busy, flights }: WireState): void {
    const { now } = this.#world.engine;
    for (const { cancel } of this.#pending) cancel();
    this.#pending = new Set();
    busy.forEach((left, end) => (this.#free[end] = now + left));
    for (const { to, left, frame } of flights) this.#fly(to, now + left, decodeBase64(frame));
  }

  #fly(to: number, due: number, frame: Uint8Array): void {
    const arrive = (): void => {
      this.#pending.delete(pending);
      this.#receivers[to]?.(frame);
    };
    const cancel = this.#world.engine.at(due as Nanos, arrive, { name: "frame" });
    const pending: Pending = { to, due, frame, cancel };
    this.#pending.add(pending);
  }
}

/**
 * Makes a wire: two machines of one world that are given it as their `network` hear each other.
 * @throws UsageError for an unknown option, or a latency or rate that is none
 */
export function wire(options?: Partial<WireOptions>): Wire {
  return new Wire(withDefaults("wire", options, defaults));
}
