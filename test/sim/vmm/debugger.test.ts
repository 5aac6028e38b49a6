import { beforeEach, describe, expect, test } from "vitest";
import { GdbStub, lesson, machineTarget, type Machine } from "../../../sim/machine/index.js";
import { bare, create, guests, techniques, type VirtualMachine } from "../../../sim/vmm/index.js";
import { ask } from "../machine/debug/client.js";

const unmodified = techniques.filter(({ runsPorts }) => runsPorts !== true);
const little = (value: bigint): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.toString("hex");
};

describe.each(techniques)("$name: a debugger on a guest's kernel", (technique) => {
  let vm: VirtualMachine;
  let kernel: Machine;
  beforeEach(() => {
    // Another guest has the processor between.
    const vmm = create(technique, { guests: [guests.processes, guests.timer], slice: 500 }).run({
      instructions: 20_000,
    });
    vm = vmm.vm("processes");
    kernel = vm.machine;
  });

  test("stops at a symbol, steps, and goes back to where it was", () => {
    kernel.record();
    kernel.break("system_call");
    const stops = [0, 1, 2].map(() => {
      expect(kernel.run()).toMatchObject({ kind: "breakpoint", pc: kernel.address("system_call") });
      return kernel.save();
    });
    const there = kernel.instructions;
    kernel.step(7);
    expect(kernel.hart(0).pc).not.toBe(kernel.address("system_call"));
    kernel.back(7);
    expect(kernel.instructions).toBe(there);
    expect(kernel.save()).toEqual(stops[2]);
    kernel.unbreak("system_call");
    expect(kernel.run()).toEqual({ kind: "power-off" });
  });

  test("stops behind the instruction that changes a word, and before it again by going back one", () => {
    kernel.record();
    const end = kernel.watch("lives", 8);
    const before = kernel.hart(0).pc;
    const stop = kernel.run();
    expect(stop).toMatchObject({ kind: "watchpoint", address: kernel.address("lives"), access: "write" });
    expect(kernel.hart(0).pc).not.toBe(before);
    const behind = kernel.save();
    kernel.back(1);
    expect(kernel.run()).toEqual(stop);
    expect(kernel.save()).toEqual(behind);
    end();
    expect(kernel.run()).toEqual({ kind: "power-off" });
  });

  test("gdb attaches: breakpoint, registers, memory by virtual address, a step there and back", () => {
    kernel.record();
    const stub = new GdbStub(machineTarget(kernel));
    const at = kernel.address("system_call").toString(16);
    expect(ask(stub, "?")).toMatch(/^[ST]05/);
    expect(ask(stub, `Z0,${at},4`)).toBe("OK");
    expect(ask(stub, "vCont;c")).toMatch(/^T05/);
    // Register 32 is the pc.
    expect(ask(stub, "p20")).toBe(little(kernel.address("system_call")));
    // What the process has at its own address.
    expect(ask(stub, "m40001000,8")).toMatch(/^4[12]00000000000000$/);
    const from = kernel.instructions;
    expect(ask(stub, "vCont;s:1")).toMatch(/^T05/);
    expect(kernel.instructions).toBe(from + 1);
    expect(ask(stub, "bs")).toMatch(/^T05/);
    expect(kernel.instructions).toBe(from);
    expect(ask(stub, "p20")).toBe(little(kernel.address("system_call")));
    expect(ask(stub, `z0,${at},4`)).toBe("OK");
    expect(ask(stub, "vCont;c")).toMatch(/^W00/);
  });

  test("a breakpoint in the place of another is one, too: gdb steps so", () => {
    kernel.break("system_call");
    kernel.run();
    kernel.record();
    kernel.step(1);
    const next = kernel.hart(0).pc;
    kernel.back(1);
    kernel.unbreak("system_call");
    kernel.break(next);
    expect(kernel.run()).toMatchObject({ kind: "breakpoint", pc: next });
  });

  test("an address is followed from the guest's tables to the host's memory", () => {
    kernel.break("system_call");
    kernel.run();
    const data = 0x4000_1000n;
    const { rows } = vm.addresses(data);
    expect(rows).toHaveLength(6);
    expect(rows.slice(1, 4).map(({ step }) => step)).toEqual(
      [2, 1, 0].map((level) => `the guest's table, level ${level}`),
    );
    const [physical] = rows.slice(4);
    expect(physical?.["step"]).toBe("physical address");
    // The same byte, by both ways.
    const [own, hosts] = [BigInt(String(physical?.["guest"])), BigInt(String(physical?.["host"]))];
    expect(vm.hostAddress(own)).toBe(hosts);
    expect(kernel.read(own, 8)[0]).toBe("A".charCodeAt(0) + (kernel.read(own, 1)[0] === 0x42 ? 1 : 0));
    // And what the shadow says is what the guest's tables lead to.
    const code = vm.addresses("system_call").rows;
    if (technique.name === "hardware-assist") expect(code.at(-1)?.["says"]).toBe("empty");
    else if (technique.name !== "binary-translation") expect(code.at(-1)?.["host"]).toBe(code.at(-2)?.["host"]);
    else expect(code.at(-1)?.["host"]).not.toBe(code.at(-2)?.["host"]);
  });

  test("the guest's mappings are shown with what the shadow has of them", () => {
    kernel.break("system_call");
    kernel.run();
    const { rows } = vm.mappings();
    expect(rows.map(({ virtual, rights }) => [virtual, rights])).toEqual([
      ["0x0", "rw--"],
      ["0x40000000", "r-xu"],
      ["0x40001000", "rw-u"],
      ["0x80000000", "rwx-"],
    ]);
    const [, text] = rows;
    expect(BigInt(String(text?.["host"]))).toBe(vm.hostAddress(BigInt(String(text?.["physical"]))));
    const shadowed = rows.reduce((sum, row) => sum + Number(row["shadowed"]), 0);
    if (technique.name === "hardware-assist") expect(shadowed).toBe(0);
    else expect(shadowed).toBeGreaterThan(2);
    expect(() => create(technique, { guest: guests.tiny }).machine.mappings()).toThrow("translates no addresses now");
  });
});

test.each(unmodified)("$name: stops, steps and ways back are those of a bare machine", (technique) => {
  const native = bare(guests.paging, { echo: false });
  const virtual = create(technique, { guest: guests.paging }).machine.machine;
  for (const machine of [native, virtual]) {
    machine.record({ every: 500 });
    machine.break("fault");
  }
  for (let stop = 0; stop < 5; stop++) {
    expect(virtual.run()).toEqual(native.run());
    for (const machine of [native, virtual]) {
      machine.step(3);
      machine.back(11);
    }
    expect(virtual.save()).toEqual(native.save());
    for (const machine of [native, virtual]) machine.step(9);
    expect(virtual.save()).toEqual(native.save());
  }
});

test("a lesson's engine is refused on a virtual machine, and taken on the guest's own", () => {
  const { machine } = create("trap-and-emulate", { guest: guests.tiny }).machine;
  expect(() => lesson.dynamo(machine)).toThrow("tiny is a virtual machine: its VMM executes it");
  const own = bare(guests.tiny, { echo: false });
  lesson.dynamo(own);
  expect(own.run()).toEqual({ kind: "power-off" });
});

test("a table that leads to itself is shown, and comes to an end", () => {
  const { machine } = create("trap-and-emulate", { guest: guests.processes });
  machine.machine.break("system_call");
  machine.machine.run();
  const { machine: kernel } = machine;
  const root = kernel.address("root0");
  const entry = new BigInt64Array(512).fill((root >> 2n) | 1n);
  kernel.write(root, new Uint8Array(entry.buffer));
  expect(machine.mappings().caption).toBe("of the first 4096 tables");
});
