import { describe, expect, test } from "vitest";
import type { Machine } from "../../../sim/machine/index.js";
import {
  bare,
  guests,
  hardwareAssist,
  hardwareAssistWith,
  hypervised,
  hypervisedState,
  nesting,
  trapAndEmulate,
  type Guest,
} from "../../../sim/vmm/index.js";
import { expectSame as expectSamePair, runBoth } from "./same.js";

const hosts = [
  hardwareAssist,
  trapAndEmulate,
  { ...hardwareAssistWith({ nestedPaging: false }), title: "Hardware assist on shadow tables" },
  { ...hardwareAssistWith({ timer: true, time: true, returns: true }), title: "Hardware assist, all controls" },
];

const made = new Map<string, Guest>();
/** So many hypervisors upon each other below a guest; each made once. */
function upon(guest: Guest, levels: number): Guest {
  if (levels === 0) return guest;
  const key = `${guest.name} ${levels}`;
  const known = made.get(key) ?? hypervised(upon(guest, levels - 1));
  made.set(key, known);
  return known;
}

const csrNumbers: Readonly<Record<string, number>> = {
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  sscratch: 0x140,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  stimecmp: 0x14d,
  satp: 0x180,
};

/** The stack of a guest's firmware, which no hypervisor's guest uses. */
function withoutFirmwareStack(native: Machine, memory: Uint8Array): Uint8Array {
  const end = Number(native.address("firmware_stack")) - native.bus.ramBase;
  return Uint8Array.from(memory).fill(0, end - 256, end);
}

/** The guest's kernel has ended in the same state without hypervisors. */
function expectSame(native: Machine, machine: Machine, levels: number): void {
  const state = hypervisedState(machine, levels);
  const hart = native.hart(0);
  expect(machine.console.text).toBe(native.console.text);
  // sp, t0 and t1 are the firmware's when the bare machine ends.
  const kernels = Array.from({ length: 32 }, (_, register) => register).filter((each) => ![2, 5, 6].includes(each));
  expect(kernels.map((register) => state.x[register])).toEqual(kernels.map((register) => hart.x(register)));
  for (const [name, value] of Object.entries(state.csrs))
    expect([name, value]).toEqual([name, hart.csr(csrNumbers[name] ?? 0)]);
  const memory = native.read(native.bus.ramBase, native.bus.ramSize);
  const [of, left] = [memory, state.memory].map((each) => Buffer.from(withoutFirmwareStack(native, each)));
  expect(Buffer.compare(left ?? Buffer.of(), of ?? Buffer.of(0))).toBe(0);
}

function ended(guest: Guest): Machine {
  const machine = bare(guest, { echo: false });
  expect(machine.run({ instructions: 20_000_000 })).toEqual({ kind: "power-off" });
  return machine;
}

describe("a hypervisor that is a guest", () => {
  test.each([guests.tiny, guests.paging, guests.trapping])("$name ends under it as on a bare machine", (guest) => {
    expectSame(ended(guest), ended(upon(guest, 1)), 1);
  });

  test("a guest that asks for the time can tell; what it prints is the same", () => {
    for (const guest of [guests.timer, guests.processes]) {
      expect(ended(upon(guest, 1)).console.text).toBe(ended(guest).console.text);
    }
  });

  test("it runs itself, level upon level", () => {
    const native = ended(guests.paging);
    for (const levels of [2, 3]) expectSame(native, ended(upon(guests.paging, levels)), levels);
  });
});

describe("what each level costs", () => {
  test("the first costs calls alone; further ones pay for the hypervisor's CSRs, and still less than monitors", () => {
    const { levels, ...shown } = nesting({ guest: guests.tiny, levels: 3, by: "hypervisor" });
    expect(levels.map(({ same }) => same)).toEqual([true, true, true, true]);
    const monitors = nesting({ guest: guests.tiny, levels: 3 });
    const traps = levels.map((level) => level.traps);
    const [none = 0, one = 0, two = 0, three = 0] = traps;
    // Each call comes to the hypervisor, and goes on to its firmware; beside that it touches no hypervisor CSR.
    expect(one / none).toBeLessThan(2.5);
    // A call goes down, and SRET back in; each changes 9 CSRs of the world and 3 of the hypervisor's, from the third level on by traps.
    expect(two / one).toBeGreaterThan(2);
    expect(three / two).toBeGreaterThan(9);
    monitors.levels.slice(1).forEach((level, index) => {
      expect(level.traps).toBeGreaterThan(traps[index + 1] ?? 0);
    });
    expect(shown.guest).toBe("tiny");
    const plot = nesting({ levels: 1 }).beside(nesting({ levels: 1, by: "hypervisor" }));
    expect(plot.series.map(({ name, y }) => [name, y.length])).toEqual([
      ["monitors", 2],
      ["hypervisors", 2],
    ]);
    expect(() => nesting({ by: "hypervizor" as "hypervisor" })).toThrow('by cannot be "hypervizor"');
  });
});

describe.each(hosts)("$title: under a VMM of ours it ends as on a bare machine, byte for byte", (technique) => {
  test.each([
    { guest: guests.paging, levels: 1 },
    { guest: guests.processes, levels: 1 },
    { guest: guests.timer, levels: 2 },
  ])("$guest.name, levels of hypervisors: $levels", ({ guest, levels }) => {
    const pair = runBoth(technique, upon(guest, levels));
    expect(pair.vmm.machine.ended).toEqual({ kind: "power-off" });
    expectSamePair(pair);
    expect(pair.vmm.exits.count("nested exit")).toBeGreaterThan(5);
    expect(pair.vmm.exits.count("shadow fill")).toBeGreaterThan(2);
    expect(pair.vmm.machine.directShare).toBeGreaterThan(0.5);
  });
});
