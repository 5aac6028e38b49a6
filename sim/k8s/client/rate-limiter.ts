import { ms, s, type Nanos } from "../../core/index.js";
import { TokenBucket } from "./token-bucket.js";

/** How long a key that failed waits. */
export interface RateLimiter {
  /** Counts a failure of the key. */
  when(key: string): Nanos;
  forget(key: string): void;
  failures(key: string): number;
}

/** Twice as long each time (client-go, `ItemExponentialFailureRateLimiter`). */
export class ExponentialLimiter implements RateLimiter {
  readonly #failures = new Map<string, number>();
  readonly #base: Nanos;
  readonly #most: Nanos;

  constructor(base: Nanos = ms(5), most: Nanos = s(1000)) {
    this.#base = base;
    this.#most = most;
  }

  when(key: string): Nanos {
    const failures = this.failures(key);
    this.#failures.set(key, failures + 1);
    return Math.min(this.#most, this.#base * 2 ** failures) as Nanos;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }
}

/**
 * What controllers use unless they say otherwise (client-go, `DefaultTypedControllerRateLimiter`): each key from 5 ms to 1000 s, all
 * keys together 10 a second behind a burst of 100; the longer of the two.
 */
export class ControllerLimiter extends ExponentialLimiter {
  readonly #all: TokenBucket;

  constructor(clock: { readonly now: Nanos }) {
    super();
    this.#all = new TokenBucket(clock, 10, 100);
  }

  override when(key: string): Nanos {
    return Math.max(super.when(key), this.#all.reserve()) as Nanos;
  }
}
