import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { CodePages } from "../../../../sim/machine/hart/code-pages.js";
import { Hart } from "../../../../sim/machine/hart/hart.js";
import { VirtualMemory } from "../../../../sim/machine/hart/memory.js";
import { Tlb } from "../../../../sim/machine/hart/tlb.js";
import { rv64, rv64h, type Isa } from "../../../../sim/machine/index.js";
import { compare, guestTrials, trials, type Trial } from "./differential.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const sampled = (from: fc.Arbitrary<Trial>): Trial[] => fc.sample(from, { seed: 11, numRuns: long ? 1000 : 120 });
const sample = sampled(trials);
const guestSample = sampled(guestTrials);

/** Whether a trial of the sample tells the evaluator from the translator. */
const isTold = (isa: Isa, from: readonly Trial[] = sample): boolean =>
  from.some((trial) => {
    try {
      return compare(trial, isa).difference !== undefined;
    } catch {
      // A mistake may also end in a jump to a unit that is no more.
      return true;
    }
  });

afterEach(() => {
  vi.restoreAllMocks();
});

describe(
  "mistakes planted in the translator alone, which the comparison with the evaluator finds",
  { timeout: 600_000 },
  () => {
    const rare: readonly [string, string][] = [
      ["sltu", "slt"],
      ["divw", "divuw"],
      ["mulhsu", "mulhu"],
      ["amomaxu.w", "amomax.w"],
    ];
    test.each([
      ["sub", "add"],
      ["lbu", "lb"],
      ["sraiw", "srliw"],
      ["bltu", "blt"],
      ["csrrs", "csrrw"],
      ["fsgnjx.d", "fsgnj.d"],
      ...(long ? rare : []),
    ])("%s that means %s", (name, meant) => {
      const isa = rv64.with("wrong", { ...rv64.row(name), meaning: rv64.row(meant).meaning });
      expect(isTold(isa)).toBe(true);
    });

    test.each([
      [
        "stores that drop no units of what they change",
        () => vi.spyOn(CodePages.prototype, "written").mockReturnValue(),
      ],
      ["stores by units to code", () => vi.spyOn(CodePages.prototype, "isCode").mockReturnValue(false)],
      ["jumps to units that were dropped", () => vi.spyOn(Tlb.prototype, "forgetUnit").mockReturnValue()],
      [
        "SFENCE.VMA of an address that forgets nothing",
        () => vi.spyOn(Tlb.prototype, "forgetAddress").mockReturnValue(),
      ],
      ["SFENCE.VMA of all that forgets nothing", () => vi.spyOn(Tlb.prototype, "renew").mockReturnValue()],
      [
        "protection that changes behind the TLBs' back",
        () =>
          vi.spyOn(Hart.prototype, "protectionChanged").mockImplementation(function (this: Hart) {
            this.protection.update(this.state);
          }),
      ],
      ["stores that mark no D", () => vi.spyOn(VirtualMemory.prototype, "writable", "get").mockReturnValue(true)],
    ])("%s", (_, plant) => {
      plant();
      expect(isTold(rv64)).toBe(true);
    });

    test("HFENCE and SFENCE.VMA that forget nothing, in guests too", () => {
      vi.spyOn(Tlb.prototype, "renew").mockReturnValue();
      expect(isTold(rv64h, guestSample)).toBe(true);
    });
  },
);
