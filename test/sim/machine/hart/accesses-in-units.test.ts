import { describe, expect, test } from "vitest";
import { asm } from "../../../../sim/machine/index.js";
import { a, both, memory, tables } from "./unit-programs.js";

describe("in units, behind traps", () => {
  test("loads and stores go by the mode, SUM and MPRV that are in force behind a trap", () => {
    const board = both(asm`
      la t0, handler
      csrw mtvec, t0
      ${memory}
      li t0, 1 << 13
      csrw medeleg, t0
      la t0, fault
      csrw stvec, t0
      la s1, word
      # On another page, whose entry in the TLB stays.
      li s2, (1 << 30) + 4096
      add s2, s2, s1
      li s0, 600
      li s3, 1 << 18
      # To supervisor mode, SUM every other time: user mode's page can be read then.
    again:
      csrc mstatus, s3
      andi t1, s0, 1
      beqz t1, go
      csrs mstatus, s3
    go:
      li t0, 3 << 11
      csrc mstatus, t0
      li t0, 1 << 11
      csrs mstatus, t0
      la t0, lower
      csrw mepc, t0
      mret
      .balign 4
    handler:
      addi s0, s0, -1
      bnez s0, again
      # To machine mode with MPRV, which then lends user mode.
      li s0, 300
      la t0, lent
      csrw mtvec, t0
      la s4, behind
      li s3, (3 << 11) | (1 << 17)
      csrw medeleg, zero
    lend:
      csrs mstatus, s3
      csrw mepc, s4
      mret
    behind:
      lw t1, 0(s2)
      add a2, a2, t1
      lw t1, 0(s1)
      .balign 4
    lent:
      csrr t1, mcause
      add a3, a3, t1
      li t1, 1 << 17
      csrc mstatus, t1
      # What machine mode may read has an entry in its TLB.
      lw t1, 0(s1)
      addi s0, s0, -1
      bnez s0, lend
      wfi
      .balign 4096
    lower:
      lw t1, 0(s1)
      add a0, a0, t1
      lw t1, 0(s2)
      add a0, a0, t1
      ecall
      .balign 4
    fault:
      addi a1, a1, 1
      ecall
      .balign 8
    word:
      .dword 5
      .zero 4088
      .dword 5
      ${tables}
    `);
    expect([a(board, 0), a(board, 1), a(board, 2), a(board, 3)]).toEqual([5n * 900n, 300n, 5n * 300n, 13n * 300n]);
  });

  test("one unit serves two modes, whose addresses mean different things", () => {
    const board = both(asm`
      la t0, handler
      csrw mtvec, t0
      ${memory}
      # By leaves of 2 MiB: the first, and the first again in place of the second.
      la t0, middle
      srli t0, t0, 12
      slli t0, t0, 10
      ori t0, t0, 1
      la t1, root
      sd t0, 16(t1)
      li s1, 2 << 20
      la t0, word
      add s1, s1, t0
      li t0, 7
      sd t0, 0(s1)
      la s2, lower
      li s0, 300
      li t0, 3 << 11
      csrc mstatus, t0
      li s3, 1 << 11
      j back
      .balign 4096
    lower:
      ld t1, 0(s1)
      add a0, a0, t1
      ecall
      .balign 4
    handler:
      ld t1, 0(s1)
      add a1, a1, t1
      addi s0, s0, -1
      beqz s0, end
    back:
      csrs mstatus, s3
      csrw mepc, s2
      mret
    end:
      wfi
      .balign 8
    word:
      .dword 5
      ${tables}
    middle:
      .dword (0x80000 << 10) | 0xcf, (0x80000 << 10) | 0xcf
      .zero 4080
    `);
    expect([a(board, 0), a(board, 1)]).toEqual([1500n, 2100n]);
  });

  test("accesses of pages that no TLB may hold are exact: parts of a page, across pages, of nothing", () => {
    const board = both(
      asm`
      la t0, handler
      csrw mtvec, t0
      # User mode: the first half of the page, and all else but the second half.
      la s1, halves
      srli t0, s1, 2
      addi t0, t0, 512
      csrw pmpaddr0, t0
      addi t0, t0, 512
      csrw pmpaddr1, t0
      li t0, -1
      csrw pmpaddr2, t0
      li t0, 0x0f080f
      csrw pmpcfg0, t0
      li s0, 300
      li s2, 2048
      add s2, s2, s1
      la t0, lower
      csrw mepc, t0
      li t0, 3 << 11
      csrc mstatus, t0
      mret
    lower:
      # Up to the end of the half; then one byte of it, seven of what is forbidden.
      sd s0, -8(s2)
      ld t1, -8(s2)
      add a0, a0, t1
      ld t1, -7(s2)
      add a1, a1, t1
      sh s0, 0(s2)
      # Across the end of the page before.
      sd s0, -4(s1)
      ld t1, -4(s1)
      add a2, a2, t1
      addi s0, s0, -1
      bnez s0, lower
      ecall
      .balign 4
    handler:
      csrr t2, mcause
      li t1, 8
      beq t2, t1, end
      add a3, a3, t2
      csrr t2, mtval
      sub t2, t2, s1
      add a4, a4, t2
      # What a refused load would have left.
      li t1, 0
      csrr t2, mepc
      addi t2, t2, 4
      csrw mepc, t2
      mret
    end:
      wfi
      .balign 4096
      .zero 4096
    halves:
      .zero 4096
    `,
      1 / 10,
    );
    const sum = 150n * 301n;
    expect([a(board, 0), a(board, 1), a(board, 2)]).toEqual([sum, 0n, sum]);
    // A load and a store that are refused, each time; both are told by their addresses.
    expect([a(board, 3), a(board, 4)]).toEqual([300n * (5n + 7n), 300n * (2041n + 2048n)]);
  });
});
