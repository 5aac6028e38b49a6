import { describe, expect, test } from "vitest";
import { asm } from "../../../../sim/machine/index.js";
import { ramBase, type PlainBoard } from "./plain-board.js";
import { a, engines, run } from "./run-program.js";

describe.each(engines)("a hart's traps, by %s", (engine) => {
  /** Runs `body` in a mode, and gives what machine mode's handler saw. */
  function trapped(
    body: string,
    mode: 0 | 1 | 3,
    before = "",
  ): { cause: bigint; value: bigint; pc: bigint; board: PlainBoard } {
    const board = run(
      asm`
        la t0, handler
        csrw mtvec, t0
        li t0, -1
        csrw pmpaddr15, t0
        li t0, 0x1f << 56
        csrw pmpcfg2, t0
        ${before}
        li t0, 0x1800
        csrc mstatus, t0
        li t0, ${mode << 11}
        csrs mstatus, t0
        la t0, body
        csrw mepc, t0
        mret
        .balign 4
      handler:
        csrr a0, mcause
        csrr a1, mtval
        csrr a2, mepc
        la a3, body
        sub a2, a2, a3
      stop:
        wfi
        j stop
      body:
        ${body}
      `,
      { engine },
    );
    return { cause: a(board.hart, 0), value: a(board.hart, 1), pc: a(board.hart, 2), board };
  }

  test.each([
    ["an environment call of user mode", "ecall", 0, 8n, 0n],
    ["one of supervisor mode", "ecall", 1, 9n, 0n],
    ["one of machine mode", "ecall", 3, 11n, 0n],
    ["an unknown instruction tells its bits", ".insn 4, 0xffffffff", 0, 2n, 0xffffffffn],
    ["an unknown CSR", "csrr a0, 0x7ff", 3, 2n, 0x7ff02573n],
    ["a CSR of a higher mode", "csrr a0, mscratch", 1, 2n, 0x34002573n],
    ["writing a CSR that can't be", "csrw mhartid, zero", 3, 2n, 0xf1401073n],
    ["a counter that isn't enabled", "rdcycle a0", 1, 2n, 0xc0002573n],
    ["MRET in supervisor mode", "mret", 1, 2n, 0x30200073n],
    ["SRET in user mode", "sret", 0, 2n, 0x10200073n],
    ["WFI in user mode", "wfi", 0, 2n, 0x10500073n],
    ["SFENCE.VMA in user mode", "sfence.vma", 0, 2n, 0x12000073n],
  ] as const)("%s", (_, body, mode, cause, value) => {
    expect(trapped(body, mode)).toMatchObject({ cause, value, pc: 0n });
  });

  test.each([
    ["TVM, reading satp", "csrr a0, satp", "1 << 20", 0x18002573n],
    ["TVM, SFENCE.VMA", "sfence.vma", "1 << 20", 0x12000073n],
    ["TW, WFI", "wfi", "1 << 21", 0x10500073n],
    ["TSR, SRET", "sret", "1 << 22", 0x10200073n],
  ])("supervisor mode under %s", (_, body, bit, value) => {
    const before = `li t0, ${bit}\ncsrs mstatus, t0`;
    expect(trapped(body, 1, before)).toMatchObject({ cause: 2n, value, pc: 0n });
  });

  test.each([
    ["a load from nowhere", "li t1, 0x100\nlw t2, 0(t1)", 5n, 0x100n],
    ["a store to nowhere", "li t1, -8\nsd t2, 0(t1)", 7n, -8n],
    ["a jump to nowhere", "li t1, 0x2000\njr t1", 1n, 0x2000n],
    ["a misaligned atomic", "la t1, body\naddi t1, t1, 2\namoadd.w t2, t2, (t1)", 6n, BigInt(ramBase) + 2n],
    ["a misaligned LR", "la t1, body\naddi t1, t1, 2\nlr.d t2, (t1)", 4n, BigInt(ramBase) + 2n],
  ])("%s", (_, body, cause, value) => {
    const result = trapped(body, 3);
    expect(result.cause).toBe(cause);
    if (value >= BigInt(ramBase)) expect(result.value).toBeGreaterThanOrEqual(BigInt(ramBase));
    else expect(result.value).toBe(value);
  });

  test("what is delegated goes to supervisor mode, with its own cause and way back", () => {
    const { board } = trapped(
      `
        ecall
        csrr a4, sscratch
        ecall
        .balign 4
      supervisor:
        csrr a5, scause
        csrr a6, sstatus
        wfi
        `,
      0,
      `
        li t0, 1 << 8
        csrw medeleg, t0
        la t0, supervisor
        csrw stvec, t0
        `,
    );
    expect([board.hart.mode.privilege, a(board.hart, 5), a(board.hart, 6) & 0x100n]).toEqual([1, 8n, 0n]);
  });

  test("PMP: the first entry that matches decides; machine mode heeds locked ones alone", () => {
    const entry = (config: number): string => `
        la t0, body
        srli t0, t0, 2
        li t1, 64 / 4
        add t0, t0, t1
        csrw pmpaddr0, t0
        addi t0, t0, 1
        csrw pmpaddr1, t0
        li t0, ${config << 8}
        csrw pmpcfg0, t0
      `;
    const body = "la t1, body\naddi t1, t1, 64\nlw t2, 0(t1)\nld t2, -4(t1)\necall\n.balign 4\n.zero 128";
    const [off, range] = [0x00, 0x08];
    // A range of four bytes that may not be read: a load of it, and one that it is a part of.
    expect(trapped(body, 1, entry(off))).toMatchObject({ cause: 9n });
    expect(trapped(body, 1, entry(range))).toMatchObject({ cause: 5n });
    expect(trapped(body, 1, entry(range | 1))).toMatchObject({ cause: 5n });
    // A part of it is too little in every mode.
    expect(trapped(body, 3, entry(range))).toMatchObject({ cause: 5n });
    const whole = "la t1, body\naddi t1, t1, 64\nlw t2, 0(t1)\necall\n.balign 4\n.zero 128";
    expect(trapped(whole, 3, entry(range))).toMatchObject({ cause: 11n });
    expect(trapped(whole, 3, entry(range | 0x80))).toMatchObject({ cause: 5n });
  });
});
