import fc from "fast-check";
import { expect, test } from "vitest";
import { KiB } from "../../../sim/core/index.js";
import { assemble, loopback, machine, type EngineName } from "../../../sim/machine/index.js";
import { DirtyPages } from "../../../sim/machine/dirty-pages.js";
import { plainBoard, ramBase, type PlainBoard } from "./hart/plain-board.js";
import { guest as networkGuest } from "./network-guest.js";
import { deviceBase, ramSize } from "./hart/guest/layout.js";
import { randomGuest, type Guest } from "./hart/guest/random-guest.js";

const page = 4096;

/** The addresses of the pages in which two contents of RAM differ. */
function changed(before: Uint8Array, after: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at < after.length; at += page) {
    if (Buffer.compare(before.subarray(at, at + page), after.subarray(at, at + page)) !== 0) found.push(ramBase + at);
  }
  return found;
}

function boardOf(engine: EngineName, guest: Guest): PlainBoard {
  const board = plainBoard(ramSize, { engine, patience: 10 });
  board.bus.write(ramBase, guest.ram);
  board.bus.devices.push({ start: deviceBase, size: 32, load: (offset) => BigInt(offset), store: () => undefined });
  board.hart.pc = BigInt(guest.start);
  return board;
}

function collect({ bus, hart }: PlainBoard): number[] {
  const pages = bus.dirty.collect();
  hart.fence(undefined);
  return pages;
}

test("translated code marks the pages that the evaluator writes, page tables' marks included", () => {
  let marked = 0;
  let inUnits = 0;
  fc.assert(
    fc.property(
      randomGuest,
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 4, maxLength: 12 }),
      (guest, slices) => {
        const boards = [boardOf("evaluate", guest), boardOf("translate", guest)] as const;
        for (const slice of slices) {
          const [written, seen] = boards.map((board) => {
            const before = board.bus.read(ramBase, ramSize);
            board.hart.run(slice);
            const pages = collect(board);
            // A store may leave what was there; the first time, pages of zeros aren't named.
            expect(pages).toEqual(expect.arrayContaining(changed(before, board.bus.read(ramBase, ramSize))));
            return pages;
          });
          expect(seen).toEqual(written);
          marked += written?.length ?? 0;
        }
        inUnits += boards[1].hart.work.inUnits;
      },
    ),
    { seed: 5, numRuns: 30 },
  );
  expect(marked).toBeGreaterThan(200);
  expect(inUnits).toBeGreaterThan(5000);
});

/** Each changes each byte that it writes at a0, always: it adds t3, whose bytes are all 1. */
const increments = [
  "lbu t0, (a0); add t0, t0, t3; sb t0, (a0)",
  "lh t0, (a0); add t0, t0, t3; sh t0, (a0)",
  "lwu t0, (a0); add t0, t0, t3; sw t0, (a0)",
  "ld t0, (a0); add t0, t0, t3; sd t0, (a0)",
  "ld t0, (a0); add t0, t0, t3; fmv.d.x f0, t0; fsd f0, (a0)",
  "addi a0, a0, 7; andi a0, a0, -8; amoadd.d t0, t3, (a0)",
  "addi a0, a0, 7; andi a0, a0, -8; 1: lr.w t0, (a0); add t0, t0, t3; sc.w t1, t0, (a0); bnez t1, 1b",
];

/** Sixteen bytes are one hart's, the next the other's; the other's reach across pages. */
const places = fc
  .tuple(
    fc.oneof(
      fc.nat(16 * 128 - 2),
      fc.integer({ min: 1, max: 15 }).map((number) => number * 128 - 1),
    ),
    fc.nat(4),
  )
  .map(([slot, offset]) => 12 + 32 * slot + offset);

const programs = fc.array(
  fc.record({ place: places, increment: fc.constantFrom(...increments), times: fc.integer({ min: 1, max: 9 }) }),
  { minLength: 3, maxLength: 30 },
);

test("on random programs of two harts that change what they write, dirty pages are what a comparison finds", () => {
  let found = 0;
  fc.assert(
    fc.property(
      programs,
      programs,
      fc.array(fc.integer({ min: 5, max: 200 }), { maxLength: 8 }),
      (one, other, slices) => {
        const body = (program: typeof one, hart: number): string =>
          program
            .map(
              ({ place, increment, times }) =>
                `li t2, ${times}\n2: la a0, data + ${place + 16 * hart}\n${increment}\naddi t2, t2, -1\nbnez t2, 2b`,
            )
            .join("\n");
        const source = `li t0, 0x6000; csrs mstatus, t0; li t3, 0x0101010101010101; csrr t0, mhartid; bnez t0, other\n${body(one, 0)}\nj .\nother:\n${body(other, 1)}\nj .
        .data\n.balign 4096\ndata: .zero 16 * 4096`;
        const guest = machine({ memory: KiB(256), harts: 2, quantum: 30, program: assemble(source) });
        const all = (): Uint8Array => guest.read(ramBase, KiB(256));
        guest.dirtyPages();
        for (const instructions of [...slices, 20_000]) {
          const before = all();
          guest.run({ instructions });
          const pages = guest.dirtyPages();
          expect(pages).toEqual(changed(before, all()));
          found += pages.length;
        }
      },
    ),
    { seed: 6, numRuns: 20 },
  );
  expect(found).toBeGreaterThan(200);
});

test("what devices write is marked, and what a restored machine has otherwise", () => {
  const program = networkGuest("call offer; li a0, 72; call send; call receive; ebreak");
  const guest = machine({ memory: KiB(128), network: [loopback()], program });
  const all = (): Uint8Array => guest.read(ramBase, KiB(128));
  guest.dirtyPages();
  const [before, state] = [all(), guest.save()];
  guest.run();
  const after = all();
  const written = guest.dirtyPages();
  const named = ["incoming", "outgoing", "buffer"].map((name) => Number(BigInt.asUintN(32, guest.address(name))));
  expect(written).toEqual(expect.arrayContaining(named));
  expect(written).toEqual(changed(before, after));
  guest.restore(state);
  expect(guest.dirtyPages()).toEqual(written);
  expect(changed(before, all())).toEqual([]);
  expect(guest.dirtyPages()).toEqual([]);
  guest.reset();
  expect(guest.dirtyPages()).toHaveLength(32);
});

test("marks are of whole pages, and bytes in two mark both", () => {
  const dirty = new DirtyPages(new Uint8Array(4 * page).fill(1), ramBase);
  expect(dirty.collect()).toHaveLength(4);
  expect(dirty.has(ramBase)).toBe(false);
  dirty.mark(ramBase + 2 * page - 1, 2);
  dirty.mark(ramBase, 0);
  expect([0, page, 2 * page + 5, 3 * page].map((at) => dirty.has(ramBase + at))).toEqual([false, true, true, false]);
  expect(dirty.collect()).toEqual([ramBase + page, ramBase + 2 * page]);
});
