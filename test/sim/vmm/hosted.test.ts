import { describe, expect, test } from "vitest";
import {
  create,
  driverFault,
  guests,
  hardwareAssist,
  smallHost,
  techniques,
  trapAndEmulate,
  bare,
} from "../../../sim/vmm/index.js";
import { hostKernelGuest } from "../../../sim/vmm/guests/host-kernel.js";

describe("a monitor that is a process of a host", () => {
  const hostOs = smallHost();

  test("what the host's calls take is measured: two worlds' registers, and a driver's way to its device", () => {
    const { "run guest": run, "access device": device } = hostOs.calls;
    // 31 registers stored and loaded, of the process and of the guest.
    expect(run.instructions).toBeGreaterThan(4 * 30);
    expect(device.instructions).toBeGreaterThan(2 * 30);
    expect([run.traps, device.traps]).toEqual([1, 1]);
    expect([run.devices, device.devices]).toEqual([0, 2]);
    const host = bare(hostKernelGuest("access device", 5), { echo: false });
    expect(host.run()).toEqual({ kind: "power-off" });
    expect(host.console.text).toBe(".....");
  });

  test.each(techniques)("$name: exits pay for the host's kernel, and nothing else changes", (technique) => {
    const guest = guests.processes;
    const own = create(technique, { guest }).run();
    const hosted = create(technique, { guest, hostOs }).run();
    expect(hosted.machine.machine.save()).toEqual(own.machine.machine.save());
    expect(hosted.exits.counts).toEqual(own.exits.counts);
    const { trap, device } = own.exits.costs.parameters;
    const [run, access] = [hostOs.calls["run guest"], hostOs.calls["access device"]];
    const visits = own.exits.total - own.exits.count("callout");
    const devices = own.exits.count("device access");
    const paid = visits * (run.instructions + trap) + devices * (access.instructions + trap + 2 * device);
    expect(hosted.cycles - own.cycles).toBe(paid);
    expect(paid).toBeGreaterThan(0);
  });

  test("a guest that computes hardly notices, one that traps or writes does", () => {
    const factor = (guest: typeof guests.tiny): number =>
      create(hardwareAssist, { guest, hostOs }).run().cycles / create(hardwareAssist, { guest }).run().cycles;
    expect(factor(guests.compute)).toBeLessThan(1.05);
    expect(factor(guests.block)).toBeGreaterThan(1.2);
  });

  test("the path of one exit is shown, of both types", () => {
    const own = create(hardwareAssist, { guest: guests.tiny }).machine;
    const hosted = create(hardwareAssist, { guest: guests.tiny, hostOs }).machine;
    expect(own.exitPath("device access").participants).toEqual(["guest", "VMM"]);
    const path = hosted.exitPath("device access");
    expect(path.participants).toEqual(["guest", "small host's kernel", "VMM (a process)", "device"]);
    expect(path.messages).toHaveLength(9);
    expect(hosted.exitPath("return from trap").messages).toHaveLength(5);
    expect(path.caption).toContain(String(hosted.exits.costs.exit("device access")));
    // What is called in the guest's own address space is no matter of the host's.
    expect(hosted.exitPath("callout").participants).toEqual(["guest", "VMM (a process)"]);
    expect(hosted.exits.costs.exit("callout")).toBe(own.exits.costs.exit("callout"));
  });
});

describe("a driver with a bug", () => {
  test("in the host's kernel takes every guest of a Type II monitor down", () => {
    const { names, course, faults, survivors } = driverFault("host");
    expect([names.length, faults, survivors]).toEqual([2, 1, 0]);
    const at = course.findIndex(({ failed }) => failed);
    expect(at).toBeGreaterThan(5);
    // A byte for each turn of a guest, and the last turns are those before the fault.
    expect(course.at(-1)).toEqual({ ...course[at], failed: false });
    expect(course.at(-1)?.bytes).toBe(20);
    expect(course[at - 1]?.guests).toEqual([1000 * at, 1000 * at]);
  });

  test.each([trapAndEmulate, hardwareAssist])("in a domain of its own it takes itself down: $name", (technique) => {
    const { course, faults, survivors } = driverFault("domain", { technique, bytes: 5 });
    expect(survivors).toBe(2);
    expect(faults).toBeGreaterThan(3);
    // What it did not use of its turn is the others'.
    course.forEach(({ guests: [first = 0, second = 0] }, turn) => {
      expect(Math.min(first, second)).toBeGreaterThanOrEqual(1000 * (turn + 1));
    });
    // Rebooted, it writes again, each time as far as its bug.
    expect(course.at(-1)?.bytes).toBeGreaterThanOrEqual(5 * faults);
  });

  test("says what it can't do, and shows itself", () => {
    expect(() => driverFault("host", { bytes: 0 })).toThrow("bytes cannot be 0");
    const { series, caption } = driverFault("host", { turns: 12, bytes: 4 }).view();
    expect(series.map(({ name }) => name)).toEqual(["first", "second", "the driver fails"]);
    expect(caption).toContain("Type II");
  });
});
