import { blockRing, channels, hypercalls, sharedPage } from "../hypercalls.js";
import { firmware, printing } from "./firmware.js";
import type { Edit } from "./kernel-guest.js";

const equs = (prefix: string, numbers: Readonly<Record<string, number>>): string =>
  Object.entries(numbers)
    .map(([name, number]) => `  .equ ${prefix}_${name}, ${number}\n`)
    .join("");

/** What a port begins with in the firmware's place: numbers, and a macro that asks the VMM. */
const prologue = `
${equs("call", hypercalls)}${equs("shared", sharedPage)}${equs("channel", channels)}${equs("ring", blockRing)}
  .macro hypercall name
  li    a7, call_\\name
  ecall
  .endm
_start:
  la    a0, shared
  hypercall share
  j     kernel
  .section .bss
  .balign 4096
shared: .skip 4096
  .text
`;

/** Text goes into a ring, and the VMM is told when a line is whole. */
const ringPrinting = `
print:
  mv    a1, a0
  la    a0, shared
  ld    t0, shared_produced(a0)
1:lbu   t1, (a1)
  beqz  t1, 2f
  andi  t2, t0, shared_ringSize - 1
  add   t2, t2, a0
  sb    t1, shared_ring(t2)
  addi  t0, t0, 1
  addi  a1, a1, 1
  j     1b
2:sd    t0, shared_produced(a0)
  hypercall console
  ret
`;

/** Edits that every port begins with: no firmware, the console a ring, the end a hypercall. */
export const commonEdits: readonly Edit[] = [
  [firmware, prologue],
  [printing.slice(0, printing.indexOf("print_number:")), ringPrinting],
  ["  li    a7, 8\n  ecall\n", "  hypercall shutDown\n"],
];
