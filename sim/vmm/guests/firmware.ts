/**
 * The least firmware that starts a kernel in supervisor mode: opens memory, delegates what is the kernel's, and serves three calls of
 * the SBI's legacy extension: set_timer (0), console_putchar (1), shutdown (8).
 * Source: RISC-V Supervisor Binary Interface Specification 2.0, chapters 5 and 3.
 */
export const firmware = `
_start:
  la    t0, firmware_trap
  csrw  mtvec, t0
  la    t0, firmware_stack
  csrw  mscratch, t0
  li    t0, -1                    # all of memory may be used below machine mode
  csrw  pmpaddr0, t0
  li    t0, 0x1f
  csrw  pmpcfg0, t0
  li    t0, 0xb1ff                # exceptions are the kernel's, its own calls are not
  csrw  medeleg, t0
  li    t0, 0x222                 # and so are supervisor interrupts
  csrw  mideleg, t0
  li    t0, 7                     # it may read cycle, time and instret
  csrw  mcounteren, t0
  li    t0, 5 << 61               # stimecmp, and A and D set by the hart
  csrw  menvcfg, t0
  la    t0, kernel
  csrw  mepc, t0
  li    t0, 3 << 11
  csrc  mstatus, t0
  li    t0, (1 << 11) | 2         # mret goes to supervisor mode, where interrupts are on
  csrs  mstatus, t0
  mret

  .balign 4
firmware_trap:
  csrrw sp, mscratch, sp
  sd    t0, -8(sp)
  sd    t1, -16(sp)
  csrr  t0, mcause
  li    t1, 9
  bne   t0, t1, firmware_failed
  csrr  t0, mepc
  addi  t0, t0, 4
  csrw  mepc, t0
  beqz  a7, 1f
  li    t0, 1
  beq   a7, t0, 2f
  li    t0, 8
  bne   a7, t0, firmware_failed
  li    t0, 0x100000              # the finisher
  li    t1, 0x5555
  sw    t1, (t0)
1:csrw  stimecmp, a0
  j     3f
2:li    t0, 0x10000000            # the UART
  sb    a0, (t0)
3:ld    t0, -8(sp)
  ld    t1, -16(sp)
  csrrw sp, mscratch, sp
  li    a0, 0
  mret
firmware_failed:
  li    t0, 0x100000
  li    t1, 0x13333
  sw    t1, (t0)
  j     .
  .section .bss
  .balign 16
  .skip 256
firmware_stack:
  .text
`;

/** print: the text at a0; print_number: a0 in decimal. Both change a0, a1, a7, t0 to t2. */
export const printing = `
print:
  mv    t2, ra
  mv    a1, a0
1:lbu   a0, (a1)
  beqz  a0, 2f
  li    a7, 1
  ecall
  addi  a1, a1, 1
  j     1b
2:mv    ra, t2
  ret
print_number:
  addi  sp, sp, -48
  sd    ra, 40(sp)
  addi  a1, sp, 32
  sb    zero, (a1)
  li    t0, 10
1:remu  t1, a0, t0
  addi  t1, t1, '0'
  addi  a1, a1, -1
  sb    t1, (a1)
  divu  a0, a0, t0
  bnez  a0, 1b
  mv    a0, a1
  call  print
  ld    ra, 40(sp)
  addi  sp, sp, 48
  ret
shut_down:
  li    a7, 8
  ecall
`;
