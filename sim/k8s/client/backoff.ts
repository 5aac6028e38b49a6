import { ms, type Nanos, type Rng } from "../../core/index.js";

/** Waits that grow by a factor up to a most, with jitter (apimachinery, `pkg/util/wait`, Backoff). */
export class Backoff {
  readonly #rng: Rng;
  readonly #first: number;
  readonly #most: number;
  #next: number;

  constructor(rng: Rng, first: Nanos = ms(800), most: Nanos = ms(30_000)) {
    this.#rng = rng;
    this.#first = first;
    this.#most = most;
    this.#next = first;
  }

  /** How long to wait this time: up to twice what stands at. */
  step(): Nanos {
    const wait = Math.round(this.#next * (1 + this.#rng.uniform())) as Nanos;
    this.#next = Math.min(this.#most, this.#next * 2);
    return wait;
  }

  reset(): void {
    this.#next = this.#first;
  }
}
