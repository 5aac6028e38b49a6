import { describe, expect, test } from "vitest";
import { pageWalk } from "../../../sim/machine/index.js";
import {
  create,
  guests,
  hardwareAssist,
  nanobenchmarks,
  processBenchmarks,
  walkReferences,
  type NanobenchmarkColumn,
  type Nanobenchmarks,
} from "../../../sim/vmm/index.js";

const of = ({ rows }: Nanobenchmarks, name: string): Readonly<Record<NanobenchmarkColumn, number>> => {
  const found = rows.find((row) => row.name === name);
  if (found === undefined) throw new Error(name);
  return found.cycles;
};

describe("Adams & Agesen 2006, figure 4: which is faster comes out as published", () => {
  const measured = nanobenchmarks();

  test.each(["syscall", "divzero"])("%s: hardware wins, and is as fast as no VMM", (name) => {
    const { native, binaryTranslation, firstHardware, trapAndEmulate } = of(measured, name);
    expect(firstHardware).toBe(native);
    expect(binaryTranslation).toBeGreaterThan(firstHardware);
    expect(trapAndEmulate).toBeGreaterThan(binaryTranslation);
  });

  test.each(["in", "cr8wr", "pgfault", "ptemod"])("%s: software wins", (name) => {
    const { binaryTranslation, firstHardware, trapAndEmulate } = of(measured, name);
    expect(binaryTranslation).toBeLessThan(firstHardware);
    expect(trapAndEmulate).toBeLessThan(firstHardware);
  });

  test("a virtual device answers sooner than a physical one, and under hardware assist later", () => {
    const { native, binaryTranslation, firstHardware } = of(measured, "in");
    expect([binaryTranslation < native, native < firstHardware]).toEqual([true, true]);
  });

  test("nested paging and a virtual timer leave devices alone to the VMM", () => {
    for (const { name, cycles } of measured.rows) {
      if (name === "in") expect(cycles.hardware).toBe(cycles.firstHardware);
      else expect(cycles.hardware).toBeLessThanOrEqual(Math.min(cycles.binaryTranslation, cycles.firstHardware));
    }
    // What is left is the longer walk.
    const { native, hardware } = of(measured, "ptemod");
    expect(hardware - native).toBe((walkReferences.two - walkReferences.one) * 18);
  });

  test("a call costs our translator nothing, as it doesn't move code: here the paper's differs", () => {
    expect(new Set(Object.values(of(measured, "call/ret"))).size).toBe(1);
    expect(measured.view().rows[3]).toMatchObject({ name: "call/ret", publishedSoftware: 40, publishedHardware: 11 });
  });

  test("parameters decide how much, not which: with an exit of 2011 hardware wins more", () => {
    const later = nanobenchmarks({ costs: { hardwareExit: 784 } });
    expect(of(later, "in").firstHardware).toBe(of(measured, "in").firstHardware - 3963 + 784);
    expect(of(later, "pgfault").firstHardware).toBeLessThan(of(later, "pgfault").binaryTranslation);
    expect(() => nanobenchmarks({ cost: {} } as object)).toThrow('no option "cost"');
  });
});

describe("Barham et al. 2003, lmbench's process table in shape", () => {
  const measured = processBenchmarks();

  test("no VMM is faster than none, and the port beats emulation where it asks for much at once", () => {
    for (const { cycles } of measured.rows) expect(Math.min(...Object.values(cycles))).toBe(cycles.native);
    for (const name of ["null call", "prot fault", "page fault"]) {
      const { paravirtualization, trapAndEmulate } = of(measured, name);
      expect(paravirtualization).toBeLessThan(trapAndEmulate);
    }
    expect(measured.view().rows.map(({ xen }) => xen)).toEqual([0.46, 198, 768, 4800, 1.97, 139, 1.4, 2.73]);
  });

  test.each(["fork", "exec", "sh"])(
    "%s: native, nested tables, the port, emulation, shadows with dear exits",
    (name) => {
      const { native, hardware, paravirtualization, trapAndEmulate, firstHardware } = of(measured, name);
      const order = [native, hardware, paravirtualization, trapAndEmulate, firstHardware];
      expect([...order].sort((a, b) => a - b)).toEqual(order);
      expect(new Set(order).size).toBe(order.length);
    },
  );

  test.each(["null call", "fork", "exec", "sh", "mmap", "prot fault"])(
    "%s: native, the port (Xen), a translator that traces page tables (VMware), as published",
    (name) => {
      const { native, paravirtualization, tracedTranslation } = of(measured, name);
      expect(native).toBeLessThan(paravirtualization);
      expect(paravirtualization).toBeLessThan(tracedTranslation);
      const { lmbenchNative, xen, vmware } = measured.view().rows.find((row) => row["name"] === name) ?? {};
      expect(Number(lmbenchNative)).toBeLessThan(Number(xen));
      expect(Number(xen)).toBeLessThan(Number(vmware));
    },
  );

  test("it is the traces that cost VMware's forks more than Xen's: with lazy shadows the translator wins", () => {
    for (const name of ["fork", "exec", "sh"]) {
      const { binaryTranslation, paravirtualization } = of(measured, name);
      expect(binaryTranslation).toBeLessThan(paravirtualization);
    }
    // No entry changes.
    for (const name of ["null call", "prot fault", "context switch"]) {
      const { binaryTranslation, tracedTranslation } = of(measured, name);
      expect(tracedTranslation).toBe(binaryTranslation);
    }
  });

  test("what differs: our port's page fault has a hidden one, and our shadow keeps all address spaces", () => {
    const { paravirtualization, tracedTranslation } = of(measured, "page fault");
    const hidden = create("trap-and-emulate", { guest: guests.tiny }).exits.costs.exit("shadow fill");
    expect(paravirtualization).toBeGreaterThan(tracedTranslation);
    expect(paravirtualization - hidden).toBeLessThan(tracedTranslation);
    const switched = of(measured, "context switch");
    expect(switched.tracedTranslation).toBeLessThan(switched.paravirtualization);
  });

  test("fork is dearer than a fault, exec than fork, sh than exec, in every column as published", () => {
    const rows = ["page fault", "fork", "exec", "sh"].map((name) => of(measured, name));
    for (const column of Object.keys(rows[0] ?? {}) as NanobenchmarkColumn[]) {
      const costs = rows.map((row) => row[column]);
      expect([...costs].sort((a, b) => a - b)).toEqual(costs);
    }
    const published = measured.view().rows.filter(({ name }) => ["fork", "exec", "sh"].includes(String(name)));
    expect(published.map(({ lmbenchNative, xen, vmware, uml }) => [lmbenchNative, xen, vmware, uml])).toEqual([
      [110, 198, 874, 21_000],
      [530, 768, 2300, 33_000],
      [4000, 4800, 10_000, 58_000],
    ]);
  });
});

test("a walk through both tables makes 15 references where one makes 3", () => {
  // In its tables' middle: a page of 4 KiB, in Sv39 on Sv39x4.
  const vmm = create(hardwareAssist, { guest: guests.paging });
  const { machine } = vmm.machine;
  const hart = machine.hart(0);
  let [found, own] = [0, 0];
  for (let round = 0; round < 400 && found < 15; round++) {
    vmm.run({ instructions: 25 });
    if (hart.state.satp >= 0n || hart.mode.privilege !== 1) continue;
    const at = 0x1_0000_0000n;
    found = Math.max(found, pageWalk(vmm.host.hart(0), vmm.host.bus, at, true).steps.length);
    own = Math.max(own, pageWalk(hart, machine.bus, at).steps.length);
  }
  expect([own, found]).toEqual([walkReferences.one, walkReferences.two]);
  expect([own, found]).toEqual([3, 15]);
});
