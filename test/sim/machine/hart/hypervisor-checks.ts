/** What finds mistakes in the hypervisor extension, as functions: `mutated` puts them beside a machine with one. */
import fc from "fast-check";
import { compare, guestTrials, type Trial } from "./differential.js";
import { bothEffects, lentAccesses } from "./lent-accesses.js";
import { bothViews, views } from "./views.js";

export interface Checks {
  /** Whether the engines do the same to so many random guests. */
  engines(runs: number): boolean;
  /** Whether they do the same to so many sequences of modes, spaces and guests. */
  views(runs: number): boolean;
  /** Whether HLV, HLVX and HSV do what so many random accesses of guests do. */
  accesses(runs: number): boolean;
}

const isAlike = (trial: Trial): boolean => {
  try {
    return compare(trial).difference === undefined;
  } catch {
    // A mistake may also end in a jump to a unit that is no more.
    return false;
  }
};

const text = (effect: unknown): string =>
  JSON.stringify(effect, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

/** For the tests, which load this file with a mistake in what it imports. @public */
export const checks: Checks = {
  // Every other one is translated at once, so that traps find units on both sides.
  engines: (runs) =>
    fc
      .sample(guestTrials, { seed: 13, numRuns: runs })
      .every((trial, index) => isAlike(index % 2 === 0 ? { ...trial, patience: 1 } : trial)),
  views: (runs) =>
    fc.sample(views, { seed: 17, numRuns: runs }).every((trial) => {
      const { found, expected } = bothViews(trial);
      return text(found) === text(expected);
    }),
  accesses: (runs) =>
    fc.sample(lentAccesses, { seed: 3, numRuns: runs }).every((trial) => {
      const { found, expected } = bothEffects("translate", trial);
      return text(found) === text(expected);
    }),
};
