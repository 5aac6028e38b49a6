import { s, type Activity, type Nanos, type Process } from "../../core/index.js";
import { epoch } from "../objects/time.js";
import type { Client } from "./client.js";
import { microTimeText } from "./clock.js";
import { ApiFailure, isNotFound } from "./failure.js";
import type { Lease } from "./types.js";

export interface LeaderElectionOptions {
  /** The lease's name: `kube-scheduler`. */
  readonly name: string;
  /** Where the lease is. Default kube-system. */
  readonly namespace?: string;
  /** Who campaigns. */
  readonly identity: string;
  readonly started: () => void;
  /** Called once, when the lease could not be renewed in time, or at `stop`. */
  readonly stopped: () => void;
  /** How long others wait for a leader that says nothing (`--leader-elect-lease-duration`). Default 15 s. */
  readonly leaseDuration?: Nanos;
  /** After how long without success a leader gives up (`--leader-elect-renew-deadline`). Default 10 s. */
  readonly renewDeadline?: Nanos;
  /** Between tries (`--leader-elect-retry-period`). Default 2 s. */
  readonly retryPeriod?: Nanos;
  /** How fast its clock goes: 1 as the world's, 2 twice as fast. What it takes for a second is a second of this clock. */
  readonly clockRate?: number;
}

/**
 * One of several replicas leads: who holds a Lease and renews it (client-go, `tools/leaderelection`). A candidate waits until it has seen
 * no renewal for the lease's duration by its own clock. It compares no times written by others, so clocks may be apart; they must go
 * about equally fast. The promise is weak: a leader that was held up may still act when the next one leads.
 */
export class LeaderElection {
  readonly #client: Client;
  readonly #options: LeaderElectionOptions;
  readonly #rate: number;
  readonly #process: Process<void>;
  #seen: Lease | undefined;
  #seenAt = 0;
  #leads = false;

  constructor(client: Client, options: LeaderElectionOptions) {
    this.#client = client.background;
    this.#options = options;
    this.#rate = options.clockRate ?? 1;
    const { engine } = client.world;
    this.#process = engine.spawn(this.#campaign(), { name: `${options.identity} campaign`, background: true });
  }

  /** Whether this one believes that it leads. */
  get leads(): boolean {
    return this.#leads;
  }

  /** Ends without giving the lease back: others wait for it to run out, as when a process is killed. */
  stop(): void {
    this.#process.cancel();
    this.#lose();
  }

  *#campaign(): Activity<void> {
    const { retryPeriod = s(2), renewDeadline = s(10), started } = this.#options;
    const random = this.#client.world.rng.stream(`leader election ${this.#options.identity}`);
    for (;;) {
      while (!(yield* this.#try())) {
        // So that candidates don't try in step (`JitterFactor`, 1.2).
        yield* this.#sleep(retryPeriod * (1 + 1.2 * random.uniform()));
      }
      this.#leads = true;
      this.#client.world.trace.emit("leader.started", this.#options.identity, { lease: this.#options.name });
      started();
      let renewed = this.#now();
      while (this.#now() - renewed < renewDeadline) {
        yield* this.#sleep(retryPeriod);
        if (yield* this.#try()) renewed = this.#now();
      }
      this.#lose();
    }
  }

  #lose(): void {
    if (!this.#leads) return;
    this.#leads = false;
    this.#client.world.trace.emit("leader.stopped", this.#options.identity, { lease: this.#options.name });
    this.#options.stopped();
  }

  /** By its own clock, in nanoseconds. */
  #now(): number {
    return this.#client.world.engine.now * this.#rate;
  }

  *#sleep(nanos: number): Activity<void> {
    yield* this.#client.world.engine.delay(Math.round(nanos / this.#rate) as Nanos, { background: true });
  }

  /** Takes the lease, or renews it. @returns whether it is held now */
  *#try(): Activity<boolean> {
    const { name, namespace = "kube-system", identity, leaseDuration = s(15) } = this.#options;
    const client = this.#client;
    const now = microTimeText(epoch + this.#now() / 1e9);
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(leaseDuration / 1e9)),
      renewTime: now,
    };
    try {
      const lease = yield* client.get("leases", namespace, name);
      if (this.#seen?.metadata.resourceVersion !== lease.metadata.resourceVersion) {
        this.#seen = lease;
        this.#seenAt = this.#now();
      }
      const held = lease.spec ?? {};
      const mine = held.holderIdentity === identity;
      if (!mine && (held.holderIdentity ?? "") !== "" && this.#now() - this.#seenAt < leaseDuration) return false;
      const since = mine ? (held.acquireTime ?? now) : now;
      const transitions = (held.leaseTransitions ?? 0) + (mine ? 0 : 1);
      // An update carries the revision that was read: of two who take it at once, one is refused.
      const next = { ...lease, spec: { ...spec, acquireTime: since, leaseTransitions: transitions } };
      this.#seen = yield* client.update("leases", next);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (!isNotFound(error)) return false;
      try {
        this.#seen = yield* client.create("leases", namespace, {
          metadata: { name, namespace },
          spec: { ...spec, acquireTime: now, leaseTransitions: 0 },
        });
      } catch (again) {
        if (!(again instanceof ApiFailure)) throw again;
        return false;
      }
    }
    this.#seenAt = this.#now();
    return true;
  }
}
