import { UsageError } from "./errors.js";
import { Signal, type Waiter } from "./signal.js";

/** The value that a signal fires with. */
export type ValueOf<S> = S extends Signal<infer T> ? T : never;

/** The values of a list of signals, in their order. */
export type ValuesOf<S extends readonly Signal<unknown>[]> = { -readonly [K in keyof S]: ValueOf<S[K]> };

/** Which of several named signals fired first, and with what; `key` tells the cases apart. */
export type FirstOf<S extends Readonly<Record<string, Signal<unknown>>>> = {
  [K in keyof S & string]: { readonly key: K; readonly value: ValueOf<S[K]> };
}[keyof S & string];

/**
 * Fires with all values, in the order of the list, when all have fired: `const [a, b] = yield* all([first, second])`.
 * Fails with the first failure; the others are then given up.
 */
export function all<const S extends readonly Signal<unknown>[]>(signals: S): Signal<ValuesOf<S>> {
  return new All(signals);
}

/**
 * Fires with the first of several named signals: `const first = yield* any({ reply, late: engine.delay(s(30)) })`, then
 * `first.key` says which and `first.value` is its value. Of several that have fired already, the first named. Fails
 * where the first one to settle failed. The others are given up: places in queues withdrawn, timers stopped.
 * @throws UsageError without any signal, for which one would wait for ever
 */
export function any<const S extends Readonly<Record<string, Signal<unknown>>>>(signals: S): Signal<FirstOf<S>> {
  if (Object.keys(signals).length > 0) return new Any(signals);
  throw new UsageError("any({}) waits for nothing, so it would wait for ever", "Name one signal at least.");
}

/** A signal that listens to others: from its making on, and no longer once everyone who waited for it gave up. */
abstract class Combined<T> extends Signal<T> {
  readonly #parts: readonly Signal<unknown>[];
  readonly #links: readonly Waiter[];
  #attached = false;
  /** How many parts have not settled since it began to listen. */
  protected pending = 0;

  constructor(name: string, parts: readonly Signal<unknown>[]) {
    super(name);
    this.#parts = parts;
    this.#links = parts.map((part, place) => ({
      wake: () => {
        this.pending--;
        if (!this.settled) this.told(part, place);
      },
    }));
  }

  /** Whether it is settled by now: asked as a call, since the compiler takes a property to stay as it was. */
  protected decided(): boolean {
    return this.settled;
  }

  /** A part has settled. */
  protected abstract told(part: Signal<unknown>, place: number): void;

  override subscribe(waiter: Waiter): void {
    super.subscribe(waiter);
    this.attach();
  }

  protected override abandoned(): void {
    this.detach();
  }

  protected attach(): void {
    if (this.#attached || this.settled) return;
    this.#attached = true;
    this.pending = this.#parts.length;
    for (const [place, part] of this.#parts.entries()) {
      const link = this.#links[place];
      if (link !== undefined) part.subscribe(link);
      // A part that has settled already may have decided the whole.
      if (this.decided()) return;
    }
  }

  /** Gives up every part, but `kept`. */
  protected detach(kept?: Signal<unknown>): void {
    this.#attached = false;
    for (const [place, part] of this.#parts.entries()) {
      const link = this.#links[place];
      if (link !== undefined && part !== kept) part.unsubscribe(link);
    }
  }
}

class All<S extends readonly Signal<unknown>[]> extends Combined<ValuesOf<S>> {
  readonly #signals: S;

  constructor(signals: S) {
    super("all", signals);
    this.#signals = signals;
    this.attach();
    if (signals.length === 0) this.#fireAll();
  }

  protected override told(part: Signal<unknown>): void {
    if (part.failed) {
      this.detach(part);
      this.fail(part.error);
    } else if (this.pending === 0) {
      this.#fireAll();
    }
  }

  #fireAll(): void {
    // `map` keeps a list's places, which its type does not say.
    this.fire(this.#signals.map((signal) => signal.value) as ValuesOf<S>);
  }
}

class Any<S extends Readonly<Record<string, Signal<unknown>>>> extends Combined<FirstOf<S>> {
  readonly #keys: readonly (keyof S & string)[];

  constructor(signals: S) {
    super("any", Object.values(signals));
    this.#keys = Object.keys(signals);
    this.attach();
  }

  protected override told(part: Signal<unknown>, place: number): void {
    this.detach(part);
    if (part.failed) this.fail(part.error);
    // The key and the value belong together, which the union's type cannot follow.
    else this.fire({ key: this.#keys[place], value: part.value } as FirstOf<S>);
  }
}
