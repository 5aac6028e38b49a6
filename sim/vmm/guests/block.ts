import { encodeUtf8 } from "../../core/index.js";
import { firmware, printing } from "./firmware.js";
import { commonEdits } from "./paravirtual.js";
import { kernelGuest, type Edit, type KernelGuest } from "./kernel-guest.js";

/** The disk: a text in its second sector. */
function disk(): Uint8Array {
  const bytes = new Uint8Array(4096);
  bytes.set(encodeUtf8("what the disk holds\n"), 512);
  return bytes;
}

const places = `  .equ device, 0x10001000
  .equ plic, 0xc000000
`;
const vector = `  csrci sstatus, 2                # interrupts are on only where it waits for one
  la    t0, interrupted
  csrw  stvec, t0
`;
const setup = `  li    s0, device
  la    s1, results
  la    s2, found
  lw    t0, 0(s0)                 # the magic value, and the kind of device
  sd    t0, (s2)
  lw    t0, 8(s0)
  sd    t0, 8(s2)
  sw    zero, 0x70(s0)
  li    t0, 3                     # a driver knows it
  sw    t0, 0x70(s0)
  li    t0, 1
  sw    t0, 0x24(s0)
  sw    t0, 0x20(s0)              # version 1, nothing else
  li    t0, 11
  sw    t0, 0x70(s0)
  sw    zero, 0x30(s0)
  li    t0, 8
  sw    t0, 0x38(s0)
  la    t0, descriptors
  sw    t0, 0x80(s0)
  la    t0, available
  sw    t0, 0x90(s0)
  la    t0, used
  sw    t0, 0xa0(s0)
  li    t0, 1
  sw    t0, 0x44(s0)
  li    t0, 15
  sw    t0, 0x70(s0)
  # Source 1 interrupts supervisor mode.
  li    t1, plic
  li    t0, 1
  sw    t0, 4(t1)
  li    t1, plic + 0x2080
  li    t0, 2
  sw    t0, (t1)
  li    t0, 1 << 9
  csrw  sie, t0

`;
const request = `# A request with the header at a0, and flags a1 for the descriptor of the data.
request:
  la    t0, descriptors
  sd    a0, (t0)
  li    t1, 16 | (1 << 32) | (1 << 48)
  sd    t1, 8(t0)
  la    t1, sector
  sd    t1, 16(t0)
  li    t1, 512 | (2 << 48)
  slli  t2, a1, 32
  or    t1, t1, t2
  sd    t1, 24(t0)
  la    t1, status
  sd    t1, 32(t0)
  li    t1, 1 | (2 << 32)
  sd    t1, 40(t0)
  la    t0, available
  lhu   t1, 2(t0)
  addi  t1, t1, 1
  fence
  sh    t1, 2(t0)                 # the ring's entries are 0: the chain begins there
  fence
  sw    zero, 0x50(s0)
1:la    t0, used
  lhu   t0, 2(t0)
  beq   t0, t1, 2f
  wfi
  csrsi sstatus, 2
  nop
  csrci sstatus, 2
  j     1b
2:csrsi sstatus, 2                # an interrupt that is late
  nop
  csrci sstatus, 2
  ret

`;
const status = `  la    t0, status
  lbu   t0, (t0)
  sd    t0, (s1)
`;
const handler = `interrupted:
  csrw  sscratch, t0
  li    t0, plic + 0x201004
  lw    a2, (t0)
  lw    a3, 0x60(s0)
  sw    a3, 0x64(s0)
  sw    a2, (t0)
  ld    a4, 8(s1)                 # how many, and which
  addi  a4, a4, 1
  sd    a4, 8(s1)
  sd    a2, 16(s2)
  csrr  t0, sscratch
  sret
`;

/** A ring in place of the device's registers and its queue, an event in place of the interrupt. */
const edits: readonly Edit[] = [
  [places, ""],
  [
    vector,
    `  la    s6, shared
  li    t0, 1                     # events are on only where it waits for one
  sd    t0, shared_masked(s6)
  la    a0, interrupted
  hypercall vector
`,
  ],
  [
    setup,
    `  la    s0, ring
  la    s1, results
  mv    a0, s0
  hypercall ring
`,
  ],
  [
    request,
    `# A request with the header at a0.
request:
  ld    s4, (s0)
  andi  t1, s4, ring_slotCount - 1
  slli  t1, t1, 5
  add   s3, s0, t1
  ld    t1, (a0)
  sd    t1, ring_slots + ring_operation(s3)
  ld    t1, 8(a0)
  sd    t1, ring_slots + ring_sector(s3)
  la    t1, sector
  sd    t1, ring_slots + ring_address(s3)
  li    t1, 1
  sd    t1, ring_slots + ring_count(s3)
  addi  s4, s4, 1
  sd    s4, ring_requests(s0)
  li    a0, channel_block
  hypercall notify
1:sd    zero, shared_masked(s6)
  hypercall block                 # idle until the event
  li    t1, 1
  sd    t1, shared_masked(s6)
  ld    t1, ring_responses(s0)
  bne   t1, s4, 1b
  ret

`,
  ],
  [
    status,
    `  ld    t0, ring_slots + ring_count(s3)
  sd    t0, (s1)
`,
  ],
  [
    handler,
    `interrupted:
  sd    t0, -8(sp)
  sd    a7, shared_a7(s6)
  sd    zero, shared_pending(s6)
  ld    t0, 8(s1)                 # how many
  addi  t0, t0, 1
  sd    t0, 8(s1)
  ld    t0, -8(sp)
  hypercall return                # which gives a7 back
`,
  ],
  ["descriptors: .skip 256\navailable:   .skip 64\nused:        .skip 128\n", "ring:        .skip 4096\n"],
];

/**
 * A driver for a virtio disk: reads a sector by DMA, is interrupted, prints it, writes one.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, sections 3.1, 4.2 and 5.2.
 */
export const block: KernelGuest = kernelGuest({
  name: "block",
  about: "A kernel with a driver for its disk: it reads a sector by DMA, waits for the interrupt, and writes another.",
  results: [
    { symbol: "results", bytes: 16 },
    { symbol: "sector", bytes: 512 },
  ],
  drives: () => [disk()],
  port: [...commonEdits, ...edits],
  source: `${firmware}
${places}
kernel:
  la    sp, stack
${vector}${setup}  la    a0, header_read
  li    a1, 3                     # the device writes the sector, the chain goes on
  call  request
  la    a0, sector
  call  print
  la    t0, sector                # changed, it is written to the next sector
  li    t1, 'W'
  sb    t1, (t0)
  la    a0, header_write
  li    a1, 1
  call  request
${status}  la    a0, done
  call  print
  j     shut_down

${request}  .balign 4
${handler}${printing}
  .data
  .balign 4096
done: .asciz "disk done\\n"
  .balign 8
header_read:  .dword 0, 1
header_write: .dword 1, 2
results:      .skip 64
found:        .skip 64
  .section .bss
  .balign 4096
descriptors: .skip 256
available:   .skip 64
used:        .skip 128
sector:      .skip 512
status:      .skip 1
  .balign 16
  .skip 1024
stack:
`,
});
