import { describe, expect, test } from "vitest";
import { asm } from "../../../../sim/machine/index.js";
import { a, engines, run } from "./run-program.js";

const bare = (value: bigint): bigint => BigInt.asUintN(64, value);

describe.each(engines)("a hart's CSRs hold what is legal, by %s", (engine) => {
  test.each([
    ["mstatus", "-1", 0x8000000a007e79aan],
    ["sstatus", "-1", 0x80000002000c6122n],
    ["medeleg", "-1", 0xb3ffn],
    ["mideleg", "-1", 0x222n],
    ["mie", "-1", 0xaaan],
    ["mip", "-1", 0x222n],
    ["mtvec", "-1", 0xfffffffffffffffdn],
    ["mepc", "-1", 0xfffffffffffffffen],
    ["mcause", "-1", 0xffffffffffffffffn],
    ["mcounteren", "-1", 0xffffffffn],
    ["pmpaddr0", "-1", 0x003fffffffffffffn],
    ["pmpcfg0", "0x62", 0x0000000000000000n],
    ["pmpcfg0", "0x9b", 0x000000000000009bn],
    ["menvcfg", "-1", 0xa000000000000001n],
    ["mcountinhibit", "-1", 0x5n],
    ["mscratch", "-5", 0xfffffffffffffffbn],
  ])("%s after writing %s", (name, value, expected) => {
    const { hart } = run(
      asm`
        li a1, ${value}
        csrw ${name}, a1
        csrr a0, ${name}
        wfi
      `,
      { engine },
    );
    expect(bare(a(hart, 0))).toBe(expected);
  });

  test("satp ignores a write that asks for a mode which isn't there", () => {
    const { hart } = run(
      asm`
        li a1, (8 << 60) | 5
        csrw satp, a1
        li a1, (9 << 60) | 6
        csrw satp, a1
        csrr a0, satp
        wfi
      `,
      { engine },
    );
    expect(bare(a(hart, 0))).toBe((8n << 60n) | 5n);
  });

  test("a locked entry of PMP stays, and so does the lower end of a locked range", () => {
    const { hart } = run(
      asm`
        li a1, 0x20001000
        csrw pmpaddr0, a1
        li a1, 0x20002000
        csrw pmpaddr1, a1
        li a1, 0x8900
        csrw pmpcfg0, a1
        csrw pmpcfg0, zero
        csrw pmpaddr0, zero
        csrw pmpaddr1, zero
        csrr a0, pmpcfg0
        csrr a1, pmpaddr0
        csrr a2, pmpaddr1
        wfi
      `,
      { engine },
    );
    expect([a(hart, 0), a(hart, 1), a(hart, 2)]).toEqual([0x8900n, 0x20001000n, 0x20002000n]);
  });

  test("minstret counts what retires, mcycle what traps too; a write counts from the instruction behind", () => {
    const { hart } = run(
      asm`
        la t0, handler
        csrw mtvec, t0
        csrw minstret, zero
        csrw mcycle, zero
        nop
        ecall
        csrr a0, minstret
        csrr a1, mcycle
        wfi
        .balign 4
      handler:
        csrr t1, mepc
        addi t1, t1, 4
        csrw mepc, t1
        mret
      `,
      { engine },
    );
    // csrw mcycle, nop, four in the handler; mcycle: nop, ecall, four in the handler, csrr.
    expect([a(hart, 0), a(hart, 1)]).toEqual([6n, 7n]);
  });
});
