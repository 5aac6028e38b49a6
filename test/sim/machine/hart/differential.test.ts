import fc from "fast-check";
import { expect, test } from "vitest";
import type { Misaligned } from "../../../../sim/machine/index.js";
import { compare, guestTrials, trials } from "./differential.js";

const long = process.env["VIRTLAB_LONG"] === "1";

test.each<[misaligned: Misaligned, runs: number]>([
  ["serve", long ? 100_000 : 60],
  ["trap", long ? 10_000 : 40],
])(
  "misaligned accesses: %s. Translated code does to the whole machine what the evaluator does, in any slices, saved and restored midway",
  { timeout: long ? 20_000_000 : 120_000 },
  (misaligned, runs) => {
    let inUnits = 0;
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(trials, (trial) => {
        const outcome = compare(trial, trial.guest.isa, { misaligned });
        expect(outcome.difference?.found).toEqual(outcome.difference?.expected);
        inUnits += outcome.inUnits;
        for (const mode of outcome.seen) seen.set(mode, (seen.get(mode) ?? 0) + 1);
      }),
      { seed: 11, numRuns: runs },
    );
    // The sample is worth something: most of it ran in units, and programs stood in all modes.
    expect(inUnits).toBeGreaterThan((long ? 200 : 334) * runs);
    for (const mode of ["M", "S", "S translated", "U translated"]) expect(seen.get(mode)).toBeGreaterThan(runs / 12);
  },
);

test.each<[misaligned: Misaligned, runs: number]>([
  ["serve", long ? 25_000 : 60],
  ["trap", long ? 10_000 : 20],
])(
  "with the hypervisor extension, misaligned accesses: %s. Translated code does to guests, hypervisor and machine what the evaluator does",
  { timeout: long ? 20_000_000 : 120_000 },
  (misaligned, runs) => {
    let inUnits = 0;
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(guestTrials, (trial) => {
        const outcome = compare(trial, trial.guest.isa, { misaligned });
        expect(outcome.difference?.found).toEqual(outcome.difference?.expected);
        inUnits += outcome.inUnits;
        for (const mode of outcome.seen) seen.set(mode, (seen.get(mode) ?? 0) + 1);
      }),
      { seed: 12, numRuns: runs },
    );
    // Most of the time it is handlers that execute; in guests these are a guest's own.
    expect(inUnits).toBeGreaterThan((long ? 200 : 400) * runs);
    const inGuests = (seen.get("VS translated") ?? 0) + (seen.get("VU translated") ?? 0);
    expect(inGuests).toBeGreaterThan(runs / 3);
  },
);
