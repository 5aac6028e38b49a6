/**
 * Guest physical memory: Sv39x4 tables in which the guest has all of its RAM; and the composition of these with the guest's tables for its
 * own guest, filled as that touches pages. Of these there are two, by the guest's hgatp: a guest that has such a guest goes from one to the other.
 */
export const memory = `
map_guest:
  la    t0, leaves
  li    t1, (guest_ram >> 2) | 0xdf
  li    t2, guest_size >> 12
1:sd    t1, (t0)
  addi  t0, t0, 8
  addi  t1, t1, 0x400
  addi  t2, t2, -1
  bnez  t2, 1b
  la    t0, leaves
  srli  t0, t0, 2
  ori   t0, t0, 1
  la    t1, middle
  li    t2, leaf_tables
2:sd    t0, (t1)
  addi  t0, t0, 0x400
  addi  t1, t1, 8
  addi  t2, t2, -1
  bnez  t2, 2b
  la    t0, middle
  srli  t0, t0, 2
  ori   t0, t0, 1
  la    t1, root
  sd    t0, 8 * (guest_base >> 30)(t1)
  srli  t1, t1, 12
  li    t0, 8 << 60
  or    t1, t1, t0
  sd    t1, v_own(s0)
  csrw  hgatp, t1
  la    t1, composed
  srli  t1, t1, 12
  li    t0, (8 << 60) | (1 << 44) # other VMIDs
  or    t1, t1, t0
  la    t0, composed_for
  sd    t1, 8(t0)
  addi  t1, t1, 4
  li    t2, 1 << 44
  add   t1, t1, t2
  sd    t1, 24(t0)

forget:                           # what is composed
  la    t0, pool
  la    t1, pool_next
  ld    t2, (t1)
  beq   t0, t2, 2f                # nothing is there
  sd    t0, (t1)
  la    t0, composed
  li    t1, 2 * 4 * 512
1:sd    zero, (t0)
  addi  t0, t0, 8
  addi  t1, t1, -1
  bnez  t1, 1b
2:hfence.gvma
  ret
forget_and_enter:
  call  forget
  j     enter

choose_composed:                  # for the guest's hgatp
  ld    t1, v_hgatp(s0)
  la    t0, composed_for
  ld    t2, (t0)
  beq   t1, t2, 1f
  addi  t0, t0, 16
  ld    t2, (t0)
  beq   t1, t2, 1f
  mv    s8, ra
  call  forget
  mv    ra, s8
  la    t0, composed_for          # not the one that was chosen last
  ld    t2, 32(t0)
  xori  t2, t2, 16
  sd    t2, 32(t0)
  add   t0, t0, t2
  ld    t1, v_hgatp(s0)
  sd    t1, (t0)
1:ld    t1, 8(t0)
  sd    t1, v_composed(s0)
  ret

host_address:                     # a0: where it is here; a2: 0, or there is no such memory
  li    a2, guest_base
  sub   a0, a0, a2
  li    a2, guest_size
  bgeu  a0, a2, 1f
  li    a2, guest_ram
  add   a0, a0, a2
  li    a2, 0
  ret
1:li    a2, 1
  ret

composed_fault:                   # s1: 20, 21 or 23, to execute, read, write
  csrr  s3, htval
  slli  s3, s3, 2
  li    s4, 8
  addi  t0, s1, -20
  beqz  t0, 1f
  slli  s4, t0, 1                 # 2 or 6
  andi  s4, s4, 4
  bnez  s4, 1f
  li    s4, 2
1:mv    t5, s3
  li    a1, 0xdf
  ld    t0, v_hgatp(s0)
  srli  t1, t0, 60
  beqz  t1, found                 # its guest physical addresses are its own
  slli  t0, t0, 20
  srli  t0, t0, 8
  li    t2, 30
  srl   t1, s3, t2
  srli  t3, t1, 11
  bnez  t3, reflect
2:slli  t1, t1, 3
  add   a0, t0, t1
  call  host_address
  bnez  a2, reflect
  ld    t3, (a0)
  andi  t4, t3, 1
  beqz  t4, reflect
  andi  t4, t3, 0xe
  bnez  t4, 3f
  slli  t0, t3, 10
  srli  t0, t0, 20
  slli  t0, t0, 12
  addi  t2, t2, -9
  li    t4, 12
  bltu  t2, t4, reflect
  srl   t1, s3, t2
  andi  t1, t1, 511
  j     2b
3:and   t4, t3, s4
  beqz  t4, reflect
  ori   t3, t3, 0x40              # A
  andi  t4, s4, 4                 # and D
  slli  t4, t4, 5
  or    t3, t3, t4
  sd    t3, (a0)
  slli  t5, t3, 10
  srli  t5, t5, 20
  slli  t5, t5, 12
  li    t4, 1                     # the leaf's page, and the address within
  sll   t4, t4, t2
  addi  t4, t4, -1
  and   t6, s3, t4
  not   t4, t4
  and   t5, t5, t4
  or    t5, t5, t6
  mv    a1, t3
found:                            # t5: the guest's address, a1: what its entry allows
  mv    a0, t5
  call  host_address
  bnez  a2, reflect
  srli  a0, a0, 12
  slli  a0, a0, 10
  andi  t4, a1, 0xe
  andi  t5, a1, 0x80
  bnez  t5, 1f
  andi  t4, t4, 0xa               # stores come again, for D
1:or    a0, a0, t4
  ori   a0, a0, 0xd1
  ld    t0, v_composed(s0)
  slli  t0, t0, 20
  srli  t0, t0, 8
  li    t2, 30
  srl   t1, s3, t2
2:slli  t1, t1, 3
  add   t0, t0, t1
  li    t3, 12
  beq   t2, t3, 5f
  ld    t3, (t0)
  bnez  t3, 4f
  la    t4, pool_next
  ld    t5, (t4)
  la    t6, pool_end
  beq   t5, t6, forget_and_enter  # it begins anew
  srli  t3, t5, 2
  ori   t3, t3, 1
  sd    t3, (t0)
  li    t6, 512
3:sd    zero, (t5)
  addi  t5, t5, 8
  addi  t6, t6, -1
  bnez  t6, 3b
  sd    t5, (t4)
4:slli  t0, t3, 10
  srli  t0, t0, 20
  slli  t0, t0, 12
  addi  t2, t2, -9
  srl   t1, s3, t2
  andi  t1, t1, 511
  j     2b
5:sd    a0, (t0)
  j     enter
`;
