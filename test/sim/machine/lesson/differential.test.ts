import fc from "fast-check";
import { expect, test } from "vitest";
import { lesson, type HartSaved } from "../../../../sim/machine/index.js";
import { plainBoard, ramBase, type PlainBoard } from "../hart/plain-board.js";
import { deviceBase, ramSize } from "../hart/guest/layout.js";
import { randomGuest, type Guest } from "../hart/guest/random-guest.js";

const long = process.env["VIRTLAB_LONG"] === "1";

/** A board as lessons see a machine. */
const machineOf = ({ bus, hart }: PlainBoard): Parameters<typeof lesson.bochs>[0] => ({
  name: "board",
  bus,
  symbols: [],
  programs: [],
  hart: () => hart,
  address: (at) => BigInt(at),
});

interface Teacher {
  counter(name: string): number;
}

/** Each with limits so low that everything that it does happens in short programs. */
const teachers: readonly (readonly [name: string, put: (board: PlainBoard) => Teacher, least: number])[] = [
  ["bochs", (board) => lesson.bochs(machineOf(board)), 0],
  [
    "dynamo",
    (board) => lesson.dynamo(machineOf(board), { threshold: 1, longest: 40, capacity: 8192, interval: 100, surge: 2 }),
    0.03,
  ],
  ["crusoe", (board) => lesson.crusoe(machineOf(board), { threshold: 0 }), 0.2],
  ["bird", (board) => lesson.bird(machineOf(board)), 0],
];

/** A board with a device that tells the exact time, and moves interrupt lines when it is written. */
function boardOf(guest: Guest): PlainBoard {
  const board = plainBoard(ramSize, { engine: "evaluate" });
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

test.each(teachers)(
  "%s does to the whole machine what the evaluator does, in any slices, saved and restored midway",
  { timeout: long ? 20_000_000 : 120_000 },
  (_, put, least) => {
    let instructions = 0;
    let translated = 0;
    fc.assert(
      fc.property(guests, ({ guest, events, slice, saveAt }) => {
        const reference = boardOf(guest);
        let other = boardOf(guest);
        let teacher = put(other);
        let startedAt = 0;
        const look = (): void => {
          const executed = teacher.counter("instructions");
          expect(executed).toBe(other.hart.cycles - startedAt);
          expect(teacher.counter("interpreted") + teacher.counter("translated")).toBe(executed);
          instructions += executed;
          translated += teacher.counter("translated");
        };
        events.forEach(({ after, bit, level }, index) => {
          advance(reference, after, 10_000);
          advance(other, after, slice);
          expect(other.hart.save()).toEqual(reference.hart.save());
          for (const board of [reference, other]) {
            tick(board);
            board.hart.line(bit, level);
          }
          if (index === saveAt) {
            look();
            const saved = JSON.parse(JSON.stringify(other.hart.save())) as HartSaved;
            const { bus, deadline } = other;
            other = boardOf({ ...guest, ram: bus.read(ramBase, ramSize) });
            teacher = put(other);
            other.hart.restore(saved);
            other.deadline = deadline;
            startedAt = other.hart.cycles;
          }
        });
        expect(Buffer.compare(other.bus.read(ramBase, ramSize), reference.bus.read(ramBase, ramSize))).toBe(0);
        look();
      }),
      { seed: 11, numRuns: long ? 20_000 : 60 },
    );
    expect(instructions).toBeGreaterThan(long ? 5_000_000 : 20_000);
    expect(translated / instructions).toBeGreaterThanOrEqual(least);
  },
);
