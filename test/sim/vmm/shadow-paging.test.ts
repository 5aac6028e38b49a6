import { describe, expect, test } from "vitest";
import { assemble } from "../../../sim/machine/index.js";
import { create, techniques as all, type Guest } from "../../../sim/vmm/index.js";
import { expectSame, runBoth } from "./same.js";

const techniques = all.filter(({ runsPorts }) => runsPorts !== true);

/** In supervisor mode, on a table at `root` whose entry 2 is memory by a leaf of 1 GiB; faults are counted in s11, and passed by. */
const kernel = (source: string): Guest => ({
  name: "kernel",
  about: "",
  results: [],
  options: {
    program: assemble(`
  .option norvc
  li t0, -1; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0
  li t0, 0xb1ff; csrw medeleg, t0
  la t0, fault; csrw stvec, t0
  la t1, root
  li t0, (0x80000000 >> 2) | 0xcf; sd t0, 16(t1)
  la t0, middle; srli t0, t0, 2; ori t0, t0, 1; sd t0, 32(t1)
  la t1, middle
  la t0, leaves; srli t0, t0, 2; ori t0, t0, 1; sd t0, (t1)
  la t0, root; srli t0, t0, 12; li t1, 8 << 60; or t0, t0, t1; csrw satp, t0
  la t0, 1f; csrw mepc, t0
  li t0, 3 << 11; csrc mstatus, t0; li t0, 1 << 11; csrs mstatus, t0
  mret
1:li s0, 0x100000000
  la s1, leaves
  ${source}
  li t0, 0x100000; li t1, 0x5555
  csrw satp, zero
  sw t1, (t0)
  j .
  .balign 4
fault:
  csrr s10, scause
  addi s11, s11, 1
  csrr s9, sepc
  addi s9, s9, 4
  csrw sepc, s9
  sret
  .balign 4096
root: .skip 4096
middle: .skip 4096
leaves: .skip 4096
page: .skip 4096
other: .skip 4096`),
  },
});

describe.each(techniques)("$name: shadow page tables", (technique) => {
  test("a store-conditional to a page that may not be written faults, as an operating system's copy on write needs it", () => {
    const pair = runBoth(
      technique,
      kernel(`
  la t0, page; srli t0, t0, 2; ori t0, t0, 0x43; sd t0, (s1)     # readable alone
  sfence.vma
1:lr.w t0, (s0)
  addi t0, t0, 1
  sc.w.rl a1, t0, (s0)            # which ends the loop by a fault, and is passed by
  beqz a1, 2f
  bnez s11, 2f
  j 1b
2:`),
      {},
      10_000,
    );
    expectSame(pair);
    expect(pair.virtual.hart(0).x(27)).toBe(1n);
    expect(pair.virtual.hart(0).x(26)).toBe(15n);
  });

  test("a fence of one page costs that page, though the kernel lies in a large leaf", () => {
    const rounds = 200;
    const guest = kernel(`
  li s2, ${rounds}
1:la t0, page; srli t0, t0, 2; ori t0, t0, 0xc7; sd t0, (s1)
  sfence.vma s0
  ld t1, (s0)
  la t0, other; srli t0, t0, 2; ori t0, t0, 0xc7; sd t0, (s1)
  sfence.vma s0
  ld t2, (s0)
  addi s2, s2, -1
  bnez s2, 1b`);
    const pair = runBoth(technique, guest, {}, 100_000);
    expectSame(pair);
    // One fill for each fence, and a few for the kernel.
    expect(pair.vmm.exits.count("shadow fill")).toBeLessThan(2 * rounds + 30);
  });

  test("a fence of one address of a large leaf forgets all of the leaf", () => {
    const pair = runBoth(
      technique,
      kernel(`
  la t1, middle
  li t0, (0x80000000 >> 2) | 0xc7; sd t0, 8(t1)                   # memory's first 2 MiB, at s0 + 2 MiB
  sfence.vma
  li t0, 0x200000; add s3, s0, t0
  la t0, page; li t1, 0x80000000; sub t0, t0, t1; add s4, s3, t0
  ld t2, (s4)
  ld t2, (s3)
  la t1, middle
  sd zero, 8(t1)
  sfence.vma s3
  ld t2, (s4)                     # fault
  ld t2, (s3)                     # fault
  `),
      {},
      10_000,
    );
    expectSame(pair);
    expect(pair.virtual.hart(0).x(27)).toBe(2n);
  });
});

test("what is fenced in one guest is nothing to another", () => {
  const guest = kernel("li s2, 500\n1: sfence.vma s0\n addi s2, s2, -1\n bnez s2, 1b");
  const vmm = create("trap-and-emulate", { guests: [guest, { ...guest, name: "other" }], slice: 97 }).run();
  expect(vmm.machines.map(({ ended }) => ended?.kind)).toEqual(["power-off", "power-off"]);
  expect(vmm.vm("other").shadow.fills).toBeLessThan(60);
});
