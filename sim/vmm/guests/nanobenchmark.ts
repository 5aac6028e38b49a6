import { assemble, type Program } from "../../machine/index.js";
import type { Guest } from "../guest.js";
import { hypercalls, sharedPage } from "../hypercalls.js";
import { firmware } from "./firmware.js";

/** One privileged event, over and over, with as little around it as there can be. */
export interface NanobenchmarkCode {
  readonly name: string;
  /** What the loop does once: in the kernel, or in a process. */
  readonly body: string;
  readonly mode: "kernel" | "process";
  /** What the kernel does once, before the loop. */
  readonly setup?: string;
}

const equs = (prefix: string, numbers: Readonly<Record<string, number>>): string =>
  Object.entries(numbers)
    .map(([name, number]) => `  .equ ${prefix}_${name}, ${number}\n`)
    .join("");

/** The kernel's own instructions for what a port asks its VMM for. */
const nativeMacros = `
  .macro vector at
  la    t0, \\at
  csrw  stvec, t0
  .endm
  .macro trap_pc to
  csrr  \\to, sepc
  .endm
  .macro set_trap_pc from
  csrw  sepc, \\from
  .endm
  .macro enter_user at
  csrw  sepc, \\at
  li    t0, 1 << 8
  csrc  sstatus, t0
  sret
  .endm
  .macro back
  sret
  .endm
  .macro use_root root
  csrw  satp, \\root
  .endm
  .macro set_timer time
  csrw  stimecmp, \\time
  .endm
  .macro set_entry place, entry, count
  sd    \\entry, (\\place)
  .endm
  .macro entries_set count
  sfence.vma
  .endm
  .macro entry_set at
  sfence.vma \\at
  .endm
  .macro shut
  li    a7, 8
  ecall
  .endm
`;

const portedMacros = `
${equs("call", hypercalls)}${equs("shared", sharedPage)}
  .macro hypercall name
  li    a7, call_\\name
  ecall
  .endm
  .macro vector at
  la    a0, \\at
  hypercall vector
  .endm
  .macro trap_pc to
  ld    \\to, shared_pc(s6)
  .endm
  .macro set_trap_pc from
  sd    \\from, shared_pc(s6)
  .endm
  .macro enter_user at
  sd    \\at, shared_pc(s6)
  sd    zero, shared_kernel(s6)
  li    t0, 1
  sd    t0, shared_wasMasked(s6)
  hypercall return
  .endm
  .macro back
  hypercall return
  .endm
  .macro use_root root
  mv    a0, \\root
  hypercall root
  .endm
  .macro set_timer time
  mv    a0, \\time
  hypercall timer
  .endm
  .macro set_entry place, entry, count
  la    a0, list + 16 * \\count
  sd    \\place, (a0)
  sd    \\entry, 8(a0)
  .endm
  .macro entries_set count
  la    a0, list
  li    a1, \\count
  hypercall update
  .endm
  .macro entry_set at
  la    a0, list
  li    a1, 1
  sd    a1, 16(a0)
  sd    \\at, 24(a0)
  li    a1, 2
  hypercall update
  .endm
  .macro shut
  hypercall shutDown
  .endm
_start:
  la    s6, shared
  mv    a0, s6
  hypercall share
  j     kernel
`;

/**
 * All kernels are alike but for the loop: RAM mapped by a leaf of 1 GiB for the kernel, and by another at 0xc0000000 for its process;
 * devices at 0; a window of 4 KiB pages at 0x40000000, another in each of two address spaces. A trap's handler goes on behind the instruction.
 */
const kernelOf = ({ body, mode, setup = "" }: NanobenchmarkCode, rounds: number): string => `
kernel:
  .option norvc
  vector handler
  la    t1, root
  la    t3, other_root
  li    t0, 0xc7                  # devices
  sd    t0, 0(t1)
  sd    t0, 0(t3)
  li    t0, (0x80000000 >> 2) | 0xcf
  sd    t0, 16(t1)
  sd    t0, 16(t3)
  ori   t0, t0, 16                # the same for the process
  sd    t0, 24(t1)
  sd    t0, 24(t3)
  .macro below table, entry, next
  la    t0, \\next
  srli  t0, t0, 2
  ori   t0, t0, 1
  la    t1, \\table
  sd    t0, \\entry * 8(t1)
  .endm
  below root, 1, middle
  below middle, 0, leaves
  below other_root, 1, other_middle
  below other_middle, 0, other_leaves
  la    s5, leaves                # one page that is there to be read
  la    s7, page
  srli  s7, s7, 2
  ori   s7, s7, 0x43
  sd    s7, 8(s5)
  ori   s8, s7, 0xc7              # entries that come and go
  la    s9, other_page
  srli  s9, s9, 2
  ori   s9, s9, 0xc7
  li    s4, 8 << 60
  la    t0, other_root
  srli  t0, t0, 12
  or    s10, t0, s4
  la    t0, root
  srli  t0, t0, 12
  or    s11, t0, s4
  use_root s11
  li    s1, 0x40000000
  li    s3, 0x10000000
  li    s4, -1
  li    s2, ${rounds}
${setup}
${mode === "process" ? "  la    s0, 1f\n  li    t0, 0x40000000\n  add   s0, s0, t0\n  enter_user s0\n" : ""}
1:
${body}
  addi  s2, s2, -1
  beqz  s2, 2f
  j     1b                        # which may be far
2:
${mode === "process" ? "  ecall                           # the last one ends it" : "  j     end"}
  .option rvc                     # alignment may take 2 bytes
  .balign 4
handler:
  beqz  s2, end
  trap_pc a2
  addi  a2, a2, 4
  set_trap_pc a2
  back
end:
  shut
leaf:
  ret
  .section .bss
  .balign 4096
root:         .skip 4096
other_root:   .skip 4096
middle:       .skip 4096
other_middle: .skip 4096
leaves:       .skip 4096
other_leaves: .skip 4096
page:         .skip 4096
other_page:   .skip 4096
list:         .skip 4096
shared:       .skip 4096
`;

/** The kernel that does it so often. */
export function nanobenchmarkGuest(code: NanobenchmarkCode, rounds: number): Guest {
  const programOf = (start: string): Program => assemble(`${start}\n${kernelOf(code, rounds)}`);
  const ported = portedMacros;
  return {
    name: code.name,
    about: `A kernel that does nothing but ${code.name}.`,
    results: [],
    options: { program: programOf(`${nativeMacros}${firmware}`) },
    ported: { source: ported, removed: [], added: [], options: { program: programOf(ported) } },
  };
}
