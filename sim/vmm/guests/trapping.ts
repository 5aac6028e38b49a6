import { firmware, printing } from "./firmware.js";
import { kernelGuest, type KernelGuest } from "./kernel-guest.js";

/** How often it goes through its loop; each time makes four traps of a de-privileged kernel. */
const rounds = 5000;

/** A kernel that does little else than privileged instructions. */
export const trapping: KernelGuest = kernelGuest({
  name: "trapping",
  about: "A kernel whose loop is mostly privileged instructions: it reads and writes CSRs and calls itself by sret.",
  results: ["results"],
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
