import { describe, expect, test } from "vitest";
import { asm, createHart, rv64 } from "../../../../sim/machine/index.js";
import { ramBase } from "./plain-board.js";
import { a, boardWith, engines } from "./run-program.js";

describe.each(engines)("a hart that runs, by %s", (engine) => {
  describe("the budget", () => {
    const loop = asm`
        li a1, 0
      loop:
        addi a0, a0, 1
        add a1, a1, a0
        xor a2, a2, a1
        blt a0, zero, loop
        j loop
    `;
    test.each([1, 2, 3, 7, 100, 1001])("is kept to the instruction in runs of %i", (size) => {
      const { hart } = boardWith(loop, { engine });
      for (let total = size; total < 3000; total += size) {
        expect(hart.run(size)).toEqual({ kind: "budget" });
        expect(hart.cycles).toBe(total);
      }
    });

    test("a hart that only traps comes back too", () => {
      const { hart } = boardWith(asm`.4byte 0`, { engine });
      hart.setCsr(0x305, BigInt(ramBase));
      expect(hart.run(1000)).toEqual({ kind: "budget" });
      expect([hart.cycles, hart.retired]).toEqual([1000, 0]);
    });
  });

  test("pause ends a run behind the instruction whose access asked for it", () => {
    const board = boardWith(
      asm`
        li t0, 0x10000000
        li t1, 50
      loop:
        addi t1, t1, -1
        bnez t1, loop
        sw t1, 4(t0)
        li a0, 1
        wfi
      `,
      { engine },
    );
    board.bus.devices.push({
      start: 0x10000000,
      size: 8,
      load: () => 0n,
      store() {
        board.hart.pause();
      },
    });
    expect(board.hart.run(10_000)).toEqual({ kind: "yield" });
    expect(a(board.hart, 0)).toBe(0n);
    expect(board.hart.run(10_000)).toEqual({ kind: "wait" });
    expect(a(board.hart, 0)).toBe(1n);
  });

  test("DMA over code is seen at once", () => {
    const board = boardWith(
      asm`
      loop:
        addi a0, a0, 1
        j loop
      `,
      { engine },
    );
    board.hart.run(1000);
    const before = a(board.hart, 0);
    const [segment] = asm`addi a0, a0, -1`.segments;
    board.bus.write(ramBase, segment?.bytes ?? new Uint8Array());
    board.hart.run(1000);
    expect(a(board.hart, 0)).toBe(before - 500n);
  });

  test("a page is written, then translated, then written again: the last instruction counts", () => {
    const { hart } = boardWith(
      asm`
        la s0, routine
        lw s1, (s0)
        lw s2, 8(s0)
        sw s1, (s0)
        li s3, 50
      loop:
        jal ra, routine
        addi s3, s3, -1
        bnez s3, loop
        li s3, 50
        sw s2, (s0)
      again:
        jal ra, routine
        addi s3, s3, -1
        bnez s3, again
        wfi
        .balign 4096
        .option norvc
      routine:
        addi a0, a0, 1
        ret
        addi a0, a0, 100
      `,
      { engine },
    );
    expect(hart.run(10_000)).toEqual({ kind: "wait" });
    expect(a(hart, 0)).toBe(5050n);
  });

  test("a reservation outlasts the end of a run", () => {
    const board = boardWith(
      asm`
        la t0, word
        lr.d a1, (t0)
        nop
        sc.d a0, a1, (t0)
        wfi
        .balign 8
      word:
        .dword 5
      `,
      { engine },
    );
    board.hart.run(4);
    expect(board.hart.run(10)).toEqual({ kind: "wait" });
    expect(a(board.hart, 0)).toBe(0n);
  });
});

test("a reservation ends when another hart has its turn", () => {
  const board = boardWith(
    asm`
      la t0, word
      lr.d a1, (t0)
      sc.d a0, a1, (t0)
      wfi
      .balign 8
    word:
      .dword 5
    `,
    {},
  );
  const other = createHart({ id: 1, isa: rv64, arena: board.arena, bus: board.bus, clock: { time: () => 0n } });
  board.hart.run(3);
  other.run(1);
  expect(board.hart.run(10)).toEqual({ kind: "wait" });
  expect(a(board.hart, 0)).toBe(1n);
});
