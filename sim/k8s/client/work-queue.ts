import { Signal, type Cancel, type Engine, type Nanos } from "../../core/index.js";
import { ControllerLimiter, type RateLimiter } from "./rate-limiter.js";

/**
 * Keys to be worked on (client-go, `util/workqueue`). A key is in it once, however often it is added; one that is being worked on
 * isn't handed out again before `done`, and is then if it was added meanwhile. So no two workers ever hold the same key, and no
 * change goes unseen.
 *
 * To skip a key "because it is being processed anyway" would be wrong: its worker may have read the cache before the change.
 */
export class WorkQueue {
  readonly #engine: Engine;
  readonly #limiter: RateLimiter;
  readonly #ready: string[] = [];
  #head = 0;
  /** What needs work: it waits in `ready`, or will when its worker is done. */
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #takers: Signal<string>[] = [];
  /** Keys that are to come later, and when. */
  readonly #delayed = new Map<string, { readonly at: Nanos; readonly cancel: Cancel }>();
  #adds = 0;
  #retries = 0;

  constructor(engine: Engine, limiter: RateLimiter = new ControllerLimiter(engine)) {
    this.#engine = engine;
    this.#limiter = limiter;
  }

  /** How many wait to be worked on now. */
  get depth(): number {
    return this.#ready.length - this.#head;
  }

  /** How many keys have come in, each counted once while it waits; and how many of these after a failure. */
  get counts(): { readonly adds: number; readonly retries: number } {
    return { adds: this.#adds, retries: this.#retries };
  }

  add(key: string): void {
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#adds++;
    if (!this.#processing.has(key)) this.#offer(key);
  }

  /**
   * Adds a key when `delay` has passed; where it is to come earlier anyway, that stays.
   * @param background whether a run may end before: for what merely looks again
   */
  addAfter(key: string, delay: Nanos, background = false): void {
    if (delay <= 0) {
      this.add(key);
      return;
    }
    const at = (this.#engine.now + delay) as Nanos;
    const planned = this.#delayed.get(key);
    if (planned !== undefined) {
      if (planned.at <= at) return;
      planned.cancel();
    }
    const due = (): void => {
      this.#delayed.delete(key);
      this.add(key);
    };
    this.#delayed.set(key, { at, cancel: this.#engine.at(at, due, { name: `delayed ${key}`, background }) });
  }

  /** Adds a key that failed, after as long as its failures so far ask for. */
  addRateLimited(key: string): void {
    this.#retries++;
    this.addAfter(key, this.#limiter.when(key));
  }

  /** The key has succeeded, or is given up: its failures count no more. */
  forget(key: string): void {
    this.#limiter.forget(key);
  }

  failures(key: string): number {
    return this.#limiter.failures(key);
  }

  /** Fires with the next key; its taker calls `done` behind its work. */
  get(): Signal<string> {
    const taker = new Signal<string>("work");
    const key = this.#shift();
    if (key === undefined) this.#takers.push(taker);
    else {
      this.#start(key);
      taker.fire(key);
    }
    return taker;
  }

  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key)) this.#offer(key);
  }

  /** Forgets everything: nobody takes from it any more. */
  shutDown(): void {
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#dirty.clear();
    this.#takers.length = 0;
    this.#ready.length = 0;
    this.#head = 0;
  }

  #offer(key: string): void {
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#ready.push(key);
      return;
    }
    this.#start(key);
    taker.fire(key);
  }

  #start(key: string): void {
    this.#dirty.delete(key);
    this.#processing.add(key);
  }

  #shift(): string | undefined {
    const key = this.#ready[this.#head];
    if (key === undefined) return undefined;
    this.#head++;
    if (this.#head > 1000 && this.#head * 2 > this.#ready.length) {
      this.#ready.splice(0, this.#head);
      this.#head = 0;
    }
    return key;
  }
}
