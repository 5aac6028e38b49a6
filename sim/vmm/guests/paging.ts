import { firmware, printing } from "./firmware.js";
import { kernelGuest, type KernelGuest } from "./kernel-guest.js";

/** Page tables of every kind, and what the architecture says of each: views by mode, SUM, MXR, A and D, large leaves, fences. */
export const paging: KernelGuest = kernelGuest({
  name: "paging",
  about:
    "A kernel that maps, remaps and unmaps pages, reads user's and execute-only ones, and notes each fault it takes.",
  results: [{ symbol: "results", bytes: 512 }],
  source: `${firmware}
  .equ V, 1
  .equ R, 2
  .equ W, 4
  .equ X, 8
  .equ U, 16
  .equ AD, 0xc0
  .equ window, 0x100000000        # where pages are mapped that come and go
  .equ large, window + 0x200000   # and a leaf of 2 MiB

  .macro entry table, index, page, flags
  la    t0, \\page
  srli  t0, t0, 2
  ori   t0, t0, \\flags
  la    t1, \\table
  li    t2, 8 * (\\index)
  add   t1, t1, t2
  sd    t0, (t1)
  .endm
  .macro note register            # the next result
  sd    \\register, (s1)
  addi  s1, s1, 8
  .endm
  .macro look                     # what the window holds, or what faulted
  li    a0, -1
  ld    a0, (s2)
  note  a0
  .endm

kernel:
  la    sp, stack
  la    t0, fault
  csrw  stvec, t0
  la    s1, results
  li    s2, window
  la    t0, one
  li    t1, 111
  sd    t1, (t0)
  la    t0, two
  li    t1, 222
  sd    t1, (t0)
  # Leaves of 1 GiB for devices and for memory, tables for the window.
  la    t1, root
  li    t0, R | W | AD | V
  sd    t0, (t1)
  li    t0, (0x80000000 >> 2) | R | W | X | AD | V
  sd    t0, 16(t1)
  entry root, 4, middle, V
  entry middle, 0, leaves, V
  entry leaves, 0, one, V | R | W | AD
  la    t0, root
  srli  t0, t0, 12
  li    t1, 8 << 60
  or    s3, t0, t1
  csrw  satp, s3
  sfence.vma
  look                            # 111
  entry leaves, 0, two, V | R | W | AD
  sfence.vma s2
  look                            # 222
  li    t0, 333
  sd    t0, (s2)
  la    t0, two
  ld    t0, (t0)
  note  t0                        # 333, by another way

  entry leaves, 0, one, V | R | W | U | AD
  sfence.vma
  look                            # a user's page: fault
  li    t0, 1 << 18
  csrs  sstatus, t0               # with SUM
  look                            # 111
  csrc  sstatus, t0
  look                            # fault
  entry leaves, 0, one, V | X | AD
  sfence.vma
  look                            # execute-only: fault
  li    t0, 1 << 19
  csrs  sstatus, t0               # with MXR
  look                            # 111
  csrc  sstatus, t0
  entry leaves, 0, one, V | R | AD
  sfence.vma
  look                            # 111
  li    t0, 444
  sd    t0, (s2)                  # read-only: fault
  look                            # still 111
  entry leaves, 0, one, V | R | W # nothing marked yet
  sfence.vma
  look
  la    t0, leaves
  ld    t1, (t0)
  andi  t1, t1, AD
  note  t1                        # A alone
  sd    t0, (s2)
  ld    t1, (t0)
  andi  t1, t1, AD
  note  t1                        # and D
  entry leaves, 0, one, 0
  sfence.vma s2, zero
  look                            # not mapped: fault
  jalr  s2                        # nor to be executed: fault, and back
  # A large leaf: what lies at the same place in memory's first 2 MiB.
  li    t0, (0x80000000 >> 2) | R | AD | V
  la    t1, middle
  sd    t0, 8(t1)
  sfence.vma
  li    s4, large
  la    t0, two
  li    t1, 0x80000000
  sub   t0, t0, t1
  add   s4, s4, t0
  ld    t0, (s4)
  note  t0                        # 333
  sd    zero, 8(t1)
  la    t1, middle
  sd    zero, 8(t1)
  li    t0, large
  sfence.vma t0                   # another address of the same leaf
  li    a0, -1
  ld    a0, (s4)                  # fault
  note  a0
  # A second address space, in which the window is another page.
  entry leaves, 0, two, V | R | W | AD
  sfence.vma
  la    t0, root
  la    t1, other_root
  li    t2, 512
1:ld    a0, (t0)
  sd    a0, (t1)
  addi  t0, t0, 8
  addi  t1, t1, 8
  addi  t2, t2, -1
  bnez  t2, 1b
  entry other_root, 4, other_middle, V
  entry other_middle, 0, other_leaves, V
  entry other_leaves, 0, one, V | R | W | AD
  li    s5, 3                     # goes to and fro
  la    t0, other_root
  srli  t0, t0, 12
  li    t1, (8 << 60) | (1 << 44)
  or    s6, t0, t1
2:csrw  satp, s6
  look
  csrw  satp, s3
  look
  addi  s5, s5, -1
  bnez  s5, 2b
  # A reserved mode of satp changes nothing.
  li    t0, 5 << 60
  csrw  satp, t0
  csrr  t0, satp
  note  t0
  # A reservation outlives a page that is touched for the first time.
  entry leaves, 1, one, V | R | W | AD
  sfence.vma
  li    t2, window + 4096
  lr.d  t0, (t2)
  addi  t0, t0, 5
  sc.d  t1, t0, (t2)
  note  t1                        # 0: it held
  note  t0
  csrw  satp, zero
  la    t0, one
  ld    t0, (t0)
  note  t0
  la    t0, results
  sub   a0, s1, t0
  srli  a0, a0, 3
  call  print_number
  la    a0, text
  call  print
  la    t0, faults
  ld    a0, (t0)
  call  print_number
  la    a0, rest
  call  print
  j     shut_down

  .balign 4
fault:
  csrw  sscratch, t0
  la    t0, faults
  sd    t1, 8(t0)
  ld    t1, (t0)
  addi  t1, t1, 1
  sd    t1, (t0)
  csrr  t1, scause
  sd    t1, (s1)
  csrr  t1, stval
  sd    t1, 8(s1)
  addi  s1, s1, 16
  csrr  t1, scause
  addi  t1, t1, -12
  beqz  t1, 1f
  csrr  t0, sepc                  # behind the instruction, which has 2 or 4 bytes
  lhu   t1, (t0)
  andi  t1, t1, 3
  addi  t1, t1, -3
  addi  t0, t0, 2
  bnez  t1, 2f
  addi  t0, t0, 2
2:csrw  sepc, t0
  j     3f
1:csrw  sepc, ra                  # back to who jumped there
3:la    t0, faults
  ld    t1, 8(t0)
  csrr  t0, sscratch
  sret
${printing}
  .data
  .balign 4096
text: .asciz " results, "
rest: .asciz " faults\\n"
  .balign 8
faults:  .dword 0, 0
results: .skip 512
  .section .bss
  .balign 4096
root:         .skip 4096
middle:       .skip 4096
leaves:       .skip 4096
other_root:   .skip 4096
other_middle: .skip 4096
other_leaves: .skip 4096
one:          .skip 4096
two:          .skip 4096
  .skip 1024
stack:
`,
});
