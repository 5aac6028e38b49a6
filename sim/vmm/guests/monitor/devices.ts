/**
 * The guest's devices are the monitor's own: the UART and the finisher are passed on, access by access; there is nothing else. Where the
 * machine refuses an access, the guest gets that exception. What the access was is read from the guest's code.
 */
export const devices = `
device:                           # a0: guest physical address, s2: the guest's, s3: the access
  mv    a1, s3
  call  walk_access_fault
  srli  t0, a0, 12
  li    t1, 0x100
  beq   t0, t1, 1f
  li    t1, 0x10000
  bne   t0, t1, refused
1:andi  t0, s3, ptX
  bnez  t0, refused
  mv    s4, a0
  mv    s5, a2
  call  fetch
  bnez  a2, refused
  mv    s6, a0
  # rd, or rs2, in s7; the width and the sign as funct3 has them in s8; the length in s9
  li    s9, 4
  srli  s8, s6, 12
  andi  s8, s8, 7
  srli  s7, s6, 7
  andi  t0, s6, 0x7f
  li    t1, 0x03
  beq   t0, t1, 2f
  srli  s7, s6, 20
  li    t1, 0x23
  beq   t0, t1, 2f
  li    s9, 2                     # c.lw, c.ld, c.sw, c.sd
  srli  s7, s6, 2
  andi  s7, s7, 7
  addi  s7, s7, 8
  srli  s8, s6, 13
  andi  s8, s8, 3
2:andi  s7, s7, 31
  slli  s7, s7, 3
  add   s7, s7, s0
  la    t0, device_refuses
  csrw  mtvec, t0
  slli  t0, s8, 3
  andi  t1, s3, ptW
  bnez  t1, 4f
  la    t1, loads
  add   t1, t1, t0
  ld    t1, (t1)
  jalr  t1
  addi  t0, s0, 0
  beq   t0, s7, 3f
  sd    a0, (s7)
3:call  skip
  j     5f
4:la    t1, stores
  add   t1, t1, t0
  ld    s8, (t1)
  ld    a0, (s7)
  call  skip                      # the machine may end with the store
  jalr  s8
5:la    t0, trap
  csrw  mtvec, t0
  j     enter
skip:
  ld    t0, v_pc(s0)
  add   t0, t0, s9
  sd    t0, v_pc(s0)
  ret
  .balign 4
device_refuses:
  la    t0, trap
  csrw  mtvec, t0
  andi  t0, s3, ptW
  beqz  t0, 1f
  sub   s9, zero, s9
  call  skip
1:mv    a2, s5
  j     refused

fetch:                            # a0: the instruction at the guest's pc, a2: 0, or why there is none
  mv    s10, ra
  ld    a0, v_pc(s0)
  li    a1, ptX
  call  half_word
  bnez  a2, 1f
  mv    s11, a0
  andi  t0, a0, 3
  addi  t0, t0, -3
  bnez  t0, 1f
  ld    a0, v_pc(s0)
  addi  a0, a0, 2
  li    a1, ptX
  call  half_word
  slli  a0, a0, 16
  or    a0, a0, s11
1:jr    s10
half_word:
  mv    t3, ra
  sd    t3, -8(sp)
  call  walk
  ld    t3, -8(sp)
  bnez  a2, 1f
  li    t0, guest_base
  sub   a0, a0, t0
  li    t0, guest_ram
  add   a0, a0, t0
  lhu   a0, (a0)
1:jr    t3

load_byte:      lb  a0, (s4); ret
load_half:      lh  a0, (s4); ret
load_word:      lw  a0, (s4); ret
load_double:    ld  a0, (s4); ret
load_byte_zero: lbu a0, (s4); ret
load_half_zero: lhu a0, (s4); ret
load_word_zero: lwu a0, (s4); ret
store_byte:     sb  a0, (s4); ret
store_half:     sh  a0, (s4); ret
store_word:     sw  a0, (s4); ret
store_double:   sd  a0, (s4); ret
  .data
  .balign 8
loads:  .dword load_byte, load_half, load_word, load_double, load_byte_zero, load_half_zero, load_word_zero, load_word
stores: .dword store_byte, store_half, store_word, store_double, store_double, store_double, store_double, store_double
  .text
`;
