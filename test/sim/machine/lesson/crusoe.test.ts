import fc from "fast-check";
import { expect, test } from "vitest";
import {
  asm,
  createDecoder,
  encode,
  lesson,
  machine,
  rv64,
  type Machine,
  type Program,
} from "../../../../sim/machine/index.js";
import { characterOf } from "../../../../sim/machine/lesson/engine.js";
import { atomsOf, schedule, type Vliw } from "../../../../sim/machine/lesson/molecules.js";
import { registersOf } from "../../../../sim/machine/translate/unit-registers.js";

const make = (program: Program): Machine => machine({ memory: 2 ** 20, program });
const vliw: Vliw = { width: 4, units: { alu: 2, memory: 1, float: 1, branch: 1 }, loadLatency: 2, speculate: true };

/** Four sums of what lies in memory, and one store. */
const sums = asm`
        li   s0, 20000
        la   a0, data
  loop: ld   a1, 0(a0)
        ld   a2, 8(a0)
        add  s1, s1, a1
        add  s2, s2, a2
        xor  s3, s3, s0
        sd   s1, 16(a0)
        addi s0, s0, -1
        bnez s0, loop
        ebreak
        .align 3
  data: .dword 1, 2, 0`;

test("a block is packed into molecules, commits, and ends as it does in order", () => {
  const [reference, guest] = [make(sums), make(sums)];
  const crusoe = lesson.crusoe(guest);
  expect(guest.run()).toEqual(reference.run({ engine: "evaluate" }));
  expect(guest.save()).toEqual(reference.save());
  expect(crusoe.counter("instructions")).toBe(guest.instructions);
  expect(crusoe.counter("share translated")).toBeGreaterThan(0.99);
  // The first rounds are interpreted, and one at the end of each quantum of 10,000 instructions, which a block would pass.
  const quanta = Math.ceil(guest.instructions / 10_000);
  expect(crusoe.counter("commits")).toBeGreaterThanOrEqual(20_000 - 1 - 10 - quanta);
  expect(crusoe.counter("atoms")).toBe(8 * crusoe.counter("commits"));
  expect(crusoe.counter("rollbacks")).toBe(0);
  expect(crusoe.counter("atoms per molecule")).toBeGreaterThan(1.5);
  const table = crusoe.molecules("loop");
  expect(table.rows.length).toBe(crusoe.counter("cycles") / crusoe.counter("commits"));
  expect(Object.values(table.rows.at(-1) ?? {}).join()).toContain("bnez");
  expect(() => crusoe.molecules(guest.address("loop") + 4n)).toThrow(/no block was translated/);
});

test("at a fault, what was done ahead of it is undone: the handler finds the state that the program's order gives", () => {
  // The third round's load faults; the additions behind it have no need to wait for it.
  const faulting = asm`
          la   t0, handler
          csrw mtvec, t0
          la   a0, places
          li   s0, 0
    loop: ld   a1, 0(a0)
          ld   a2, 0(a1)
          addi s0, s0, 1
          addi s1, s1, 5
          addi a0, a0, 8
          j    loop
          .balign 4
    handler: csrr t1, mcause
          csrr t2, mtval
          csrr t3, mepc
    end:  j    end
          .align 3
    places: .dword places, places, 0x10`;
  const [reference, guest] = [make(faulting), make(faulting)];
  const crusoe = lesson.crusoe(guest, { threshold: 0 });
  reference.run({ engine: "evaluate", instructions: 40 });
  guest.run({ instructions: 40 });
  expect(guest.save()).toEqual(reference.save());
  expect(crusoe.counter("fault rollbacks")).toBe(1);
  expect(crusoe.counter("wasted cycles")).toBeGreaterThan(0);
  expect(crusoe.counter("exceptions")).toBeGreaterThanOrEqual(1);
  expect([8, 9, 6, 7].map((register) => guest.hart(0).x(register))).toEqual([2n, 10n, 5n, 0x10n]);
  // An addition behind the load was in a molecule before it was known to fault.
  const order = crusoe.molecules("loop").rows.flatMap((row) => Object.values(row).slice(1).map(String));
  const place = (part: string): number => order.findIndex((text) => text.includes(part));
  expect(place("add s0,s0,1")).toBeLessThan(place("ld a2,0(a1)"));
});

/** A load behind a store, to the same place in each round. */
const aliased = asm`
        li   s0, 1000
        la   a0, data
        mv   a1, a0
  loop: mul  t0, s0, s0
        sd   t0, 0(a0)
        ld   t1, 0(a1)
        add  s1, s1, t1
        addi s0, s0, -1
        bnez s0, loop
        ebreak
        .align 3
  data: .dword 0`;

test("a load that went before a store to the same place is undone, and after some times not tried again", () => {
  const [reference, guest, careful] = [make(aliased), make(aliased), make(aliased)];
  const crusoe = lesson.crusoe(guest);
  const inOrder = lesson.crusoe(careful, { speculate: false });
  reference.run({ engine: "evaluate" });
  guest.run();
  careful.run();
  expect(guest.save()).toEqual(reference.save());
  expect(careful.save()).toEqual(reference.save());
  expect(crusoe.counter("alias rollbacks")).toBe(2);
  expect(crusoe.counter("retranslations")).toBe(1);
  expect(inOrder.counter("rollbacks")).toBe(0);
});

test("speculation saves cycles where places differ", () => {
  const apart = asm`
          li   s0, 1000
          la   a0, data
    loop: mul  t0, s0, s0
          sd   t0, 0(a0)
          ld   t1, 8(a0)
          add  s1, s1, t1
          addi s0, s0, -1
          bnez s0, loop
          ebreak
          .align 3
    data: .dword 0, 3`;
  const cycles = (speculate: boolean): number => {
    const guest = make(apart);
    const crusoe = lesson.crusoe(guest, { speculate });
    guest.run();
    expect(crusoe.counter("rollbacks")).toBe(0);
    return crusoe.counter("cycles") / crusoe.counter("commits");
  };
  expect(cycles(true)).toBeLessThan(cycles(false));
});

test("a wider machine needs no more cycles", () => {
  const cycles = (width: number): number => {
    const guest = make(sums);
    const crusoe = lesson.crusoe(guest, { width, alus: width });
    guest.run();
    return crusoe.counter("cycles");
  };
  const measured = [1, 2, 4].map(cycles);
  expect(measured[0]).toBeGreaterThan(measured[1] ?? 0);
  expect(measured[1]).toBeGreaterThanOrEqual(measured[2] ?? Infinity);
  expect(() => lesson.crusoe(make(sums), { width: 0 })).toThrow(/width cannot be 0/);
});

test("what touches devices happens once, in order", () => {
  const greeting = asm`
          li   a0, 0x10000000
          li   a1, 65
          li   s0, 26
    loop: sb   a1, 0(a0)
          addi a1, a1, 1
          addi s0, s0, -1
          bnez s0, loop
          ebreak`;
  const guest = make(greeting);
  const crusoe = lesson.crusoe(guest, { threshold: 2 });
  guest.run();
  expect(guest.console.text).toBe("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  expect(crusoe.counter("device rollbacks")).toBe(2);
});

const decode = createDecoder(rv64);
/** Instructions of a block: arithmetic, loads and stores over a few registers. */
const blocks = fc.array(
  fc
    .record({
      name: fc.constantFrom("add", "sub", "mul", "addi", "ld", "lw", "sd", "sb", "xor"),
      rd: fc.integer({ min: 0, max: 6 }),
      rs1: fc.integer({ min: 0, max: 6 }),
      rs2: fc.integer({ min: 0, max: 6 }),
    })
    .map(({ name, ...fields }) => decode(encode(rv64.row(name), { ...fields, imm: 8 }))!),
  { minLength: 1, maxLength: 20 },
);

test("schedules keep what depends on what, and how many units there are", () => {
  const machines = fc.record({
    width: fc.integer({ min: 1, max: 4 }),
    alu: fc.integer({ min: 1, max: 3 }),
    loadLatency: fc.integer({ min: 1, max: 4 }),
    speculate: fc.boolean(),
  });
  expect(() => {
    fc.assert(
      fc.property(blocks, machines, (block, { width, alu, loadLatency, speculate }) => {
        const atoms = atomsOf(block.map((instruction, index) => ({ address: BigInt(4 * index), instruction })));
        const units = { alu, memory: 1, float: 1, branch: 1 };
        const molecules = schedule(atoms, { ...vliw, width, units, loadLatency, speculate });
        const cycleOf = new Map(molecules.flatMap((molecule, cycle) => molecule.map(({ index }) => [index, cycle])));
        expect(cycleOf.size).toBe(block.length);
        for (const molecule of molecules) {
          expect(molecule.length).toBeLessThanOrEqual(width);
          for (const unit of ["alu", "memory"] as const)
            expect(molecule.filter((atom) => atom.unit === unit).length).toBeLessThanOrEqual(units[unit]);
        }
        // Executed in this order, each read finds the same write as in the program's order.
        const executed = molecules.flat();
        const lastWrite = (register: number, before: readonly { index: number }[], below: number): number =>
          Math.max(
            -1,
            ...before
              .filter(({ index }) => index < below && writes(block[index]!).includes(register))
              .map(({ index }) => index),
          );
        executed.forEach((atom, place) => {
          for (const register of reads(atom.instruction)) {
            const wanted = lastWrite(register, atoms, atom.index);
            const later = executed.slice(0, place).filter(({ index }) => writes(block[index]!).includes(register));
            expect(later.at(-1)?.index ?? -1).toBe(wanted);
            if (wanted < 0) continue;
            const latency = characterOf(block[wanted]!.row).loads ? loadLatency : 1;
            expect(cycleOf.get(atom.index)! - cycleOf.get(wanted)!).toBeGreaterThanOrEqual(latency);
          }
          const { loads, stores } = characterOf(atom.instruction.row);
          const passed = executed.slice(place + 1).filter(({ index }) => index < atom.index);
          const memory = passed.filter(({ unit }) => unit === "memory");
          if (stores) expect(memory).toEqual([]);
          if (loads && memory.some(({ instruction }) => characterOf(instruction.row).stores)) {
            expect(speculate).toBe(true);
            expect(atom.hoisted).toBe(true);
          }
        });
      }),
      { seed: 3, numRuns: 300 },
    );
  }).not.toThrow();
});

const reads = (instruction: NonNullable<ReturnType<typeof decode>>): number[] =>
  registersOf(instruction).flatMap(([place, isWritten]) => (isWritten ? [] : [place]));
const writes = (instruction: NonNullable<ReturnType<typeof decode>>): number[] =>
  registersOf(instruction).flatMap(([place, isWritten]) => (isWritten ? [place] : []));
