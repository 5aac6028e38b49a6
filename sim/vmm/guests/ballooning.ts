import { MiB, UsageError, withDefaults } from "../../core/index.js";
import { firmware, printing } from "./firmware.js";
import { kernelGuest, type KernelGuest } from "./kernel-guest.js";
import { commonEdits } from "./paravirtual.js";

export interface BallooningOptions {
  /** Bytes of memory. */
  readonly memory: number;
  /** Pages that its kernel doesn't need, and may give away; they hold what was left in them. */
  readonly free: number;
  /** Pages that it writes again and again. */
  readonly hot: number;
  /** Pages that hold the same in each such guest: as code and read-only data of one system do. */
  readonly common: number;
}

const page = 4096;
const usual: BallooningOptions = { memory: MiB(1), free: 128, hot: 16, common: 32 };

/**
 * A kernel with a driver for its balloon, which looks at what the host wants between two rounds of its work.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, sections 3.1, 4.2 and 5.5.
 * @throws UsageError for an option that there isn't, and for pages that don't fit
 */
export function ballooning(given?: Partial<BallooningOptions>): KernelGuest {
  const { memory, free, hot, common } = withDefaults("ballooning", given, usual);
  const room = memory / page - 12;
  if (![free, hot, common].every((value) => Number.isInteger(value) && value >= 1) || free + hot + common > room) {
    throw new UsageError(
      `${free} free, ${hot} hot and ${common} common pages are no kernel's of ${memory} bytes`,
      `Give whole numbers from 1 on, ${room} together at most.`,
    );
  }
  return kernelGuest({
    name: "ballooning",
    about: `A kernel with ${free} pages to spare, which it gives away when its host asks.`,
    results: [{ symbol: "results", bytes: 16 }],
    machine: { memory, balloon: true },
    port: commonEdits,
    source: `${firmware}
  .equ device, 0x10002000         # behind the source of entropy

kernel:
  la    sp, stack
  la    s0, pool                  # what is free holds something all the same
  li    s1, ${free}
  li    t2, ${page}
1:sd    s0, 8(s0)
  add   s0, s0, t2
  addi  s1, s1, -1
  bnez  s1, 1b
  la    s0, common
  li    s1, ${common}
2:sd    s1, 16(s0)
  add   s0, s0, t2
  addi  s1, s1, -1
  bnez  s1, 2b

  li    s0, device
  sw    zero, 0x70(s0)
  li    t0, 3                     # a driver knows it
  sw    t0, 0x70(s0)
  li    t0, 1
  sw    t0, 0x24(s0)
  sw    t0, 0x20(s0)              # version 1, nothing else
  li    t0, 11
  sw    t0, 0x70(s0)
  li    a0, 0
  call  queue
  li    a0, 1
  call  queue
  li    t0, 15
  sw    t0, 0x70(s0)
  li    s3, 0                     # pages in the balloon
  li    s5, 0                     # rounds of work

loop:
  lw    s2, 0x100(s0)             # pages that the host wants
  li    t0, ${free}
  bgeu  t0, s2, 1f
  mv    s2, t0
1:bltu  s3, s2, inflate
  bltu  s2, s3, deflate
  la    t0, hot                   # nothing to give or take: work
  li    t1, ${hot}
  li    t2, ${page}
2:sd    s5, 8(t0)
  add   t0, t0, t2
  addi  t1, t1, -1
  bnez  t1, 2b
  addi  s5, s5, 1
  la    t0, results
  sd    s5, (t0)
  sd    s3, 8(t0)
  j     loop

inflate:
  sub   s4, s2, s3
  call  list
  add   s3, s3, s4
  li    a0, 0
  call  submit
  sw    s3, 0x104(s0)
  j     loop

deflate:
  sub   s4, s3, s2
  li    t0, 32
  bgeu  t0, s4, 1f
  mv    s4, t0
1:sub   s3, s3, s4
  call  list
  li    a0, 1
  call  submit
  sw    s3, 0x104(s0)
  la    t0, pool                  # the kernel uses again what it has back
  slli  t1, s3, 12
  add   t0, t0, t1
  li    t2, ${page}
2:sd    t0, 8(t0)
  add   t0, t0, t2
  addi  s4, s4, -1
  bnez  s4, 2b
  j     loop

# The numbers of s4 pages, 32 at most, from the s3-th of the pool on.
list:
  li    t0, 32
  bgeu  t0, s4, 1f
  mv    s4, t0
1:la    t0, pool
  srli  t0, t0, 12
  add   t0, t0, s3
  la    t1, numbers
  mv    t2, s4
2:sw    t0, (t1)
  addi  t0, t0, 1
  addi  t1, t1, 4
  addi  t2, t2, -1
  bnez  t2, 2b
  ret

# Queue a0 is made: its rings lie 1024 bytes apart.
queue:
  sw    a0, 0x30(s0)
  li    t0, 8
  sw    t0, 0x38(s0)
  slli  t1, a0, 10
  la    t0, descriptors
  add   t0, t0, t1
  sw    t0, 0x80(s0)
  addi  t0, t0, 256
  sw    t0, 0x90(s0)
  addi  t0, t0, 256
  sw    t0, 0xa0(s0)
  li    t0, 1
  sw    t0, 0x44(s0)
  ret

# The list goes to queue a0, and is waited for.
submit:
  slli  t1, a0, 10
  la    t0, descriptors
  add   t0, t0, t1
  la    t1, numbers
  sd    t1, (t0)
  slli  t1, s4, 2
  sd    t1, 8(t0)
  lhu   t1, 258(t0)
  addi  t1, t1, 1
  fence
  sh    t1, 258(t0)               # the ring's entries are 0: the chain begins there
  fence
  sw    a0, 0x50(s0)
1:lhu   t2, 514(t0)
  bne   t2, t1, 1b
  ret
${printing}
  .data
  .balign 4096
  .balign 8
results: .skip 16
  .section .bss
  .balign 4096
descriptors: .skip 2048
numbers:     .skip 128
  .balign 16
  .skip 1024
stack:
  .balign 4096
hot:    .skip ${hot * page}
common: .skip ${common * page}
pool:   .skip ${free * page}
`,
  });
}
