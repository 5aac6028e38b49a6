import fc from "fast-check";
import { expect, test } from "vitest";
import { bothEffects, lentAccesses } from "./lent-accesses.js";
import { engines } from "./run-program.js";

const numRuns = process.env["VIRTLAB_LONG"] === "1" ? 100_000 : 250;

test.each(engines)(
  "HLV, HLVX and HSV do what the guest's own access does, by %s",
  { timeout: 20_000_000 },
  (engine) => {
    let [made, refused] = [0, 0];
    fc.assert(
      fc.property(lentAccesses, (trial) => {
        const { found, expected } = bothEffects(engine, trial);
        expect(found).toEqual(expected);
        if (expected.fault === undefined) made++;
        else refused++;
      }),
      { seed: 3, numRuns },
    );
    expect(Math.min(made, refused)).toBeGreaterThan(numRuns / 12);
  },
);
