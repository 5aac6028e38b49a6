import { firmware, printing } from "./firmware.js";
import { commonEdits } from "./paravirtual.js";
import { kernelGuest, type KernelGuest } from "./kernel-guest.js";

/** What a kernel reads of itself. */
const privileged = `  csrr  t0, sstatus
  sd    t0, 8(t1)
  csrr  t0, sscratch
  csrw  sscratch, a0
  csrrw t0, sscratch, t0
  sd    t0, 16(t1)
`;

/** Begins in machine mode, goes to supervisor mode, prints, computes, ends. */
export const tiny: KernelGuest = kernelGuest({
  name: "tiny",
  about: "A kernel that prints a greeting and its sum of the numbers up to 1000, and switches the machine off.",
  results: [{ symbol: "results", bytes: 8 }],
  port: [...commonEdits, [privileged, ""]],
  source: `${firmware}
kernel:
  la    sp, stack
  la    a0, greeting
  call  print
  li    a0, 0
  li    t0, 1000
1:add   a0, a0, t0
  addi  t0, t0, -1
  bnez  t0, 1b
  la    t1, results
  sd    a0, (t1)
${privileged}  call  print_number
  la    a0, newline
  call  print
  j     shut_down
${printing}
  .data
  .balign 4096
greeting: .asciz "tiny kernel\\n"
newline:  .asciz "\\n"
  .balign 8
results:  .skip 64
  .section .bss
  .balign 16
  .skip 1024
stack:
`,
});
