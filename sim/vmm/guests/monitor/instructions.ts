/**
 * The interpreter routines: what a privileged instruction does, done to the record. s2 is the instruction. CSRs go by the table of
 * \`virtual-hart.ts\`; their routines find their row in s4, the value read or to be written is in a0.
 */
export const instructions = `
instruction:
  csrr  s2, mtval
  bnez  s2, 1f                    # 0 where the hardware doesn't tell
  call  fetch
  mv    s2, a0
1:andi  t0, s2, 0x7f
  li    t1, 0x73
  bne   t0, t1, illegal
  srli  s5, s2, 12
  andi  s5, s5, 7
  beqz  s5, system
  srli  s3, s2, 20
  srli  t1, s3, 8                 # who may access it
  andi  t1, t1, 3
  ld    t2, v_mode(s0)
  bltu  t2, t1, illegal
  la    t1, csr_rows
  add   t1, t1, s3
  lbu   t1, (t1)
  beqz  t1, illegal
  slli  t1, t1, 5
  la    s4, csrs - 32
  add   s4, s4, t1
  srli  s6, s2, 15
  andi  s6, s6, 31
  andi  t0, s5, 3
  addi  t0, t0, -1
  seqz  t0, t0
  or    s8, t0, s6                # whether it writes
  beqz  s8, 2f
  srli  t1, s3, 10
  li    t2, 3
  beq   t1, t2, illegal
2:ld    t1, 8(s4)
  jalr  t1
  mv    s7, a0
  beqz  s8, 5f
  mv    t1, s6
  andi  t0, s5, 4
  bnez  t0, 3f
  slli  t0, s6, 3
  add   t0, t0, s0
  ld    t1, (t0)
3:andi  t0, s5, 3
  mv    a0, t1
  li    t2, 1
  beq   t0, t2, 4f
  or    a0, s7, t1
  li    t2, 2
  beq   t0, t2, 4f
  not   t1, t1
  and   a0, s7, t1
4:ld    t1, 24(s4)
  and   a0, a0, t1
  ld    t1, 16(s4)
  jalr  t1
5:srli  t0, s2, 7
  andi  t0, t0, 31
  beqz  t0, next
  slli  t0, t0, 3
  add   t0, t0, s0
  sd    s7, (t0)
next:
  ld    t0, v_pc(s0)
  addi  t0, t0, 4
  sd    t0, v_pc(s0)
  j     enter
illegal:
  li    a0, 2
  mv    a1, s2
  call  deliver
  j     enter

system:
  li    t0, 0x10200073
  beq   s2, t0, return_from_supervisor
  li    t0, 0x30200073
  beq   s2, t0, return_from_machine
  ld    t1, v_mode(s0)
  beqz  t1, illegal
  ld    t2, v_mstatus(s0)
  li    t3, 3
  bne   t1, t3, 1f
  li    t2, 0                     # TVM and TW are not for machine mode
1:li    t0, 0x10500073
  beq   s2, t0, 2f
  srli  t0, s2, 25
  li    t1, 9
  bne   t0, t1, illegal
  srli  t2, t2, 20                # TVM
  andi  t2, t2, 1
  bnez  t2, illegal
  srli  t0, s2, 15                # sfence.vma: one address, or all
  andi  t0, t0, 31
  slli  t0, t0, 3
  add   t1, t0, s0
  ld    a0, (t1)
  la    t1, forget_all
  beqz  t0, 3f
  ld    t0, v_large(s0)
  bnez  t0, 3f
  la    t1, forget
3:jalr  t1
  j     next
2:srli  t2, t2, 21                # TW
  andi  t2, t2, 1
  bnez  t2, illegal
  ld    t0, v_mip(s0)             # wfi: nothing more to do until an interrupt that is enabled is pending
  ld    t1, v_due(s0)
  slli  t1, t1, 5
  or    t0, t0, t1
  ld    t1, v_mie(s0)
  and   t0, t0, t1
  bnez  t0, next
  wfi
  csrr  t0, mip
  andi  t0, t0, 1 << 5
  beqz  t0, next
  li    t0, 1
  sd    t0, v_due(s0)
  csrw  mie, zero
  j     next

read_held:
  ld    t0, (s4)
  add   t0, t0, s0
  ld    a0, (t0)
  ret
write_held:
  ld    t0, (s4)
  add   t0, t0, s0
  sd    a0, (t0)
write_nothing:
  ret

read_mstatus:
  li    t1, 10 << 32              # SXL, UXL
  ld    a0, v_mstatus(s0)
  j     1f
read_sstatus:
  li    t1, 2 << 32
  ld    a0, v_mstatus(s0)
  ld    t0, 24(s4)
  and   a0, a0, t0
1:or    a0, a0, t1
  srli  t0, a0, 13                # SD, where FS is 3
  addi  t0, t0, 1
  andi  t0, t0, 3
  seqz  t0, t0
  slli  t0, t0, 63
  or    a0, a0, t0
  ret
write_mstatus:
  srli  t0, a0, 11                # 2 is no mode: MPP stays
  andi  t0, t0, 3
  li    t1, 2
  bne   t0, t1, write_sstatus
  li    t0, ~0x1800
  and   a0, a0, t0
  ld    t1, v_mstatus(s0)
  li    t0, 0x1800
  and   t1, t1, t0
  or    a0, a0, t1
write_sstatus:
  ld    t0, v_mstatus(s0)
  ld    t1, 24(s4)
  not   t1, t1
  and   t1, t0, t1
  or    a0, a0, t1
  sd    a0, v_mstatus(s0)
  li    t1, 1
  sd    t1, v_changed(s0)
  xor   t0, t0, a0                # the guest's FS is in effect
  li    t1, 3 << 13
  and   t0, t0, t1
  beqz  t0, 1f
  csrc  mstatus, t1
  and   t0, a0, t1
  csrs  mstatus, t0
1:ret

read_sie:
  ld    a0, v_mie(s0)
  ld    t0, v_mideleg(s0)
  and   a0, a0, t0
  ret
write_sie:
  ld    t0, v_mideleg(s0)
  and   a0, a0, t0
  not   t0, t0
  ld    t1, v_mie(s0)
  and   t1, t1, t0
  or    a0, a0, t1
  sd    a0, v_mie(s0)
  ret

read_sip:
  mv    t3, ra
  call  read_mip
  ld    t0, v_mideleg(s0)
  and   a0, a0, t0
  jr    t3
read_mip:
  ld    a0, v_mip(s0)
  ld    t0, v_menvcfg(s0)
  bgez  t0, 1f
  ld    t0, v_due(s0)
  slli  t0, t0, 5
  csrr  t1, mip                   # the timer may be due by now
  andi  t1, t1, 1 << 5
  or    a0, a0, t0
  or    a0, a0, t1
1:ret
write_mip:
  ld    t0, v_menvcfg(s0)
  bgez  t0, 1f
  andi  a0, a0, ~0x20             # STIP is stimecmp's
1:sd    a0, v_mip(s0)
  ret
write_sip:
  ld    t0, v_mideleg(s0)
  and   a0, a0, t0
  andi  t0, t0, 2
  not   t0, t0
  ld    t1, v_mip(s0)
  and   t1, t1, t0
  or    a0, a0, t1
  sd    a0, v_mip(s0)
  ret

may_count:                        # a1: the counter's bit
  ld    t0, v_mode(s0)
  li    t1, 3
  beq   t0, t1, 1f
  ld    t1, v_mcounteren(s0)
  and   t1, t1, a1
  beqz  t1, illegal
  bnez  t0, 1f
  ld    t1, v_scounteren(s0)
  and   t1, t1, a1
  beqz  t1, illegal
1:ret
read_cycle:
  li    a1, 1
  mv    t3, ra
  call  may_count
  csrr  a0, mcycle
  jr    t3
read_time:                        # the real one: no monitor above knows how many it has below
  li    a1, 2
  mv    t3, ra
  call  may_count
  csrr  a0, time
  jr    t3
read_instret:
  li    a1, 4
  mv    t3, ra
  call  may_count
  csrr  a0, minstret
  jr    t3

may_time:
  ld    t0, v_mode(s0)
  li    t1, 3
  beq   t0, t1, 1f
  ld    t1, v_menvcfg(s0)
  bgez  t1, illegal
  ld    t1, v_mcounteren(s0)
  andi  t1, t1, 2
  beqz  t1, illegal
1:ret
read_stimecmp:
  mv    t3, ra
  call  may_time
  ld    a0, v_stimecmp(s0)
  jr    t3
write_menvcfg:
  sd    a0, v_menvcfg(s0)
  ld    a0, v_stimecmp(s0)
write_stimecmp:
  sd    a0, v_stimecmp(s0)
  ld    t0, v_menvcfg(s0)
  bltz  t0, 1f
  li    a0, -1
1:sd    zero, v_due(s0)
  csrw  stimecmp, a0
  li    t0, 1 << 5
  csrw  mie, t0
  ret

may_translate:
  ld    t0, v_mode(s0)
  li    t1, 1
  bne   t0, t1, 1f
  ld    t0, v_mstatus(s0)
  srli  t0, t0, 20                # TVM
  andi  t0, t0, 1
  bnez  t0, illegal
1:ret
read_satp:
  mv    t3, ra
  call  may_translate
  ld    a0, v_satp(s0)
  jr    t3
write_satp:                       # modes other than bare and Sv39 change nothing
  srli  t0, a0, 60
  beqz  t0, 1f
  li    t1, 8
  bne   t0, t1, 2f
1:sd    a0, v_satp(s0)
  li    t0, 1
  sd    t0, v_changed(s0)
2:ret
`;
