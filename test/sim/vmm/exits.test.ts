import { describe, expect, test } from "vitest";
import { Costs } from "../../../sim/vmm/costs.js";
import { Exits } from "../../../sim/vmm/exits.js";
import { create, guests, trapAndEmulate } from "../../../sim/vmm/index.js";
import { runBoth } from "./same.js";

describe("exits are data", () => {
  test("as many as the guest has privileged instructions, counted on the bare machine", () => {
    const { vmm, native } = runBoth(trapAndEmulate, guests.trapping);
    const { exits } = vmm;
    // Four CSR instructions in each of 5,000 rounds; the firmware's and the printing's are few.
    const rest = exits.count("CSR access") - 20_000;
    expect(rest).toBeGreaterThan(0);
    expect(rest).toBeLessThan(100);
    // Each character is a call of the firmware's, a store to the UART and a return; each end a call.
    const calls = native.console.text.length + 1;
    expect(exits.count("supervisor call")).toBe(calls);
    expect(exits.count("device access")).toBe(calls);
    expect(exits.total).toBe(Object.values(exits.counts).reduce((sum, count) => sum + count));
  });

  test("a log tells where the guest was, and what was done", () => {
    const { exits } = create("trap-and-emulate", { guest: guests.tiny }).run({ instructions: 60 });
    const log = exits.log();
    expect(log[0]).toMatchObject({ number: 0, at: 0, reason: "shadow fill", pc: 0x8000_0000n, privilege: 3 });
    expect(log[1]).toMatchObject({ reason: "CSR access", privilege: 3 });
    const times = log.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const left = log.findIndex(({ reason }) => reason === "return from trap");
    expect(log.slice(left + 1).every(({ privilege }) => privilege !== 0)).toBe(true);
    expect(exits.log(3)).toEqual(log.slice(-3));
  });

  test("the log keeps the latest; counts keep all", () => {
    const exits = new Exits(new Costs(), 4);
    for (let at = 0; at < 10; at++) exits.add("interrupt", at, BigInt(at), 1, 0);
    expect(exits.log().map(({ number, at }) => [number, at])).toEqual([6, 7, 8, 9].map((n) => [n, n]));
    expect(exits.count("interrupt")).toBe(10);
    expect(exits.view().rows).toMatchObject([{ reason: "interrupt", count: 10, cycles: exits.cycles }]);
    const other = new Exits(new Costs());
    other.restore(exits.save());
    expect([other.total, other.cycles]).toEqual([exits.total, exits.cycles]);
  });

  test("cycles are exits times what each costs, and the guest's instructions", () => {
    const costs = { trap: 100, worldSwitch: 10, emulation: 1, walkReference: 1000 };
    const { machine, cycles } = create("trap-and-emulate", { guest: guests.tiny, costs }).run();
    const { exits } = machine;
    const fills = exits.count("shadow fill");
    const devices = exits.count("device access");
    expect(exits.cycles).toBe((exits.total - fills) * 111 + fills * 7110 + devices * 3000);
    expect(cycles).toBe(exits.cycles + machine.machine.instructions);
    expect(() => create("trap-and-emulate", { guest: guests.tiny, costs: { tarp: 1 } as object })).toThrow("tarp");
  });

  test("a guest with more privileged instructions costs more on the same host", () => {
    const slowdown = (guest: typeof guests.tiny): number => {
      const vmm = create("trap-and-emulate", { guest }).run();
      return vmm.cycles / vmm.instructions;
    };
    expect(slowdown(guests.compute)).toBeLessThan(1.01);
    expect(slowdown(guests.trapping)).toBeGreaterThan(100);
  });

  test("instructions that the VMM did, and what the guest's own traps cost without it", () => {
    const { machine } = create("trap-and-emulate", { guest: guests.trapping }).run();
    const { exits, machine: seen } = machine;
    // Four of the loop's eight instructions are privileged.
    expect(machine.directShare).toBeGreaterThan(0.49);
    expect(machine.directShare).toBeLessThan(0.51);
    const calls = exits.count("supervisor call");
    expect(calls).toBeGreaterThan(1);
    const { trap } = exits.costs.parameters;
    expect(machine.slowdown).toBeCloseTo(machine.cycles / (seen.instructions + calls * trap), 12);
  });

  test("a guest's bytes lie in the host where the map says", () => {
    const vmm = create("trap-and-emulate", { guests: [guests.tiny, guests.timer] }).run();
    for (const each of vmm.machines) {
      const bytes = each.machine.read("results", 64);
      expect(vmm.host.read(each.hostAddress("results"), 64)).toEqual(bytes);
      expect(bytes.some((byte) => byte !== 0)).toBe(true);
    }
    expect(vmm.machine.hostAddress(0x8007_ffff)).toBe(0x8007_ffffn);
    expect(() => vmm.machine.hostAddress(0x8008_0000)).toThrow("tiny has no memory at 0x80080000");
    expect(() => vmm.machine.hostAddress(0x1000_0000)).toThrow("no memory");
  });

  test("views: a table of reasons, the log, who acts, and lanes of time", () => {
    const vmm = create("trap-and-emulate", { guest: guests.processes }).run();
    const { machine } = vmm;
    const table = machine.view();
    expect(table.rows.reduce((sum, { count }) => sum + Number(count), 0)).toBe(machine.exits.total);
    expect(table.rows[0]).toMatchObject({ reason: "CSR access" });
    const [last] = machine.exitLog(1).rows;
    expect(last).toMatchObject({ mode: "machine", instruction: "sw t1,0(t0)", reason: "device access" });
    const { messages } = machine.exitSequence(2);
    expect(messages.map(({ from, to }) => `${from} ${to}`)).toContain("guest dispatcher");
    const { lanes } = vmm.lanes(50);
    expect(lanes.map(({ name }) => name)).toEqual(["processes", "VMM for processes"]);
    const spans = lanes.flatMap((lane) => lane.spans).sort((a, b) => a.from - b.from);
    for (const [index, span] of spans.entries()) {
      expect(span.to).toBeGreaterThan(span.from);
      if (index > 0) expect(span.from).toBeGreaterThanOrEqual(spans[index - 1]?.to ?? 0);
    }
    expect(vmm.view().rows).toMatchObject([{ name: "processes", stopped: "power-off" }]);
  });
});
