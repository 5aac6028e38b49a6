/** All integer registers but zero, sp and s0, in pairs of register and place. */
const others = [1, 3, 4, 5, 6, 7, ...Array.from({ length: 23 }, (_, index) => index + 9)];
const each = (line: (register: number) => string): string => others.map(line).join("\n");

/**
 * The monitor's beginning, and the switch between its world and the guest's. s0 is the virtual hart throughout. What the guest comes back
 * for, the dispatcher gives to a routine, and each of these ends at \`enter\`.
 *
 * A privileged instruction here is a trap where this monitor is itself a guest: it takes two to save the registers, two to two or three to learn what
 * happened, and two to go back.
 */
export const worldSwitch: string = `
_start:
  la    s0, hart
  la    sp, stack
  csrw  mscratch, s0
  la    t0, trap
  csrw  mtvec, t0
  li    t0, -1                    # what the guest may reach is said by tables alone
  csrw  pmpaddr0, t0
  li    t0, 0x1f
  csrw  pmpcfg0, t0
  li    t0, 1 << 63               # stimecmp, which is the guest's from now on
  csrw  menvcfg, t0
  li    t0, -1
  csrw  stimecmp, t0
  li    t0, 1 << 5
  csrw  mie, t0
  csrw  mstatus, zero             # mret goes to user mode, floating point is off
  csrr  t0, misa
  sd    t0, v_misa(s0)
  la    t0, csr_numbers           # which row of the table is which CSR's
  la    t1, csr_rows
  li    t2, 1
  li    t3, csrs_count
1:lhu   t4, (t0)
  add   t4, t4, t1
  sb    t2, (t4)
  addi  t0, t0, 2
  addi  t2, t2, 1
  bleu  t2, t3, 1b
  call  forget_all

enter:                            # an interrupt first, if the guest takes one
  ld    t0, v_mip(s0)
  ld    t1, v_due(s0)
  slli  t1, t1, 5
  or    t0, t0, t1
  ld    t1, v_mie(s0)
  and   t0, t0, t1
  beqz  t0, 1f
  call  interrupt_guest
1:ld    t0, v_changed(s0)
  beqz  t0, 2f
  call  choose_view
2:ld    t0, v_pc(s0)
  csrw  mepc, t0
${each((register) => `  ld    x${register}, ${8 * register}(s0)`)}
  ld    sp, 16(s0)
  ld    s0, 64(s0)
  mret

  .balign 4
trap:
  csrrw sp, mscratch, sp
  sd    s0, 64(sp)
  mv    s0, sp
${each((register) => `  sd    x${register}, ${8 * register}(s0)`)}
  csrrw t0, mscratch, s0
  sd    t0, 16(s0)
  la    sp, stack
  csrr  t0, mepc
  sd    t0, v_pc(s0)
  csrr  s1, mcause
  ld    t0, v_mstatus(s0)         # floating-point registers may have become dirty
  srli  t1, t0, 13
  andi  t1, t1, 3
  addi  t1, t1, -1
  li    t2, 2
  bgeu  t1, t2, 1f
  csrr  t1, mstatus
  li    t2, 3 << 13
  and   t1, t1, t2
  or    t0, t0, t1
  sd    t0, v_mstatus(s0)
1:bltz  s1, timer_due
  li    t0, 2
  beq   s1, t0, instruction
  li    t0, 8
  beq   s1, t0, call
  li    s3, 4                     # to store
  li    t0, 15
  beq   s1, t0, page_fault
  li    s3, 2                     # to load
  li    t0, 13
  beq   s1, t0, page_fault
  li    s3, 8                     # to execute
  li    t0, 12
  beq   s1, t0, page_fault
  mv    a0, s1                    # all else is the guest's own
  csrr  a1, mtval
  call  deliver
  j     enter

call:
  ld    a0, v_mode(s0)
  addi  a0, a0, 8
  li    a1, 0
  call  deliver
  j     enter

timer_due:                        # pending until the guest sets its timer again
  li    t0, 1
  sd    t0, v_due(s0)
  csrw  mie, zero
  j     enter
`;
