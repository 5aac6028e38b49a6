import { s, type Nanos } from "../../core/index.js";

/**
 * A bucket that fills by `rate` tokens a second up to `burst`, and may be owed tokens: who reserves one is told how long to wait
 * for it (golang.org/x/time/rate, `Reserve`).
 */
export class TokenBucket {
  readonly #clock: { readonly now: Nanos };
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(clock: { readonly now: Nanos }, rate: number, burst: number) {
    this.#clock = clock;
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = clock.now;
  }

  /** Takes a token now, or not at all. */
  tryTake(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Takes a token, which may be one that is still to come. @returns how long until it is there */
  reserve(): Nanos {
    this.#fill();
    this.#tokens--;
    return this.#tokens >= 0 ? (0 as Nanos) : s(-this.#tokens / this.#rate);
  }

  #fill(): void {
    const { now } = this.#clock;
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1e9) * this.#rate);
    this.#at = now;
  }
}
