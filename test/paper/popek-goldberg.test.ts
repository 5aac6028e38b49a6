import { describe, expect, test } from "vitest";
import { flaws, rv64 } from "../../sim/machine/index.js";
import { theorems, thirdGeneration, type Theorem } from "../../sim/vmm/index.js";

/**
 * Popek and Goldberg, "Formal Requirements for Virtualizable Third Generation Architectures", CACM 17(7), 1974: the theorems of
 * sections "Theorem 1" to "Hybrid Virtual Machines", for RISC-V, for flaws modelled on real machines, and for the paper's own machine.
 * Claim M1: critical instructions are the sensitive ones that are not privileged.
 */
/** Half of the usual: a test of ten ISAs is to be quick. */
const samples = 20;

const names = ({ broken }: Theorem): readonly string[] => broken.map(({ instruction }) => instruction);

test("RV64 is virtualizable where counters trap in user mode and WFI does", () => {
  const { all } = theorems(rv64, { samples });
  expect(all.map(({ holds }) => holds)).toEqual([true, true, true]);
  // A sample proves nothing.
  expect(all.map(({ proved }) => proved)).toEqual([false, false, false]);
});

test("loosely configured it is not: counters that user mode may read break all three theorems", () => {
  const { all } = theorems(rv64, { counters: "allow", samples });
  for (const theorem of all) expect(names(theorem)).toEqual(["csrr cycle", "csrr time", "csrr instret"]);
});

/** By flaw: the instructions that break theorem 1, and whether a hybrid monitor helps. */
const expected: Readonly<Record<string, readonly [broken: readonly string[], hybrid: boolean]>> = {
  "sstatus-write-ignored-in-user": [["csrw sstatus"], false],
  "sstatus-readable-in-user": [["csrr sstatus"], false],
  "satp-and-stvec-readable-in-user": [["csrr stvec", "csrr satp"], false],
  // What it answers in user mode is right for user mode: interpreted in virtual supervisor mode, it does no harm.
  "probe-in-real-mode": [["probe"], true],
  "sret-jumps-in-user": [["sret"], false],
  "return-to-user-without-trap": [["jrst1"], true],
  "wfi-no-op-in-user": [["wfi"], true],
};

describe("each flaw breaks theorem 1 by the instruction that has it", { timeout: 120_000 }, () => {
  test.each(flaws.map(({ name }) => name))("%s", (name) => {
    const { first, second, third } = theorems(rv64.with(name), { samples });
    const [broken, hybrid] = expected[name] ?? [[], true];
    expect(names(first)).toEqual(broken);
    expect(names(second)).toEqual(broken);
    expect(names(third)).toEqual(hybrid ? [] : broken);
    for (const verdict of first.broken) expect(verdict.witnesses.length).toBeGreaterThanOrEqual(2);
  });
});

test("on the paper's machine JRST 1 fails theorem 1 and passes theorem 3, and that is proved", () => {
  const { first, third } = theorems(thirdGeneration.with("jrst-1"));
  expect([names(first), names(third)]).toEqual([["jrst1"], []]);
  expect([first.proved, third.proved]).toEqual([true, true]);
  expect(first.broken[0]).toMatchObject({ control: ["supervisor"], behaviour: [], modeSensitive: false });
});

test("instructions that tell where a program lies fail theorem 3, too; one that tells the mode doesn't", () => {
  const hybrid = (variant: string): boolean => theorems(thirdGeneration.with(variant)).third.holds;
  expect([hybrid("unprivileged-get-r"), hybrid("lra"), hybrid("read-mode")]).toEqual([false, false, true]);
});
