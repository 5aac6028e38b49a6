import { Delay } from "./delay.js";
import { annotate, invariant, InvariantError, UsageError } from "./errors.js";
import { EventQueue, type Action, type Runnable } from "./event-queue.js";
import type { Persist } from "./persist.js";
import { Process, type Activity } from "./process.js";
import type { Signal } from "./signal.js";
import { seldom, supervision, type Progress } from "./supervisor.js";
import { formatDuration, longest, type Nanos } from "./units.js";

/** Takes an event back. @returns whether it was still to come */
export type Cancel = () => boolean;

export interface EventOptions {
  /** What messages call it; where absent, the name of the callback's function, or "process". */
  readonly name?: string;
  /**
   * Declares work that never ends and so does not keep `run()` going: a periodic timer (a lease, a heartbeat, a resync),
   * a process that serves for ever. What these cause is ordinary work, unless it is declared too. Default false.
   */
  readonly background?: boolean;
}

/** Why a run stopped, and when. */
export type Stop =
  /** The time, or the signal, that it was to run until has come. */
  | { readonly reason: "until"; readonly now: Nanos }
  /** Nothing but background work remains. `waiting` names processes that wait for what nothing will bring about. */
  | { readonly reason: "idle"; readonly now: Nanos; readonly waiting: readonly string[] }
  /** Whoever supervises asked for it. The world is whole: a further run goes on from here. */
  | { readonly reason: "interrupted"; readonly now: Nanos };

export interface EngineOptions {
  /** What to add to the message of an InvariantError that an event throws. */
  readonly circumstances?: () => string;
}

class NamedAction implements Runnable {
  readonly name: string;
  readonly run: () => void;

  constructor(name: string, run: () => void) {
    this.name = name;
    this.run = run;
  }
}

/**
 * A discrete-event engine: a virtual clock and what is to happen when. Events due at the same time happen in the order
 * in which they were scheduled. Time passes between events only.
 *
 * The event-scheduling and the process-interaction world views over one event list, after SIMULA and SimPy; see
 * A. M. Law, "Simulation Modeling and Analysis", chapter 1.3.
 */
export class Engine implements Persist<EngineState>, Progress {
  readonly #queue = new EventQueue();
  readonly #live: Process<unknown>[] = [];
  readonly #circumstances: (() => string) | undefined;
  #state: "ready" | "running" = "ready";
  #events = 0;
  #until: number | undefined;
  /** The last time that the run that goes on comes to. */
  #limit = 0;

  constructor(options: EngineOptions = {}) {
    this.#circumstances = options.circumstances;
  }

  /** The present, in nanoseconds since the world began. */
  get now(): Nanos {
    return this.#queue.now as Nanos;
  }

  /** When something is due that is no background work; Infinity where nothing is. Takes as long as there are events. */
  get nextForeground(): number {
    return this.#queue.nextForegroundTime();
  }

  /** How many events have happened. */
  get events(): number {
    return this.#events;
  }

  /** When the run that goes on ends; undefined where that depends on what happens. */
  get until(): number | undefined {
    return this.#until;
  }

  /** Inside an event: before that time nothing else happens, and the run goes on, unless this event changes that. */
  get horizon(): number {
    return Math.min(this.#queue.nextTime(), this.#limit);
  }

  /**
   * Inside an event that stands for several in a row: moves the clock on, as they would have.
   * @throws InvariantError for a time that is past, or beyond the horizon
   */
  pass(time: Nanos): void {
    invariant(
      this.#state === "running" && time >= this.#queue.now && time <= this.horizon,
      `from ${this.#queue.now} ns an event passes to ${time} ns, past what happens at ${this.horizon} ns`,
    );
    this.#queue.now = time;
  }

  /**
   * Has `action` happen at `time`, after what is already scheduled for that time.
   * @throws UsageError for a time that is past, fractional or no number
   */
  at(time: Nanos, action: () => void, options?: EventOptions): Cancel {
    const queue = this.#queue;
    if (!(time >= queue.now && time <= longest && Math.floor(time) === time)) throw this.#noTime(time);
    const named: Action = options?.name === undefined ? action : new NamedAction(options.name, action);
    const slot = queue.push(time, named, options?.background ?? false);
    const sequence = queue.sequence;
    return () => queue.cancel(slot, sequence);
  }

  /** Has `action` happen when `delay` has passed: `at(now + delay)`. */
  after(delay: Nanos, action: () => void, options?: EventOptions): Cancel {
    return this.at((this.#queue.now + delay) as Nanos, action, options);
  }

  /**
   * A signal that fires when `duration` has passed from now: `yield engine.delay(ms(5))`.
   * It does not fire while nobody waits for it, and then keeps no run going.
   */
  delay(duration: Nanos, options?: Pick<EventOptions, "background">): Signal<void> {
    const due = this.#queue.now + duration;
    if (!(duration >= 0 && due <= longest && Math.floor(due) === due)) throw this.#noTime(due);
    return new Delay(this.#queue, due, options?.background ?? false);
  }

  /**
   * Starts a process now, after what is already scheduled for now.
   * An error that it throws fails the process; if no one waits for the process, the error goes out of `run()`.
   */
  spawn<T>(body: Activity<T>, options?: EventOptions): Process<T> {
    return new Process(body, this.#queue, this.#live, options?.name ?? "process", options?.background ?? false);
  }

  /**
   * Lets virtual time pass.
   * - Without an argument: until only background work remains. A process that has not ended is work that remains.
   * - With a time: until then, with everything due then done and the clock standing there, background work or not.
   * - With a signal: until it settles.
   * @throws what an event throws; UsageError inside an event, or in a world that was cut
   */
  run(until?: Nanos | Signal<unknown>): Stop {
    if (typeof until !== "number") return this.#run(Infinity, until === undefined, until);
    if (!(until >= this.#queue.now && until <= longest && Math.floor(until) === until)) throw this.#noTime(until);
    const stop = this.#run(until, false);
    if (stop.reason === "interrupted") return stop;
    this.#queue.now = until;
    return { reason: "until", now: until };
  }

  /**
   * Runs until only background work remains, as `run()`, but not for longer than `within`.
   * @throws UsageError naming what is still going on when that limit passes, with the clock standing there
   */
  settle(options: { readonly within: Nanos }): Stop {
    const limit = this.#queue.now + options.within;
    if (!(options.within >= 0 && limit <= longest && Math.floor(limit) === limit)) throw this.#noTime(limit);
    const stop = this.#run(limit, true);
    if (stop.reason !== "until") return stop;
    this.#queue.now = limit;
    throw new UsageError(
      `not settled after ${formatDuration(options.within)}: ${this.#busy()}`,
      "Give it longer with { within }, or look at what keeps these going.",
    );
  }

  /**
   * @throws UsageError while a process lives or a foreground event is pending: a generator and a callback are no data.
   * Background timers are not saved: whoever set them sets them again in its own `restore`.
   */
  save(): EngineState {
    const [process] = this.#live;
    if (process !== undefined || this.#queue.foreground > 0 || this.#state === "running") {
      throw new UsageError(
        `a world at work cannot be saved: ${process === undefined ? this.#busy() : `the process "${process.name}" lives`}`,
        "Let it come to rest with run(), and cancel the processes that serve for ever; only plain state can be saved.",
      );
    }
    return { now: this.#queue.now, events: this.#events };
  }

  /** @throws UsageError unless nothing is pending here: restore into a new world */
  restore(state: EngineState): void {
    if (this.#live.length > 0 || this.#queue.size > 0 || this.#state !== "ready") {
      throw new UsageError("a state cannot be restored into a world in use", "Restore it into a new world.");
    }
    this.#queue.now = state.now;
    this.#events = state.events;
  }

  #run(limit: number, untilIdle: boolean, signal?: Signal<unknown>): Stop {
    if (this.#state === "running") {
      throw new UsageError(
        "a world cannot be run from inside one of its own events, nor after it was cut off inside one",
        "Inside an event, schedule with at(), after() or spawn(). If its last run was cut off, make a new world.",
      );
    }
    this.#state = "running";
    this.#until = limit === Infinity || untilIdle ? undefined : limit;
    this.#limit = limit;
    const queue = this.#queue;
    const { watch, ended } = supervision;
    // All that a supervised event costs more: a call takes as long as a tenth of an event.
    let left = watch === undefined ? seldom : 1;
    try {
      for (;;) {
        if (--left <= 0) {
          left = watch === undefined ? seldom : watch(this);
          if (left === 0) return { reason: "interrupted", now: this.now };
        }
        if (signal?.settled === true) return { reason: "until", now: this.now };
        if (untilIdle && queue.foreground === 0) return { reason: "idle", now: this.now, waiting: [] };
        const time = queue.nextTime();
        if (time === Infinity) return { reason: "idle", now: this.now, waiting: this.#waiting() };
        if (time > limit) return { reason: "until", now: this.now };
        const action = queue.take();
        this.#events++;
        if (typeof action === "function") action();
        else action.run();
      }
    } catch (error) {
      const circumstances = this.#circumstances;
      throw error instanceof InvariantError && circumstances !== undefined ? annotate(error, circumstances()) : error;
    } finally {
      // Not reached when the kernel cuts the run off, for good: inside an event the state is unknown, and the world that
      // still says it runs refuses to.
      this.#until = undefined;
      this.#state = "ready";
      ended?.(this);
    }
  }

  #waiting(): string[] {
    return this.#live.filter((process) => !process.background).map((process) => process.name);
  }

  /** What foreground work there is, in words. */
  #busy(): string {
    const names = new Set(this.#waiting());
    const isWhatItWaitsFor = (process: Process<unknown>, action: unknown): boolean => process.waitsFor === action;
    for (const action of this.#queue.foregroundActions()) {
      const waiting = this.#live.filter((process) => isWhatItWaitsFor(process, action));
      if (waiting.length === 0) names.add(action.name || "a callback");
      for (const process of waiting) names.add(process.name);
    }
    const some = [...names].slice(0, 5).join(", ");
    return names.size > 5 ? `${some} and ${names.size - 5} more` : some;
  }

  #noTime(time: number): UsageError {
    return new UsageError(
      `${time} is no time that is to come: it is now ${this.#queue.now} ns`,
      "Give whole nanoseconds, not before now and within 104 days of the start: ns(), us(), ms(), s() make them.",
    );
  }
}

/** What is saved of an engine at rest. */
export interface EngineState {
  readonly now: number;
  readonly events: number;
}
