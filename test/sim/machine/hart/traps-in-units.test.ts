import { describe, expect, test } from "vitest";
import { asm, type EngineName, type Program } from "../../../../sim/machine/index.js";
import { plainBoard, type PlainBoard } from "./plain-board.js";

/** Runs a program to its WFI, in units as soon as can be. */
function run(program: Program, engine: EngineName): PlainBoard {
  const board = plainBoard(1 << 20, { patience: 5, engine });
  for (const { address, bytes } of program.segments) board.bus.write(Number(address), bytes);
  expect(board.hart.run(1_000_000)).toEqual({ kind: "wait" });
  return board;
}

/**
 * What both engines make of a program, which has to be the same, and hot enough to have been executed in units: less than a share
 * of it by the evaluator.
 */
function both(program: Program, share = 1 / 20): PlainBoard {
  const translated = run(program, "translate");
  expect(translated.hart.save()).toEqual(run(program, "evaluate").hart.save());
  expect(translated.hart.work.evaluated).toBeLessThan(translated.hart.cycles * share);
  return translated;
}

const a = ({ hart }: PlainBoard, number: number): bigint => hart.x(10 + number);

/** Physical memory protection that lets all modes do all, and the page tables below. */
const memory = `
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
  la t0, root
  srli t0, t0, 12
  li t1, 8 << 60
  or t0, t0, t1
  csrw satp, t0
`;
/** RAM where it is, for supervisor mode and, 1 GiB above, for user mode. */
const tables = `
  .balign 4096
root:
  .dword 0, 0, (0x80000 << 10) | 0xcf, (0x80000 << 10) | 0xdf
  .zero 4064
`;

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
      li t0, -1
      csrw pmpaddr0, t0
      li t0, 0x1f
      csrw pmpcfg0, t0
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
      li t0, -1
      csrw pmpaddr0, t0
      li t0, 0x1f
      csrw pmpcfg0, t0
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
      li t0, -1
      csrw pmpaddr0, t0
      li t0, 0x1f
      csrw pmpcfg0, t0
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
      li s2, 1 << 30
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
      ${tables}
    `);
    expect([a(board, 0), a(board, 1), a(board, 2), a(board, 3)]).toEqual([5n * 900n, 300n, 5n * 300n, 13n * 300n]);
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
