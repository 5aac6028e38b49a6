import { describe, expect, test } from "vitest";
import { asm } from "../../../../sim/machine/index.js";
import { a, boardWith, engines } from "./run-program.js";

describe.each(engines)("a hart's interrupts, by %s", (engine) => {
  test("interrupts come in the order of their priority, to the mode that they are delegated to", () => {
    const program = asm`
        la t0, handler
        csrw mtvec, t0
        li t0, 0xaaa
        csrw mie, t0
        csrsi mstatus, 8
        li a1, 0
      spin:
        j spin
        .balign 4
      handler:
        csrr t1, mcause
        andi t1, t1, 15
        slli a1, a1, 4
        or a1, a1, t1
        li t2, 1
        sll t2, t2, t1
        csrc mie, t2
        mret
    `;
    const { hart } = boardWith(program, { engine });
    hart.run(50);
    for (const bit of [1, 3, 5, 7, 9, 11]) hart.line(bit, true);
    expect(hart.run(200)).toEqual({ kind: "budget" });
    expect(a(hart, 1)).toBe(0xb37915n);
  });

  test("vectored interrupts go to their own place", () => {
    const { hart } = boardWith(
      asm`
        la t0, table
        ori t0, t0, 1
        csrw mtvec, t0
        li t0, 1 << 7
        csrw mie, t0
        csrsi mstatus, 8
      spin:
        j spin
        .balign 4
      table:
        .rept 7
        .option norvc
        j spin
        .endr
        li a0, 7
        csrw mie, zero
        wfi
      `,
      { engine },
    );
    hart.run(30);
    hart.line(7, true);
    expect(hart.run(100)).toEqual({ kind: "wait" });
    expect(a(hart, 0)).toBe(7n);
  });

  test("the supervisor's timer: stimecmp asks the clock, and its line interrupts", () => {
    const board = boardWith(
      asm`
        la t0, handler
        csrw mtvec, t0
        li t0, 1 << 63
        csrw menvcfg, t0
        li t0, 1 << 5
        csrw mie, t0
        csrsi mstatus, 8
        li t0, 40
        csrw stimecmp, t0
        csrr a0, mip
      spin:
        j spin
        .balign 4
      handler:
        csrr a1, mip
        rdtime a2
        li t0, -1
        csrw stimecmp, t0
        csrr a3, mip
        wfi
      `,
      { engine },
    );
    board.hart.run(100);
    expect(board.deadline).toBe(40n);
    board.hart.run(4000 - board.hart.cycles);
    board.hart.setTimer();
    expect(board.hart.run(100)).toEqual({ kind: "wait" });
    expect([0, 1, 2, 3].map((number) => a(board.hart, number))).toEqual([0n, 32n, 40n, 0n]);
  });
});
