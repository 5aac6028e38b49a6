import fc from "fast-check";
import { expect, test } from "vitest";
import { bothViews, views } from "./views.js";

const numRuns = process.env["VIRTLAB_LONG"] === "1" ? 100_000 : 200;

test(
  "modes, spaces and guests that see other pages at one address share the TLBs, without any fence",
  {
    timeout: 20_000_000,
  },
  () => {
    let inUnits = 0;
    fc.assert(
      fc.property(views, (trial) => {
        const outcome = bothViews(trial);
        expect(outcome.found).toEqual(outcome.expected);
        inUnits += outcome.inUnits;
      }),
      { seed: 17, numRuns },
    );
    expect(inUnits).toBeGreaterThan(40 * numRuns);
  },
);
