import { describe, expect, test } from "vitest";
import { assemble } from "../../../sim/machine/index.js";
import { bare, create, guests, techniques as all, type Guest } from "../../../sim/vmm/index.js";

/** Those that run kernels as they are. */
const techniques = all.filter(({ runsPorts }) => runsPorts !== true);

const panicking: Guest = {
  name: "panicking",
  about: "Counts to a thousand, then jumps into nothing.",
  results: [],
  options: { program: assemble("li a0, 1000\n1: addi a0, a0, -1\n bnez a0, 1b\n li t0, 64\n jr t0") },
};
const endless: Guest = {
  name: "endless",
  about: "Counts for ever.",
  results: [],
  options: { program: assemble("1: addi a0, a0, 1\n j 1b") },
};

describe.each(techniques)("$name: several guests on one processor", (technique) => {
  test("each ends as it does alone, whatever the slice", () => {
    const all = [guests.tiny, guests.timer, guests.paging, guests.processes, guests.block];
    const alone = all.map((guest) => {
      const machine = bare(guest, { echo: false });
      machine.run();
      return machine.save();
    });
    for (const slice of [101, 5000]) {
      const vmm = create(technique, { guests: all, slice }).run();
      expect(vmm.machines.map(({ machine }) => machine.save())).toEqual(alone);
      expect(vmm.switches).toBeGreaterThan(all.length);
    }
  });

  test("turns are fair: as many instructions for each", () => {
    const copies = ["a", "b", "c"].map((name) => ({ ...endless, name }));
    const vmm = create(technique, { guests: copies, slice: 100 }).run({ instructions: 30_000 });
    expect(vmm.machines.map(({ machine }) => machine.instructions)).toEqual([10_000, 10_000, 10_000]);
  });

  test("one that panics is rebooted, again and again, and the other gets on as if it were healthy", () => {
    const vmm = create(technique, { guests: [endless, panicking], slice: 500 });
    const [well, sick] = [vmm.vm("endless"), vmm.vm("panicking")];
    const alone = bare(endless, { echo: false });
    let reboots = 0;
    for (let round = 0; round < 20; round++) {
      const before = well.machine.instructions;
      vmm.run({ instructions: 1000 });
      const own = well.machine.instructions - before;
      expect(own).toBeGreaterThanOrEqual(500);
      alone.run({ instructions: own });
      expect(well.machine.save()).toEqual(alone.save());
      if (sick.ended === undefined) continue;
      expect(sick.ended).toMatchObject({ kind: "exception", name: "instruction access fault" });
      sick.reboot();
      reboots++;
    }
    expect(reboots).toBeGreaterThan(3);
  });

  test("a rebooted guest runs again from the beginning", () => {
    const vmm = create(technique, { guests: [guests.paging, guests.tiny] }).run();
    vmm.vm("paging").reboot();
    vmm.run();
    const { machine, ended } = vmm.vm("paging");
    expect(ended).toEqual({ kind: "power-off" });
    expect(machine.console.text).toBe("40 results, 7 faults\n40 results, 7 faults\n");
  });
});

describe("mistakes are told", () => {
  test("of who makes a VMM", () => {
    expect(() => create("trap-and-emulate")).toThrow("a VMM needs a guest");
    expect(() => create("trap-and-emulated" as "trap-and-emulate", { guest: guests.tiny })).toThrow(
      'there is no technique "trap-and-emulated"',
    );
    expect(() => create("trap-and-emulate", { guest: guests.tiny, slice: 0 })).toThrow("0 is no slice");
    const vmm = create("trap-and-emulate", { guest: guests.tiny });
    expect(() => vmm.vm("tinny")).toThrow('no machine "tinny"');
    expect(() => vmm.machine.machine.run({ engine: "translate" })).toThrow("tiny is a virtual machine");
  });
});
