import { describe, expect, test } from "vitest";
import { assemble } from "../../../sim/machine/index.js";
import { bare, create, guest, techniques as all, trapAndEmulate } from "../../../sim/vmm/index.js";

const techniques = all.filter(({ runsPorts }) => runsPorts !== true);

/** A kernel that somebody brings: linked to where kernels lie, it knows the SBI alone. */
const kernel = assemble(
  `
_start:
  la    sp, stack
  mv    s0, a0                    # the hart's number
  lwu   s1, (a1)                  # the device tree's magic
  la    t0, trap
  csrw  stvec, t0
  li    a7, 0x10                  # which version?
  li    a6, 0
  ecall
  mv    s2, a1
  li    a7, 0x10                  # is there a debug console?
  li    a6, 3
  li    a0, 0x4442434e
  ecall
  mv    s3, a1
  li    a7, 0x10                  # and what nobody has?
  li    a6, 3
  li    a0, 0x12345
  ecall
  mv    s4, a1
  la    a1, text
  li    a0, 6
  li    a2, 0
  li    a6, 0
  li    a7, 0x4442434e
  ecall
  mv    s5, a1
  li    a7, 0x12345
  ecall
  mv    s6, a0
  li    t0, 1 << 5                # an interrupt of the timer
  csrw  sie, t0
  rdtime a0
  addi  a0, a0, 50
  li    a7, 0x54494d45
  li    a6, 0
  ecall
  csrsi sstatus, 2
1:beqz  s7, 1b
  li    a0, '!'
  li    a7, 1
  ecall
  li    a7, 0x53525354
  li    a6, 0
  li    a0, 0
  li    a1, 0
  ecall
  .balign 4
trap:
  csrr  s7, scause
  li    a0, -1
  li    a7, 0
  ecall
  sret
text: .ascii "mine: "
  .balign 16
  .skip 256
stack:
`,
  { origin: 0x8020_0000n },
);

describe.each(techniques)("$name: a kernel that somebody brings", (technique) => {
  test("runs in supervisor mode, and is served what it asks for", () => {
    const vm = create(technique, { guest: kernel }).run({ instructions: 1_000_000 }).machine;
    expect(vm.ended).toEqual({ kind: "power-off" });
    expect(vm.machine.console.text).toBe("mine: !");
    const hart = vm.machine.hart(0);
    expect([8, 18, 19, 20, 21, 22].map((register) => hart.x(register))).toEqual([0n, 2n << 24n, 1n, 0n, 6n, -2n]);
    expect(hart.x(9)).toBe(0xedfe0dd0n);
    expect(hart.x(23)).toBe(-(2n ** 63n) + 5n);
    const native = bare(guest("kernel", { kernel }), { echo: false });
    native.run();
    expect(JSON.stringify(vm.save()) === JSON.stringify(native.save())).toBe(true);
  });

  test("one that ends in a trap that is nobody's is told as failed", () => {
    const broken = assemble("li a7, 0\n csrw mscratch, a0\n j .", { origin: 0x8020_0000n });
    const vm = create(technique, { guests: [broken] });
    expect(vm.machine.run(100_000).kind).not.toBe("power-off");
  });
});

test("what is no kernel is refused with the mend", () => {
  const elf = new Uint8Array(128);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf.set([2, 0, 62, 0], 16);
  expect(() => create(trapAndEmulate, { guest: elf })).toThrow("the kernel is for x86");
  expect(() => create(trapAndEmulate, { guest: new Uint8Array(0) })).toThrow("the kernel is empty");
  const low = assemble("j .", { origin: 0x8000_0000n });
  expect(() => create(trapAndEmulate, { guest: low })).toThrow("the firmware and the kernel both go to 0x80000000");
});
