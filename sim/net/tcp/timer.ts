import type { Cancel, Engine, Nanos } from "../../core/index.js";

/** A timer that is moved on far more often than it runs out: moving it costs no event. */
export class Timer {
  readonly #engine: Engine;
  readonly #name: string;
  readonly #background: boolean;
  readonly #expired: () => void;
  #deadline = Infinity;
  #due = Infinity;
  #cancel: Cancel | undefined;

  constructor(engine: Engine, name: string, background: boolean, expired: () => void) {
    this.#engine = engine;
    this.#name = name;
    this.#background = background;
    this.#expired = expired;
  }

  get armed(): boolean {
    return this.#deadline !== Infinity;
  }

  /** Runs out when `delay` has passed from now, and not when it was to before. */
  set(delay: Nanos): void {
    this.#deadline = this.#engine.now + delay;
    if (this.#due <= this.#deadline) return;
    this.#cancel?.();
    this.#schedule();
  }

  stop(): void {
    this.#deadline = this.#due = Infinity;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    this.#due = this.#deadline;
    const run = (): void => {
      this.#due = Infinity;
      this.#cancel = undefined;
      if (this.#engine.now < this.#deadline) {
        this.#schedule();
        return;
      }
      this.#deadline = Infinity;
      this.#expired();
    };
    this.#cancel = this.#engine.at(this.#due as Nanos, run, { name: this.#name, background: this.#background });
  }
}
