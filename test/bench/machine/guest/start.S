# From machine mode at power-on to main() in supervisor mode, where addresses are virtual (Sv39). Environment calls come back
# to machine mode, which only steps past them: a trap round trip. With HYPERVISOR, main() is a guest's (VS-mode), and its memory goes
# through the hypervisor's tables, too.
    .section .text.start, "ax"
    .global _start
_start:
    la      sp, stack_end
    la      t0, trap
    csrw    mtvec, t0
    # All other exceptions go to supervisor mode, and are failures.
    la      t0, failed
    csrw    stvec, t0
#ifdef HYPERVISOR
    li      t0, ~(1 << 10)
#else
    li      t0, ~(1 << 9)
#endif
    csrw    medeleg, t0
    # Physical memory protection: all for all.
    li      t0, -1
    csrw    pmpaddr0, t0
    li      t0, 0x1f
    csrw    pmpcfg0, t0
    call    map
    li      t0, 8 << 60
    or      a0, a0, t0
#ifdef HYPERVISOR
    # vsatp and hgatp; hfence.gvma, hfence.vvma. mret leads to a guest (MPV), whose floating point vsstatus has on, too.
    csrw    0x280, a0
    call    map_guest
    li      t0, 8 << 60
    or      a0, a0, t0
    csrw    0x680, a0
    .word   0x62000073, 0x22000073
    li      t0, 1 << 39
    csrs    mstatus, t0
    li      t0, 1 << 13
    csrw    0x200, t0
#else
    csrw    satp, a0
    sfence.vma
#endif
    # Floating point on; mret leads to supervisor mode.
    li      t0, (1 << 13) | (1 << 11)
    csrs    mstatus, t0
    li      t0, 1 << 12
    csrc    mstatus, t0
    la      t0, main
    csrw    mepc, t0
    mret

# Of x31, which the compiler is told to leave alone.
    .align  2
trap:
    csrr    t6, mepc
    addi    t6, t6, 4
    csrw    mepc, t6
    mret

    .align  2
failed:
    li      t0, 0x100000
    li      t1, 0x13333
    sw      t1, 0(t0)
1:  j       1b

    .bss
    .align  12
    .space  65536
stack_end:
