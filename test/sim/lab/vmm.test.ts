import { expect, test } from "vitest";
import { assemble, isa, vmm } from "../../../sim/lab/index.js";

test("a cell makes monitors of every technique for one guest, and sees why it came back", () => {
  const totals = vmm.techniques.map(
    (technique) => vmm.create(technique, { guest: vmm.guests.timer }).run().exits.total,
  );
  expect(totals).toHaveLength(4);
  expect(Math.min(...totals)).toBe(totals[2]);
});

test("any program is a guest, bare and virtual", () => {
  const mine = vmm.guest("mine", { program: assemble("li a0, 7\nebreak") });
  expect(vmm.bare(mine).run()).toMatchObject({ kind: "exception", name: "breakpoint" });
  const monitor = vmm.create("binary-translation", { guest: mine, isa: isa.rv64.with("sret-jumps-in-user") }).run();
  expect(monitor.machine.ended).toMatchObject({ kind: "exception", name: "breakpoint" });
  expect(monitor.machine.machine.hart(0).x(10)).toBe(7n);
  expect(() => vmm.guest("", {})).toThrow("a guest needs a name");
});

test("porting is shown for all guests and for one", () => {
  expect(vmm.port().rows.length).toBeGreaterThan(3);
  expect(vmm.port(vmm.guests.timer).rows.length).toBeGreaterThan(10);
});
