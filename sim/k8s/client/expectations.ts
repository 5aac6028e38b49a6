import { minutes, type Engine, type Nanos } from "../../core/index.js";

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  at: Nanos;
}

/** After this long an expectation that wasn't met is given up (kubernetes, `ExpectationsTimeout`). */
const timeout = minutes(5);

/**
 * What a controller has just done and its cache doesn't show yet (kubernetes, `pkg/controller/controller_utils.go`). Until the watch has
 * told of all of it, what is there can't be counted: a controller that counted its stale cache would create the same pods again.
 */
export class Expectations {
  readonly #engine: Engine;
  readonly #of = new Map<string, Expected>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Whether everything that `key` has done has been seen, or has been waited for too long. */
  satisfied(key: string): boolean {
    const expected = this.#of.get(key);
    if (expected === undefined) return true;
    if (expected.creations <= 0 && expected.deletions.size === 0) return true;
    return this.#engine.now - expected.at > timeout;
  }

  expectCreations(key: string, count: number): void {
    this.#fresh(key).creations = count;
  }

  /** @param uids by uid and not by number: a deletion is seen as an update first, and must not count twice */
  expectDeletions(key: string, uids: readonly string[]): void {
    const expected = this.#fresh(key);
    for (const uid of uids) expected.deletions.add(uid);
  }

  /** Beside what is expected already. */
  alsoExpectCreations(key: string, count: number): void {
    const expected = this.#of.get(key);
    if (expected === undefined) this.expectCreations(key, count);
    else expected.creations += count;
  }

  creationObserved(key: string, count = 1): void {
    const expected = this.#of.get(key);
    if (expected !== undefined) expected.creations -= count;
  }

  deletionObserved(key: string, uid: string): void {
    this.#of.get(key)?.deletions.delete(uid);
  }

  /** The object of the key is gone. */
  forget(key: string): void {
    this.#of.delete(key);
  }

  #fresh(key: string): Expected {
    const expected: Expected = { creations: 0, deletions: new Set(), at: this.#engine.now };
    this.#of.set(key, expected);
    return expected;
  }
}
