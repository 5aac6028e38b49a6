import { describe, expect, test } from "vitest";
import { createWorld, MiB, us } from "../../../sim/core/index.js";
import { assemble, flaws, rv64 } from "../../../sim/machine/index.js";
import { createDisk } from "../../../sim/storage/index.js";
import {
  create,
  guests,
  paravirtualization,
  portDifference,
  portView,
  trapAndEmulate,
  type Guest,
  type VirtualMachine,
} from "../../../sim/vmm/index.js";
import { bare } from "../../../sim/vmm/index.js";
import { hypercalls, sharedPage } from "../../../sim/vmm/hypercalls.js";
import { resultsOf, runBoth } from "./same.js";

const ported = Object.values(guests).filter((guest) => guest.ported !== undefined);

describe("a paravirtual guest", () => {
  test.each(ported)("$name says and computes what the native one does", (guest) => {
    const { native, vmm, virtual } = runBoth(paravirtualization, guest);
    expect(vmm.machine.ended).toEqual({ kind: "power-off" });
    expect(virtual.console.text).toBe(native.console.text);
    expect(resultsOf(guest, virtual)).toEqual(resultsOf(guest, native));
    const disks = [native, virtual].map(({ drives }) => drives.map((drive) => drive.read(0, drive.sectors)));
    expect(disks[1]).toEqual(disks[0]);
  });

  test.each(flaws.map(({ name }) => name))("on %s as well", (name) => {
    const isa = rv64.with(name);
    for (const guest of ported.filter((each) => each.name !== "compute")) {
      const { native, virtual } = runBoth(paravirtualization, guest, { isa });
      expect(virtual.console.text).toBe(native.console.text);
      expect(resultsOf(guest, virtual)).toEqual(resultsOf(guest, native));
    }
  });

  test("asks less often than an unmodified one traps, and costs less", () => {
    for (const guest of ported) {
      const [asking, trapping] = [paravirtualization, trapAndEmulate].map((technique) =>
        create(technique, { guest }).run(),
      );
      expect(asking?.exits.total).toBeLessThan((trapping?.exits.total ?? 0) / 2);
      expect(asking?.cycles).toBeLessThan(trapping?.cycles ?? 0);
      // Nothing privileged is left in it.
      expect(asking?.exits.count("CSR access")).toBe(0);
      expect(asking?.exits.count("return from trap")).toBe(0);
    }
  });

  test("page tables are updated in batches: a call for each fence of the native kernel's, whatever changed before", () => {
    const native = guests.paging.source.match(/sfence\.vma/g)?.length ?? 0;
    const { exits } = create(paravirtualization, { guest: guests.paging }).run();
    const text = guests.paging.ported?.source ?? "";
    expect(text.match(/^ {2}flush$/gm)?.length).toBeLessThanOrEqual(native + 1);
    expect(exits.count("address fence")).toBe(0);
    expect(exits.count("page fault")).toBe(7);
  });

  test("page tables are updated in batches: a call for each process, not one for each entry", () => {
    const text = guests.processes.ported?.source ?? "";
    expect(text.match(/hypercall update/g)).toHaveLength(1);
    const { exits } = create(paravirtualization, { guest: guests.processes }).run();
    expect(exits.count("address fence")).toBe(0);
  });

  test("starts again when it is rebooted, beside another", () => {
    const vmm = create(paravirtualization, { guests: [guests.processes, guests.timer], slice: 700 }).run();
    vmm.vm("processes").reboot();
    vmm.run();
    const native = bare(guests.processes, { echo: false });
    native.run();
    expect(vmm.vm("processes").machine.console.text).toBe(native.console.text.repeat(2));
  });

  test("what porting took is counted and shown", () => {
    const { rows } = portView(Object.values(guests));
    expect(rows.map(({ name }) => name)).toEqual(ported.map(({ name }) => name));
    for (const { removed, added } of rows) expect(Number(removed) + Number(added)).toBeGreaterThan(0);
    const text = portDifference(guests.timer).rows.map(({ sign, line }) => `${String(sign)}${String(line)}`);
    expect(text).toContain("-  csrw  sie, t0");
    expect(text).toContain("+  hypercall vector");
    // Every line that went was in the native kernel, every line that came is in the port.
    const { source, ported: port } = guests.timer;
    expect(port?.removed.every((line) => source.includes(line))).toBe(true);
    expect(port?.added.every((line) => port.source.includes(line))).toBe(true);
  });

  test("is needed: a kernel without a port is refused", () => {
    expect(() => create(paravirtualization, { guest: guests.prober })).toThrow("not ported to paravirtualization");
  });

  test("asks its disk by a ring and hears by an event, on a drive that takes its time too, saved meanwhile", () => {
    const world = createWorld();
    const drive = createDisk({ world, size: MiB(1) });
    const content = guests.block.ported?.options.drives?.[0];
    if (!(content instanceof Uint8Array)) throw new Error("a disk's bytes");
    drive.write(0, content);
    const timed: Guest = {
      ...guests.block,
      ported: { source: "", removed: [], added: [], options: { ...guests.block.ported?.options, drives: [drive] } },
    };
    const make = (): VirtualMachine => create(paravirtualization, { guest: timed, machine: { world } }).machine;
    const vm = make();
    // The request is under way, and the guest idle: a drive's milliseconds are many instructions.
    vm.machine.run({ duration: us(50) });
    expect(vm.machine.console.text).toBe("");
    const saved = vm.save();
    expect(saved.board.harts[0]?.engine).toMatchObject({ block: { taken: 1, answered: 0, pending: [{ slot: 0 }] } });
    const other = make();
    other.restore(saved);
    expect(other.machine.run({ instructions: 100_000 })).toEqual({ kind: "power-off" });
    expect(other.machine.console.text).toBe("what the disk holds\ndisk done\n");
    expect(other.machine.time).toBeGreaterThan(us(100));
    expect(Buffer.from(drive.read(2, 1)).toString()).toContain("What the disk holds");
  });

  test("gets nothing by calls with wrong arguments", () => {
    const calls = assemble(`
  li s0, 0
1:mv a7, s0
  li a0, 0x80080000               # behind its memory
  li a1, 4095
  ecall
  li a7, 2                        # updates from and to elsewhere
  la a0, pairs
  li a1, 3
  ecall
  li a7, 0                        # a shared page that isn't its
  li a0, 0x90000000
  ecall
  addi s0, s0, 1
  andi s0, s0, 63
  li t0, 8
  bne s0, t0, 3f
  li s0, 9
3:li a7, 9                        # a disk's ring in its own memory, with requests for what isn't
  la a0, ring
  ecall
  la t0, ring
  li t1, 1 << 40; sd t1, (t0)
  li t1, 0x80080000; sd t1, 64 + 16(t0)
  li t1, 8; sd t1, 64 + 24(t0)
  sd s0, 64(t0)
  li a7, 10
  li a0, 1
  ecall
  li a7, 9                        # and a ring elsewhere
  li a0, 0x80080000
  ecall
  li a7, 10
  li a0, 1
  ecall
  j 1b
  .data
  .balign 8
pairs: .dword 0x80080000, -1, 0x80090000, -1, -8, -1
ring: .skip 4096`);
    const options = { program: calls, drives: [new Uint8Array(1 << 16).fill(7)] };
    const guest: Guest = {
      name: "wild",
      about: "",
      results: [],
      options,
      ported: { source: "", removed: [], added: [], options },
    };
    const vmm = create(paravirtualization, { guests: [guest, guests.tiny], slice: 1000 });
    const { bus } = vmm.host;
    const own = 2 ** 19 + 64 * 4096;
    const others = (): Uint8Array => vmm.host.read(bus.ramBase + own, bus.ramSize - own);
    const before = others();
    vmm.machine.run(20_000);
    expect(Buffer.compare(others(), before)).toBe(0);
    vmm.run({ instructions: 50_000 });
    expect(vmm.vm("tiny").machine.console.text).toBe("tiny kernel\n500500\n");
  });
});

describe("typing to a paravirtual guest", () => {
  const equs = Object.entries({ ...hypercalls }).map(([name, number]) => `  .equ call_${name}, ${number}`);
  const places = Object.entries(sharedPage).map(([name, place]) => `  .equ shared_${name}, ${place}`);
  /** Answers each letter by the capital, and ends with the line. */
  const native = `
  li    s3, 0x10000000
1:lbu   t0, 5(s3)
  andi  t0, t0, 1
  beqz  t0, 1b
  lbu   a2, (s3)
  li    t0, 13
  beq   a2, t0, 2f
  addi  a2, a2, -32
  sb    a2, (s3)
  j     1b
2:li    t0, 0x100000
  li    t1, 0x5555
  sw    t1, (t0)
  j     .`;
  const ported = `
${[...equs, ...places].join("\n")}
  .macro hypercall name
  li    a7, call_\\name
  ecall
  .endm
  la    a0, shared
  mv    s6, a0
  hypercall share
  la    a0, upcall
  hypercall vector
next:
  ld    t0, shared_taken(s6)
  ld    t1, shared_typed(s6)
  bne   t0, t1, take
  sd    zero, shared_masked(s6)
  hypercall block
  li    t1, 1
  sd    t1, shared_masked(s6)
  j     next
take:
  andi  t1, t0, shared_inputSize - 1
  add   t1, t1, s6
  li    t2, shared_input
  add   t1, t1, t2
  lbu   a2, (t1)
  addi  t0, t0, 1
  sd    t0, shared_taken(s6)
  li    t0, 13
  beq   a2, t0, end
  addi  a2, a2, -32
  ld    t0, shared_produced(s6)
  andi  t1, t0, shared_ringSize - 1
  add   t1, t1, s6
  sb    a2, shared_ring(t1)
  addi  t0, t0, 1
  sd    t0, shared_produced(s6)
  hypercall console
  j     next
end:
  hypercall shutDown
  .balign 4
upcall:
  sd    a7, shared_a7(s6)
  sd    zero, shared_pending(s6)
  hypercall return
  .section .bss
  .balign 4096
shared: .skip 4096`;
  const guest: Guest = {
    name: "capitals",
    about: "Answers what is typed by capitals.",
    results: [],
    options: { program: assemble(native) },
    ported: { source: ported, removed: [], added: [], options: { program: assemble(ported) } },
  };
  const started = (): VirtualMachine => {
    const { machine } = create(paravirtualization, { guest });
    machine.run(20_000);
    return machine;
  };

  test("it gets what a native kernel reads from the serial line, and is idle meanwhile", () => {
    const machine = started();
    const own = bare(guest, { echo: false });
    for (const text of ["typed ", "to a ring\n"]) {
      // Idle, it is waiting for somebody to type.
      expect(machine.ended).toEqual({ kind: "idle" });
      for (const each of [machine.machine, own]) each.console.type(text.replaceAll(" ", "x"));
      machine.run(20_000);
      own.run({ instructions: 20_000 });
    }
    expect(machine.ended).toEqual({ kind: "power-off" });
    expect(machine.machine.console.text).toBe("TYPEDXTOXAXRING");
    expect(own.console.text).toBe(machine.machine.console.text);
  });

  test("more than the ring holds comes by and by, before the kernel has its ring too, and in a machine restored midway", () => {
    const text = "abcdefghij".repeat(200);
    const { machine: early } = create(paravirtualization, { guest });
    early.machine.console.type(`${text}\n`);
    early.run(3000);
    const later = create(paravirtualization, { guest }).machine;
    later.restore(early.save());
    for (const machine of [early, later]) {
      machine.run(1e6);
      expect(machine.ended).toEqual({ kind: "power-off" });
      expect(machine.machine.console.text).toBe(text.toUpperCase());
    }
  });

  test("a guest that lies about what it took gets nothing, and nobody else's memory", () => {
    const machine = started();
    const at = Number(machine.machine.address("shared"));
    machine.machine.bus.store(at + sharedPage.taken, 64, 10n ** 12n);
    machine.machine.console.type("abc");
    machine.run(1000);
    expect(machine.machine.bus.load(at + sharedPage.typed, 64)).toBe(0n);
  });
});
