/**
 * The virtual hart's traps: into the guest's handler, out of it, and interrupts. What the hardware does with its own CSRs is done to those of
 * the record (privileged ISA, "Machine Status", "Machine Cause", "Trap-Return Instructions").
 */
export const traps = `
deliver:                          # a0: cause, a1: value
  ld    t0, v_mode(s0)
  ld    t1, v_mstatus(s0)
  ld    t4, v_pc(s0)
  li    t2, 1
  bgtu  t0, t2, 2f
  ld    t3, v_medeleg(s0)
  bgez  a0, 1f
  ld    t3, v_mideleg(s0)
1:srl   t3, t3, a0
  andi  t3, t3, 1
  beqz  t3, 2f
  sd    t4, v_sepc(s0)
  sd    a0, v_scause(s0)
  sd    a1, v_stval(s0)
  andi  t4, t1, 2                 # SIE becomes SPIE
  slli  t4, t4, 4
  li    t5, ~0x122
  and   t1, t1, t5
  or    t1, t1, t4
  slli  t5, t0, 8                 # SPP
  or    t1, t1, t5
  sd    t1, v_mstatus(s0)
  sd    t2, v_mode(s0)
  ld    t1, v_stvec(s0)
  j     3f
2:sd    t4, v_mepc(s0)
  sd    a0, v_mcause(s0)
  sd    a1, v_mtval(s0)
  andi  t4, t1, 8                 # MIE becomes MPIE
  slli  t4, t4, 4
  li    t5, ~0x1888
  and   t1, t1, t5
  or    t1, t1, t4
  slli  t5, t0, 11                # MPP
  or    t1, t1, t5
  sd    t1, v_mstatus(s0)
  li    t2, 3
  sd    t2, v_mode(s0)
  ld    t1, v_mtvec(s0)
3:andi  t2, t1, 1                 # vectored
  sub   t1, t1, t2
  beqz  t2, 4f
  bgez  a0, 4f
  slli  t2, a0, 2
  add   t1, t1, t2
4:sd    t1, v_pc(s0)
  li    t2, 1
  sd    t2, v_changed(s0)
  ret

interrupt_guest:                  # t0: pending and enabled one by one
  ld    t1, v_mideleg(s0)
  ld    t2, v_mode(s0)
  ld    t3, v_mstatus(s0)
  not   t4, t1
  and   t4, t0, t4                # machine mode's
  beqz  t4, 1f
  li    t5, 3
  bltu  t2, t5, 3f
  andi  t5, t3, 8
  bnez  t5, 3f
1:and   t4, t0, t1                # supervisor mode's
  beqz  t4, 2f
  li    t5, 1
  bltu  t2, t5, 3f
  bne   t2, t5, 2f
  andi  t5, t3, 2
  bnez  t5, 3f
2:ret
3:li    a0, 9                     # external before software before timer
  andi  t5, t4, 1 << 9
  bnez  t5, 4f
  li    a0, 1
  andi  t5, t4, 1 << 1
  bnez  t5, 4f
  li    a0, 5
4:li    t5, 1 << 63
  or    a0, a0, t5
  li    a1, 0
  j     deliver

return_from_supervisor:
  ld    t0, v_mode(s0)
  beqz  t0, illegal
  ld    t1, v_mstatus(s0)
  li    t2, 3
  beq   t0, t2, 1f
  srli  t2, t1, 22                # TSR
  andi  t2, t2, 1
  bnez  t2, illegal
1:srli  t0, t1, 8
  andi  t0, t0, 1
  andi  t2, t1, 0x20              # SPIE becomes SIE
  srli  t2, t2, 4
  li    t3, ~0x102
  and   t1, t1, t3
  or    t1, t1, t2
  ori   t1, t1, 0x20
  ld    t2, v_sepc(s0)
  j     returned

return_from_machine:
  ld    t0, v_mode(s0)
  li    t1, 3
  bne   t0, t1, illegal
  ld    t1, v_mstatus(s0)
  srli  t0, t1, 11
  andi  t0, t0, 3
  andi  t2, t1, 0x80              # MPIE becomes MIE
  srli  t2, t2, 4
  li    t3, ~0x1808
  and   t1, t1, t3
  or    t1, t1, t2
  ori   t1, t1, 0x80
  ld    t2, v_mepc(s0)
returned:
  sd    t0, v_mode(s0)
  sd    t1, v_mstatus(s0)
  sd    t2, v_pc(s0)
  li    t0, 1
  sd    t0, v_changed(s0)
  j     enter
`;
