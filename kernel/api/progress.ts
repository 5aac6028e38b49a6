import { UsageError, withDefaults } from "../../sim/core/index.js";
import { createBar } from "./bar.js";
import type { State } from "./bar-picture.js";
import { Interrupted, stopRequested } from "./interrupt.js";
import { Pace } from "./pace.js";

export interface ProgressOptions {
  /** What goes on. Default "progress". */
  readonly label: string;
}

/**
 * A bar for any loop: `for (const seed of progress(100)) …`, `for (const file of progress(files, { label: "files" })) …`.
 * It is seen once the loop has taken 400 ms, with the time that is left where the number of items is known, and goes
 * when the loop ends, by `break` or an error too. The user's interrupt ends the loop between two items.
 * @param work how many times, which gives 0, 1, 2, …; or the items, one by one
 * @throws UsageError for a number that is no count
 */
export function progress(work: number, options?: Partial<ProgressOptions>): Iterable<number>;
export function progress<T>(work: Iterable<T>, options?: Partial<ProgressOptions>): Iterable<T>;
export function progress(work: number | Iterable<unknown>, options?: Partial<ProgressOptions>): Iterable<unknown> {
  const { label } = withDefaults<ProgressOptions>("progress", options, { label: "progress" });
  if (typeof work === "number") {
    if (!Number.isSafeInteger(work) || work < 0) {
      throw new UsageError(`progress can't count to ${work}`, "Give how many times as a whole number, or the items.");
    }
    return watched(upTo(work), work, label);
  }
  // Cells may run unchecked.
  if (typeof (work as Partial<Iterable<unknown>> | undefined)?.[Symbol.iterator] !== "function") {
    throw new UsageError(
      "progress goes over nothing",
      "Give how many times as a whole number, or an array, a set, a map.",
    );
  }
  return watched(work, sizeOf(work), label);
}

function* upTo(count: number): Generator<number, void> {
  for (let n = 0; n < count; n++) yield n;
}

function sizeOf(work: Iterable<unknown>): number | undefined {
  const { length, size } = work as { readonly length?: unknown; readonly size?: unknown };
  return [length, size].find((count) => typeof count === "number");
}

/** Each loop over it has a bar of its own. */
function watched<T>(work: Iterable<T>, total: number | undefined, label: string): Iterable<T> {
  return {
    *[Symbol.iterator]() {
      const stop = stopRequested();
      const pace = new Pace();
      let left = 1;
      const bar = createBar(label, performance.now());
      let done = 0;
      const state = (): State => ({
        fraction: total === undefined || total === 0 ? undefined : Math.min(1, done / total),
        words: done.toLocaleString("en") + (total === undefined ? " done" : ` of ${total.toLocaleString("en")}`),
      });
      try {
        for (const item of work) {
          if (stop?.() === true)
            throw new Interrupted(`stopped after ${done.toLocaleString("en")} of the loop's items`);
          if (--left <= 0) {
            left = pace.look();
            bar.update(pace.time, state);
          }
          yield item;
          done++;
        }
      } finally {
        bar.end();
      }
    },
  };
}
