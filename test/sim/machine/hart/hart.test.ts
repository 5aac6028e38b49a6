import { describe, expect, test } from "vitest";
import {
  asm,
  createHart,
  rv64,
  type EngineName,
  type Hart,
  type HartOptions,
  type Program,
} from "../../../../sim/machine/index.js";
import { plainBoard, ramBase, type PlainBoard } from "./plain-board.js";

const engines: readonly EngineName[] = ["evaluate", "translate"];

function boardWith(program: Program, options: HartOptions): PlainBoard {
  const board = plainBoard(1 << 20, { patience: 5, ...options });
  for (const { address, bytes } of program.segments) board.bus.write(Number(address), bytes);
  return board;
}

/** Runs a program to its WFI. Its RAM begins where it does. */
function run(program: Program, options: HartOptions = {}): PlainBoard {
  const board = boardWith(program, options);
  expect(board.hart.run(100_000)).toEqual({ kind: "wait" });
  return board;
}

const a = (hart: Hart, number: number): bigint => hart.x(10 + number);
const bare = (value: bigint): bigint => BigInt.asUintN(64, value);

describe.each(engines)("a hart, by %s", (engine) => {
  describe("CSRs hold what is legal", () => {
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

  describe("traps", () => {
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
    board.hart.line(5, true);
    expect(board.hart.run(100)).toEqual({ kind: "wait" });
    expect([0, 1, 2, 3].map((number) => a(board.hart, number))).toEqual([0n, 32n, 40n, 0n]);
  });

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

  describe("for a debugger", () => {
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

test("a saved hart of another shape is refused", () => {
  const { hart } = plainBoard(1 << 16);
  const saved = hart.save();
  const state = { ...saved.state, mepc: undefined };
  expect(() => {
    hart.restore({ ...saved, state } as unknown as typeof saved); // What a file might hold.
  }).toThrow(
    expect.objectContaining({ name: "UsageError", message: "state.mepc is missing in a saved hart" }) as Error,
  );
});
