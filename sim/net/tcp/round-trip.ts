import { ms, s, type Nanos } from "../../core/index.js";

/** RFC 6298, 2.1; and Linux's limits (TCP_RTO_MIN, TCP_RTO_MAX). */
const initial = s(1);
const least = ms(200);
const most = s(120);

/** The time-out of retransmissions, from measured round trips (RFC 6298). Times in nanoseconds. */
export class RoundTrip {
  #smoothed: number | undefined;
  #variation = 0;
  /** The shortest that was seen. */
  shortest: number = Infinity;

  /** The smoothed round trip; undefined before the first one. */
  get smoothed(): number | undefined {
    return this.#smoothed;
  }

  get variation(): number {
    return this.#variation;
  }

  /** A segment that was sent once was acknowledged (Karn's algorithm leaves out the others). */
  measured(time: number): void {
    this.shortest = Math.min(this.shortest, time);
    if (this.#smoothed === undefined) {
      this.#smoothed = time;
      this.#variation = time / 2;
      return;
    }
    this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - time);
    this.#smoothed = 0.875 * this.#smoothed + 0.125 * time;
  }

  /** After how long a segment is sent again, when that has happened `backoff` times already. */
  timeout(backoff: number): Nanos {
    // As in Linux, the least time-out is added to the round trip and not a floor under both.
    const base = this.#smoothed === undefined ? initial : this.#smoothed + Math.max(least, 4 * this.#variation);
    return Math.min(most, Math.round(base * 2 ** Math.min(backoff, 20))) as Nanos;
  }
}
