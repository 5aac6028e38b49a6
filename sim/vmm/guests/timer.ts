import { firmware, printing } from "./firmware.js";
import { commonEdits } from "./paravirtual.js";
import { kernelGuest, type Edit, type KernelGuest } from "./kernel-guest.js";

/** So many ticks, each so many units of mtime apart. */
const ticks = 10;
const period = 50;

/** Events for interrupts, and a word in the shared page for sstatus.SIE. */
const edits: readonly Edit[] = [
  ["  la    t0, tick\n  csrw  stvec, t0\n", "  la    a0, tick\n  hypercall vector\n  la    s6, shared\n"],
  [
    `  li    t0, 1 << 5
  csrw  sie, t0
  rdtime t0
  addi  t0, t0, ${period}
  csrw  stimecmp, t0
`,
    `  sd    zero, shared_masked(s6)
  li    a0, ${period}
  hypercall timer
`,
  ],
  [
    `  csrci sstatus, 2                # interrupts off: a tick is due soon, and may not come
  rdtime t0
  csrw  stimecmp, t0
`,
    `  li    t0, 1                     # events off: a tick is due soon, and may not come
  sd    t0, shared_masked(s6)
  li    a0, 0
  hypercall timer
`,
  ],
  [
    `  csrsi sstatus, 2                # on again: it comes at once
  nop
  csrci sstatus, 2
  li    t0, -1
  csrw  stimecmp, t0
`,
    `  sd    zero, shared_masked(s6)   # on again: it comes with the next call
  hypercall console
  li    t0, 1
  sd    t0, shared_masked(s6)
  li    a0, -1
  hypercall timer
`,
  ],
  ["  csrr  t0, sstatus\n  sd    t0, 144(s1)\n", ""],
  [
    `  rdtime t0
  addi  t0, t0, 100
  mv    s5, s2
  csrw  stimecmp, t0
3:wfi                             # which may come back for no reason
  csrr  t0, sip
  bnez  t0, 4f
  beq   s2, s5, 3b
4:sd    t0, 152(s1)
  li    t0, -1
  csrw  stimecmp, t0
`,
    `  li    a0, 100
  hypercall timer
  hypercall block
  li    a0, -1
  hypercall timer
`,
  ],
  ["  csrw  sscratch, t0\n", "  sd    t0, -8(sp)\n  sd    a0, -16(sp)\n  sd    a7, shared_a7(s6)\n"],
  [
    `  rdtime t0
  addi  t0, t0, ${period}
  csrw  stimecmp, t0
  csrr  t0, sscratch
  sret
`,
    `  li    a0, ${period}
  hypercall timer
  ld    t0, -8(sp)
  ld    a0, -16(sp)
  hypercall return                # which gives a7 back
`,
  ],
];

/** Timer interrupts, and a stretch of code with interrupts off, in which none may come. */
export const timer: KernelGuest = kernelGuest({
  name: "timer",
  about: "A kernel that is interrupted ten times by its timer, notes where, and keeps interrupts off for a while.",
  results: [{ symbol: "outcome", bytes: 16 }],
  port: [...commonEdits, ...edits],
  source: `${firmware}
kernel:
  la    sp, stack
  la    t0, tick
  csrw  stvec, t0
  la    s1, results
  li    s2, 0                     # ticks so far
  li    s3, 0                     # what the kernel computes meanwhile
  li    t0, 1 << 5
  csrw  sie, t0
  rdtime t0
  addi  t0, t0, ${period}
  csrw  stimecmp, t0
1:addi  s3, s3, 1
  li    t0, ${ticks}
  blt   s2, t0, 1b

  csrci sstatus, 2                # interrupts off: a tick is due soon, and may not come
  rdtime t0
  csrw  stimecmp, t0
  mv    s4, s2
  li    t1, 5000
2:addi  t1, t1, -1
  bnez  t1, 2b
  sub   s4, s2, s4
  sd    s4, 128(s1)
  csrsi sstatus, 2                # on again: it comes at once
  nop
  csrci sstatus, 2
  li    t0, -1
  csrw  stimecmp, t0
  sd    s2, 136(s1)
  csrr  t0, sstatus
  sd    t0, 144(s1)

  li    t0, 0                     # idle until a tick, with interrupts off: wfi comes back, nothing is taken
  rdtime t0
  addi  t0, t0, 100
  mv    s5, s2
  csrw  stimecmp, t0
3:wfi                             # which may come back for no reason
  csrr  t0, sip
  bnez  t0, 4f
  beq   s2, s5, 3b
4:sd    t0, 152(s1)
  li    t0, -1
  csrw  stimecmp, t0
  mv    a0, s2
  call  print_number
  la    a0, text
  call  print
  mv    a0, s4
  call  print_number
  la    a0, rest
  call  print
  j     shut_down

  .balign 4
tick:
  csrw  sscratch, t0
  slli  t0, s2, 3
  andi  t0, t0, 127
  add   t0, t0, s1
  sd    s3, (t0)                  # how far the kernel was
  addi  s2, s2, 1
  rdtime t0
  addi  t0, t0, ${period}
  csrw  stimecmp, t0
  csrr  t0, sscratch
  sret
${printing}
  .data
  .balign 4096
text: .asciz " ticks, "
rest: .asciz " while interrupts were off\\n"
  .balign 8
results: .skip 128
outcome: .skip 32
  .section .bss
  .balign 16
  .skip 1024
stack:
`,
});
