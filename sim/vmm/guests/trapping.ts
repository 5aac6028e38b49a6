import { firmware, printing } from "./firmware.js";
import { commonEdits } from "./paravirtual.js";
import { kernelGuest, type Edit, type KernelGuest } from "./kernel-guest.js";

/** How often it goes through its loop; each time makes four traps of a de-privileged kernel. */
const rounds = 5000;

/** A word of its own for sscratch, the shared page's for the mask. */
const edits: readonly Edit[] = [
  ["  li    s3, 0\n", "  li    s3, 0\n  la    s4, shared\n  li    s5, 1\n  li    s6, 0\n"],
  [
    `1:csrr  t0, sscratch
  addi  t0, t0, 3
  csrw  sscratch, t0
  csrsi sstatus, 2
  csrci sstatus, 2
`,
    `1:mv    t0, s6
  addi  t0, t0, 3
  mv    s6, t0
  sd    zero, shared_masked(s4)
  sd    s5, shared_masked(s4)
`,
  ],
];

/** A kernel that does little else than privileged instructions. */
export const trapping: KernelGuest = kernelGuest({
  name: "trapping",
  about: "A kernel whose loop is mostly privileged instructions: it reads and writes CSRs and calls itself by sret.",
  results: [{ symbol: "results", bytes: 8 }],
  port: [...commonEdits, ...edits],
  source: `${firmware}
kernel:
  la    sp, stack
  li    s2, ${rounds}
  li    s3, 0
1:csrr  t0, sscratch
  addi  t0, t0, 3
  csrw  sscratch, t0
  csrsi sstatus, 2
  csrci sstatus, 2
  xor   s3, s3, t0
  addi  s2, s2, -1
  bnez  s2, 1b
  la    t0, results
  sd    s3, (t0)
  mv    a0, s3
  call  print_number
  j     shut_down
${printing}
  .data
  .balign 4096
  .balign 8
results: .skip 8
  .section .bss
  .balign 16
  .skip 1024
stack:
`,
});
