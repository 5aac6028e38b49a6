import { annotate, UsageError } from "./errors.js";
import type { EventQueue, Runnable } from "./event-queue.js";
import { Signal, type Waiter } from "./signal.js";
import { formatDuration } from "./units.js";

/**
 * What a process does, as a generator: it yields the signals it waits for and returns a T. `yield* signal` gives the
 * signal's value with its type; `yield* part()` runs another activity as a part of this one and gives what it returns.
 */
export type Activity<T> = Generator<Signal<unknown>, T, void>;

/** Thrown by `interrupt` into a process where it waits; also what a cancelled process failed with. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A running activity. As a signal it fires with what the activity returns, and fails with what it throws. */
export class Process<T> extends Signal<T> implements Runnable, Waiter {
  /** Whether it serves for ever, and so does not keep `run()` going by being alive. */
  readonly background: boolean;
  readonly #queue: EventQueue;
  readonly #live: Process<unknown>[];
  /** Its place among the living. */
  #place: number;
  readonly #body: Activity<T>;
  #state: "scheduled" | "running" | "waiting" | "ended" = "scheduled";
  /** What it waits for, kept until it has taken its turn after that. */
  #awaited: Signal<unknown> | undefined;
  /** To be thrown at its next turn, or thrown at its last one. */
  #interruption: Interrupted | undefined;
  #cancelled = false;
  // The event of its next turn.
  #slot = 0;
  #sequence = 0;

  /** Starts it in the present, after what is already due. */
  constructor(body: Activity<T>, queue: EventQueue, live: Process<unknown>[], name: string, background: boolean) {
    super(name);
    this.background = background;
    this.#queue = queue;
    this.#live = live;
    this.#body = body;
    this.#place = live.length;
    live.push(this);
    if (!background) queue.foreground++;
    this.#slot = queue.push(queue.now, this, false);
    this.#sequence = queue.sequence;
  }

  /** The signal that it waits for; undefined where it is about to go on, or has ended. */
  get waitsFor(): Signal<unknown> | undefined {
    return this.#state === "waiting" ? this.#awaited : undefined;
  }

  /** Takes its turn: goes on to the next wait. Called by the engine, in an event of its own. */
  run(): void {
    const interrupted = this.#state === "scheduled" ? this.#interruption : undefined;
    const awaited = this.#awaited;
    this.#awaited = undefined;
    this.#state = "running";
    let result: IteratorResult<Signal<unknown>, T>;
    try {
      if (interrupted !== undefined) result = this.#body.throw(interrupted);
      else if (awaited?.failed === true) result = this.#body.throw(awaited.error);
      else result = this.#body.next();
      result = this.#skipSettled(result);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#proceed(result);
  }

  /** Called by the signal that it waits for. */
  wake(turn: boolean): void {
    // Interrupted by another waiter of the same signal that was told before it.
    if (this.#state !== "waiting") return;
    if (turn) this.run();
    else this.#schedule();
  }

  /**
   * Throws `Interrupted` into the activity where it waits; what it waited for is given up. An activity that catches it
   * goes on, one that does not ends there. Nothing happens to a process that has ended.
   * @throws UsageError where the process interrupts itself
   */
  interrupt(reason = "interrupted"): void {
    if (!this.#letGo("interrupt")) return;
    this.#interruption = new Interrupted(reason);
    if (this.#state === "waiting") this.#schedule();
  }

  /**
   * Ends the activity where it waits, as by a `return`: its `finally` blocks run now, and nothing can catch it. The
   * process has then failed with `Interrupted`. A `finally` block that waits is waited for. Nothing happens to a process
   * that has ended.
   * @throws UsageError where the process cancels itself
   */
  cancel(reason = "cancelled"): void {
    if (!this.#letGo("cancel")) return;
    if (this.#state === "scheduled") this.#queue.cancel(this.#slot, this.#sequence);
    this.#interruption = new Interrupted(reason);
    this.#cancelled = true;
    this.#state = "running";
    let result: IteratorResult<Signal<unknown>, T>;
    try {
      result = this.#skipSettled(this.#body.return(undefined as T));
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#proceed(result);
  }

  /** @returns whether it has not ended yet */
  #letGo(verb: string): boolean {
    if (this.#state === "ended") return false;
    if (this.#state === "running") {
      throw new UsageError(`the process "${this.name}" tries to ${verb} itself`, "Let it return, or throw an error.");
    }
    const awaited = this.#awaited;
    this.#awaited = undefined;
    awaited?.unsubscribe(this);
    return true;
  }

  #schedule(): void {
    const queue = this.#queue;
    this.#state = "scheduled";
    this.#slot = queue.push(queue.now, this, false);
    this.#sequence = queue.sequence;
  }

  /** Goes on over signals that need no waiting. */
  #skipSettled(result: IteratorResult<Signal<unknown>, T>): IteratorResult<Signal<unknown>, T> {
    while (result.done !== true) {
      const signal = result.value;
      if (!(signal instanceof Signal)) {
        const error = new UsageError(
          `the process "${this.name}" yielded what is no signal`,
          "Wait with `yield* signal`, as in `yield* engine.delay(ms(5))`; run a part of an activity with `yield* part()`.",
        );
        result = this.#body.throw(error);
      } else if (signal.settled) {
        result = signal.failed ? this.#body.throw(signal.error) : this.#body.next();
      } else break;
    }
    return result;
  }

  #proceed(result: IteratorResult<Signal<unknown>, T>): void {
    if (result.done !== true) {
      this.#awaited = result.value;
      this.#state = "waiting";
      result.value.subscribe(this);
    } else if (this.#cancelled) {
      this.#fail(this.#interruption);
    } else {
      this.#end();
      this.fire(result.value);
    }
  }

  /** An error that nobody waits for goes out of `run()`, unless it is how the process was told to end. */
  #fail(error: unknown): void {
    const expected = this.awaited || error === this.#interruption;
    this.#end();
    this.fail(error);
    if (!expected) throw annotate(error, `in process "${this.name}" at ${formatDuration(this.#queue.now)}`);
  }

  #end(): void {
    this.#state = "ended";
    const last = this.#live.pop();
    if (last !== undefined && last !== this) {
      last.#place = this.#place;
      this.#live[last.#place] = last;
    }
    if (!this.background) this.#queue.foreground--;
  }
}
