import { firmware, printing } from "./firmware.js";
import { commonEdits } from "./paravirtual.js";
import { kernelGuest, type Edit, type KernelGuest } from "./kernel-guest.js";

/** Units of mtime that a process has before it is the other's turn. */
const turn = 100;

/**
 * Entries of page tables go to the VMM in one batch for each process; what a trap was stands in the shared page, and so does where to
 * go back to.
 */
const edits: readonly Edit[] = [
  [
    `  la    t1, \\table
  sd    t0, 8 * (\\index)(t1)
`,
    `  la    t1, \\table + 8 * (\\index)
  sd    t1, (s4)
  sd    t0, 8(s4)
  addi  s4, s4, 16
`,
  ],
  [
    `  la    t1, root\\n
  li    t0, RW | AD | V
  sd    t0, (t1)
  li    t0, (0x80000000 >> 2) | RWX | AD | V
  sd    t0, 16(t1)
`,
    `  la    s4, batch
  la    t1, root\\n
  li    t0, RW | AD | V
  sd    t1, (s4)
  sd    t0, 8(s4)
  addi  t1, t1, 16
  li    t0, (0x80000000 >> 2) | RWX | AD | V
  sd    t1, 16(s4)
  sd    t0, 24(s4)
  addi  s4, s4, 32
`,
  ],
  [
    `  sd    t1, 256(t0)               # its satp
`,
    `  sd    t1, 256(t0)               # its satp
  la    a0, batch
  sub   a1, s4, a0
  srli  a1, a1, 4
  hypercall update
`,
  ],
  [
    `  la    t0, trap
  csrw  stvec, t0
  li    t0, 1 << 5
  csrw  sie, t0
`,
    `  la    a0, trap
  hypercall vector
`,
  ],
  ["  csrrw x31, sscratch, x31\n", ""],
  [
    `  csrrw t0, sscratch, x31
  sd    t0, 8 * 31(x31)
  mv    s0, x31
  csrr  t0, sepc
`,
    `  la    t1, shared                # x31 is the frame that the VMM was given
  ld    t0, shared_x31(t1)
  sd    t0, 8 * 31(x31)
  mv    s0, x31
  ld    t0, shared_pc(t1)
`,
  ],
  ["  csrr  t0, scause\n", "  ld    t0, shared_cause(t1)\n"],
  [
    `  csrr  t0, stval
  sd    t0, 16(t1)
  csrr  t0, sstatus
  sd    t0, 32(t1)
`,
    `  la    t0, shared
  ld    t0, shared_value(t0)
  sd    t0, 16(t1)
`,
  ],
  [
    `  li    a7, 1                     # print, as the firmware does it
  ecall
`,
    `  la    t0, shared                # print, by the ring
  ld    t1, shared_produced(t0)
  andi  t2, t1, shared_ringSize - 1
  add   t2, t2, t0
  sb    a0, shared_ring(t2)
  addi  t1, t1, 1
  sd    t1, shared_produced(t0)
  hypercall console
`,
  ],
  [
    `  rdtime t0
  addi  t0, t0, ${turn}
  csrw  stimecmp, t0
  ld    t0, 256(s0)
  csrw  satp, t0
`,
    `  li    a0, ${turn}
  hypercall timer
  ld    a0, 256(s0)
  hypercall root
`,
  ],
  [
    `  csrw  sscratch, s0
  ld    t0, (s0)
  csrw  sepc, t0
  li    t0, 1 << 8
  csrc  sstatus, t0               # to user mode, with interrupts on
  li    t0, 1 << 5
  csrs  sstatus, t0
`,
    `  la    t1, shared
  sd    s0, shared_frame(t1)
  ld    t0, (s0)
  sd    t0, shared_pc(t1)
  sd    zero, shared_kernel(t1)   # to user mode, with events on
  sd    zero, shared_wasMasked(t1)
  ld    t0, 8 * 31(s0)
  sd    t0, shared_x31(t1)
  ld    t0, 8 * 17(s0)
  sd    t0, shared_a7(t1)
`,
  ],
  [
    `  ld    x31, 8 * 31(x31)
  sret
`,
    `  hypercall return                # which gives x31 and a7 back
`,
  ],
  ["frame0:  .skip 264\n", "batch:   .skip 512\nframe0:  .skip 264\n"],
];

/** Two processes in user mode with address spaces of their own, preempted by the timer; system calls exit, print and give up. */
export const processes: KernelGuest = kernelGuest({
  name: "processes",
  about:
    "A kernel with two user processes, each in its own address space: they print, compute, and try to read the kernel.",
  results: [{ symbol: "results", bytes: 32 }],
  port: [...commonEdits, ...edits],
  source: `${firmware}
  .equ V, 1
  .equ RW, 6
  .equ RX, 10
  .equ RWX, 14
  .equ U, 16
  .equ AD, 0xc0
  .equ text_at, 0x40000000        # where a process has its code, its data
  .equ data_at, 0x40001000

  .macro entry table, index, page, flags
  la    t0, \\page
  srli  t0, t0, 2
  ori   t0, t0, \\flags
  la    t1, \\table
  sd    t0, 8 * (\\index)(t1)
  .endm
  .macro process n, letter
  la    t1, root\\n
  li    t0, RW | AD | V
  sd    t0, (t1)
  li    t0, (0x80000000 >> 2) | RWX | AD | V
  sd    t0, 16(t1)
  entry root\\n, 1, middle\\n, V
  entry middle\\n, 0, leaves\\n, V
  entry leaves\\n, 0, user_code, V | RX | U | AD
  entry leaves\\n, 1, user_data\\n, V | RW | U | AD
  la    t0, user_data\\n
  li    t1, \\letter
  sd    t1, (t0)
  la    t0, frame\\n
  li    t1, text_at
  sd    t1, (t0)                  # where it begins
  la    t1, root\\n
  srli  t1, t1, 12
  li    t2, (8 << 60) | (\\n << 44)
  or    t1, t1, t2
  sd    t1, 256(t0)               # its satp
  .endm

kernel:
  la    sp, stack
  process 0, 'A'
  process 1, 'B'
  la    t0, trap
  csrw  stvec, t0
  li    t0, 1 << 5
  csrw  sie, t0
  la    s0, frame0
  li    s11, 2                    # processes that live
  j     dispatch

# A frame holds pc, x1 to x31 and satp. Between traps sscratch holds the running process's.
  .balign 4
trap:
  csrrw x31, sscratch, x31
  .irp r, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
  sd    x\\r, 8 * \\r(x31)
  .endr
  csrrw t0, sscratch, x31
  sd    t0, 8 * 31(x31)
  mv    s0, x31
  csrr  t0, sepc
  sd    t0, (s0)
  la    sp, stack
  la    t0, lives
  ld    s11, (t0)
  csrr  t0, scause
  bltz  t0, switch                # the timer: the only interrupt that is on
  li    t1, 8
  beq   t0, t1, system_call
  # A fault: it is noted, and the process goes on behind the instruction.
  la    t1, results
  ld    t2, (t1)
  addi  t2, t2, 1
  sd    t2, (t1)
  sd    t0, 8(t1)
  csrr  t0, stval
  sd    t0, 16(t1)
  csrr  t0, sstatus
  sd    t0, 32(t1)
  ld    t0, (s0)
  addi  t0, t0, 4
  sd    t0, (s0)
  j     resume

system_call:
  ld    t0, (s0)
  addi  t0, t0, 4
  sd    t0, (s0)
  ld    a0, 8 * 10(s0)
  ld    t0, 8 * 17(s0)
  beqz  t0, exit
  li    t1, 2
  beq   t0, t1, switch
  li    a7, 1                     # print, as the firmware does it
  ecall
  j     resume
exit:
  la    t1, results               # what it computed
  ld    t0, 24(t1)
  add   t0, t0, a0
  sd    t0, 24(t1)
  addi  s11, s11, -1
  la    t0, lives
  sd    s11, (t0)
  sd    zero, 256(s0)
  beqz  s11, done
switch:
  la    t0, frame0
  la    t1, frame1
  mv    t2, s0
  mv    s0, t0
  bne   t2, t0, 1f
  mv    s0, t1
1:ld    t0, 256(s0)               # one that has ended has no address space
  bnez  t0, dispatch
  mv    s0, t2
dispatch:
  rdtime t0
  addi  t0, t0, ${turn}
  csrw  stimecmp, t0
  ld    t0, 256(s0)
  csrw  satp, t0
resume:
  la    t0, lives
  sd    s11, (t0)
  csrw  sscratch, s0
  ld    t0, (s0)
  csrw  sepc, t0
  li    t0, 1 << 8
  csrc  sstatus, t0               # to user mode, with interrupts on
  li    t0, 1 << 5
  csrs  sstatus, t0
  mv    x31, s0
  .irp r, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
  ld    x\\r, 8 * \\r(x31)
  .endr
  ld    x31, 8 * 31(x31)
  sret
done:
  la    a0, newline
  call  print
  la    t0, results
  ld    a0, (t0)
  call  print_number
  la    a0, text
  call  print
  j     shut_down
${printing}

# What both processes execute, each on its own data.
  .balign 4096
user_code:
  .option push
  .option norvc
  li    s0, data_at
  ld    s1, (s0)                  # its letter
  li    s2, 4
1:mv    a0, s1
  li    a7, 1
  ecall
  li    t0, 4500                  # longer than a turn
2:ld    t1, 8(s0)
  add   t1, t1, s1
  sd    t1, 8(s0)
  addi  t0, t0, -1
  bnez  t0, 2b
  li    a7, 2
  ecall
  addi  s2, s2, -1
  bnez  s2, 1b
  li    t0, 0x80000000            # the kernel's memory is not its
  ld    t1, (t0)
  csrr  t1, sstatus               # nor are the kernel's registers
  ld    a0, 8(s0)
  li    a7, 0
  ecall
  j     .
  .option pop

  .data
  .balign 4096
newline: .asciz "\\n"
text:    .asciz " faults of two processes\\n"
  .balign 8
lives:   .dword 2
results: .skip 64
  .section .bss
  .balign 4096
user_data0: .skip 4096
user_data1: .skip 4096
root0:   .skip 4096
middle0: .skip 4096
leaves0: .skip 4096
root1:   .skip 4096
middle1: .skip 4096
leaves1: .skip 4096
frame0:  .skip 264
frame1:  .skip 264
  .balign 16
  .skip 1024
stack:
`,
});
