import { assemble, type Program } from "../../../sim/machine/index.js";

/**
 * A guest with a driver of the network card in the first place, which has one buffer (s5), polls, and counts in s1 and s2: `offer`
 * gives the buffer to the card, `receive` waits for a frame (a0: its length with the header of 12 bytes), `send` sends a0 bytes.
 */
export const guest = (main: string): Program =>
  assemble(`
  li   s0, 0x10001000
  li   t0, 3;  sw t0, 0x70(s0)
  li   t0, 1;  sw t0, 0x24(s0); sw t0, 0x20(s0)
  li   t0, 11; sw t0, 0x70(s0)
  sw   zero, 0x30(s0)
  la   a0, incoming; call queue
  li   t0, 1;  sw t0, 0x30(s0)
  la   a0, outgoing; call queue
  li   t0, 15; sw t0, 0x70(s0)
  li   s1, 0
  li   s2, 0
  la   s3, incoming
  la   s4, outgoing
  la   s5, buffer
${main}
queue:
  li   t0, 8; sw t0, 0x38(s0)
  sw   a0, 0x80(s0); sw zero, 0x84(s0)
  addi t0, a0, 0x400; sw t0, 0x90(s0); sw zero, 0x94(s0)
  li   t0, 0x800; add t0, a0, t0; sw t0, 0xa0(s0); sw zero, 0xa4(s0)
  li   t0, 1; sw t0, 0x44(s0)
  ret
offer:
  sd   s5, (s3)
  li   t0, 1600; sw t0, 8(s3)
  li   t0, 2; sh t0, 12(s3)
  addi s1, s1, 1
  sh   s1, 0x402(s3)
  sw   zero, 0x50(s0)
  ret
receive:
  li   t0, 0x800; add t1, s3, t0
1:lhu  t0, 2(t1); bne t0, s1, 1b
  addi t0, s1, -1; andi t0, t0, 7; slli t0, t0, 3; add t1, t1, t0
  lw   a0, 8(t1)
  ret
send:
  sd   s5, (s4)
  sw   a0, 8(s4)
  addi s2, s2, 1
  sh   s2, 0x402(s4)
  li   t0, 1; sw t0, 0x50(s0)
  li   t0, 0x800; add t1, s4, t0
1:lhu  t0, 2(t1); bne t0, s2, 1b
  ret
.data
.balign 4096
incoming: .zero 4096
outgoing: .zero 4096
buffer:   .zero 2048
`);
