import { annotate, UsageError } from "./errors.js";
import type { EventQueue, Ready } from "./event-queue.js";
import { Signal, type Waiter } from "./signal.js";
import { formatDuration } from "./units.js";

/**
 * What a process does, as a generator: it yields the signals it waits for and returns a T. `yield* signal` gives the
 * signal's value with its type; `yield* part()` runs another activity as a part of this one and gives what it returns.
 */
export type Activity<T> = Generator<Signal<unknown>, T, void>;

/**
 * What `next` of every generator is, taken from where they all inherit it: each generator function puts a prototype of
 * its own in between, and to look through those costs more than the call.
 */
const generator = Object.getPrototypeOf(
  function* () {
    // Empty: it is its kind that matters.
  }.prototype,
) as { readonly next: (this: Activity<unknown>) => unknown };
const { next } = generator;

/** Runs an activity up to its next wait, or its end. */
function advance<T>(body: Activity<T>): IteratorResult<Signal<unknown>, T> {
  return next.call(body) as IteratorResult<Signal<unknown>, T>;
}

/** Thrown by `interrupt` into a process where it waits; also what a cancelled process failed with. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A running activity. As a signal it fires with what the activity returns, and fails with what it throws. */
export class Process<T> extends Signal<T> implements Ready, Waiter {
  /** Whether it serves for ever, and so does not keep `run()` going by being alive. */
  readonly background: boolean;
  private readonly queue: EventQueue;
  private readonly live: Process<unknown>[];
  /** Its place among the living. */
  private place: number;
  private readonly body: Activity<T>;
  private phase: "scheduled" | "running" | "waiting" | "ended";
  /** What it waits for, kept until it has taken its turn after that. */
  private target: Signal<unknown> | undefined;
  /** To be thrown at its next turn. */
  private interruption: Interrupted | undefined;
  /** The interruption thrown last, or that of its cancellation: to end by it is no error. */
  private told: Interrupted | undefined;
  private cancelled: boolean;
  turn: number;

  /** Starts it in the present, after what is already due. */
  constructor(body: Activity<T>, queue: EventQueue, live: Process<unknown>[], name: string, background: boolean) {
    super(name);
    this.background = background;
    this.queue = queue;
    this.live = live;
    this.body = body;
    this.phase = "scheduled";
    this.target = undefined;
    this.interruption = undefined;
    this.told = undefined;
    this.cancelled = false;
    this.place = live.length;
    live.push(this);
    if (!background) queue.foreground++;
    this.turn = 0;
    queue.wake(this);
  }

  /** The signal that it waits for; undefined where it is about to go on, or has ended. */
  get waitsFor(): Signal<unknown> | undefined {
    return this.phase === "waiting" ? this.target : undefined;
  }

  /** Takes its turn: goes on to the next wait. Called by the engine, in an event of its own. */
  run(): void {
    const target = this.target;
    this.target = undefined;
    this.phase = "running";
    let result: IteratorResult<Signal<unknown>, T>;
    try {
      if (this.interruption !== undefined) result = this.throwInterruption(this.interruption);
      else if (target?.failed === true) result = this.body.throw(target.error);
      else result = advance(this.body);
      result = this.skipSettled(result);
    } catch (error) {
      this.die(error);
      return;
    }
    this.proceed(result);
  }

  /** Called by the signal that it waits for. */
  wake(turn: boolean): void {
    // Interrupted by another waiter of the same signal that was told before it.
    if (this.phase !== "waiting") return;
    if (turn) this.run();
    else this.schedule();
  }

  /**
   * Throws `Interrupted` into the activity where it waits; what it waited for is given up. An activity that catches it
   * goes on, one that does not ends there. Nothing happens to a process that has ended.
   * @throws UsageError where the process interrupts itself
   */
  interrupt(reason = "interrupted"): void {
    if (!this.letGo("interrupt")) return;
    this.interruption = new Interrupted(reason);
    if (this.phase === "waiting") this.schedule();
  }

  /**
   * Ends the activity where it waits, as by a `return`: its `finally` blocks run now, and nothing can catch it. The
   * process has then failed with `Interrupted`. A `finally` block that waits is waited for. Nothing happens to a process
   * that has ended.
   * @throws UsageError where the process cancels itself
   */
  cancel(reason = "cancelled"): void {
    if (!this.letGo("cancel")) return;
    if (this.phase === "scheduled") this.queue.withdraw(this);
    this.interruption = undefined;
    this.told = new Interrupted(reason);
    this.cancelled = true;
    this.phase = "running";
    let result: IteratorResult<Signal<unknown>, T>;
    try {
      result = this.skipSettled(this.body.return(undefined as T));
    } catch (error) {
      this.die(error);
      return;
    }
    this.proceed(result);
  }

  /** @returns whether it has not ended yet */
  private letGo(verb: string): boolean {
    if (this.phase === "ended") return false;
    if (this.phase === "running") {
      throw new UsageError(`the process "${this.name}" tries to ${verb} itself`, "Let it return, or throw an error.");
    }
    const target = this.target;
    this.target = undefined;
    target?.unsubscribe(this);
    return true;
  }

  private throwInterruption(interruption: Interrupted): IteratorResult<Signal<unknown>, T> {
    this.interruption = undefined;
    this.told = interruption;
    return this.body.throw(interruption);
  }

  private schedule(): void {
    this.phase = "scheduled";
    this.queue.wake(this);
  }

  /** Goes on over signals that need no waiting. */
  private skipSettled(result: IteratorResult<Signal<unknown>, T>): IteratorResult<Signal<unknown>, T> {
    while (result.done !== true) {
      const signal = result.value;
      if (!(signal instanceof Signal)) {
        const error = new UsageError(
          `the process "${this.name}" yielded what is no signal`,
          "Wait with `yield* signal`, as in `yield* engine.delay(ms(5))`; run a part of an activity with `yield* part()`.",
        );
        result = this.body.throw(error);
      } else if (signal.settled) {
        result = signal.failed ? this.body.throw(signal.error) : advance(this.body);
      } else break;
    }
    return result;
  }

  private proceed(result: IteratorResult<Signal<unknown>, T>): void {
    if (result.done !== true) {
      this.target = result.value;
      this.phase = "waiting";
      result.value.subscribe(this);
    } else if (this.cancelled) {
      this.die(this.told);
    } else {
      this.end();
      this.fire(result.value);
    }
  }

  /** An error that nobody waits for goes out of `run()`, unless it is how the process was told to end. */
  private die(error: unknown): void {
    const expected = this.awaited || error === this.told;
    this.end();
    this.fail(error);
    if (!expected) throw annotate(error, `in process "${this.name}" at ${formatDuration(this.queue.now)}`);
  }

  private end(): void {
    this.phase = "ended";
    const last = this.live.pop();
    if (last !== undefined && last !== this) {
      last.place = this.place;
      this.live[last.place] = last;
    }
    if (!this.background) this.queue.foreground--;
  }
}
