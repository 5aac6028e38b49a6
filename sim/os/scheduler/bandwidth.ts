import type { Engine, Nanos } from "../../core/index.js";

/** cpu.max: so much time on CPUs in each period; sched-bwc.rst. Times in nanoseconds. */
export class Bandwidth {
  readonly quota: number;
  readonly period: number;
  readonly #engine: Engine;
  readonly #refilled: () => void;
  #left: number;
  /** When the present period began. */
  #begin: number;
  #throttledSince: number | undefined;
  periods = 0;
  throttledPeriods = 0;
  #throttledTime = 0;
  #retired = false;

  /** @param refilled called when a throttled group may run again */
  constructor(engine: Engine, quota: number, period: number, refilled: () => void) {
    this.quota = quota;
    this.period = period;
    this.#engine = engine;
    this.#refilled = refilled;
    this.#left = quota;
    this.#begin = engine.now;
  }

  get throttled(): boolean {
    return this.#throttledSince !== undefined;
  }

  get throttledTime(): number {
    const since = this.#throttledSince;
    return this.#throttledTime + (since === undefined ? 0 : this.#engine.now - since);
  }

  /** Takes up to `wanted` out of the period's quota. 0 throttles the group until the next period. */
  take(wanted: number): number {
    this.#refill();
    const taken = Math.min(wanted, this.#left);
    this.#left -= taken;
    if (taken === 0 && this.#throttledSince === undefined) {
      this.#throttledSince = this.#engine.now;
      this.throttledPeriods++;
      this.#engine.at(
        (this.#begin + this.period) as Nanos,
        () => {
          if (this.#retired) return;
          this.#refill();
          this.#refilled();
        },
        { name: "cpu.max" },
      );
    }
    return taken;
  }

  /** Gives back what was taken and not used. */
  giveBack(unused: number): void {
    this.#left = Math.min(this.quota, this.#left + unused);
  }

  /** Another limit takes its place. */
  retire(): void {
    this.#retired = true;
  }

  #refill(): void {
    const passed = Math.floor((this.#engine.now - this.#begin) / this.period);
    if (passed <= 0) return;
    this.#begin += passed * this.period;
    this.#left = this.quota;
    // Periods in which nobody ran are not counted: the timer stops when a group is idle.
    this.periods++;
    if (this.#throttledSince !== undefined) {
      this.#throttledTime += this.#engine.now - this.#throttledSince;
      this.#throttledSince = undefined;
    }
  }
}
