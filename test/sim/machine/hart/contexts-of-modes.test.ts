import { expect, test } from "vitest";
import { MiB } from "../../../../sim/core/index.js";
import { assemble, machine, rv64h, type EngineName } from "../../../../sim/machine/index.js";

const rounds = 400;

// What a mode's context was is kept, so that returns in translated code enter it by themselves; here it is another one each time.

/** A hypervisor that lets its own program and a guest's run by turns. One address is 1 to the one and 2 to the other. */
const hypervisor = `
        li   t0, -1; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0
        li   t0, 0x100; csrw medeleg, t0            # calls from U and VU go to the hypervisor
        li   t0, 0x1800; csrc mstatus, t0; li t0, 0x800; csrs mstatus, t0
        la   t0, host; csrw mepc, t0; mret
host:   la   t0, called; csrw stvec, t0
        csrw satp, zero; csrw hgatp, zero           # the hypervisor's addresses are the memory's
        la   t0, root; la t1, second; srli t2, t1, 2; ori t2, t2, 1; sd t2, 16(t0)
        li   t2, 0x200000df; sd t2, 0(t1)           # the guest's first 2 MiB are the memory's
        li   t2, 0x201000df; sd t2, 8(t1)           # its second are the third
        srli t0, t0, 12; li t1, 8; slli t1, t1, 60; or t0, t0, t1; csrw vsatp, t0
        li   s0, 0x80200000; li t0, 1; sd t0, 0(s0)
        li   t1, 0x80400000; li t0, 2; sd t0, 0(t1)
        li   s1, ${rounds}; li s2, 0; li s3, 0; li s4, 0
next:   la   t0, user; csrw sepc, t0
        li   t0, 0x80; csrc hstatus, t0; beqz s4, enter; csrs hstatus, t0   # SPV
enter:  li   t0, 0x100; csrc sstatus, t0; sret      # SPP: to U or VU
        .align 2
called: csrr t0, hstatus; andi t0, t0, 0x80; bnez t0, guest
        add  s2, s2, a0; j both
guest:  add  s3, s3, a0
both:   xori s4, s4, 1; addi s1, s1, -1; bnez s1, next
        li   t0, 0x100000; li t1, 0x5555; sw t1, 0(t0)
user:   ld   a0, 0(s0); ecall
        .balign 4096
root:   .space 4096
second: .space 4096`;

/** Machine mode lets a program run by turns where addresses are translated and where they are the memory's: 2 and 1. */
const monitor = `
        li   t0, -1; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0
        la   t0, called; csrw mtvec, t0
        la   t0, root; la t1, second; srli t2, t1, 2; ori t2, t2, 1; sd t2, 16(t0)
        li   t2, 0x200000df; sd t2, 0(t1)
        li   t2, 0x201000df; sd t2, 8(t1)
        srli t0, t0, 12; li t1, 8; slli t1, t1, 60; or s5, t0, t1
        li   s0, 0x80200000; li t0, 1; sd t0, 0(s0)
        li   t1, 0x80400000; li t0, 2; sd t0, 0(t1)
        li   s1, ${rounds}; li s2, 0; li s3, 0; li s4, 0
next:   la   t0, user; csrw mepc, t0
        li   t0, 0x1800; csrc mstatus, t0
        csrw satp, zero; beqz s4, enter; csrw satp, s5
enter:  mret
        .align 2
called: bnez s4, mapped
        add  s2, s2, a0; j both
mapped: add  s3, s3, a0
both:   xori s4, s4, 1; addi s1, s1, -1; bnez s1, next
        li   t0, 0x100000; li t1, 0x5555; sw t1, 0(t0)
user:   ld   a0, 0(s0); ecall
        .balign 4096
root:   .space 4096
second: .space 4096`;

test.each<[engine: EngineName, what: string, source: string]>([
  ["evaluate", "a hypervisor's user and a guest's", hypervisor],
  ["translate", "a hypervisor's user and a guest's", hypervisor],
  ["evaluate", "users whose satp machine mode changes", monitor],
  ["translate", "users whose satp machine mode changes", monitor],
])("%s: %s see by their own tables", (engine, _, source) => {
  const program = assemble(source, { isa: rv64h });
  const host = machine({ program, isa: rv64h, memory: MiB(8), echo: false, patience: 100 });
  const stop = host.run({ engine, instructions: 40 * rounds });
  const sums = [18, 19].map((register) => host.hart(0).x(register));
  expect([stop.kind, ...sums]).toEqual(["power-off", BigInt(rounds / 2), BigInt(rounds)]);
});
