import { s, type Cancel, type Engine, type Nanos } from "../../core/index.js";
import type { Lease } from "./types.js";

/** etcd's shortest lease: one and a half election timeouts, in whole seconds. */
export const shortestLease = 2;

/**
 * Who watches over leases. A store knows no time: it is the lessor, of the one server that leads, that sees leases end, and
 * has them revoked. A new leader gives all leases their whole time again, or what the last checkpoint left of it.
 */
export class Lessor {
  readonly #engine: Engine;
  readonly #ended: (id: number) => void;
  readonly #timers = new Map<number, { readonly due: number; readonly cancel: Cancel }>();

  /** @param ended called when a lease's time is over; the lease is to be revoked then, or renewed */
  constructor(engine: Engine, ended: (id: number) => void) {
    this.#engine = engine;
    this.#ended = ended;
  }

  /** Begins to watch over a lease, from now on. */
  begin(lease: Lease): void {
    this.#set(lease.id, lease.remaining > 0 ? lease.remaining : lease.ttl);
  }

  /** A sign of life: the whole time again. */
  renew(lease: Lease): void {
    this.#set(lease.id, lease.ttl);
  }

  #set(id: number, seconds: number): void {
    this.end(id);
    // Beyond what a clock here can hold, a lease doesn't end.
    if (seconds > 9_000_000) return;
    const due = this.#engine.now + s(seconds);
    const end = (): void => {
      this.#timers.delete(id);
      this.#ended(id);
    };
    const cancel = this.#engine.at(due as Nanos, end, { name: "lease", background: true });
    this.#timers.set(id, { due, cancel });
  }

  end(id: number): void {
    this.#timers.get(id)?.cancel();
    this.#timers.delete(id);
  }

  /** Ends its watch: another server leads. */
  stop(): void {
    for (const id of [...this.#timers.keys()]) this.end(id);
  }

  /** Seconds that are left, rounded down, as etcd tells them; undefined where it doesn't watch over that lease. */
  remaining(id: number): number | undefined {
    const timer = this.#timers.get(id);
    return timer === undefined ? undefined : Math.floor((timer.due - this.#engine.now) / 1e9);
  }
}
