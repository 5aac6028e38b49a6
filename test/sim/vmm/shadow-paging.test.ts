import { describe, expect, test } from "vitest";
import { assemble } from "../../../sim/machine/index.js";
import {
  binaryTranslationWith,
  create,
  trapAndEmulateWith,
  type ExitReason,
  type Guest,
} from "../../../sim/vmm/index.js";
import { expectSame, runBoth, traced, unported } from "./same.js";

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

describe.each(unported)("$title: shadow page tables", (technique) => {
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

describe.each(traced)("$title", (technique) => {
  const countOf = (source: string, reason: ExitReason): number => {
    const pair = runBoth(technique, kernel(source), {}, 100_000);
    expectSame(pair);
    return pair.vmm.exits.count(reason);
  };
  const map = (page: string): string => `la t0, ${page}; srli t0, t0, 2; ori t0, t0, 0xc7; sd t0, (s1)`;

  test("a changed entry holds at once, without a fence", () => {
    const { virtual } = runBoth(
      technique,
      kernel(`
  la t0, other; li t1, 7; sd t1, (t0)
  ${map("page")}
  ld s7, (s0)
  ${map("other")}
  ld s8, (s0)
  sd zero, (s1)
  ld s6, (s0)                     # fault`),
      {},
      10_000,
    );
    expect([virtual.hart(0).x(23), virtual.hart(0).x(24), virtual.hart(0).x(27)]).toEqual([0n, 7n, 1n]);
  });

  test("each store to a table is seen; a fence forgets nothing", () => {
    const rounds = 100;
    const loop = (body: string): string => `
  ${map("page")}
  sfence.vma
  ld t1, (s0)
  li s2, ${rounds}
1:${body}
  addi s2, s2, -1
  bnez s2, 1b`;
    // From the fifth on, binary translation has a callout there.
    const seen = countOf(loop("sd t0, 8(s1)"), "trace") + countOf(loop("sd t0, 8(s1)"), "callout");
    expect(seen).toBeGreaterThanOrEqual(rounds);
    expect(countOf(loop("sfence.vma\n ld t1, (s0)"), "shadow fill")).toBeLessThan(30);
  });

  test.each([
    ["to which nothing leads any more", "la t1, middle; sd zero, (t1); sfence.vma"],
    ["that is written in bytes", "sb zero, 9(s1); sfence.vma"],
    ["whose space is left and which is changed", "csrw satp, zero; la s1, root; sd zero, 8(s1)"],
  ])("a page %s is no table", (_, source) => {
    const rounds = 100;
    const count = countOf(
      `
  ${map("page")}
  sfence.vma
  ld t1, (s0)
  ${source}
  li s2, ${rounds}
1:sd zero, 64(s1)
  addi s2, s2, -1
  bnez s2, 1b`,
      "trace",
    );
    expect(count).toBeLessThan(4);
  });

  test("what another hart changes holds behind a fence", () => {
    const source = `
  la t2, other
  bnez a0, 3f
  li t1, 7; sd t1, (t2)
  ${map("page")}
  sfence.vma
  ld t1, (s0)
  li t1, 1; sd t1, 64(t2)         # your turn
1:ld t1, 72(t2)
  beqz t1, 1b
  sfence.vma
  ld s8, (s0)
  j 5f
3:ld t1, 64(t2)
  beqz t1, 3b
  ${map("other")}
  li t1, 1; sd t1, 72(t2)
4:j 4b
5:`;
    const { options, ...guest } = kernel(source);
    const vmm = create(technique, { guest: { ...guest, options: { ...options, harts: 2 } } }).run({
      instructions: 200_000,
    });
    expect(vmm.machine.ended).toEqual({ kind: "power-off" });
    expect(vmm.machine.machine.hart(0).x(24)).toBe(7n);
  });
});

test("a policy for shadow tables that there isn't", () => {
  expect(() => trapAndEmulateWith({ shadows: "trased" as "traced" })).toThrow('no "trased" shadow tables');
  expect(() => binaryTranslationWith({ shadow: "traced" } as object)).toThrow('no option "shadow"');
});
