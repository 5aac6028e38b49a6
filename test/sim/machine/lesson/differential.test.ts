import fc from "fast-check";
import { expect, test } from "vitest";
import { lesson } from "../../../../sim/machine/index.js";
import { advance, boardOf, moved, tick } from "../hart/differential.js";
import { ramBase, type PlainBoard } from "../hart/plain-board.js";
import { ramSize } from "../hart/guest/layout.js";
import { randomGuest } from "../hart/guest/random-guest.js";

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

const evaluating = { engine: "evaluate" } as const;

/** What happens from outside: after so many instructions, a line's level. */
const events = fc.array(
  fc.record({ after: fc.integer({ min: 1, max: 400 }), bit: fc.constantFrom(1, 3, 5, 7, 9, 11), level: fc.boolean() }),
  { minLength: 3, maxLength: 10 },
);

const guests = fc.record({ guest: randomGuest, events, slice: fc.integer({ min: 1, max: 500 }), saveAt: fc.nat(9) });

test.each(teachers)(
  "%s does to the whole machine what the evaluator does, in any slices, saved and restored midway",
  { timeout: long ? 20_000_000 : 120_000 },
  (_, put, least) => {
    let instructions = 0;
    let translated = 0;
    fc.assert(
      fc.property(guests, ({ guest, events, slice, saveAt }) => {
        const reference = boardOf(guest, evaluating);
        let other = boardOf(guest, evaluating);
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
            other = moved(other, guest, evaluating);
            teacher = put(other);
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
