import { invariant } from "./errors.js";

/**
 * Something that will have happened: it fires once with a value, or fails once with an error. Processes wait for it:
 * `const value = yield* signal` waits and gives the value with its type (or throws the error); a plain `yield signal`
 * waits and gives nothing.
 */
export class Signal<T> {
  readonly name: string;
  // `private`, not `#`, here and in the subclasses: simulations make these by the million, and see tsconfig.json.
  private state: "pending" | "fired" | "failed";
  /** What it fired with, or failed with. */
  private outcome: unknown;
  /** One waiter is the rule: the list for the others is made when there are any. */
  private waiter: Waiter | undefined;
  private others: Waiter[] | undefined;

  constructor(name = "signal") {
    this.name = name;
    this.state = "pending";
    this.outcome = undefined;
    this.waiter = undefined;
    this.others = undefined;
  }

  /** Whether it has fired or failed. */
  get settled(): boolean {
    return this.state !== "pending";
  }

  get failed(): boolean {
    return this.state === "failed";
  }

  /** What it failed with; undefined where it has not failed. */
  get error(): unknown {
    return this.state === "failed" ? this.outcome : undefined;
  }

  /**
   * What it fired with.
   * @throws what it failed with; InvariantError where it has done neither
   */
  get value(): T {
    if (this.state === "failed") throw this.outcome;
    invariant(this.state === "fired", "a signal's value is read before it fired");
    return this.outcome as T;
  }

  /** @returns false where it was settled already, and stays as it was */
  fire(value: T): boolean {
    if (this.state !== "pending") return false;
    this.state = "fired";
    this.outcome = value;
    this.tell(false);
    return true;
  }

  /** @returns false where it was settled already, and stays as it was */
  fail(error: unknown): boolean {
    if (this.state !== "pending") return false;
    this.state = "failed";
    this.outcome = error;
    this.tell(false);
    return true;
  }

  /** Whether anyone waits for it. */
  get awaited(): boolean {
    return this.waiter !== undefined;
  }

  /** Calls `listener` as soon as it settles, inside the call that settles it; at once where it is settled. */
  onSettled(listener: (signal: Signal<T>) => void): void {
    this.subscribe({
      wake: () => {
        listener(this);
      },
    });
  }

  /** Tells `waiter` when it settles, once; at once where it is settled. */
  subscribe(waiter: Waiter): void {
    if (this.state !== "pending") {
      waiter.wake(false);
    } else if (this.waiter === undefined) {
      this.waiter = waiter;
    } else {
      (this.others ??= []).push(waiter);
    }
  }

  /**
   * `waiter` gives up, and wants neither the value nor the error any more. Where it was the last one, what stands
   * behind the signal is withdrawn: a place in a queue, a granted resource, a timer.
   */
  unsubscribe(waiter: Waiter): void {
    if (this.waiter === waiter) {
      this.waiter = this.others?.shift();
    } else {
      const at = this.others?.indexOf(waiter) ?? -1;
      if (at >= 0) this.others?.splice(at, 1);
    }
    if (this.waiter === undefined) this.abandoned();
  }

  /** Called when the last waiter has given up, also between the settling and the waiter's turn. */
  protected abandoned(): void {
    // A plain signal holds nothing that could be withdrawn.
  }

  /** `fire` from an event that is nothing but this: the first waiter takes its turn in it. */
  protected fireInTurn(value: T): void {
    this.state = "fired";
    this.outcome = value;
    this.tell(true);
  }

  private tell(turn: boolean): void {
    const first = this.waiter;
    if (first === undefined) return;
    const others = this.others;
    this.waiter = undefined;
    this.others = undefined;
    if (!turn) first.wake(false);
    if (others !== undefined) for (const other of others) other.wake(false);
    if (turn) first.wake(true);
  }

  [Symbol.iterator](): Iterator<Signal<unknown>, T, void> {
    return new Wait(this);
  }
}

/** Who waits for a signal and is told once that it settled. */
export interface Waiter {
  /**
   * @param turn whether the waiter may go on at once, being in an event of its own; if not, it is inside the step of
   * whoever settled the signal, and takes its turn in an event after that
   */
  wake(turn: boolean): void;
}

/** What `yield*` walks: it yields the signal, until the signal is settled, and returns its value. */
class Wait<T> implements Iterator<Signal<unknown>, T, void> {
  readonly #signal: Signal<T>;

  constructor(signal: Signal<T>) {
    this.#signal = signal;
  }

  next(): IteratorResult<Signal<unknown>, T> {
    const signal = this.#signal;
    return signal.settled ? { done: true, value: signal.value } : { done: false, value: signal };
  }

  throw(error: unknown): never {
    throw error;
  }
}
