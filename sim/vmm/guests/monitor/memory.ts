/** Views of the guest's memory that can be held at a time; each has page tables of its own and a number that tells the TLB them apart. */
export const views = 16;

/**
 * The allocator. Guest physical memory is a stretch of the monitor's: \`guest_base\` in the guest's eyes, \`guest_ram\` in the monitor's, and
 * \`guest_size\` bytes is the bound. Shadow tables are a virtual TLB for each view (address space, mode, SUM, MXR), filled by hidden faults;
 * when the pool of pages or the list of views is used up, all begin anew.
 */
export const memory: string = `
  .equ ptV, 1
  .equ ptR, 2
  .equ ptW, 4
  .equ ptX, 8
  .equ ptU, 16
  .equ ptA, 0x40
  .equ ptD, 0x80

forget_all:
  la    t0, views
  li    t1, ${views}
1:sd    zero, 16(t0)
  addi  t0, t0, 32
  addi  t1, t1, -1
  bnez  t1, 1b
  la    t0, pool
  la    t1, pool_next
  sd    t0, (t1)
  sd    zero, v_large(s0)
  sd    zero, v_real(s0)
  li    t0, 1
  sd    t0, v_changed(s0)
  sfence.vma
  ret

forget:                           # a0: the address, in all views
  la    t0, views
  li    t1, ${views}
1:ld    t2, 16(t0)
  beqz  t2, 4f
  slli  t2, t2, 20                # the root
  srli  t2, t2, 8
  li    t3, 30
2:srl   t4, a0, t3
  andi  t4, t4, 511
  slli  t4, t4, 3
  add   t2, t2, t4
  li    t4, 12
  beq   t3, t4, 3f
  ld    t2, (t2)
  beqz  t2, 4f
  srli  t2, t2, 10
  slli  t2, t2, 12
  addi  t3, t3, -9
  j     2b
3:sd    zero, (t2)
4:addi  t0, t0, 32
  addi  t1, t1, -1
  bnez  t1, 1b
  sfence.vma a0
  ret

take_page:                        # a3: a page of zeros, 0 where none is left
  la    t5, pool_next
  ld    a3, (t5)
  li    t6, guest_ram
  beq   a3, t6, 2f
  li    t6, 4096
  add   t6, t6, a3
  sd    t6, (t5)
  mv    t5, a3
1:sd    zero, (t5)
  sd    zero, 8(t5)
  sd    zero, 16(t5)
  sd    zero, 24(t5)
  addi  t5, t5, 32
  bltu  t5, t6, 1b
  ret
2:li    a3, 0
  ret

choose_view:                      # the tables for what the guest may see now
  mv    s11, ra
1:li    a0, 0                     # addresses are physical
  li    a1, 8
  ld    t0, v_mode(s0)
  li    t1, 3
  beq   t0, t1, 2f
  ld    t1, v_satp(s0)
  bgez  t1, 2f
  mv    a0, t1
  ld    t1, v_mstatus(s0)
  srli  t1, t1, 18                # SUM, MXR
  andi  a1, t1, 3
  ori   a1, a1, 4
  bnez  t0, 2f
  andi  a1, t1, 2                 # user mode has no SUM
2:la    t0, views
  li    t1, 1
  li    t2, ${views}
3:ld    t3, 16(t0)
  beqz  t3, 5f
  ld    t4, (t0)
  bne   t4, a0, 4f
  ld    t4, 8(t0)
  beq   t4, a1, 6f
4:addi  t0, t0, 32
  addi  t1, t1, 1
  bleu  t1, t2, 3b
  call  forget_all
  j     1b
5:call  take_page
  bnez  a3, 7f
  call  forget_all
  j     1b
7:sd    a0, (t0)
  sd    a1, 8(t0)
  srli  t3, a3, 12
  slli  t1, t1, 44                # its number as the ASID
  or    t3, t3, t1
  li    t1, 8 << 60
  or    t3, t3, t1
  sd    t3, 16(t0)
6:ld    t4, v_real(s0)
  beq   t3, t4, 8f
  csrw  satp, t3
  sd    t3, v_real(s0)
8:sd    zero, v_changed(s0)
  jr    s11

page_fault:                       # s3: the access, as a bit of an entry
  csrr  s2, mtval
  mv    a0, s2
  mv    a1, s3
  call  walk
  bnez  a2, refused
  li    t0, guest_base
  sub   t1, a0, t0
  li    t0, guest_size
  bgeu  t1, t0, device
  li    t0, guest_ram
  add   t1, t1, t0
  li    t0, -4096
  and   t1, t1, t0
  # Map it: the tables of the present view, down to the page's entry.
  ld    t0, v_real(s0)
  slli  t0, t0, 20
  srli  t0, t0, 8
  li    t2, 30
1:srl   t3, s2, t2
  andi  t3, t3, 511
  slli  t3, t3, 3
  add   t3, t3, t0
  li    t4, 12
  beq   t2, t4, 3f
  ld    t0, (t3)
  bnez  t0, 2f
  call  take_page
  beqz  a3, 5f
  srli  t0, a3, 2
  ori   t0, t0, ptV
  sd    t0, (t3)
2:srli  t0, t0, 10
  slli  t0, t0, 12
  addi  t2, t2, -9
  j     1b
3:ld    t4, (t3)                  # what the page was open for already, if it is the same
  srli  t1, t1, 2
  xor   t5, t4, t1
  srli  t5, t5, 10
  bnez  t5, 4f
  andi  t4, t4, ptR | ptW | ptX
  or    a1, a1, t4
4:or    t1, t1, a1
  ori   t1, t1, ptV | ptU | ptA | ptD
  sd    t1, (t3)
  sfence.vma s2
  j     enter
5:call  forget_all                # and the guest tries again
  j     enter
refused:
  mv    a0, a2
  mv    a1, s2
  call  deliver
  j     enter

# The guest's tables, by the steps of "Virtual Address Translation Process". a0: address, a1: access.
# To a0: guest physical address, a1: what a shadow entry may allow, a2: 0, or the exception.
walk:
  ld    t0, v_mode(s0)
  li    t1, 3
  beq   t0, t1, walk_physical
  ld    t1, v_satp(s0)
  bgez  t1, walk_physical
  slli  t2, a0, 25
  srai  t2, t2, 25
  bne   t2, a0, walk_page_fault
  slli  t1, t1, 20
  srli  t1, t1, 8
  li    t2, 30
1:srl   t3, a0, t2
  andi  t3, t3, 511
  slli  t3, t3, 3
  add   t3, t3, t1
  li    t4, guest_base
  sub   t3, t3, t4
  li    t4, guest_size
  bgeu  t3, t4, walk_access_fault
  li    t4, guest_ram
  add   t3, t3, t4
  ld    t4, (t3)
  andi  t5, t4, ptV
  beqz  t5, walk_page_fault
  andi  t5, t4, ptR | ptW
  li    t6, ptW
  beq   t5, t6, walk_page_fault
  srli  t5, t4, 54
  bnez  t5, walk_page_fault
  srli  t1, t4, 10
  slli  t1, t1, 12
  andi  t5, t4, ptR | ptX
  bnez  t5, 2f
  andi  t5, t4, ptA | ptD | ptU
  bnez  t5, walk_page_fault
  addi  t2, t2, -9
  li    t5, 12
  bge   t2, t5, 1b
  j     walk_page_fault
2:ld    t6, v_mstatus(s0)
  andi  t5, t4, ptU
  bnez  t5, 3f
  beqz  t0, walk_page_fault       # the supervisor's
  j     4f
3:beqz  t0, 4f
  andi  t5, a1, ptX               # the user's: nothing to execute for the supervisor, and to access with SUM
  bnez  t5, walk_page_fault
  srli  t5, t6, 18
  andi  t5, t5, 1
  beqz  t5, walk_page_fault
4:srli  t6, t6, 19                # MXR: what may be executed may be read
  andi  t6, t6, 1
  srli  t5, t4, 3
  and   t5, t5, t6
  slli  t5, t5, 1
  or    t5, t5, t4
  and   t5, t5, a1
  beqz  t5, walk_page_fault
  li    t5, 1                     # a large page lies at a multiple of its size
  sll   t5, t5, t2
  addi  t5, t5, -1
  and   t6, t1, t5
  bnez  t6, walk_page_fault
  and   t5, a0, t5
  or    a0, t1, t5
  li    t5, ptA                   # marks
  andi  t6, a1, ptW
  slli  t6, t6, 5
  or    t5, t5, t6
  not   t6, t4
  and   t6, t6, t5
  beqz  t6, 5f
  ld    t6, v_menvcfg(s0)         # ADUE
  slli  t6, t6, 2
  bgez  t6, walk_page_fault
  or    t4, t4, t5
  sd    t4, (t3)
5:li    a2, 0
  li    t5, 12
  beq   t2, t5, 6f
  sd    t5, v_large(s0)
6:andi  t5, a1, ptX
  bnez  t5, 7f
  li    a1, ptR                   # stores too, once they are marked
  andi  t5, t4, ptW | ptD
  li    t6, ptW | ptD
  bne   t5, t6, 7f
  li    a1, ptR | ptW
7:ret
walk_physical:
  li    a1, ptR | ptW | ptX
  li    a2, 0
  ret
walk_page_fault:                  # 12, 13, 15
  li    a2, 12
  andi  t5, a1, ptX
  bnez  t5, 1f
  li    a2, 13
  andi  t5, a1, ptR
  bnez  t5, 1f
  li    a2, 15
1:ret
walk_access_fault:                # 1, 5, 7
  li    a2, 1
  andi  t5, a1, ptX
  bnez  t5, 1f
  li    a2, 5
  andi  t5, a1, ptR
  bnez  t5, 1f
  li    a2, 7
1:ret
`;
