import { expect, test } from "vitest";
import { bytesOf, compiled } from "../../../bench/machine/guests.js";
import { asm, lesson, machine, type Machine, type Program } from "../../../../sim/machine/index.js";

/** A loop with calls by a table, and a load at the end of what nobody answers. */
const program: Program = asm`
          li   s0, 3000
          la   s1, table
  loop:   andi t0, s0, 8
          add  t0, t0, s1
          ld   t1, 0(t0)
          jalr t1
          addi s0, s0, -1
          bnez s0, loop
          lw   a0, 0(zero)
  one:    add  s2, s2, s0
          ret
  two:    xor  s3, s3, s0
          sd   s3, 16(s1)
          ret
          .align 3
  table:  .dword one, two, 0`;

test("table S's row of the ISA level: four systems, one state", () => {
  const table = lesson.compare(() => machine({ memory: 2 ** 20, program }));
  expect(table.rows.map(({ system }) => system)).toEqual(["Bochs", "Dynamo", "Crusoe", "BIRD"]);
  for (const row of table.rows) {
    expect(row["same"]).toBe(true);
    expect(row["exceptions"]).toBe(1);
    expect(Number(row["interpreted"]) + Number(row["translated"])).toBe(row["instructions"]);
  }
  const [bochs, dynamo, crusoe, bird] = table.rows;
  expect(new Set(table.rows.map(({ instructions }) => instructions)).size).toBe(1);
  expect(bochs?.["translated"]).toBe(0);
  expect(dynamo?.["share"]).toBeGreaterThan(90);
  expect(crusoe?.["share"]).toBeGreaterThan(90);
  expect(bird?.["characteristic"]).toMatch(/^\d+ B known before, [1-9]\d* B found at run time/);
});

test("it says where the state differs", () => {
  // A machine that is another one each time.
  let made = 0;
  const table = lesson.compare(() => {
    const guest = machine({ memory: 2 ** 20, program });
    guest.write(guest.address("table") + 64n, Uint8Array.of(made++));
    return guest;
  });
  expect(table.rows.map(({ same }) => same)).toEqual([false, false, false, false]);
});

test("what can't be compared is refused", () => {
  const guest = machine({ memory: 2 ** 20, program });
  expect(() => lesson.compare(() => guest)).toThrow(/cannot begin anew/);
  expect(() => lesson.compare(() => machine({ memory: 2 ** 20, program, harts: 2 }))).toThrow(/several harts/);
  // @ts-expect-error: no such engine
  expect(() => lesson.compare(() => machine({ memory: 2 ** 20, program }), { engines: ["qemu"] })).toThrow(/"qemu"/);
});

const long = process.env["VIRTLAB_LONG"] === "1";
/** Of the bench. */
const programs = [
  ...["indirect", "matrix-doubles", "traps"],
  ...(long ? ["sieve", "crc32", "quicksort", "recursion", "pages", "matrix-integers", "cold", "short"] : []),
];

test.each(programs.map((name) => ({ name, ...compiled(name) })))(
  "the compiled program $name ends alike by all engines",
  { timeout: long ? 20_000_000 : 240_000 },
  ({ program: path, missing, name }) => {
    if (missing !== undefined) {
      console.log(`${name}: ${missing}`);
      expect(missing).toContain("riscv64-unknown-elf-gcc");
      return;
    }
    const make = (): Machine => machine({ memory: 64 * 2 ** 20, program: bytesOf(path) });
    const table = lesson.compare(make, { instructions: long ? 3_000_000 : 40_000 });
    expect(table.rows.map(({ system, same }) => [system, same])).toEqual(
      ["Bochs", "Dynamo", "Crusoe", "BIRD"].map((system) => [system, true]),
    );
  },
);
