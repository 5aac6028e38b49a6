import { describe, expect, test } from "vitest";
import { asm } from "../../../../sim/machine/index.js";
import type { PlainBoard } from "./plain-board.js";
import { a, both, memory, open, tables } from "./unit-programs.js";

describe("in units", () => {
  test("environment calls and returns are counted, and the way back is exact", () => {
    const board = both(asm`
      la t0, handler
      csrw mtvec, t0
      ${memory}
      la t0, main
      csrw mepc, t0
      li t0, 1 << 11
      csrs mstatus, t0
      li t0, 1 << 12
      csrc mstatus, t0
      csrw minstret, zero
      csrw mcycle, zero
      mret
      .balign 4
    handler:
      csrr t1, mcause
      add a1, a1, t1
      li t2, 8
      beq a0, t2, end
      csrr t1, mepc
      addi t1, t1, 4
      csrw mepc, t1
      mret
    end:
      csrr a2, minstret
      csrr a3, mcycle
      wfi
      .balign 4096
    main:
      li s0, 2000
    again:
      ecall
      addi s0, s0, -1
      bnez s0, again
      li a0, 8
      ecall
      ${tables}
    `);
    expect(a(board, 1)).toBe(9n * 2001n);
    // Calls don't retire.
    expect(a(board, 3) - a(board, 2)).toBe(2001n);
  });

  const privileges = { user: 0, supervisor: 1, machine: 3 } as const;

  test.each([
    ["csrrw a0, mscratch, a1", "supervisor", 2],
    ["csrrw a0, mscratch, a1", "user", 2],
    ["csrrs a0, mepc, zero", "supervisor", 2],
    ["csrrc a0, mtvec, a1", "supervisor", 2],
    ["csrrw a0, sscratch, a1", "user", 2],
    ["csrrsi a0, stvec, 0", "user", 2],
    ["csrrw a0, sscratch, a1", "supervisor", 8 + privileges.supervisor],
    ["csrrci a0, sepc, 4", "supervisor", 8 + privileges.supervisor],
  ] as const)("%s, hot in machine mode, then in %s mode, ends in cause %i", (access, mode, cause) => {
    const { word, board } = inMode(access, mode);
    expect(a(board, 2)).toBe(BigInt(cause));
    if (cause === 2) {
      expect(a(board, 3)).toBe(BigInt(word));
      expect(a(board, 4)).toBe(a(board, 5));
    }
  });

  /** Executes an instruction 300 times in machine mode, then in another one: a2 to a4 are cause, value and pc of the trap. */
  function inMode(access: string, mode: keyof typeof privileges): { board: PlainBoard; word: number } {
    const board = both(asm`
      la t0, handler
      csrw mtvec, t0
      ${open}
      li s0, 300
      li a1, 6
    again:
      call function
      addi s0, s0, -1
      bnez s0, again
      la t0, handler
      csrw mtvec, t0
      li t0, 3 << 11
      csrc mstatus, t0
      li t0, ${privileges[mode]} << 11
      csrs mstatus, t0
      la t0, lower
      csrw mepc, t0
      mret
    lower:
      call function
      ecall
      .balign 4
    function:
      ${access}
      ret
      .balign 4
    handler:
      csrr a2, mcause
      csrr a3, mtval
      csrr a4, mepc
      la a5, function
      wfi
    `);
    return { board, word: new DataView(board.bus.read(Number(a(board, 5)), 4).buffer).getUint32(0, true) };
  }

  test.each([
    ["mret", "supervisor", 0],
    ["mret", "user", 0],
    ["sret", "user", 0],
    ["sret", "supervisor", 1 << 22],
  ] as const)("%s, hot in machine mode, is illegal in mode %s with mstatus %i", (back, mode, status) => {
    const board = both(asm`
      la t0, handler
      csrw mtvec, t0
      ${open}
      li s0, 300
      la s1, behind
    again:
      li t0, 3 << 11
      csrs mstatus, t0
      csrw mepc, s1
      csrw sepc, s1
      j back
    behind:
      # After sret, in a lower mode: machine mode is asked for.
      ecall
    next:
      addi s0, s0, -1
      bnez s0, again
      li t0, 3 << 11
      csrc mstatus, t0
      li t0, (${privileges[mode]} << 11) | ${status}
      csrs mstatus, t0
      la t0, back
      csrw mepc, t0
      mret
      .balign 4
    back:
      ${back}
      .balign 4
    handler:
      csrr a2, mcause
      li t0, 2
      bne a2, t0, next
      csrr a4, mepc
      la a5, back
      wfi
    `);
    expect(a(board, 2)).toBe(2n);
    expect(a(board, 4)).toBe(a(board, 5));
  });

  test("an interrupt that a return enables is taken before the next instruction", () => {
    const board = both(asm`
      la t0, handler
      csrw mtvec, t0
      ${open}
      csrwi mie, 2
      li s0, 300
      la s1, lower
    again:
      li t0, 3 << 11
      csrc mstatus, t0
      csrw mepc, s1
      # Each third time.
      li t1, 3
      rem t1, s0, t1
      bnez t1, go
      csrsi mip, 2
    go:
      mret
    lower:
      addi a0, a0, 1
      ecall
      .balign 4
    handler:
      csrr t1, mcause
      bgez t1, called
      addi a1, a1, 1
      csrci mip, 2
      csrr t2, mepc
      bne t2, s1, called
      addi a2, a2, 1
    called:
      addi s0, s0, -1
      bnez s0, again
      wfi
    `);
    expect([a(board, 0), a(board, 1), a(board, 2)]).toEqual([200n, 100n, 100n]);
  });
});
