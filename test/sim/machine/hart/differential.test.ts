import fc from "fast-check";
import { expect, test } from "vitest";
import { compare, trials } from "./differential.js";

const long = process.env["VIRTLAB_LONG"] === "1";

test(
  "translated code does to the whole machine what the evaluator does, in any slices, saved and restored midway",
  { timeout: long ? 20_000_000 : 120_000 },
  () => {
    let inUnits = 0;
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(trials, (trial) => {
        const outcome = compare(trial);
        expect(outcome.difference?.found).toEqual(outcome.difference?.expected);
        inUnits += outcome.inUnits;
        for (const mode of outcome.seen) seen.set(mode, (seen.get(mode) ?? 0) + 1);
      }),
      { seed: 11, numRuns: long ? 100_000 : 60 },
    );
    // The sample is worth something: most of it ran in units, and programs stood in all modes.
    expect(inUnits).toBeGreaterThan(long ? 20_000_000 : 20_000);
    for (const mode of ["M", "S", "S translated", "U translated"]) expect(seen.get(mode)).toBeGreaterThan(5);
  },
);
