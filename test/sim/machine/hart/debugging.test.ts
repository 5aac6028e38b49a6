import { describe, expect, test } from "vitest";
import { asm } from "../../../../sim/machine/index.js";
import { boardWith, engines } from "./run-program.js";

describe.each(engines)("a debugger's stops of a hart, by %s", (engine) => {
  const program = asm`
        la t0, word
        li t1, 100
      loop:
        addi t1, t1, -1
      middle:
        sd t1, 0(t0)
        bnez t1, loop
        wfi
        .balign 8
      word:
        .dword 5
    `;
  const symbol = (name: string): bigint => program.symbols.get(name)?.value ?? 0n;

  test("a breakpoint stops before its instruction, each time, and a run goes on from it", () => {
    const { hart } = boardWith(program, { engine });
    hart.run(60);
    hart.setBreakpoint(symbol("middle"), true);
    for (const left of [80n, 79n, 78n]) {
      expect(hart.run(1000)).toEqual({ kind: "breakpoint", pc: symbol("middle") });
      expect(hart.x(6)).toBe(left);
    }
    hart.setBreakpoint(symbol("middle"), false);
    expect(hart.run(1000)).toEqual({ kind: "wait" });
  });

  test("a breakpoint at an address whose lower half is the same stops nobody", () => {
    const { hart } = boardWith(program, { engine });
    const far = 1n << 32n;
    hart.setBreakpoint(symbol("middle") + far, true);
    expect(hart.run(1000)).toEqual({ kind: "wait" });
    expect([0n, far].map((from) => hart.hasBreakpoint((symbol("middle") + from) & -4096n))).toEqual([false, true]);
    hart.setBreakpoint(symbol("middle") + far, false);
    expect(hart.hasBreakpoint((symbol("middle") + far) & -4096n)).toBe(false);
  });

  test("a watchpoint stops behind the access", () => {
    const { hart } = boardWith(program, { engine });
    hart.run(60);
    const watchpoint = { address: symbol("word") + 4n, bytes: 1, access: "write" } as const;
    hart.setWatchpoint(watchpoint, true);
    const stop = hart.run(1000);
    expect(stop).toMatchObject({ kind: "watchpoint", address: symbol("word"), access: "write" });
    expect(hart.pc).toBe(symbol("middle") + 4n);
    hart.setWatchpoint(watchpoint, false);
    expect(hart.run(1000)).toEqual({ kind: "wait" });
  });
});
