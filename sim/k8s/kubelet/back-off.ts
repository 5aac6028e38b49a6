import { s, type Nanos } from "../../core/index.js";

/** Where a container or an image begins, and what it comes to at most (kubernetes, `pkg/kubelet/kubelet.go`: `backOffPeriod`, `MaxContainerBackOff`). */
const firstBackOff: Nanos = s(10);
const longestBackOff: Nanos = s(300);

/**
 * How long something that failed waits before it is tried again: twice as long each time, and from the beginning where it held for
 * twice the longest wait (client-go, `util/flowcontrol`, Backoff).
 */
export class BackOff {
  #wait = 0;
  #at = 0;

  get wait(): Nanos {
    return this.#wait as Nanos;
  }

  /** Whether what failed at `since` is still to wait. */
  holds(now: Nanos, since: Nanos): boolean {
    return this.#wait > 0 && !this.#expired(since) && now - since < this.#wait;
  }

  /** The same for what failed when it was tried last. */
  holdsSinceTry(now: Nanos): boolean {
    return this.#wait > 0 && now - this.#at < this.#wait;
  }

  /** It is tried once more. @param since when it failed */
  next(now: Nanos, since: Nanos): void {
    this.#wait = this.#wait === 0 || this.#expired(since) ? firstBackOff : Math.min(longestBackOff, 2 * this.#wait);
    this.#at = now;
  }

  #expired(since: Nanos): boolean {
    return since - this.#at > 2 * longestBackOff;
  }
}
