import { swapWorlds } from "./virtual-hart.js";

/** All integer registers but zero, sp and s0. */
const others = [1, 3, 4, 5, 6, 7, ...Array.from({ length: 23 }, (_, index) => index + 9)];
const each = (line: (register: number) => string): string => others.map(line).join("\n");

/**
 * The hypervisor's beginning in HS-mode, and the switch between its world and the guest's. s0 is the virtual hart throughout; each routine
 * ends at \`enter\`. hstatus.SPV and sstatus.SPP are as the trap left them, so that a guest which only came for a call costs no
 * CSR of the hypervisor's on the way back.
 */
export const worldSwitch: string = `
kernel:
  la    s0, hart
  la    sp, stack
  csrw  sscratch, s0
  la    t0, trap
  csrw  stvec, t0
  csrw  sie, zero
  li    t0, 3 << 13               # floating point is the guest's to switch
  csrs  sstatus, t0
  call  map_guest
  li    t0, 0xb1ff                # as firmware leaves it to a kernel
  csrw  hedeleg, t0
  li    t0, 0x444
  csrw  hideleg, t0
  li    t0, 7
  csrw  hcounteren, t0
  li    t0, 5 << 61               # stimecmp, and A and D set by the hart
  csrw  henvcfg, t0
  csrw  htimedelta, zero
  li    t0, guest_status
  csrw  vsstatus, t0
  li    t0, -1
  csrw  vstimecmp, t0
  li    t0, 0x180                 # SRET goes to a virtual mode, VS
  csrw  hstatus, t0
  li    t0, 0x100
  csrs  sstatus, t0

enter:
  ld    t0, v_pc(s0)
  csrw  sepc, t0
${each((register) => `  ld    x${register}, ${8 * register}(s0)`)}
  ld    sp, 16(s0)
  ld    s0, 64(s0)
  sret

  .balign 4
trap:
  csrrw sp, sscratch, sp
  sd    s0, 64(sp)
  mv    s0, sp
${each((register) => `  sd    x${register}, ${8 * register}(s0)`)}
  csrrw t0, sscratch, s0
  sd    t0, 16(s0)
  la    sp, stack
  csrr  t0, sepc
  sd    t0, v_pc(s0)
  csrr  s1, scause
  csrr  s2, stval
  ld    s3, v_virtual(s0)
  li    t0, 20
  bgeu  s1, t0, hypervisor_trap
  bnez  s3, reflect
  li    t0, 10
  beq   s1, t0, call
  mv    a0, s1                    # the guest's own
  mv    a1, s2
  j     deliver
hypervisor_trap:
  li    t0, 22
  bne   s1, t0, 1f
  bnez  s3, reflect
  j     virtual_instruction
1:bnez  s3, composed_fault
  addi  a0, s1, -16               # no memory there: an access fault, 1, 5 or 7
  li    t0, 4
  bne   a0, t0, 2f
  li    a0, 1
2:mv    a1, s2
  j     deliver

call:                             # the guest's firmware is this hypervisor's
  ld    t0, v_pc(s0)
  addi  t0, t0, 4
  sd    t0, v_pc(s0)
  ld    a0, 80(s0)
  ld    a7, 136(s0)
  beqz  a7, 1f
  ecall
  sd    a0, 80(s0)
  j     enter
1:csrw  vstimecmp, a0             # set_timer, but that it is the guest's
  sd    zero, 80(s0)
  j     enter

deliver:                          # a0: cause, a1: value
  ld    t0, v_pc(s0)
  csrw  vsepc, t0
  csrw  vscause, a0
  csrw  vstval, a1
  csrr  t0, vsstatus
  andi  t1, t0, 2                 # SIE becomes SPIE
  slli  t1, t1, 4
  li    t2, ~0x122
  and   t0, t0, t2
  or    t0, t0, t1
  csrr  t1, sstatus               # SPP is the same in both
  andi  t1, t1, 0x100
  or    t0, t0, t1
  csrw  vsstatus, t0
  li    t0, 0x100
  csrs  sstatus, t0
  csrr  t0, vstvec
  andi  t0, t0, ~1
  sd    t0, v_pc(s0)
  j     enter

reflect:                          # s1, s2: a trap of the guest's own guest, which is the guest's to handle
  csrr  t0, sstatus               # SPP becomes SPVP
  andi  t0, t0, 0x100
  ori   t0, t0, 0x80              # SPV
  li    t1, 0xb0b0fb              # GVA, where the value is an address
  srl   t1, t1, s1
  andi  t1, t1, 1
  slli  t1, t1, 6
  or    t0, t0, t1
  ld    t1, v_hstatus(s0)
  andi  t1, t1, ~0x1c0
  or    t0, t0, t1
  sd    t0, v_hstatus(s0)
  sd    zero, v_htval(s0)
  sd    zero, v_htinst(s0)
  li    t0, 20
  bltu  s1, t0, 1f
  li    t0, 22
  beq   s1, t0, 1f
  csrr  t0, htval
  sd    t0, v_htval(s0)
  csrr  t0, htinst
  sd    t0, v_htinst(s0)
1:call  change_world
  mv    a0, s1
  mv    a1, s2
  j     deliver

change_world:
  mv    s9, ra
${swapWorlds}
  ld    t4, v_hstatus(s0)
  ld    t0, v_virtual(s0)
  xori  t0, t0, 1
  sd    t0, v_virtual(s0)
  bnez  t0, 1f
  li    t1, 0xb1ff
  ld    t2, v_own(s0)
  srli  t3, t4, 7                 # VTSR where the guest's SRET would enter its guest
  andi  t3, t3, 1
  slli  t3, t3, 22
  j     2f
1:call  choose_composed
  ld    t1, v_hedeleg(s0)
  ld    t4, v_hstatus(s0)
  ld    t2, v_composed(s0)
  li    t3, 7 << 20               # VTVM, VTW, VTSR as the guest wants them
  and   t3, t3, t4
2:ori   t3, t3, 0x180
  csrw  hedeleg, t1
  csrw  hgatp, t2
  csrw  hstatus, t3
  jr    s9
`;
