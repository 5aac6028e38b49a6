import { expect, test } from "vitest";
import { asm, lesson, machine, type Machine, type Program } from "../../../../sim/machine/index.js";

/** Calls one function by name and two by a table; a third of the table is never called. */
const table = asm`
          .option norvc
          li   s0, 0
    next: la   t0, table
          slli t1, s0, 3
          add  t0, t0, t1
          ld   t2, 0(t0)
          jalr t2
          call named
          addi s0, s0, 1
          li   t3, 2
          blt  s0, t3, next
          lw   a0, 0(zero)
          ebreak
    named: addi s1, s1, 1
          ret
    one:  addi s2, s2, 1
          beqz s2, rare
          ret
    rare: li   s2, 7
          ret
    two:  addi s3, s3, 1
          ret
    never: addi s4, s4, 1
          ret
          .align 3
    table: .dword one, two, never`;

const make = (program: Program = table): Machine => machine({ memory: 2 ** 20, program });

test("what only a table leads to is disassembled when control comes there", () => {
  const [reference, guest] = [make(), make()];
  const bird = lesson.bird(guest);
  const known = Number(guest.address("one") - guest.address("next") + 4n);
  expect(bird.counter("known statically")).toBe(known);
  expect(bird.counter("discovered")).toBe(0);
  expect(guest.run()).toEqual(reference.run({ engine: "evaluate" }));
  expect(guest.save()).toEqual(reference.save());
  expect(bird.counter("known statically")).toBe(known);
  // `one` with the branch that it never takes, and `two`.
  expect(bird.counter("discovered")).toBe(Number(guest.address("never") - guest.address("one")));
  expect(bird.counter("never")).toBe(Number(guest.address("table") - guest.address("never")) + 24);
  expect(bird.counter("run-time disassemblies")).toBe(2);
  // Two calls by the table, and four returns: to where calls were seen.
  expect(bird.counter("indirect branches")).toBe(6);
  expect(bird.counter("checks that hit")).toBe(4);
  expect(bird.counter("exceptions")).toBe(1);
});

test("entries that are named are known before the start", () => {
  const guest = make();
  const bird = lesson.bird(guest, { entries: ["next", "one", "two"] });
  guest.run();
  expect(bird.counter("run-time disassemblies")).toBe(1);
  expect(bird.counter("checks that hit")).toBe(6);
});

test("the map says of every two bytes of the program what is known", () => {
  const guest = make();
  const bird = lesson.bird(guest);
  guest.run();
  const size = guest.programs.reduce((sum, program) => sum + program.size, 0);
  const cells = bird
    .map()
    .values.flat()
    .filter((cell) => cell !== null);
  expect(cells).toHaveLength(size / 2);
  expect(new Set(cells)).toEqual(new Set([0, 2, 3, 1]));
  const areas = bird.areas().rows;
  expect(areas.reduce((sum, { bytes }) => sum + Number(bytes), 0)).toBe(size);
  expect(areas.find(({ symbol }) => symbol === "one")).toMatchObject({ known: "run time" });
  expect(areas.at(-1)).toMatchObject({ known: "unknown" });
});

test("code that changes is not known any longer", () => {
  const changing = asm`
          .option norvc
          la   a0, place
          lw   a1, other
          li   s1, 2
    place: addi s2, s2, 1
          sw   a1, 0(a0)
          fence.i
          addi s1, s1, -1
          bnez s1, place
          lw   a0, 0(zero)
          ebreak
    other: .word 0x00390913`; // addi s2, s2, 3
  const [reference, guest] = [make(changing), make(changing)];
  const bird = lesson.bird(guest);
  guest.run();
  reference.run({ engine: "evaluate" });
  expect(guest.save()).toEqual(reference.save());
  expect(guest.hart(0).x(18)).toBe(4n);
  expect(bird.counter("discarded")).toBeGreaterThan(0);
  expect(bird.counter("run-time disassemblies")).toBeGreaterThan(0);
});
