import { describe, expect, test } from "vitest";
import { isa as isas } from "../../../sim/lab/isa.js";
import { bare, create, guests } from "../../../sim/vmm/index.js";
import { enough, expectSame, runBoth, unported } from "./same.js";

const sound = Object.values(guests).filter(({ isa }) => isa === undefined);

describe.each(unported)("$title: a guest ends as on a bare machine", (technique) => {
  test.each(sound)("$name", (guest) => {
    const pair = runBoth(technique, guest);
    expect(pair.vmm.machine.ended).toEqual({ kind: "power-off" });
    expectSame(pair);
  });

  test.each(sound.filter(({ name }) => name !== "compute"))("$name, evaluated, in short slices", (guest) => {
    const native = bare(guest, { echo: false });
    native.run({ instructions: enough });
    const vmm = create(technique, { guests: [guest, guests.tiny], engine: "evaluate", slice: 37 }).run();
    expectSame({ native, vmm, virtual: vmm.machine.machine });
  });

  test("its state, saved midway, goes on in a bare machine, and a bare machine's goes on in it", () => {
    const guest = guests.processes;
    const native = bare(guest, { echo: false });
    const end = bare(guest, { echo: false });
    end.run();
    for (const before of [1000, 30_001, 100_000]) {
      const moved = create(technique, { guest }).run({ instructions: before });
      const there = bare(guest, { echo: false });
      there.restore(moved.machine.machine.save());
      there.run();
      expect(there.save()).toEqual(end.save());

      native.reset();
      const start = native.save();
      native.run({ instructions: before });
      const back = create(technique, { guest });
      back.machine.machine.restore(native.save());
      back.run();
      native.run();
      expect(back.machine.machine.save()).toEqual(native.save());
      native.restore(start);
    }
  });

  test("pages that it wrote are told as a bare machine's are", () => {
    const pair = runBoth(technique, guests.block, {}, 500);
    const [native, virtual] = [pair.native, pair.virtual];
    expect(virtual.dirtyPages()).toEqual(native.dirtyPages());
    native.run({ instructions: 200 });
    pair.vmm.run({ instructions: 200 });
    const [of, told] = [native.dirtyPages(), virtual.dirtyPages()];
    expect(told).toEqual(of);
    expect(told.length).toBeGreaterThan(0);
  });

  test("a debugger stops it at breakpoints and watchpoints as it does a bare machine", () => {
    const guest = guests.paging;
    const native = bare(guest, { echo: false });
    const virtual = create(technique, { guest }).machine.machine;
    for (const machine of [native, virtual]) {
      machine.break("fault");
      machine.watch("faults");
    }
    for (let stop = 0; stop < 30; stop++) {
      expect(virtual.run()).toEqual(native.run());
      expect(virtual.save()).toEqual(native.save());
    }
    virtual.record();
    virtual.run();
    virtual.back(1);
    expect(virtual.run().kind).not.toBe("instructions");
  });

  test("on an ISA with the hypervisor extension, which it doesn't use, as well", () => {
    expectSame(runBoth(technique, guests.processes, { isa: isas.rv64h }));
  });
});
