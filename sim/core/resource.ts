import type { Engine } from "./engine.js";
import { UsageError } from "./errors.js";
import { withDefaults } from "./options.js";
import type { Activity } from "./process.js";
import { fifo, type SchedulingPolicy } from "./scheduling.js";
import { Signal } from "./signal.js";
import { Moments, TimeAverage } from "./statistics.js";
import type { Nanos } from "./units.js";
import type { Row } from "./view.js";

export interface ResourceOptions {
  readonly name: string;
  /** How many units there are; each serves one at a time. */
  readonly capacity: number;
  /** Who is next: `fifo()` where absent; `byPriority((claim) => claim.priority)` goes by priority. */
  readonly policy: SchedulingPolicy<Claim>;
}

/** What a resource has seen since it was made; times in nanoseconds. */
export interface ResourceStatistics extends Row {
  readonly resource: string;
  readonly capacity: number;
  /** Claims granted. */
  readonly served: number;
  readonly waiting: number;
  /** Busy units over all units, averaged over time. */
  readonly utilisation: number;
  /** How many waited, averaged over time. */
  readonly meanQueue: number;
  readonly greatestQueue: number;
  /** From asking to getting, over all that got their unit. */
  readonly meanWait: number;
  readonly greatestWait: number;
}

/** What a claim says to its resource. */
interface Desk {
  returned(): void;
  withdrawn(claim: Claim): void;
}

/**
 * A place in the line for a resource, and then a unit of it: it fires with itself when the unit is granted.
 * Whoever gives up waiting leaves the line.
 */
export class Claim extends Signal<Claim> {
  readonly priority: number;
  /** When it was made. */
  readonly since: Nanos;
  private readonly desk: Desk;
  private returned: boolean;

  constructor(desk: Desk, name: string, since: Nanos, priority: number) {
    super(name);
    this.desk = desk;
    this.since = since;
    this.priority = priority;
    this.returned = false;
  }

  /**
   * Gives the unit back, to whoever is next.
   * @throws UsageError where it is not held
   */
  release(): void {
    if (!this.settled || this.failed || this.returned) {
      throw new UsageError(
        `a unit of "${this.name}" is released that is not held`,
        "Release once, what `yield* resource.acquire()` gave: best in a finally block.",
      );
    }
    this.returned = true;
    this.desk.returned();
  }

  protected override abandoned(): void {
    if (!this.settled) {
      this.desk.withdrawn(this);
      this.fail(new UsageError(`the claim on "${this.name}" was given up`, "Make a new one with acquire()."));
    } else if (!this.failed && !this.returned) {
      this.release();
    }
  }
}

/**
 * A number of equal units and one line of those who wait for one:
 * `const unit = yield* disk.acquire(); try { … } finally { unit.release(); }`, or `yield* disk.use(ms(5))`.
 */
export class Resource {
  readonly name: string;
  readonly capacity: number;
  readonly #engine: Engine;
  readonly #line: SchedulingPolicy<Claim>;
  readonly #busy: TimeAverage;
  readonly #length: TimeAverage;
  readonly #waits = new Moments();
  readonly #desk: Desk;

  /** @throws UsageError for options that make no sense */
  constructor(engine: Engine, options?: Partial<ResourceOptions>) {
    const defaults = { name: "resource", capacity: 1, policy: fifo<Claim>() };
    const { name, capacity, policy } = withDefaults<ResourceOptions>("resource", options, defaults);
    if (!(Number.isSafeInteger(capacity) && capacity >= 1)) {
      throw new UsageError(`the resource "${name}" cannot have ${capacity} units`, "Give a whole number from 1 on.");
    }
    this.name = name;
    this.capacity = capacity;
    this.#engine = engine;
    this.#line = policy;
    this.#busy = new TimeAverage(engine);
    this.#length = new TimeAverage(engine);
    this.#desk = {
      returned: () => {
        this.#busy.add(-1);
        const next = policy.pick();
        if (next === undefined) return;
        this.#length.add(-1);
        this.#grant(next);
      },
      withdrawn: (claim) => {
        if (policy.dequeue(claim)) this.#length.add(-1);
      },
    };
  }

  /** Asks for a unit: the claim fires when it is granted, which may be now. A smaller priority is more urgent. */
  acquire(priority = 0): Claim {
    const claim = new Claim(this.#desk, this.name, this.#engine.now, priority);
    if (this.#busy.value < this.capacity) {
      this.#grant(claim);
    } else {
      this.#line.enqueue(claim);
      this.#length.add(1);
    }
    return claim;
  }

  /** Waits for a unit, holds it for `duration`, and gives it back. */
  *use(duration: Nanos, priority = 0): Activity<void> {
    const claim = this.acquire(priority);
    yield claim;
    try {
      yield this.#engine.delay(duration);
    } finally {
      claim.release();
    }
  }

  statistics(): ResourceStatistics {
    return {
      resource: this.name,
      capacity: this.capacity,
      served: this.#waits.count,
      waiting: this.#line.size,
      utilisation: this.#busy.mean / this.capacity,
      meanQueue: this.#length.mean,
      greatestQueue: this.#length.greatest,
      meanWait: this.#waits.mean,
      greatestWait: Math.max(0, this.#waits.greatest),
    };
  }

  #grant(claim: Claim): void {
    this.#busy.add(1);
    this.#waits.add(this.#engine.now - claim.since);
    claim.fire(claim);
  }
}
