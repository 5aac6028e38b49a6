import { firmware, printing } from "./firmware.js";
import { commonEdits } from "./paravirtual.js";
import { kernelGuest, type Edit, type KernelGuest } from "./kernel-guest.js";

/**
 * Entries go to the VMM in batches, one for each time that the native kernel fences; tables that nothing leads to yet are filled by plain stores.
 * What a fault was stands in the shared page, and so does where to go on.
 */
const edits: readonly Edit[] = [
  [
    `  add   t1, t1, t2
  sd    t0, (t1)
  .endm
`,
    `  add   t1, t1, t2
  put
  .endm
  .macro put                      # t0 to t1, with the next flush
  sd    t1, (s7)
  sd    t0, 8(s7)
  addi  s7, s7, 16
  .endm
  .macro flush
  la    a0, batch
  sub   a1, s7, a0
  srli  a1, a1, 4
  la    s7, batch
  hypercall update
  .endm
`,
  ],
  [
    `  la    t0, fault
  csrw  stvec, t0
`,
    `  la    a0, fault
  hypercall vector
  la    s7, batch
`,
  ],
  ["  sd    t0, 8(t1)\n  sfence", "  addi  t1, t1, 8\n  put\n  sfence"],
  ["  csrw  satp, s3\n  sfence.vma\n", "  flush\n  mv    a0, s3\n  hypercall root\n"],
  ["  sfence.vma s2\n", "  flush\n"],
  ["  sfence.vma s2, zero\n", "  flush\n"],
  ["  sfence.vma t0                   # another address of the same leaf\n", "  flush\n"],
  ["  sfence.vma\n", "  flush\n"],
  [
    `  li    t0, 1 << 18
  csrs  sstatus, t0               # with SUM
`,
    `  li    a0, 1 << 18
  hypercall access                # with SUM
`,
  ],
  [
    `  li    t0, 1 << 19
  csrs  sstatus, t0               # with MXR
`,
    `  li    a0, 1 << 19
  hypercall access                # with MXR
`,
  ],
  ["  csrc  sstatus, t0\n", "  li    a0, 0\n  hypercall access\n"],
  [
    `  la    t1, middle
  sd    zero, 8(t1)
`,
    `  la    t1, middle + 8
  li    t0, 0
  put
`,
  ],
  ["  li    s5, 3                     #", "  flush\n  li    s5, 3                     #"],
  ["2:csrw  satp, s6\n", "2:mv    a0, s6\n  hypercall root\n"],
  ["  csrw  satp, s3\n", "  mv    a0, s3\n  hypercall root\n"],
  [
    `  li    t0, 5 << 60
  csrw  satp, t0
  csrr  t0, satp
  la    t1, satp_read
  sd    t0, (t1)
`,
    `  li    a0, 5 << 60
  hypercall root
`,
  ],
  ["  csrw  satp, zero\n", "  li    a0, 0\n  hypercall root\n"],
  [
    `  csrw  sscratch, t0
  la    t0, faults
`,
    `  sd    t0, -8(sp)
  la    t0, shared
  sd    a7, shared_a7(t0)
  la    t0, faults
`,
  ],
  [
    `  csrr  t1, scause
  sd    t1, (s1)
  csrr  t1, stval
`,
    `  la    t0, shared
  ld    t1, shared_cause(t0)
  sd    t1, (s1)
  ld    t1, shared_value(t0)
`,
  ],
  ["  csrr  t1, scause\n", "  ld    t1, shared_cause(t0)\n"],
  ["  csrr  t0, sepc                  #", "  ld    t0, shared_pc(t0)         #"],
  ["2:csrw  sepc, t0\n", "2:la    t1, shared\n  sd    t0, shared_pc(t1)\n"],
  ["1:csrw  sepc, ra                  #", "1:sd    ra, shared_pc(t0)         #"],
  ["  csrr  t0, sscratch\n  sret\n", "  ld    t0, -8(sp)\n  hypercall return                # which gives a7 back\n"],
  ["two:          .skip 4096\n", "two:          .skip 4096\nbatch:        .skip 512\n"],
];

/** Page tables of every kind, and what the architecture says of each: views by mode, SUM, MXR, A and D, large leaves, fences. */
export const paging: KernelGuest = kernelGuest({
  name: "paging",
  about:
    "A kernel that maps, remaps and unmaps pages, reads user's and execute-only ones, and notes each fault it takes.",
  results: [{ symbol: "results", bytes: 512 }],
  port: [...commonEdits, ...edits],
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
  la    t1, satp_read
  sd    t0, (t1)
  look                            # as before
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
satp_read: .dword 0
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
