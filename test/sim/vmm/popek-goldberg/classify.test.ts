import { describe, expect, test } from "vitest";
import { csrNumbers, rv64, rv64h, type Meaning } from "../../../../sim/machine/index.js";
import { Isa } from "../../../../sim/machine/instructions/isa.js";
import { classify, type Classification } from "../../../../sim/vmm/index.js";
import { floatingPoint, key } from "./key.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const sound = classify(rv64);

/** Every instruction's class. */
function classesOf(classification: Classification): Record<string, string> {
  const { rows } = classification.table();
  return Object.fromEntries(rows.map((row) => [String(row["instruction"]), String(row["class"])]));
}

/** The instructions of an ISA whose class is not the key's. */
function wrong(isa: Isa): readonly string[] {
  const found = classesOf(classify(isa, { samples: 20 }));
  return [...new Set([...Object.keys(key), ...Object.keys(found)])].filter((name) => key[name] !== found[name]);
}

describe("the classes of RV64", { timeout: 120_000 }, () => {
  test("are those of the key, instruction by instruction and CSR by CSR", () => {
    expect(classesOf(sound)).toEqual(key);
  });

  test.each(long ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] : [1])("do not depend on the seed (%i)", (seed) => {
    expect(classesOf(classify(rv64, { seed }))).toEqual(key);
  });

  test("come with the states that show them, the same at every run", () => {
    expect(classify(rv64).verdicts).toEqual(sound.verdicts);
    expect(classify(rv64, { seed: 9, samples: 2 }).verdicts).not.toEqual(classify(rv64, { samples: 2 }).verdicts);
    for (const verdict of sound.in("sensitive and privileged")) expect(verdict.witnesses.length).toBeGreaterThan(1);
  });

  test("are of a sample, and say so", () => {
    const certainty = (instruction: string): unknown =>
      sound.table({ containing: instruction }).rows.find((row) => row["instruction"] === instruction)?.["certainty"];
    expect(certainty("add")).toMatch(/^no counterexample in \d+ states$/);
    expect(certainty("csrr satp")).toMatch(/^shown by witnesses, \d+ states$/);
    expect(sound.states).toBeGreaterThan(40 * sound.verdicts.length);
  });

  test("the plot counts each instruction once, in few series", () => {
    const { series } = sound.plot();
    expect(series.map(({ name }) => name)).toEqual(["machine CSRs", "unprivileged CSRs", "I", "F", "D", "others"]);
    const counted = series.flatMap(({ y }) => y).reduce<number>((sum, count) => sum + (count ?? 0), 0);
    expect(counted).toBe(sound.verdicts.length);
  });

  test("a witness has two states, how both end, and in what the outcomes differ", () => {
    const { rows } = sound.witnesses("csrr satp");
    expect(rows.map((row) => row["finding"])).toEqual(
      expect.arrayContaining(["traps in user mode alone", "depends on the location, in supervisor mode"]),
    );
    const location = rows.find((row) => String(row["finding"]).startsWith("depends on the location"));
    expect(location?.["states"]).toBe("satp: 0x8000000000080000 | 0x8000000000080003");
    expect(location?.["outcomes"]).toMatch(/^x\d+: 0x8000000000080000 \| 0x8000000000080003$/);
    const privileged = rows.find((row) => row["finding"] === "traps in user mode alone");
    expect(privileged?.["states"]).toBe("mode: user | supervisor");
    expect(privileged?.["ends"]).toBe("illegal instruction | completes");
  });
});

test("a witness differs in what matters alone", () => {
  const states = (instruction: string): unknown =>
    sound.witnesses(instruction).rows.find((row) => String(row["finding"]).startsWith("depends on"))?.["states"];
  expect(states("csrr sepc")).toMatch(/^sepc: 0x[0-9a-f]+ \| 0x[0-9a-f]+$/);
  expect(states("csrr time")).toMatch(/^mtime: 0x[0-9a-f]+ \| 0x[0-9a-f]+$/);
});

describe("configurations", { timeout: 120_000 }, () => {
  const critical = (options: Parameters<typeof classify>[1]): readonly string[] =>
    classify(rv64, options)
      .in("critical")
      .map(({ instruction }) => instruction);

  test("floating point that is tracked changes FS", () => {
    const writes = ["csrw fflags", "csrw frm", "csrw fcsr"];
    expect([...critical({ floats: "tracked" })].sort()).toEqual([...floatingPoint, ...writes].sort());
  });

  test("floating point that is off always traps", () => {
    const off = classesOf(classify(rv64, { floats: "off" }));
    const differing = Object.keys(key).filter((name) => key[name] !== off[name]);
    const csrs = ["csrr fflags", "csrw fflags", "csrr frm", "csrw frm", "csrr fcsr", "csrw fcsr"];
    expect(differing.sort()).toEqual([...floatingPoint, ...csrs].sort());
    for (const name of differing) expect(off[name]).toBe("always traps");
  });

  test("TVM, TW and TSR have supervisor mode trap, too", () => {
    const trapping = classesOf(classify(rv64, { supervisorTraps: true }));
    const differing = Object.keys(key).filter((name) => key[name] !== trapping[name]);
    expect(differing.sort()).toEqual(["csrr satp", "csrw satp", "sfence.vma", "sret", "wfi"].sort());
    for (const name of differing) expect(trapping[name]).toBe("always traps");
  });

  test("the hypervisor extension adds instructions and changes no other", () => {
    const found = classesOf(classify(rv64h));
    expect(Object.keys(key).filter((name) => found[name] !== key[name])).toEqual([]);
    expect([found["hfence.gvma"], found["csrw hgatp"], found["csrr vsstatus"]]).toEqual(
      Array.from({ length: 3 }, () => "sensitive and privileged"),
    );
  });
});

describe("mistakes planted in instructions are found, and nothing else", { timeout: 120_000 }, () => {
  const { meaning: leave } = rv64.with("return-to-user-without-trap").row("jrst1");
  const { meaning: probe } = rv64.with("probe-in-real-mode").row("probe");
  const planted: readonly [mistake: string, instruction: string, meaning: Meaning][] = [
    ["SFENCE.VMA that does nothing", "sfence.vma", []],
    ["SRET that does nothing", "sret", []],
    ["WFI that does nothing", "wfi", []],
    ["ECALL that does nothing", "ecall", []],
    ["MRET that means SRET", "mret", rv64.row("sret").meaning],
    ["FENCE.I that means SFENCE.VMA", "fence.i", rv64.row("sfence.vma").meaning],
    ["ADD that leaves supervisor mode", "add", leave],
    ["LD that answers for the real mode", "ld", probe],
  ];

  test(planted.map(([mistake]) => mistake).join(", "), () => {
    const isa = rv64.with("mutant", ...planted.map(([, name, meaning]) => ({ ...rv64.row(name), meaning })));
    expect([...wrong(isa)].sort()).toEqual(planted.map(([, name]) => name).sort());
  });

  test.each(["read", "ignoreWrites"] as const)(
    "a check of the privilege that is missing for each CSR of S: %s",
    (access) => {
      const verb = access === "read" ? "csrr" : "csrw";
      const expected = Object.keys(key).filter(
        (instruction) => instruction.startsWith(`${verb} s`) && key[instruction] === "sensitive and privileged",
      );
      const open = expected.map((instruction) => {
        const number = csrNumbers.get(instruction.slice(5));
        expect(number).toBeDefined();
        return { number: number ?? 0, access };
      });
      expect(expected.length).toBeGreaterThan(10);
      expect([...wrong(new Isa("mutant", rv64.rows, rv64.shortRows, open))].sort()).toEqual(expected.sort());
    },
  );
});
