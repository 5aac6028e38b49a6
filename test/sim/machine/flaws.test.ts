import { describe, expect, test } from "vitest";
import { assemble, flaws, machine, rv64, type EngineName, type Isa } from "../../../sim/machine/index.js";
import { KiB } from "../../../sim/core/index.js";

/** Runs code in user mode behind a handler in machine mode that keeps the cause in s11; the registers it left. */
function inUser(isa: Isa, engine: EngineName, code: string): (register: number) => bigint {
  const program = assemble(
    `
      la t0, handler
      csrw mtvec, t0
      li t0, -1
      srli t0, t0, 10
      csrw pmpaddr0, t0
      li t0, 0x1f
      csrw pmpcfg0, t0
      li s11, -1
      li t0, 0x2002
      csrw sstatus, t0
      la t0, landing
      csrw sepc, t0
      csrw stvec, t0
      la t0, user
      csrw mepc, t0
      li t0, 0x1800
      csrc mstatus, t0
      mret
    landing: li s10, 1
      j end
    user: ${code}
      j end
    .align 2
    handler: csrr s11, mcause
    end: j end
    `,
    { isa },
  );
  const m = machine({ memory: KiB(64), isa, program, echo: false, patience: 20 });
  m.run({ instructions: 4000, engine });
  return (register) => m.hart(0).x(register);
}

const illegal = 2n;
const [s10, s11, a0] = [26, 27, 10];

describe.each<EngineName>(["evaluate", "translate"])("in user mode, by %s", (engine) => {
  test("RISC-V traps where the flaws don't", () => {
    for (const code of ["csrr a0, sstatus", "csrci sstatus, 2", "csrr a0, satp", "csrr a0, stvec", "sret", "wfi"])
      expect(inUser(rv64, engine, code)(s11)).toBe(illegal);
  });

  test("writes of sstatus are ignored, reads still trap", () => {
    const isa = rv64.with("sstatus-write-ignored-in-user");
    const x = inUser(isa, engine, "csrci sstatus, 2\n csrrw a0, sstatus, zero\n csrrw a0, sstatus, zero");
    expect([x(s11), x(a0) & 2n]).toEqual([-1n, 2n]);
    expect(inUser(isa, engine, "csrr a0, sstatus")(s11)).toBe(illegal);
    expect(inUser(isa, engine, "csrw satp, zero")(s11)).toBe(illegal);
  });

  test("sstatus is readable, writes still trap", () => {
    const isa = rv64.with("sstatus-readable-in-user");
    const x = inUser(isa, engine, "csrr a0, sstatus");
    expect([x(s11), x(a0) & 0x2002n]).toEqual([-1n, 0x2002n]);
    expect(inUser(isa, engine, "csrci sstatus, 2")(s11)).toBe(illegal);
  });

  test("satp and stvec are readable", () => {
    const x = inUser(rv64.with("satp-and-stvec-readable-in-user"), engine, "csrr a1, satp\n csrr a0, stvec");
    expect([x(s11), x(11)]).toEqual([-1n, 0n]);
    expect(x(a0)).toBeGreaterThan(0x8000_0000n);
  });

  test("a probe answers for the real mode", () => {
    const isa = rv64.with("probe-in-real-mode");
    expect(inUser(isa, engine, "la a1, user\n probe a0, (a1)")(a0)).toBe(1n);
    // Protection is for all but machine mode, which would be let through.
    const x = inUser(isa, engine, "li a0, 7\n li a1, -1\n srli a1, a1, 1\n probe a0, (a1)");
    expect([x(s11), x(a0)]).toEqual([-1n, 0n]);
  });

  test("SRET is a jump", () => {
    const x = inUser(rv64.with("sret-jumps-in-user"), engine, "sret");
    expect([x(s10), x(s11)]).toEqual([1n, -1n]);
  });

  test("a return to user mode traps in no mode", () => {
    const isa = rv64.with("return-to-user-without-trap");
    const x = inUser(isa, engine, "la a0, landing\n jrst1 a0");
    expect([x(s10), x(s11)]).toEqual([1n, -1n]);
    // From machine mode, too, and then it is left.
    const program = assemble("la a0, there\n jrst1 a0\n there: csrr a1, mscratch", { isa });
    const m = machine({ memory: KiB(64), isa, program, echo: false });
    m.run({ instructions: 3, engine });
    expect(m.hart(0).mode.privilege).toBe(0);
  });

  test("WFI does nothing", () => {
    const x = inUser(rv64.with("wfi-no-op-in-user"), engine, "wfi\n li a0, 5");
    expect([x(s11), x(a0)]).toEqual([-1n, 5n]);
  });
});

test("a mistyped flaw is told its name, and flaws add up", () => {
  expect(() => rv64.with("sret-jump-in-user")).toThrow(/is no flaw/);
  const all = flaws.reduce((isa, { name }) => isa.with(name), rv64);
  expect(all.userCsrs).toHaveLength(4);
  expect(all.rows).toHaveLength(rv64.rows.length + 2);
});
