import { MiB, UsageError, withDefaults } from "../../core/index.js";
import { firmware, printing } from "./firmware.js";
import { kernelGuest, type KernelGuest } from "./kernel-guest.js";
import { commonEdits } from "./paravirtual.js";

export interface WriterOptions {
  /** Bytes of memory. */
  readonly memory: number;
  /** Pages that it fills once, at its beginning. */
  readonly filled: number;
  /** Pages of these that it writes again and again, in turn. */
  readonly hot: number;
  /** Turns of an empty loop between two of those writes: two instructions each. */
  readonly pause: number;
  /** After so many of those writes, one of the other filled pages is written, the next one each time; 0 for never. */
  readonly sweep: number;
  /** Writes to hot pages before it ends. */
  readonly writes: number;
}

const page = 4096;
const usual: WriterOptions = { memory: MiB(1), filled: 128, hot: 16, pause: 500, sweep: 0, writes: 1_000_000_000 };

/**
 * A kernel with a writable working set as one wants it.
 * @throws UsageError for an option that there isn't, and for pages that don't fit
 */
export function writer(given?: Partial<WriterOptions>): KernelGuest {
  const { memory, filled, hot, pause, sweep, writes } = withDefaults("writer", given, usual);
  // Code, its data, stacks, the shared page of a port.
  const own = 8;
  for (const [value, least, most, what] of [
    [filled, 1, memory / page - own, "filled pages"],
    [hot, 1, filled, "hot pages"],
    [pause, 1, 1e9, "turns of its pause"],
    [sweep, 0, 1e9, "writes before it sweeps"],
    [writes, 1, 1e12, "writes"],
  ] as const) {
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new UsageError(`the writer cannot have ${value} ${what}`, `Give a whole number from ${least} to ${most}.`);
  }
  return kernelGuest({
    name: "writer",
    about: `A kernel that fills ${filled} pages and then writes ${hot} of them again and again.`,
    results: [{ symbol: "results", bytes: 8 }],
    machine: { memory },
    port: commonEdits,
    source: `${firmware}
kernel:
  la    sp, stack
  la    s0, pages
  li    s1, ${filled}
  mv    t0, s0
  li    t2, 4096
1:sd    t0, 16(t0)                # no page is like another
  add   t0, t0, t2
  addi  s1, s1, -1
  bnez  s1, 1b

  li    s1, ${writes}
  li    s2, 0                     # which hot page
  li    s3, ${sweep}              # writes until the next sweep
  li    s4, ${hot}                # which page is swept next
  li    s5, ${filled}
2:slli  t0, s2, 12
  add   t0, t0, s0
  sd    s1, 8(t0)
  addi  s2, s2, 1
  li    t1, ${hot}
  bltu  s2, t1, 3f
  li    s2, 0
3:addi  s3, s3, -1
  bnez  s3, 5f
  li    s3, ${sweep}
  bgeu  s4, s5, 4f
  slli  t0, s4, 12
  add   t0, t0, s0
  sd    s1, 24(t0)
  addi  s4, s4, 1
  bltu  s4, s5, 5f
4:li    s4, ${hot}
5:li    t1, ${pause}
6:addi  t1, t1, -1
  bnez  t1, 6b
  addi  s1, s1, -1
  bnez  s1, 2b
  la    t0, results
  ld    a0, 8(s0)
  sd    a0, (t0)
  la    a0, done
  call  print
  j     shut_down
${printing}
  .data
  .balign 4096
done:    .asciz "written\\n"
  .balign 8
results: .skip 8
  .section .bss
  .balign 16
  .skip 1024
stack:
  .balign 4096
pages: .skip ${filled * page}
`,
  });
}
