import { describe, expect, test } from "vitest";
import { KiB } from "../../../sim/core/index.js";
import { assemble } from "../../../sim/machine/index.js";
import { bare, create, guests, type Guest, type Technique, type Vmm } from "../../../sim/vmm/index.js";
import { unported } from "./same.js";

const memory = KiB(128);
const end = 0x8000_0000 + memory;
const hostile = (name: string, source: string): Guest => ({
  name,
  about: "It wants what isn't its.",
  results: [],
  options: { program: assemble(source), memory },
});

/** Handles a trap by going on behind the instruction. */
const skip = `
  la t0, 9f; csrw mtvec, t0
  j 8f
  .balign 4
9: csrr t6, mepc; addi t6, t6, 4; csrw mepc, t6; addi s11, s11, 1; mret
8:
  .option norvc
`;
const delegate = `
  li t0, -1; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0
`;

const corpus: readonly Guest[] = [
  hostile(
    "writes everywhere",
    `${skip}
  li s0, ${end}                   # behind its own memory: the VMM's tables and its neighbours
  li s1, 4096
1:sd s0, (s0)
  ld t0, (s0)
  sd s0, 2040(s0)
  li t1, 4096
  add s0, s0, t1
  addi s1, s1, -1
  bnez s1, 1b
  li s0, 0                        # all of the physical address space, in large steps
2:sd s0, (s0)
  li t1, 0x1234000
  add s0, s0, t1
  srli t1, s0, 33
  beqz t1, 2b
  j .`,
  ),
  hostile(
    "maps everything",
    `${skip}${delegate}
  la s0, table                    # each entry a leaf of 1 GiB, at every place there is
  li s1, 512
  li s2, 0xcf
1:sd s2, (s0)
  addi s0, s0, 8
  li t0, 1 << 28
  add s2, s2, t0
  addi s1, s1, -1
  bnez s1, 1b
  la t0, 2f; csrw mepc, t0
  li t0, 3 << 11; csrc mstatus, t0; li t0, 1 << 11; csrs mstatus, t0
  la t0, table; srli t0, t0, 12; li t1, 8 << 60; or t0, t0, t1; csrw satp, t0
  mret
2:li s0, 0x80000000               # below that, its own devices, one of which switches it off
  li s4, 0xc0000000
3:sd s0, (s0)
  ld t0, (s0)
  li t1, 4096
  add s0, s0, t1
  bltu s0, s4, 3b
  slli s4, s4, 1
  j 3b
  .balign 4096
table: .skip 4096`,
  ),
  hostile(
    "table of itself",
    `${skip}${delegate}
  la s0, table                    # the root is its own next table, and changes all the time
  srli t0, s0, 2
  ori t0, t0, 1
  li s1, 512
  mv t1, s0
1:sd t0, (t1)
  addi t1, t1, 8
  addi s1, s1, -1
  bnez s1, 1b
  la t0, 2f; csrw mepc, t0
  la t0, 2f; csrw mtvec, t0
  srli t0, s0, 12; li t1, 8 << 60; or t0, t0, t1; csrw satp, t0
2:csrr t2, mcause
  addi s5, s5, 1
  sd s5, 16(s0)
  ori t2, s5, 0xcf
  sd t2, 24(s0)
  sfence.vma
  la t0, 2b; csrw mepc, t0
  li t0, 3 << 11; csrc mstatus, t0; li t0, 1 << 11; csrs mstatus, t0
  mret
  .balign 4096
table: .skip 4096`,
  ),
  hostile("traps for ever", "la t0, 1f; csrw mtvec, t0\n.balign 4\n1: ecall\n j 1b"),
  hostile("no handler for a trap in the handler", "la t0, 1f; csrw mtvec, t0\n.balign 4\n1: .4byte 0\n j 1b"),
  hostile(
    "storm of interrupts",
    `la t0, 1f; csrw mtvec, t0
  li t0, 0x80; csrw mie, t0       # the timer is always due
  li t0, 0x2004000; sd zero, (t0)
  csrsi mstatus, 8
2:addi s0, s0, 1
  j 2b
  .balign 4
1:addi s1, s1, 1
  mret`,
  ),
  hostile(
    "DMA elsewhere",
    `${skip}
  .equ device, 0x10001000
  li s0, device
  sw zero, 0x70(s0); li t0, 3; sw t0, 0x70(s0)
  li t0, 1; sw t0, 0x24(s0); sw t0, 0x20(s0)
  li t0, 11; sw t0, 0x70(s0)
  sw zero, 0x30(s0); li t0, 8; sw t0, 0x38(s0)
  la t0, descriptors; sw t0, 0x80(s0)
  la t0, available; sw t0, 0x90(s0)
  la t0, used; sw t0, 0xa0(s0)
  li t0, 1; sw t0, 0x44(s0); li t0, 15; sw t0, 0x70(s0)
  li s1, ${end}                   # entropy, to all that isn't its own
  li s2, 300
1:la t0, descriptors
  sd s1, (t0); li t1, 4096 | (2 << 32); sd t1, 8(t0)
  la t0, available
  lhu t1, 2(t0); addi t1, t1, 1; sh t1, 2(t0)
  sw zero, 0x50(s0)
  li t0, 4096; add s1, s1, t0
  addi s2, s2, -1
  bnez s2, 1b
  j .
  .balign 4096
descriptors: .skip 128
available: .skip 64
used: .skip 128`,
  ),
  hostile(
    "changes its code",
    `${skip}
1:la t0, 2f
  li t1, 0x10500073               # wfi, then ecall, then something else in its place
  sw t1, (t0)
  li t1, 0x00000073
  sw t1, (t0)
2:nop
  xori t1, t1, 0x100
  sw t1, (t0)
  la t0, 3f
  sw t1, (t0)
3:nop
  j 1b`,
  ),
];

/** All of the host's memory that isn't the hostile guest's RAM or its tables, which change as it runs. */
function others(vmm: Vmm, technique: Technique): Uint8Array {
  const { bus } = vmm.host;
  const first = bus.ramBase + memory + (64 + technique.pages(memory)) * 4096;
  return vmm.host.read(first, bus.ramBase + bus.ramSize - first);
}

const few = 50_000;

/** It changes tables that it executes on before it fences: how long the old ones hold, the architecture leaves open. */
const unfenced = "table of itself";

describe.each(unported)("$title: nothing escapes", (technique: Technique) => {
  test.each(corpus)("$name", (guest) => {
    const vmm = create(technique, { guests: [guest, guests.tiny], slice: 1000 });
    const before = others(vmm, technique);
    const { exits } = vmm.machine;
    vmm.machine.run(few);
    // The host's memory is as it was, the guest's tables are within its share, and its time within what it was given.
    expect(Buffer.compare(others(vmm, technique), before)).toBe(0);
    expect(vmm.machine.shadow.tables).toBeLessThanOrEqual(64);
    expect(vmm.machine.machine.instructions).toBeLessThanOrEqual(few);
    expect(exits.total).toBeLessThanOrEqual(3 * few);
    // What it did, it would have done to a machine of its own.
    const native = bare(guest, { echo: false });
    native.run({ instructions: few });
    if (guest.name !== unfenced) expect(vmm.machine.machine.save()).toEqual(native.save());
    // And the other guest knows nothing of it.
    vmm.run({ instructions: 30_000 });
    const alone = bare(guests.tiny, { echo: false });
    alone.run();
    expect(vmm.vm("tiny").machine.save()).toEqual(alone.save());
  });

  test("tables that don't fit into a guest's share make it slower, and no larger", () => {
    const pages = 16;
    const vmm = create(technique, { guests: [guests.paging, guests.processes], shadowPages: pages }).run();
    for (const machine of vmm.machines) {
      expect(machine.shadow.tables).toBeLessThanOrEqual(pages);
      expect(machine.ended).toEqual({ kind: "power-off" });
    }
    const roomy = create(technique, { guests: [guests.paging] }).run();
    expect(vmm.vm("paging").shadow.fills).toBeGreaterThanOrEqual(roomy.machine.shadow.fills);
    expect(vmm.vm("paging").machine.save()).toEqual(roomy.machine.machine.save());
  });
});
