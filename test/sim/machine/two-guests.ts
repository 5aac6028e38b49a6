/** What a guest does: counts in its own memory, by its own tables, while its timer's handler counts there too. */
const guestCode = `
    # The guest's tables lie at its guest physical addresses 0x80002000 to 0x80004fff, which its hypervisor has made.
    la   t0, guest_trap
    csrw stvec, t0
    li   t0, (8 << 60) | 0x80002
    csrw satp, t0
    sfence.vma
    li   s0, 0x80005000
    # Timer interrupts; the first one soon.
    li   t0, 0x20
    csrw sie, t0
    csrsi sstatus, 2
    li   a0, 300
    li   a7, 0
    ecall
1:  ld   t0, 0(s0)
    addi t0, t0, 1
    sd   t0, 0(s0)
    ld   t1, 8(s0)
    li   t2, 5
    blt  t1, t2, 1b
    # Its number, from a device that the hypervisor emulates; then it is over.
    li   t0, 0x80006000
    lw   a0, 0(t0)
    li   a7, 1
    ecall
    .balign 4
guest_trap:
    sd   t0, 16(s0)
    sd   t1, 24(s0)
    csrr t0, scause
    slli t0, t0, 1
    addi t0, t0, -10
    bnez t0, .
    ld   t1, 8(s0)
    addi t1, t1, 1
    sd   t1, 8(s0)
    # The hypervisor takes the interrupt back with the next one asked for.
    mv   t1, a0
    mv   t0, a7
    li   a0, 300
    li   a7, 0
    ecall
    mv   a0, t1
    mv   a7, t0
    ld   t1, 24(s0)
    ld   t0, 16(s0)
    sret
`;

/**
 * A hypervisor in HS-mode, with two guests in turns: each has 32 KiB at 0x80000000 of its own, the same code there, the same satp, and a
 * VMID. Calls: 0 asks for a timer interrupt a0 ticks from now, 1 ends the guest. A load from 0x80006000 is a device's, which says
 * the guest's number. The machine's timer ends a turn, and makes guests' timers pending by hvip.
 */
export const source = `
    .equ  size, 0x8000
    .option norvc
    li    t0, -1
    csrw  pmpaddr0, t0
    li    t0, 0x1f
    csrw  pmpcfg0, t0
    # Everything goes to HS-mode, and timers to it: Sstc.
    li    t0, -1
    csrw  medeleg, t0
    csrw  mideleg, t0
    csrw  mcounteren, t0
    li    t0, 1 << 63
    csrw  menvcfg, t0
    la    t0, hypervisor
    csrw  mepc, t0
    li    t0, 0x800
    csrw  mstatus, t0
    mret

hypervisor:
    la    t0, trap
    csrw  stvec, t0
    # Guests handle their page faults and calls from their users, and their timers' interrupts.
    li    t0, 0xb100
    csrw  hedeleg, t0
    li    t0, 0x40
    csrw  hideleg, t0
    li    t0, 0x20
    csrw  sie, t0
    li    s10, 0
    li    s11, 2
1:  call  prepare
    addi  s10, s10, 1
    blt   s10, s11, 1b
    li    s10, 0
    j     resume

# Makes guest s10: its memory, its tables, and the hypervisor's for it.
prepare:
    mv    s3, ra
    la    s0, memories
    li    t0, size
    mul   t0, t0, s10
    add   s0, s0, t0
    la    t0, guest
    la    t1, guest_end
    mv    t2, s0
1:  ld    t3, 0(t0)
    sd    t3, 0(t2)
    addi  t0, t0, 8
    addi  t2, t2, 8
    blt   t0, t1, 1b
    # Its own tables, at 0x80002000: three levels that map 0x80000000 to itself.
    li    t0, 0x2000
    add   t0, t0, s0
    li    t1, (0x80003 << 10) | 1
    sd    t1, 16(t0)
    li    t2, 0x1000
    add   t0, t0, t2
    li    t1, (0x80004 << 10) | 1
    sd    t1, 0(t0)
    add   t0, t0, t2
    li    t1, (0x80000 << 10) | 0xcf
    li    t3, 8
1:  sd    t1, 0(t0)
    addi  t1, t1, 0x400
    addi  t0, t0, 8
    addi  t3, t3, -1
    bnez  t3, 1b
    # The hypervisor's: a topmost table of 16 KiB, a middle one, leaves; the page of the device is in none.
    la    s1, tables
    li    t0, 0x8000
    mul   t0, t0, s10
    add   s1, s1, t0
    li    t2, 0x4000
    add   t0, s1, t2
    srli  t1, t0, 2
    ori   t1, t1, 1
    sd    t1, 16(s1)
    li    t2, 0x1000
    add   t3, t0, t2
    srli  t1, t3, 2
    ori   t1, t1, 1
    sd    t1, 0(t0)
    srli  t1, s0, 2
    ori   t1, t1, 0xdf
    li    t4, 6
1:  sd    t1, 0(t3)
    addi  t1, t1, 0x400
    addi  t3, t3, 8
    addi  t4, t4, -1
    bnez  t4, 1b
    # hgatp with the VMID s10 + 1, and the rest of what a guest is.
    call  context
    srli  t1, s1, 12
    addi  t2, s10, 1
    slli  t2, t2, 44
    or    t1, t1, t2
    li    t2, 8 << 60
    or    t1, t1, t2
    sd    t1, 256(s2)
    li    t1, 0x80000000
    sd    t1, 264(s2)
    sd    zero, 272(s2)
    sd    zero, 280(s2)
    sd    zero, 288(s2)
    sd    zero, 296(s2)
    sd    zero, 304(s2)
    li    t1, -1
    sd    t1, 312(s2)
    jr    s3

# s2: what is kept of guest s10.
context:
    la    s2, contexts
    slli  t1, s10, 9
    add   s2, s2, t1
    ret

# Lets guest s10 go on, with a turn of 200 ticks.
resume:
    call  context
    csrw  sscratch, s2
    ld    t0, 256(s2)
    csrw  hgatp, t0
    ld    t0, 264(s2)
    csrw  sepc, t0
    ld    t0, 272(s2)
    csrw  vsstatus, t0
    ld    t0, 280(s2)
    csrw  vsatp, t0
    ld    t0, 288(s2)
    csrw  vstvec, t0
    ld    t0, 296(s2)
    csrw  vsie, t0
    ld    t0, 304(s2)
    csrw  vsepc, t0
    # Its timer, if its time has come.
    rdtime t1
    ld    t2, 312(s2)
    li    t0, 0x40
    csrc  hvip, t0
    bltu  t1, t2, 1f
    csrs  hvip, t0
    j     2f
1:  addi  t0, t1, 200
    bltu  t2, t0, 3f
2:  addi  t2, t1, 200
3:  csrw  stimecmp, t2
    # To VS-mode.
    li    t0, 0x180
    csrs  hstatus, t0
    li    t0, 0x100
    csrs  sstatus, t0
    ${Array.from({ length: 31 }, (_, index) => index + 1)
      .filter((register) => register !== 31)
      .map((register) => `ld x${register}, ${8 * register}(x31)\n`)
      .join("")
      .replace(/^/, "mv x31, s2\n")}
    ld    x31, 248(x31)
    sret

    .balign 4
trap:
    csrrw x31, sscratch, x31
    ${Array.from({ length: 30 }, (_, index) => `sd x${index + 1}, ${8 * (index + 1)}(x31)\n`).join("")}
    mv    s2, x31
    csrr  t0, sscratch
    sd    t0, 248(s2)
    la    t0, contexts
    sub   s10, s2, t0
    srli  s10, s10, 9
    csrr  t0, sepc
    sd    t0, 264(s2)
    csrr  t0, vsstatus
    sd    t0, 272(s2)
    csrr  t0, vsatp
    sd    t0, 280(s2)
    csrr  t0, vstvec
    sd    t0, 288(s2)
    csrr  t0, vsie
    sd    t0, 296(s2)
    csrr  t0, vsepc
    sd    t0, 304(s2)
    csrr  t0, scause
    bltz  t0, next
    li    t1, 10
    beq   t0, t1, called
    li    t1, 21
    beq   t0, t1, emulated
    j     failed

called:
    ld    t0, 264(s2)
    addi  t0, t0, 4
    sd    t0, 264(s2)
    ld    t0, 136(s2)
    bnez  t0, ended
    rdtime t0
    ld    t1, 80(s2)
    add   t0, t0, t1
    sd    t0, 312(s2)
    j     resume

# A load that the hypervisor's tables don't know: htval says from where, htinst into which register.
emulated:
    csrr  t0, htval
    slli  t0, t0, 2
    li    t1, 0x80006000
    bne   t0, t1, failed
    csrr  t0, htinst
    andi  t1, t0, 0x7f
    li    t2, 3
    bne   t1, t2, failed
    srli  t0, t0, 7
    andi  t0, t0, 31
    slli  t0, t0, 3
    add   t0, t0, s2
    addi  t1, s10, 65
    sd    t1, 0(t0)
    ld    t0, 264(s2)
    addi  t0, t0, 4
    sd    t0, 264(s2)
    j     resume

# Its letter is what the device told it.
ended:
    li    t0, 0x10000000
    ld    t1, 80(s2)
    sb    t1, 0(t0)
    li    t0, -1
    sd    t0, 504(s2)
    la    t0, contexts
    ld    t1, 504(t0)
    ld    t2, 1016(t0)
    and   t1, t1, t2
    beqz  t1, next
    li    t0, 0x100000
    li    t1, 0x5555
    sw    t1, 0(t0)
    j     .

# The other one, unless it is over.
next:
    xori  s10, s10, 1
    call  context
    ld    t0, 504(s2)
    beqz  t0, resume
    xori  s10, s10, 1
    call  context
    j     resume

failed:
    li    t0, 0x100000
    li    t1, 0x13333
    sw    t1, 0(t0)
    j     .

    .balign 8
guest:
    ${guestCode}
    .balign 8
guest_end:
    .balign 4096
contexts:
    .zero 1024
    .balign 16384
tables:
    .zero 0x10000
memories:
    .zero 0x10000
`;
