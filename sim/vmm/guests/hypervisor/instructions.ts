/** What VS-mode may not do and HS-mode may, done for a guest that believes to be in HS-mode: CSRs, SRET into its own guest, HFENCE. */
export const instructions = `
virtual_instruction:              # s2: its bits
  csrr  t0, sstatus
  andi  t0, t0, 0x100
  beqz  t0, illegal               # in user mode
  li    t0, 0x10200073
  beq   s2, t0, enter_guest
  andi  t0, s2, 0x7f
  li    t1, 0x73
  bne   t0, t1, illegal
  srli  t3, s2, 12
  andi  t3, t3, 7
  beqz  t3, fence
  li    t0, 4                     # HLV, HSV
  beq   t3, t0, illegal
  srli  t1, s2, 20
  la    s4, csrs
  li    t2, csrs_count
1:ld    t0, (s4)
  beq   t0, t1, 2f
  addi  s4, s4, 40
  addi  t2, t2, -1
  bnez  t2, 1b
illegal:
  li    a0, 2
  mv    a1, s2
  j     deliver
2:ld    s5, 8(s4)
  add   s5, s5, s0
  ld    s6, (s5)                  # what it holds
  la    s7, enter                 # and what is to be done then
  srli  t2, s2, 15                # a register, or the operand itself
  andi  t2, t2, 31
  mv    t4, t2
  andi  t0, t3, 4
  bnez  t0, 3f
  slli  t0, t2, 3
  add   t0, t0, s0
  ld    t4, (t0)
3:andi  t3, t3, 3
  li    t0, 1
  beq   t3, t0, 5f
  beqz  t2, 6f                    # it is only read
  li    t0, 2
  beq   t3, t0, 4f
  not   t4, t4
  and   t4, t4, s6
  j     5f
4:or    t4, t4, s6
5:ld    t0, 16(s4)
  and   t4, t4, t0
  ld    t0, 24(s4)
  or    t4, t4, t0
  sd    t4, (s5)
  ld    s7, 32(s4)
6:srli  t0, s2, 7
  andi  t0, t0, 31
  beqz  t0, 7f
  slli  t0, t0, 3
  add   t0, t0, s0
  sd    s6, (t0)
7:ld    t0, v_pc(s0)
  addi  t0, t0, 4
  sd    t0, v_pc(s0)
  jr    s7

write_hstatus:
  ld    t0, v_hstatus(s0)
  srli  t0, t0, 7
  andi  t0, t0, 1
  slli  t0, t0, 22
  ori   t0, t0, 0x180
  csrw  hstatus, t0
  j     enter

enter_guest:                      # SRET with SPV: from here on the guest's own guest is on the hart
  csrr  t0, vsstatus
  andi  s3, t0, 0x100
  andi  t1, t0, 0x20              # SPIE becomes SIE
  srli  t1, t1, 4
  li    t2, ~0x122
  and   t0, t0, t2
  or    t0, t0, t1
  ori   t0, t0, 0x20
  csrw  vsstatus, t0
  csrr  t0, vsepc
  sd    t0, v_pc(s0)
  ld    t0, v_hstatus(s0)
  andi  t0, t0, ~0x80
  sd    t0, v_hstatus(s0)
  li    t0, 0x100
  csrc  sstatus, t0
  csrs  sstatus, s3
  call  change_world
  j     enter

fence:
  ld    t0, v_pc(s0)
  addi  t0, t0, 4
  sd    t0, v_pc(s0)
  srli  t0, s2, 25
  li    t1, 0x31                  # HFENCE.GVMA
  beq   t0, t1, forget_and_enter
  li    t1, 0x11                  # HFENCE.VVMA: of the VMID in hgatp
  bne   t0, t1, 1f
  ld    t0, v_composed(s0)
  csrw  hgatp, t0
  hfence.vvma
  ld    t0, v_own(s0)
  csrw  hgatp, t0
  j     enter
1:ld    t0, v_pc(s0)
  addi  t0, t0, -4
  sd    t0, v_pc(s0)
  j     illegal
`;
