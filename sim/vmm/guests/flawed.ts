import { rv64 } from "../../machine/index.js";
import { firmware, printing } from "./firmware.js";
import { kernelGuest, type KernelGuest } from "./kernel-guest.js";

/** Kernels for two flawed ISAs, which use the instruction that is the flaw. */

/** Asks whether it may read a page of its own, with an instruction that checks in the mode that the hart is really in. */
export const prober: KernelGuest = kernelGuest({
  name: "prober",
  about: "A kernel that asks the processor whether it may read a page of its own.",
  isa: rv64.with("probe-in-real-mode"),
  results: [{ symbol: "results", bytes: 8 }],
  source: `${firmware}
kernel:
  la    sp, stack
  la    t1, root                  # the kernel's pages are supervisor's
  li    t0, (0x80000000 >> 2) | 0xcf
  sd    t0, 16(t1)
  srli  t1, t1, 12
  li    t0, 8 << 60
  or    t0, t0, t1
  csrw  satp, t0
  sfence.vma
  la    t0, page
  probe a0, (t0)
  csrw  satp, zero
  la    t0, results
  sd    a0, (t0)
  call  print_number
  la    a0, text
  call  print
  j     shut_down
${printing}
  .data
  .balign 4096
text: .asciz " of 1 pages is mine\\n"
  .balign 8
results: .skip 8
  .section .bss
  .balign 4096
root: .skip 4096
page: .skip 4096
  .skip 1024
stack:
`,
});

/** Goes to user mode by an instruction that doesn't trap; there it calls the kernel. */
export const leaver: KernelGuest = kernelGuest({
  name: "leaver",
  about: "A kernel that goes to user mode by an instruction which never traps, and is called from there.",
  isa: rv64.with("return-to-user-without-trap"),
  results: [{ symbol: "results", bytes: 8 }],
  source: `${firmware}
kernel:
  la    sp, stack
  la    t0, trap
  csrw  stvec, t0
  la    t0, user
  jrst1 t0
user:
  li    a0, 'u'                   # in supervisor mode, the firmware would print it
  li    a7, 1
  ecall
  j     .
  .balign 4
trap:
  csrr  a0, scause
  la    t0, results
  sd    a0, (t0)
  call  print_number
  la    a0, text
  call  print
  j     shut_down
${printing}
  .data
  .balign 4096
text: .asciz " is why user mode came back\\n"
  .balign 8
results: .skip 8
  .section .bss
  .balign 16
  .skip 1024
stack:
`,
});
