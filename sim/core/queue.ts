import { Deque } from "./deque.js";
import type { Engine } from "./engine.js";
import { UsageError } from "./errors.js";
import { withDefaults } from "./options.js";
import { Signal } from "./signal.js";
import { Moments, TimeAverage } from "./statistics.js";
import type { Row } from "./view.js";

export interface QueueOptions {
  readonly name: string;
  /** How many items it holds; who puts more waits. Infinity where absent. */
  readonly capacity: number;
}

/** What a queue has seen since it was made; times in nanoseconds. */
export interface QueueStatistics extends Row {
  readonly queue: string;
  /** Items handed to a taker. */
  readonly taken: number;
  readonly length: number;
  /** Items inside, averaged over time. */
  readonly meanLength: number;
  readonly greatestLength: number;
  /** How long an item was inside, over those taken. */
  readonly meanStay: number;
  readonly greatestStay: number;
}

/** One who waits at a queue. `giveUp` is called when the wait is given up, also where it has just ended. */
class Place<T> extends Signal<T> {
  readonly #giveUp: () => void;

  constructor(name: string, giveUp: () => void) {
    super(name);
    this.#giveUp = giveUp;
  }

  protected override abandoned(): void {
    this.#giveUp();
    this.fail(new UsageError(`the wait at "${this.name}" was given up`, "Call get() or put() anew."));
  }
}

interface Entry<T> {
  readonly item: T;
  /** When it came in. */
  readonly since: number;
}

/**
 * Items that some put in and others take out, in their order: `yield queue.put(item)`, `const item = yield* queue.get()`.
 * Both sides wait in line. A taker that is interrupted before it could go on with its item leaves it to the next one.
 */
export class Queue<T> {
  readonly name: string;
  readonly capacity: number;
  readonly #engine: Engine;
  readonly #entries = new Deque<Entry<T>>();
  readonly #takers = new Deque<Place<T>>();
  readonly #putters = new Deque<{ readonly item: T; readonly place: Place<void> }>();
  readonly #accepted: Signal<void>;
  readonly #length: TimeAverage;
  readonly #stays = new Moments();

  /** @throws UsageError for options that make no sense */
  constructor(engine: Engine, options?: Partial<QueueOptions>) {
    const { name, capacity } = withDefaults<QueueOptions>("queue", options, { name: "queue", capacity: Infinity });
    if (!(capacity >= 1 && (capacity === Infinity || Number.isSafeInteger(capacity)))) {
      throw new UsageError(`the queue "${name}" cannot hold ${capacity} items`, "Give a whole number from 1 on.");
    }
    this.name = name;
    this.capacity = capacity;
    this.#engine = engine;
    this.#length = new TimeAverage(engine);
    this.#accepted = new Signal(name);
    this.#accepted.fire();
  }

  /** How many items are inside. */
  get length(): number {
    return this.#entries.size;
  }

  /** Fires when the item is inside, or taken: now, unless the queue is full. */
  put(item: T): Signal<void> {
    if (this.#entries.size >= this.capacity) {
      const place = new Place<void>(this.name, () => {
        this.#putters.removeWhere((putter) => putter.place === place);
      });
      this.#putters.push({ item, place });
      return place;
    }
    this.#enter({ item, since: this.#engine.now });
    return this.#accepted;
  }

  /** Fires with the oldest item, as soon as there is one. */
  get(): Signal<T> {
    const entry = this.#entries.shift();
    const taker = new Place<T>(this.name, () => {
      if (!taker.settled) this.#takers.removeWhere((waiting) => waiting === taker);
      else if (!taker.failed) this.#giveBack(taker.value);
    });
    if (entry === undefined) {
      this.#takers.push(taker);
    } else {
      this.#hand(taker, entry);
      const putter = this.#putters.shift();
      if (putter !== undefined) {
        this.#entries.push({ item: putter.item, since: this.#engine.now });
        putter.place.fire();
      }
      this.#length.add(this.#entries.size - this.#length.value);
    }
    return taker;
  }

  statistics(): QueueStatistics {
    return {
      queue: this.name,
      taken: this.#stays.count,
      length: this.#entries.size,
      meanLength: this.#length.mean,
      greatestLength: this.#length.greatest,
      meanStay: this.#stays.mean,
      greatestStay: Math.max(0, this.#stays.greatest),
    };
  }

  #enter(entry: Entry<T>): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      this.#hand(taker, entry);
    } else {
      this.#entries.push(entry);
      this.#length.add(this.#entries.size - this.#length.value);
    }
  }

  #hand(taker: Place<T>, entry: Entry<T>): void {
    this.#stays.add(this.#engine.now - entry.since);
    taker.fire(entry.item);
  }

  /** An item whose taker went away goes first again. */
  #giveBack(item: T): void {
    const entry = { item, since: this.#engine.now };
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      this.#hand(taker, entry);
    } else {
      this.#entries.unshift(entry);
      this.#length.add(this.#entries.size - this.#length.value);
    }
  }
}
