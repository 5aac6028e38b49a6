import { describe, expect, test, vi } from "vitest";
import { classify, isomorphism, recursion, theorems, thirdGeneration } from "../../../../sim/vmm/index.js";
import { explore } from "../../../../sim/vmm/popek-goldberg/third-generation/explore.js";
import { ThirdGeneration } from "../../../../sim/vmm/popek-goldberg/third-generation/instructions.js";
import { boot, encode, Hardware, type Psw } from "../../../../sim/vmm/popek-goldberg/third-generation/machine.js";
import { VirtualMachine } from "../../../../sim/vmm/popek-goldberg/third-generation/monitor.js";

/** The machine with one instruction's meaning changed. */
function mutant(name: string, change: (meaning: Meaning) => Meaning): ThirdGeneration {
  const instructions = thirdGeneration.instructions.map((known) =>
    known.name === name ? { ...known, meaning: change(known.meaning) } : known,
  );
  return new ThirdGeneration("mutant", instructions);
}
type Meaning = (typeof thirdGeneration.instructions)[number]["meaning"];

describe("all states", () => {
  test("are gone through, each decided where somebody looks", () => {
    const seen: string[] = [];
    const runs = explore((choose) => {
      const first = choose("first", 3);
      // The others don't matter to it.
      seen.push(first === 1 ? `1 ${choose("second", 2)} ${choose("first", 3)}` : String(first));
    });
    expect(seen).toEqual(["0", "1 0 1", "1 1 1", "2"]);
    expect(runs).toBe(4);
  });

  test("are not missed by a body that looks at less once it has found something", () => {
    const found = new Set<string>();
    explore((choose) => {
      const first = choose("a", 2);
      if (!found.has("b is 1") && choose("b", 2) === 1) found.add("b is 1");
      found.add(`${first} ${choose("c", 3)}`);
    });
    expect([...found].filter((text) => text.length === 3).sort()).toEqual(["0 0", "0 1", "0 2", "1 0", "1 1", "1 2"]);
  });
});

describe("the third-generation machine", { timeout: 120_000 }, () => {
  const rows = classify(thirdGeneration).table().rows;
  const classes = Object.fromEntries(rows.map((row) => [String(row["instruction"]), String(row["class"])]));

  test("has the classes that the paper gives such instructions, proved", () => {
    expect(classes).toEqual({
      load: "innocuous",
      store: "innocuous",
      add: "innocuous",
      jump: "innocuous",
      jumpZero: "innocuous",
      call: "always traps",
      setR: "sensitive and privileged",
      getR: "sensitive and privileged",
      return: "sensitive and privileged",
      halt: "sensitive and privileged",
    });
    const [table] = theorems(thirdGeneration).view().views;
    const verdicts = table?.as === "table" ? table.rows.map((row) => row["verdict"]) : [];
    expect(verdicts).toEqual(["holds: proved", "holds: proved", "holds: proved"]);
  });

  test.each<[string, string, (meaning: Meaning) => Meaning]>([
    ["setR that user mode may use", "setR", () => () => undefined],
    [
      "a load past the bounds",
      "load",
      () => (processor, operand) => {
        processor.a = processor.read(processor.l + operand) ?? 0;
        return undefined;
      },
    ],
    [
      "a store past the bounds",
      "store",
      () => (processor, operand) => (processor.write(processor.l + operand, processor.a) ? undefined : "memory"),
    ],
    [
      "a load at a physical address",
      "load",
      () => (processor, operand) => {
        processor.a = processor.read(operand) ?? 0;
        return undefined;
      },
    ],
    ["a halt that user mode may use", "halt", () => (processor) => ((processor.running = false), undefined)],
  ])("%s is found", (_, name, change) => {
    const verdict = classify(mutant(name, change)).verdict(name);
    expect(verdict.privileged).toBe(false);
    if (name === "setR") expect(verdict.control).toEqual([]);
    else expect(verdict.control.length + verdict.behaviour.length).toBeGreaterThan(0);
  });
});

describe("the isomorphism", { timeout: 120_000 }, () => {
  test("commutes in every state tried", () => {
    const { squares, commutes } = isomorphism(thirdGeneration, { samples: 4000, seed: 3 });
    expect(commutes).toBe(true);
    // That the states reach everything: each instruction in each mode, and states that aren't fetched from.
    const reached = new Set(
      squares.map(({ instruction, guest }) => `${instruction.replace(/ \d+$/, "")} ${guest.context.psw.mode}`),
    );
    expect(reached.size).toBe(2 * (thirdGeneration.instructions.length + 2));
  });

  test("holds for theorem 1's monitor where theorem 1 holds, for the hybrid one where theorem 3 does", () => {
    for (const variant of [
      thirdGeneration,
      ...thirdGeneration.variants.map(({ name }) => thirdGeneration.with(name)),
    ]) {
      const { first, third } = theorems(variant);
      const trapping = isomorphism(variant, { samples: 600 });
      const hybrid = isomorphism(variant, { samples: 600, monitor: "hybrid" });
      expect([variant.name, trapping.commutes, hybrid.commutes]).toEqual([variant.name, first.holds, third.holds]);
      const broken = new Set(trapping.failures.map(({ instruction }) => instruction.split(" ")[0]));
      expect([...broken]).toEqual(first.broken.map(({ instruction }) => instruction));
    }
  });

  test("is a function, and so are e and e'", () => {
    const found = isomorphism(thirdGeneration, { samples: 50, seed: 4 });
    for (const { guest, after, image, hosted } of found.squares) {
      expect([found.step(guest), found.phi(after), found.hostStep(found.phi(guest))]).toEqual([after, image, hosted]);
    }
    // Two states of the guest never become one of the host.
    expect(new Set(found.squares.map(({ guest }) => JSON.stringify(found.phi(guest)))).size).toBe(50);
  });

  test("is drawn: a square that closes has four corners, another five", () => {
    const closed = isomorphism(thirdGeneration).square(0);
    expect(closed.nodes.map(({ id }) => id)).toEqual(["S", "e(S)", "φ(S)", "φ(e(S))"]);
    const open = isomorphism(thirdGeneration.with("jrst-1")).square();
    expect(open.nodes.map(({ id }) => id)).toContain("e'(φ(S))");
  });

  test("is lost where the allocator forgets the guest's bounds", () => {
    const forgetful = ({ p, l, b }: Psw): Psw => ({ mode: "user", p, l: l + 24, b });
    const spy = vi.spyOn(VirtualMachine.prototype, "allocate").mockImplementation(forgetful);
    expect(isomorphism(thirdGeneration).commutes).toBe(false);
    spy.mockRestore();
  });
});

describe("monitors upon monitors", () => {
  test("let the guest end as on the bare machine, and each doubles the traps", () => {
    const { levels } = recursion({ levels: 6, calls: 30 });
    expect(levels.map(({ same }) => same)).toEqual(levels.map(() => true));
    expect(new Set(levels.map(({ instructions }) => instructions)).size).toBe(1);
    const traps = levels.map((level) => level.traps);
    // A call is a trap on the bare machine; below a monitor, the kernel's return is one, too.
    expect(traps[0]).toBe(30);
    expect(traps[1]).toBe(61);
    for (let level = 2; level < traps.length; level++) expect(traps[level]).toBe(2 * (traps[level - 1] ?? 0));
  });

  test("run any program, whatever it does, alike", () => {
    // A program that gets at its PSWs, its R and the end of its storage, and halts in its handler.
    const hardware = new Hardware(thirdGeneration, 96);
    const bare = new Hardware(thirdGeneration, 64);
    const virtual = new VirtualMachine(new VirtualMachine(hardware, 16, 80), 16, 64);
    const program = [
      encode(thirdGeneration, "getR", 60),
      encode(thirdGeneration, "setR", 62),
      encode(thirdGeneration, "load", 70),
    ];
    const start = { psw: { mode: "supervisor", p: 8, l: 0, b: 64 }, a: 0 } as const;
    const ends = [bare, virtual].map((machine) => {
      program.forEach((word, index) => machine.write(8 + index, word));
      [0, 30, 0, 64].forEach((word, index) => machine.write(4 + index, word));
      machine.write(30, encode(thirdGeneration, "halt"));
      machine.write(63, 500);
      const stop = boot(machine, start, 100);
      return JSON.stringify([stop, Array.from({ length: 64 }, (_, address) => machine.read(address))]);
    });
    expect(ends[1]).toBe(ends[0]);
    expect(ends[0]).toContain('"halted"');
  });
});

test("what cannot be is told with its mend", () => {
  expect(() => thirdGeneration.with("jrst1")).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("jrst-1") as string }),
  );
  expect(() => classify(thirdGeneration, { samples: 3 })).toThrow(/no option "samples"/);
  expect(() => isomorphism(thirdGeneration, { samples: 0 })).toThrow(/0 samples/);
  expect(() => recursion({ levels: 11 })).toThrow(/levels cannot be 11/);
  expect(() => recursion({ call: 1 } as object)).toThrow(/no option "call"/);
});
