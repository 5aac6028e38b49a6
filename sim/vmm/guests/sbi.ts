import { assemble, type Program } from "../../machine/index.js";

/**
 * Firmware for a kernel that brings none, on one hart: begins the kernel in supervisor mode as OpenSBI does, with the hart's number in a0 and
 * the device tree in a1, and serves what a small kernel asks for: the extensions BASE, TIME, IPI, RFENCE, HSM (the status of its hart),
 * SRST and DBCN (output), and of the legacy ones set_timer, console_putchar, console_getchar and shutdown. What it hasn't, it answers
 * with SBI_ERR_NOT_SUPPORTED; a trap that is neither the kernel's nor such a call ends the machine with code 2.
 * Source: RISC-V Supervisor Binary Interface Specification 2.0, chapters 3 to 12.
 */
const source = `
_start:
  ld    t0, 16(a2)                # the kernel's entry, as the machine tells firmware
  csrw  mepc, t0
  la    t0, trap
  csrw  mtvec, t0
  la    t0, stack
  csrw  mscratch, t0
  li    t0, -1
  csrw  pmpaddr0, t0
  li    t0, 0x1f
  csrw  pmpcfg0, t0
  li    t0, 0xb1ff
  csrw  medeleg, t0
  li    t0, 0x222
  csrw  mideleg, t0
  li    t0, 7
  csrw  mcounteren, t0
  li    t0, 5 << 61               # stimecmp, and A and D set by the hart
  csrw  menvcfg, t0
  li    t0, -1
  csrw  stimecmp, t0
  li    t0, 3 << 11
  csrc  mstatus, t0
  li    t0, 1 << 11
  csrs  mstatus, t0
  mret

  .balign 4
trap:
  csrrw sp, mscratch, sp
  sd    t0, -8(sp)
  sd    t1, -16(sp)
  sd    t2, -24(sp)
  csrr  t0, mcause
  li    t1, 9
  bne   t0, t1, failed
  csrr  t0, mepc
  addi  t0, t0, 4
  csrw  mepc, t0
  la    t0, calls                 # pairs of extension and routine
1:ld    t1, (t0)
  ld    t2, 8(t0)
  beq   t1, a7, 2f
  addi  t0, t0, 16
  bgez  t1, 1b
  li    a0, -2                    # SBI_ERR_NOT_SUPPORTED
  j     back
2:jr    t2
value:                            # a1 is the answer's value
  li    a0, 0
back:
  ld    t2, -24(sp)
  ld    t1, -16(sp)
  ld    t0, -8(sp)
  csrrw sp, mscratch, sp
  mret

base:
  beqz  a6, 1f
  li    t0, 3
  beq   a6, t0, probe
  li    a1, 0
  j     value
1:li    a1, 2 << 24               # version 2.0
  j     value
probe:
  la    t0, calls
1:ld    t1, (t0)
  bltz  t1, 2f
  addi  t0, t0, 16
  bne   t1, a0, 1b
  li    a1, 1
  j     value
2:li    a1, 0
  j     value
timer:
  csrw  stimecmp, a0
  li    a1, 0
  j     value
interrupt:                        # one hart: it interrupts itself
  csrsi mip, 2
  li    a1, 0
  j     value
fence:
  fence.i
  sfence.vma
  li    a1, 0
  j     value
hart:
  li    t0, 2
  li    a1, 0
  beq   a6, t0, value             # it has started
  li    a0, -2
  j     back
reset:
  li    t0, 0x100000
  li    t1, 0x5555
  beqz  a0, 1f
  li    t1, 0x7777
1:sw    t1, (t0)
  j     .
console:
  li    t0, 0x10000000
  li    t1, 2
  beq   a6, t1, 3f
  bnez  a6, 4f                    # nothing to read
  mv    t1, a0
1:beqz  t1, 2f
  lb    t2, (a1)
  sb    t2, (t0)
  addi  a1, a1, 1
  addi  t1, t1, -1
  j     1b
2:mv    a1, a0
  j     value
3:sb    a0, (t0)
4:li    a1, 0
  j     value
put:
  li    t0, 0x10000000
  sb    a0, (t0)
  li    a0, 0
  j     back
get:
  li    t0, 0x10000000
  li    a0, -1
  lbu   t1, 5(t0)
  andi  t1, t1, 1
  beqz  t1, back
  lbu   a0, (t0)
  j     back
off:
  li    a0, 0
  j     reset
failed:
  li    t0, 0x100000
  li    t1, 0x23333
  sw    t1, (t0)
  j     .
  .balign 8
calls:
  .dword 0x10, base, 0x54494d45, timer, 0x735049, interrupt, 0x52464e43, fence, 0x48534d, hart
  .dword 0x53525354, reset, 0x4442434e, console
  .dword 0, timer, 1, put, 2, get, 8, off
  .dword -1, 0
  .section .bss
  .balign 16
  .skip 64
stack:
`;

let assembled: Program | undefined;

/** For `{ firmware }`, where a kernel is given alone. */
export function sbiFirmware(): Program {
  return (assembled ??= assemble(source));
}
