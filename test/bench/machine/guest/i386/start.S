# From a multiboot loader, which leaves protected mode with flat segments, to main() where addresses are virtual: two levels of
# page tables, pages of 4 KiB, as on the RISC-V side.
    .section .text.start, "ax"
    .align  4
    .long   0x1badb002, 0x10000, -(0x1badb002 + 0x10000)
    .long   header, header, data_end, bss_end, _start
    .set    header, . - 32
    .global _start
_start:
    mov     $stack_end, %esp
    call    map
    mov     %eax, %cr3
    # Floating point by SSE: OSFXSR and OSXMMEXCPT on, EM off, MP on.
    mov     %cr4, %eax
    or      $0x600, %eax
    mov     %eax, %cr4
    mov     %cr0, %eax
    and     $~4, %eax
    or      $0x80000002, %eax
    mov     %eax, %cr0
    call    main

    .bss
    .align  4096
    .space  65536
stack_end:

    .section .note.GNU-stack, "", @progbits
