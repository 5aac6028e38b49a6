import { describe, expect, test } from "vitest";
import { assemble } from "../../../sim/machine/index.js";
import {
  bare,
  create,
  exitControlsView,
  guests,
  hardwareAssist,
  hardwareAssistWith,
  trapAndEmulate,
  type ExitReason,
  type Guest,
} from "../../../sim/vmm/index.js";
import { expectSame, runBoth } from "./same.js";

const counts = (technique: typeof hardwareAssist, guest: Guest, ...reasons: readonly ExitReason[]): number[] => {
  const { exits } = create(technique, { guest }).run();
  return reasons.map((reason) => exits.count(reason));
};

const everything = hardwareAssistWith({ addressSpaces: true, returns: true, time: true, timer: true });

describe("what a guest's kernel does without its VMM", () => {
  test("its CSRs, traps, returns, address spaces and page faults cost no exits, which de-privileged they do", () => {
    const own = ["system call", "page fault", "shadow fill", "address fence"] as const;
    expect(counts(hardwareAssist, guests.processes, ...own)).toEqual([0, 0, 0, 0]);
    expect(Math.min(...counts(trapAndEmulate, guests.processes, "system call", "shadow fill"))).toBeGreaterThan(5);
    // Its loop of CSR accesses is not seen: what is, is the firmware's.
    expect(create(hardwareAssist, { guest: guests.trapping }).run().exits.total).toBeLessThan(700);
    expect(create(trapAndEmulate, { guest: guests.trapping }).run().exits.total).toBeGreaterThan(20_000);
  });

  test("its timer is vstimecmp, and the interrupt comes by itself", () => {
    const [reads, ticks] = counts(hardwareAssist, guests.timer, "counter read", "interrupt");
    expect([reads, ticks]).toEqual([0, 0]);
    const { native, vmm } = runBoth(hardwareAssistWith({ timer: true, time: true }), guests.timer);
    expect(vmm.exits.count("counter read")).toBeGreaterThan(10);
    expect(vmm.exits.count("interrupt")).toBe(10);
    expect(native.console.text).toContain("11 ticks");
  });

  test("each control brings its exits, and the guest ends alike under all of them", () => {
    for (const guest of [guests.timer, guests.processes, guests.paging, guests.block]) {
      const pair = runBoth(everything, guest);
      expectSame(pair);
      expect(pair.vmm.exits.total).toBeGreaterThan(create(hardwareAssist, { guest }).run().exits.total);
    }
    const [returns] = counts(everything, guests.processes, "return from trap");
    const [spaces] = counts(everything, guests.paging, "address fence");
    const [least] = counts(hardwareAssist, guests.processes, "return from trap");
    expect(returns).toBeGreaterThan(least ?? 0);
    expect(spaces).toBeGreaterThan(0);
    expect(exitControlsView({ returns: true }).rows).toContainEqual({
      what: "SRET",
      bit: "hstatus.VTSR",
      exits: "yes",
    });
    expect(() => hardwareAssistWith({ retruns: true } as object)).toThrow('no option "retruns"');
  });
});

describe("without nested paging", () => {
  const shadowed = hardwareAssistWith({ nestedPaging: false });

  test.each([guests.tiny, guests.timer, guests.paging, guests.processes, guests.block, guests.compute])(
    "$name is on shadow tables, and ends alike",
    (guest) => {
      const pair = runBoth(shadowed, guest);
      expectSame(pair);
      expect(pair.vmm.exits.count("shadow fill")).toBeGreaterThan(1);
      expect(pair.vmm.exits.count("system call")).toBe(0);
    },
  );

  test("page faults and address spaces come to the VMM", () => {
    const [faults, fences, spaces] = counts(shadowed, guests.paging, "page fault", "address fence", "CSR access");
    expect([faults, fences].map((count) => (count ?? 0) > 5)).toEqual([true, true]);
    const [, , native] = counts(hardwareAssist, guests.paging, "page fault", "address fence", "CSR access");
    expect(spaces).toBeGreaterThan(native ?? 0);
  });
});

describe("nested paging", () => {
  test("memory's first stores behind a look at dirty pages are exits, one for each page, and no others are", () => {
    const { machine } = create(hardwareAssist, { guest: guests.compute }).run({ instructions: 100_000 });
    expect(machine.exits.count("nested fill")).toBe(0);
    machine.machine.dirtyPages();
    machine.run(100_000);
    expect(machine.exits.count("nested fill")).toBe(machine.machine.dirtyPages().length);
    expect(machine.exits.count("nested fill")).toBeGreaterThan(15);
  });

  test("what a guest's physical memory protection keeps from its kernel, the tables keep", () => {
    const guest: Guest = {
      name: "protected",
      about: "Its firmware keeps a page, half a page and a device from its kernel.",
      results: [],
      options: {
        program: assemble(`
  la t0, trap; csrw mtvec, t0
  .macro keep entry, at, size
  la t0, \\at; srli t0, t0, 2; ori t0, t0, \\size / 8 - 1; csrw pmpaddr\\entry, t0
  .endm
  keep 0, page, 4096
  keep 1, half, 2048
  li t0, 0x10000000; srli t0, t0, 2; ori t0, t0, 0x1ff; csrw pmpaddr2, t0
  li t0, -1; csrw pmpaddr3, t0
  li t0, 0x1f191918; csrw pmpcfg0, t0
  la t0, kernel; csrw mepc, t0
  li t0, 3 << 11; csrc mstatus, t0; li t0, 1 << 11; csrs mstatus, t0
  mret
kernel:
  la s0, page; la s1, half; li s2, 0x10000005; li a1, 1
  ld a0, (s0)
  sd a1, (s0)
  ld a0, (s1)
  sd a1, (s1)
  ld a0, 2040(s1)
  sd a1, 8(s1)
  li t0, 2048; add t0, t0, s1
  sd a1, (t0)                      # allowed
  ld a2, (t0)
  lbu a3, (s2)
  sb a1, (s2)
  ecall
  j .
  .balign 4
trap:
  csrr t6, mcause
  addi t6, t6, -9
  beqz t6, 1f
  addi s11, s11, 1
  csrr t6, mepc; lhu t5, (t6); andi t5, t5, 3; addi t5, t5, -3; addi t6, t6, 2; bnez t5, 2f
  addi t6, t6, 2
2:csrw mepc, t6
  mret
1:li t0, 0x100000; li t1, 0x5555; sw t1, (t0)
  .balign 4096
page: .skip 4096
half: .skip 4096
`),
      },
    };
    const pair = runBoth(hardwareAssist, guest);
    expectSame(pair);
    // Both accesses to the page, the stores to the half and to the device; not those behind the half.
    expect(pair.native.hart(0).x(27)).toBe(5n);
    expect(pair.native.hart(0).x(12)).toBe(1n);
  });
});

describe("time", () => {
  test("is each guest's own: htimedelta takes away what others had", () => {
    const clock: Guest = {
      name: "clock",
      about: "Reads the time, over and over, in supervisor mode.",
      results: [],
      options: {
        program: assemble(`
  li t0, -1; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0
  li t0, 2; csrw mcounteren, t0
  la t0, 1f; csrw mepc, t0; li t0, 1 << 12; csrc mstatus, t0
  mret
1:rdtime a0
  addi a1, a1, 1
  j 1b`),
      },
    };
    const vmm = create(hardwareAssist, {
      guests: ["first", "second"].map((name) => ({ ...clock, name })),
      slice: 777,
    }).run({ instructions: 100_000 });
    const alone = bare(clock, { echo: false });
    alone.run({ instructions: vmm.machine.machine.instructions });
    expect(vmm.machine.machine.hart(0).x(10)).toBe(alone.hart(0).x(10));
    expect(vmm.machine.exits.count("counter read")).toBe(0);
    // The host's time went on for both: half of it isn't this guest's.
    const { state } = vmm.host.hart(0);
    const ticks = Number(alone.hart(0).x(10));
    expect(Number(-state.htimedelta)).toBeGreaterThan(ticks * 0.9);
    expect(Number(-state.htimedelta)).toBeLessThan(ticks * 1.1);
  });
});
