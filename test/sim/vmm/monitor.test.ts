import { describe, expect, test } from "vitest";
import { assemble, type Machine } from "../../../sim/machine/index.js";
import {
  bare,
  create,
  guests,
  monitored,
  monitoredState,
  nesting,
  trapAndEmulate,
  type Guest,
} from "../../../sim/vmm/index.js";

const upon = (guest: Guest, levels: number): Guest => (levels === 0 ? guest : upon(monitored(guest), levels - 1));

/** The guest without monitors has ended in the same state. */
function expectSame(native: Machine, machine: Machine, levels: number): void {
  const state = monitoredState(machine, levels);
  const hart = native.hart(0);
  expect(machine.console.text).toBe(native.console.text);
  expect(state.x).toEqual(Array.from({ length: 32 }, (_, register) => hart.x(register)));
  expect(state.pc).toBe(hart.pc);
  expect(state.privilege).toBe(hart.mode.privilege);
  for (const [name, value] of Object.entries(state.csrs)) {
    const view = native.hart(0).csr(csrNumbers[name] ?? -1);
    if (view !== undefined) expect([name, BigInt.asUintN(64, value)]).toEqual([name, BigInt.asUintN(64, view)]);
  }
  const { ramBase, ramSize } = native.bus;
  expect(Buffer.compare(Buffer.from(state.memory), Buffer.from(native.read(ramBase, ramSize)))).toBe(0);
}

const csrNumbers: Readonly<Record<string, number>> = {
  misa: 0x301,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mcounteren: 0x306,
  menvcfg: 0x30a,
  stvec: 0x105,
  sscratch: 0x140,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  pmpcfg0: 0x3a0,
  pmpaddr0: 0x3b0,
};

function ended(guest: Guest): Machine {
  const machine = bare(guest, { echo: false });
  expect(machine.run({ instructions: 20_000_000 })).toEqual({ kind: "power-off" });
  return machine;
}

describe("a monitor that is a guest", () => {
  test.each([guests.tiny, guests.paging, guests.trapping])("$name ends under it as on a bare machine", (guest) => {
    expectSame(ended(guest), ended(monitored(guest)), 1);
  });

  test("it runs itself, level upon level, and each level multiplies the traps", () => {
    const native = ended(guests.tiny);
    const traps = [1, 2, 3].map((levels) => {
      const machine = ended(upon(guests.tiny, levels));
      expectSame(native, machine, levels);
      const { cycles, retired } = machine.hart(0);
      return cycles - retired;
    });
    const [one = 0, two = 0, three = 0] = traps;
    expect(two / one).toBeGreaterThan(4);
    expect(three / two).toBeGreaterThan(4);
  });

  test("it runs under a monitor of ours", () => {
    const native = ended(guests.paging);
    const vmm = create(trapAndEmulate, { guest: monitored(guests.paging) }).run({ instructions: 40_000_000 });
    expect(vmm.machine.ended).toEqual({ kind: "power-off" });
    expectSame(native, vmm.machine.machine, 1);
  });

  test("a guest that asks for the time can tell, as theorem 2 allows; what it prints is the same", () => {
    const native = ended(guests.timer);
    const machine = ended(monitored(guests.timer));
    expect(machine.console.text).toBe(native.console.text);
    const { memory } = monitoredState(machine, 1);
    expect(
      Buffer.compare(Buffer.from(memory), Buffer.from(native.read(native.bus.ramBase, native.bus.ramSize))),
    ).not.toBe(0);
  });

  test("a nested guest that reaches outside of its memory gets faults, as on a bare machine, and no neighbour is touched", () => {
    const hostile: Guest = {
      name: "hostile",
      about: "Stores before and behind its memory, by physical addresses and by page tables.",
      results: [],
      options: {
        memory: 512 * 1024,
        program: assemble(`
  la t0, trap; csrw mtvec, t0
  li t0, -1; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0
  li t0, 5 << 61; csrw menvcfg, t0
  li a1, 0x666
  li a0, 0x80080000; sd a1, (a0)    # behind its memory
  li a0, 0x800d0000; sd a1, (a0)
  li a0, 0x7ffffff8; sd a1, (a0)
  li a0, 0x100001000; sd a1, (a0)
  la t0, root; srli t0, t0, 12; li t1, 8 << 60; or t0, t0, t1; csrw satp, t0
  la t0, root; li t1, (0x80000000 >> 2) | 0xcf; sd t1, 16(t0); sd t1, 24(t0)
  li t1, (0x80080000 >> 2) | 1; sd t1, 0(t0)       # a table that isn't in its memory
  la t0, kernel; csrw mepc, t0; li t0, 3 << 11; csrc mstatus, t0; li t0, 1 << 11; csrs mstatus, t0; mret
kernel:
  li a0, 0x80080000; sd a1, (a0)
  li a0, 0x1000; sd a1, (a0)
  li a0, 0xc0090000; sd a1, (a0)
  ecall
  .balign 4
trap:
  csrr t1, mcause; li t2, 9; beq t1, t2, 1f
  addi s11, s11, 1
  csrr t0, mepc; lhu t2, (t0); andi t2, t2, 3; addi t2, t2, -3; addi t0, t0, 2; bnez t2, 2f
  addi t0, t0, 2
2:csrw mepc, t0
  mret
1:li t0, 0x100000; li t1, 0x5555; sw t1, (t0)
  j .
  .balign 4096
root: .skip 4096
`),
      },
    };
    const native = ended(hostile);
    expect(native.hart(0).x(27)).toBe(7n);
    for (const levels of [1, 2]) {
      const machine = ended(upon(hostile, levels));
      expectSame(native, machine, levels);
    }
  });

  test("what each level costs: traps multiply by the privileged instructions of a monitor's way", () => {
    const { levels } = nesting({ guest: guests.tiny, levels: 3 });
    expect(levels.map(({ same }) => same)).toEqual([true, true, true, true]);
    const [, , second, third] = levels;
    expect(second?.growth).toBeGreaterThan(5);
    // The factor is the monitor's own, whatever level it is on.
    expect(Math.abs((third?.growth ?? 0) / (second?.growth ?? 1) - 1)).toBeLessThan(0.5);
    expect(() => nesting({ levels: 9 })).toThrow("levels cannot be 9");
  });
});
