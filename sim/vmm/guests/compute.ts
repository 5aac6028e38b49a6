import { firmware, printing } from "./firmware.js";
import { commonEdits } from "./paravirtual.js";
import { kernelGuest, type KernelGuest } from "./kernel-guest.js";

/** How often it goes through its table. */
const rounds = 400;

/** Innocuous instructions alone, but for its beginning and its end: arithmetic, branches, loads and stores. */
export const compute: KernelGuest = kernelGuest({
  name: "compute",
  about: "A kernel that sorts nothing and calls nobody: it mixes a table of 64 KiB over and over.",
  results: [{ symbol: "results", bytes: 8 }],
  port: commonEdits,
  source: `${firmware}
kernel:
  la    sp, stack
  la    s1, table
  li    s2, ${rounds}
  li    a0, 1
1:mv    t0, s1
  li    t1, 8192
2:ld    t2, (t0)
  add   a0, a0, t2
  slli  t3, a0, 13
  xor   a0, a0, t3
  srli  t3, a0, 7
  xor   a0, a0, t3
  sd    a0, (t0)
  addi  t0, t0, 8
  addi  t1, t1, -1
  bnez  t1, 2b
  addi  s2, s2, -1
  bnez  s2, 1b
  la    t0, results
  sd    a0, (t0)
  andi  a0, a0, 1023
  call  print_number
  j     shut_down
${printing}
  .data
  .balign 4096
  .balign 8
results: .skip 8
  .section .bss
  .balign 4096
table: .skip 65536
  .skip 1024
stack:
`,
});
