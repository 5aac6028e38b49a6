import fc from "fast-check";
import { expect, test } from "vitest";
import type { EngineName, HartSaved } from "../../../../sim/machine/index.js";
import { plainBoard, ramBase, type PlainBoard } from "./plain-board.js";
import { deviceBase, ramSize, randomGuest, type Guest } from "./random-guest.js";

const long = process.env["VIRTLAB_LONG"] === "1";

/** A board with a device that tells the exact time, and moves interrupt lines when it is written. */
function boardOf(engine: EngineName, guest: Guest): PlainBoard {
  const board = plainBoard(ramSize, { engine, patience: 10 });
  board.bus.write(ramBase, guest.ram);
  board.bus.devices.push({
    start: deviceBase,
    size: 32,
    load: (offset) => BigInt(board.hart.cycles * 8 + offset),
    store(_, __, value) {
      for (const bit of [1, 3, 7, 9, 11]) board.hart.line(bit, ((value >> BigInt(bit)) & 1n) === 1n);
      if ((value & 1n) === 1n) board.hart.pause();
    },
  });
  board.hart.pc = BigInt(guest.start);
  return board;
}

/** What happens from outside: after so many instructions, a line's level. */
const events = fc.array(
  fc.record({ after: fc.integer({ min: 1, max: 400 }), bit: fc.constantFrom(1, 3, 5, 7, 9, 11), level: fc.boolean() }),
  { minLength: 3, maxLength: 10 },
);

/** Runs so many instructions, in slices; ends early in WFI. */
function advance({ hart }: PlainBoard, instructions: number, slice: number): void {
  const end = hart.cycles + instructions;
  while (hart.cycles < end) if (hart.run(Math.min(slice, end - hart.cycles)).kind === "wait") return;
}

function tick(board: PlainBoard): void {
  if (board.deadline !== undefined && board.deadline <= board.hart.time()) {
    board.deadline = undefined;
    board.hart.line(5, true);
  }
}

const guests = fc.record({ guest: randomGuest, events, slice: fc.integer({ min: 1, max: 500 }), saveAt: fc.nat(9) });

test(
  "translated code does to the whole machine what the evaluator does, in any slices, saved and restored midway",
  { timeout: long ? 20_000_000 : 120_000 },
  () => {
    let inUnits = 0;
    const modes = new Map<number, number>();
    fc.assert(
      fc.property(guests, ({ guest, events, slice, saveAt }) => {
        const reference = boardOf("evaluate", guest);
        let other = boardOf("translate", guest);
        let startedAt = 0;
        events.forEach(({ after, bit, level }, index) => {
          advance(reference, after, 10_000);
          advance(other, after, slice);
          expect(other.hart.save()).toEqual(reference.hart.save());
          const { privilege } = reference.hart.mode;
          modes.set(privilege, (modes.get(privilege) ?? 0) + 1);
          for (const board of [reference, other]) {
            tick(board);
            board.hart.line(bit, level);
          }
          if (index === saveAt) {
            const saved = JSON.parse(JSON.stringify(other.hart.save())) as HartSaved;
            const { bus, deadline } = other;
            other = boardOf("translate", { ...guest, ram: bus.read(ramBase, ramSize) });
            other.hart.restore(saved);
            other.deadline = deadline;
            startedAt = other.hart.cycles;
          }
        });
        expect(Buffer.compare(other.bus.read(ramBase, ramSize), reference.bus.read(ramBase, ramSize))).toBe(0);
        inUnits += Math.max(0, other.hart.cycles - startedAt - other.hart.work.evaluated);
      }),
      { seed: 11, numRuns: long ? 100_000 : 60 },
    );
    // The sample is worth something: most of it ran in units, and programs stood in all modes.
    expect(inUnits).toBeGreaterThan(long ? 20_000_000 : 20_000);
    for (const privilege of [0, 1, 3]) expect(modes.get(privilege)).toBeGreaterThan(5);
  },
);
