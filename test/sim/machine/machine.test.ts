import { describe, expect, test } from "vitest";
import { createWorld, KiB, MiB, ms, UsageError } from "../../../sim/core/index.js";
import { assemble, machine, type Machine, type MachineOptions } from "../../../sim/machine/index.js";

/** Puts out a text, byte by byte. */
const print = `
print: li   t0, 0x10000000
1:     lbu  t1, (a0)
       beqz t1, 2f
       sb   t1, (t0)
       addi a0, a0, 1
       j    1b
2:     ret
`;

const off = "li t0, 0x100000; li t1, 0x5555; sw t1, (t0)";

function run(source: string, options?: Partial<MachineOptions>): Machine {
  return machine({ memory: KiB(64), program: assemble(source), ...options });
}

describe("a machine stops and says why", () => {
  test("at a break without a handler", () => {
    const guest = run("li a0, 0\nli a1, 1000\nloop: addi a0, a0, 1\nbne a0, a1, loop\nend: ebreak");
    expect(guest.run()).toEqual({
      kind: "exception",
      hart: 0,
      pc: guest.address("end"),
      cause: 3,
      name: "breakpoint",
      value: guest.address("end"),
    });
    expect(guest.hart(0).x(10)).toBe(1000n);
    expect(guest.registers().rows[11]).toMatchObject({ use: "a0", signed: "1000" });
  });

  test("at a misaligned access, where these are to be exceptions", () => {
    const program = "li a0, 0x80001003\nld a1, (a0)\nebreak";
    expect(run(program).run()).toMatchObject({ cause: 3 });
    const stop = run(program, { misaligned: "trap" }).run();
    expect(stop).toMatchObject({ kind: "exception", cause: 4, name: "load address misaligned", value: 0x8000_1003n });
    expect(() => run(program, { misaligned: "tarp" as "trap" })).toThrow('misaligned accesses cannot be "tarp"');
  });

  test("when it is switched off, or says that it failed", () => {
    expect(run(off).run()).toEqual({ kind: "power-off" });
    expect(run("li t0, 0x100000; li t1, 0x2a3333; sw t1, (t0); j .").run()).toEqual({ kind: "failed", code: 42 });
  });

  test("after instructions and after time, exactly", () => {
    const guest = run("1: addi a0, a0, 1\n j 1b", { nanosecondsPerInstruction: 3 });
    expect(guest.run({ instructions: 12_345 })).toEqual({ kind: "instructions" });
    expect([guest.instructions, guest.hart(0).x(10)]).toEqual([12_345, 6173n]);
    guest.step(5);
    expect([guest.instructions, guest.time]).toEqual([12_350, 37_050]);
    expect(guest.run({ duration: ms(1) })).toEqual({ kind: "duration" });
    expect(guest.instructions).toBeGreaterThan(340_000);
  });

  test("when the console shows what was waited for", () => {
    const guest = run(`la a0, text; call print; j .\n${print}\n.data\ntext: .asciz "one two three"`);
    expect(guest.run({ until: "two" })).toEqual({ kind: "until", text: "two" });
    expect(guest.console.text).toBe("one two");
    expect(guest.run({ until: /th[r]e+/ })).toEqual({ kind: "until", text: "thre" });
  });

  test("when all wait for what nothing brings, and goes on when something is typed", () => {
    const guest = run(`
      li t0, 0x10000000; li t1, 1; sb t1, 1(t0)       # the UART interrupts for a byte
      li t2, 0xc000028; sw t1, (t2)                   # source 10: priority 1
      li t2, 0xc002000; li t3, 1 << 10; sw t3, (t2)   # context 0 takes it
      li t2, 1 << 11; csrw mie, t2
      wfi
      lbu a0, (t0)
      ${off}`);
    expect(guest.run()).toEqual({ kind: "idle" });
    guest.type("x");
    expect(guest.run()).toEqual({ kind: "power-off" });
    expect(guest.hart(0).x(10)).toBe(0x78n);
  });

  test("when it jumps into nothing with a handler that is nowhere", () => {
    const guest = run("la t0, 0x1000; csrw mtvec, t0; ecall");
    expect(guest.run()).toMatchObject({ kind: "exception", pc: 0x1000n, name: "instruction access fault" });
  });

  test("at breakpoints, by symbols, and behind watched accesses", () => {
    const guest = run(
      "li a0, 3\nhere: addi a0, a0, -1\n la t0, x\n sd a0, (t0)\n bnez a0, here\n ebreak\n.data\nx: .dword 0",
    );
    guest.break("here");
    for (const left of [3n, 2n]) {
      expect(guest.run()).toEqual({ kind: "breakpoint", hart: 0, pc: guest.address("here") });
      expect(guest.hart(0).x(10)).toBe(left);
    }
    expect(guest.unbreak("here")).toBe(true);
    const unwatch = guest.watch("x");
    expect(guest.run()).toMatchObject({ kind: "watchpoint", address: guest.address("x"), access: "write" });
    expect(guest.read("x", 1)[0]).toBe(1);
    unwatch();
    expect(guest.run()).toMatchObject({ kind: "exception" });
    expect(() => {
      guest.break("hare");
    }).toThrow(expect.objectContaining({ hint: 'Did you mean "here"?' }) as Error);
  });
});

/** Two harts: the first lets the second count, by a software interrupt, and a timer ends the run. */
const duet = `
  csrr a0, mhartid
  la   s1, counts
  slli t0, a0, 3
  add  s1, s1, t0
  la   t0, handler
  csrw mtvec, t0
  li   s2, 0x2000000
  bnez a0, second
  li   t0, 0x2004000                      # mtimecmp: in 20 µs
  li   t1, 200
  sd   t1, (t0)
  li   t0, 0x80
  csrw mie, t0
  csrsi mstatus, 8
1: ld  t1, (s1)
  addi t1, t1, 1
  sd   t1, (s1)
  li   t2, 1
  sw   t2, 4(s2)
  j    1b
second:
  li   t0, 8
  csrw mie, t0
2: wfi
  sw   zero, 4(s2)
  ld   t1, (s1)
  addi t1, t1, 1
  sd   t1, (s1)
  j    2b
.balign 4
handler:
  ${off}
  j .
.data
.balign 8
counts: .dword 0, 0`;

describe("time", () => {
  test("timers are on time to the instruction, and the same run happens whatever it is cut into", () => {
    const results = [Infinity, 1, 7, 1000].map((piece) => {
      const guest = run(duet, { harts: 2, quantum: 50 });
      let stop = guest.run({ instructions: piece });
      while (stop.kind === "instructions") stop = guest.run({ instructions: piece });
      expect(stop).toEqual({ kind: "power-off" });
      expect(guest.hart(0).csr(0x342)).toBe(BigInt.asIntN(64, (1n << 63n) | 7n));
      return [guest.instructions, guest.time, guest.read("counts", 16), guest.hart(1).pc];
    });
    for (const result of results) expect(result).toEqual(results[0]);
    expect(results[0]?.[1]).toBeGreaterThanOrEqual(20_000);
    expect(results[0]?.[1]).toBeLessThan(20_200);
  });

  test("what waits lets time pass to the next timer", () => {
    const guest = run(`li t0, 0x2004000; li t1, 50000; sd t1, (t0); li t1, 0x80; csrw mie, t1; wfi; ${off}`);
    expect(guest.run()).toEqual({ kind: "power-off" });
    expect(guest.time).toBeGreaterThanOrEqual(5_000_000);
    expect(guest.instructions).toBeLessThan(40);
    expect(guest.world.engine.now).toBeGreaterThanOrEqual(5_000_000);
  });

  test("two machines share a world", () => {
    const world = createWorld();
    const [a, b] = ["a", "b"].map((name) => run("1: addi a0, a0, 1\n j 1b", { world, name }));
    a?.run({ duration: ms(1) });
    b?.run({ duration: ms(1) });
    expect(world.engine.now).toBe(2_000_000);
    expect(a?.instructions).toBe(b?.instructions);
  });
});

describe("state", () => {
  test("a saved machine goes on elsewhere as it would have here", () => {
    for (const at of [0, 13, 500, 3001]) {
      const guest = run(duet, { harts: 2, quantum: 50 });
      guest.run({ instructions: at });
      const saved = guest.save();
      const text = JSON.stringify(saved);
      const other = run(duet, { harts: 2, quantum: 50 });
      other.run({ instructions: 77 });
      other.restore(JSON.parse(text) as typeof saved);
      expect(JSON.stringify(other.save())).toBe(text);
      expect(other.run()).toEqual(guest.run());
      expect(JSON.stringify(other.save())).toBe(JSON.stringify(guest.save()));
    }
  });

  test("a state of another machine is refused with the mend", () => {
    const saved = run(duet).save();
    expect(() => {
      run(duet, { harts: 2 }).restore(saved);
    }).toThrow("the saved machine has 1 harts");
    expect(() => {
      run(duet, { memory: KiB(128) }).restore(saved);
    }).toThrow("65536 bytes of memory");
  });

  test("a recorded machine goes back, and what happened happens again", () => {
    const guest = run(duet, { harts: 2, quantum: 50 });
    const states: string[] = [];
    guest.record({ every: 400, keep: 4 });
    for (let step = 0; step < 20; step++) {
      states.push(JSON.stringify(guest.save()));
      guest.run({ instructions: 100 });
    }
    for (const step of [19, 18, 13, 10]) {
      guest.back(guest.instructions - 100 * step);
      expect(guest.instructions).toBe(100 * step);
      expect(guest.hart(0).save()).toEqual(
        (JSON.parse(states[step] ?? "") as ReturnType<Machine["save"]>).board.harts[0],
      );
      expect(guest.read("counts", 16)).toEqual(guest.read("counts", 16));
    }
    guest.run({ instructions: 300 });
    expect(JSON.stringify(guest.save().board)).toBe(
      JSON.stringify((JSON.parse(states[13] ?? "") as ReturnType<Machine["save"]>).board),
    );
    expect(() => {
      guest.back(5000);
    }).toThrow("the recording began at instruction 0");
  });

  test("what was typed is typed again when a machine goes back past it", () => {
    const echo = `li t0, 0x10000000
      1: lbu t1, 5(t0); andi t1, t1, 1; beqz t1, 1b
      lbu t1, (t0); sb t1, (t0); j 1b`;
    const guest = run(echo);
    guest.record({ every: 1000 });
    for (const letter of ["a", "b", "c"]) {
      guest.run({ instructions: 700 });
      guest.type(letter);
    }
    guest.run({ instructions: 700 });
    expect(guest.console.text).toBe("abc");
    const heard: string[] = [];
    guest.console.onOutput((text) => heard.push(text));
    guest.back(800);
    expect([guest.console.text, guest.instructions, heard]).toEqual(["ab", 2000, []]);
    guest.run({ instructions: 800 });
    expect(guest.console.text).toBe("ab");
  });

  test("pages that changed are found, whoever wrote", () => {
    const guest = run("la t0, x; sd t0, (t0); ebreak\n.data\n.balign 4096\nx: .dword 0");
    expect(guest.dirtyPages().length).toBeGreaterThan(0);
    expect(guest.dirtyPages()).toEqual([]);
    guest.run();
    expect(guest.dirtyPages()).toEqual([Number(guest.address("x"))].map((at) => at >>> 0));
    guest.write(0x8000_f000, Uint8Array.of(1));
    expect(guest.dirtyPages()).toEqual([0x8000_f000]);
    expect(guest.memory(0x8000_f000, 16).text).toBe(`8000f000  01 ${"00 ".repeat(15)} ${".".repeat(16)}`);
  });

  test("a guest that resets begins anew, with its memory as at first", () => {
    const guest = run(`la t0, x; ld a0, (t0); li t1, 1; sd t1, (t0); la t2, again; lw t3, (t2); bnez t3, 1f
      li t0, 0x100000; li t1, 0x7777; sw t1, (t0)
      1: ebreak
      .data
      x: .dword 5
      again: .word 0`);
    expect(guest.run({ instructions: 100 })).toEqual({ kind: "instructions" });
    expect(guest.hart(0).x(10)).toBe(5n);
    guest.reset();
    expect(guest.hart(0).x(10)).toBe(0n);
  });
});

describe("what cannot be", () => {
  test.each<[string, Partial<MachineOptions>]>([
    ["a machine cannot have 1000 bytes of memory", { memory: 1000 }],
    ["8 GiB of memory", { memory: 2 ** 33 }],
    ["0 is no number of harts", { harts: 0 }],
    ["0.5 is no time per instruction", { nanosecondsPerInstruction: 0.5 }],
    ["a kernel needs firmware", { kernel: Uint8Array.of(1) }],
    ["not with both", { program: Uint8Array.of(1), firmware: Uint8Array.of(1) }],
    ["an initrd is for a kernel", { initrd: Uint8Array.of(1) }],
    ["both go to 0x80200000", { firmware: new Uint8Array(MiB(3)), kernel: Uint8Array.of(1), memory: MiB(8) }],
    ["no memory left for its device tree", { firmware: new Uint8Array(2048), memory: 4096 }],
    ["the program goes to 0x80000000", { program: new Uint8Array(8192), memory: 4096 }],
    ["8 places for devices, not 9", { drives: Array.from({ length: 8 }, () => new Uint8Array(512)) }],
  ])("%s", (message, options) => {
    expect(() => machine(options)).toThrow(UsageError);
    expect(() => machine(options)).toThrow(message);
  });

  test("an unknown option names the nearest", () => {
    expect(() => machine({ memry: 1 } as object)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('"memory"') as string }) as Error,
    );
    expect(() => machine().run({ untill: "x" } as object)).toThrow('run has no option "untill"');
  });
});

test("what a listener throws leaves the machine whole", () => {
  const guest = run(`la a0, text; call print; j .\n${print}\n.data\ntext: .asciz "one two three"`, { quantum: 20 });
  const end = guest.console.onOutput(() => {
    throw new Error("from the listener");
  });
  expect(() => guest.run({ until: "three" })).toThrow("from the listener");
  end();
  guest.run({ until: "three" });
  expect(guest.console.text).toBe("one two three");
});

describe("which way instructions are executed", () => {
  const count = (instructions: number): string => `li a1, ${instructions}; 1: addi a0, a0, 1; bne a0, a1, 1b; ${off}`;

  test("cold code is interpreted, what is hotter than its patience becomes a unit, and the sum is all of it", () => {
    const guest = run(count(100_000), { patience: 20_000 });
    guest.run();
    const { work } = guest;
    // Coming to a page counts as some, too.
    expect(work.interpreted).toBeGreaterThanOrEqual(19_900);
    expect(work.interpreted).toBeLessThan(21_000);
    expect(work.evaluated + work.interpreted + work.inUnits).toBe(guest.instructions);
    expect([work.units, work.translated > 0, work.wasm > work.translated]).toEqual([1, true, true]);
  });

  test("a loop whose accesses miss is translated anew at once, with calls", () => {
    // Stores to a page with translated code have no entry in the TLB.
    const guest = run("la s1, x; 1: addi a0, a0, 1; sd a0, (s1); j 1b\n.balign 64\nx: .dword 0", { patience: 20_000 });
    guest.run({ instructions: 200_000 });
    expect(guest.work.units).toBeGreaterThanOrEqual(2);
    expect(guest.work.interpreted).toBeLessThan(30_000);
  });

  test("without end, patience translates nothing; the reference does neither", () => {
    const never = run(count(1_000_000), { patience: Infinity });
    never.run();
    expect(never.work).toMatchObject({ inUnits: 0, units: 0, translated: 0, wasm: 0 });
    const reference = run(count(1000));
    reference.run({ engine: "evaluate" });
    expect(reference.work).toMatchObject({ evaluated: reference.instructions, interpreted: 0, inUnits: 0 });
  });

  test.each([0, -1, 1.5, NaN])("patience of %d is refused", (patience) => {
    expect(() => run(off, { patience })).toThrow(UsageError);
  });
});
