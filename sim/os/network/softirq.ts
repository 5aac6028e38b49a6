import type { Nanos } from "../../core/index.js";

/** Has a CPU work before all tasks, and tells when it is done. */
export type Raise = (cpu: number, work: Nanos, done: () => void) => void;

interface Pending {
  readonly cost: number;
  readonly action: () => void;
}

/** Packets that are taken from an interface's queue at a time: NAPI_POLL_WEIGHT. */
const weight = 64;

/** Packets that wait for a CPU at most; what comes then is lost: net.core.netdev_max_backlog. */
const backlog = 1000;

/**
 * A CPU's work for packets: they wait here until the CPU has had the time for them, then go their way, a batch at a time
 * (NAPI). Work that comes to light on the way (rules that were looked at, answers that were sent) is added to what is next.
 */
export class Softirq {
  readonly #cpu: number;
  readonly #raise: Raise;
  #queue: Pending[] = [];
  #busy = false;
  /** Work that was done ahead of its time. */
  #owed = 0;
  /** Packets that were lost since the queue was full. */
  dropped = 0;

  constructor(cpu: number, raise: Raise) {
    this.#cpu = cpu;
    this.#raise = raise;
  }

  submit(cost: number, action: () => void): void {
    if (this.#queue.length >= backlog) {
      this.dropped++;
      return;
    }
    this.#queue.push({ cost, action });
    if (!this.#busy) this.#begin();
  }

  /** Work that was done already, to be paid for. */
  owe(cost: number): void {
    this.#owed += cost;
  }

  #begin(): void {
    const batch = this.#queue.splice(0, weight);
    let work = this.#owed;
    for (const { cost } of batch) work += cost;
    this.#owed = 0;
    this.#busy = true;
    this.#raise(this.#cpu, Math.round(work) as Nanos, () => {
      for (const { action } of batch) action();
      this.#busy = false;
      if (this.#queue.length > 0) this.#begin();
    });
  }
}
