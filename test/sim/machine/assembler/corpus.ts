/** Sources that GNU as assembles, too; each begins with its title. */
const text = String.raw`
--- registers by number and by name
add x0, x31, x16
add a0, fp, s0
add t6, sp, gp
add zero, ra, tp
--- integer operations
add a0, a1, a2
sub a0, a1, a2
sll a0, a1, a2
slt a0, a1, a2
sltu a0, a1, a2
xor a0, a1, a2
srl a0, a1, a2
sra a0, a1, a2
or a0, a1, a2
and a0, a1, a2
--- operations with a constant
addi a0, a1, -2048
slti a0, a1, 2047
sltiu a0, a1, -1
xori a0, a1, 0x7ff
ori a0, a1, 0b101
andi a0, a1, 017
--- operations with a constant under the name of those without
add a0, a1, 12
and a0, a1, 12
or a0, a1, 12
xor a0, a1, 12
slt a0, a1, 12
sltu a0, a1, 12
sll a0, a1, 12
srl a0, a1, 12
sra a0, a1, 12
addw a0, a1, 12
sllw a0, a1, 12
srlw a0, a1, 12
sraw a0, a1, 12
--- words
addw a0, a1, a2
subw a0, a1, a2
sllw a0, a1, a2
srlw a0, a1, a2
sraw a0, a1, a2
addiw a0, a1, -5
slliw a0, a1, 31
srliw a0, a1, 1
sraiw a0, a1, 0
--- shifts by up to 63
slli t0, t1, 63
srli t0, t1, 32
srai t0, t1, 0
--- loads
lb a0, 0(a1)
lh a0, -1(a1)
lw a0, 3(a1)
ld a0, 5(a1)
lbu a0, 2047(a1)
lhu a0, -2048(a1)
lwu a0, 7(a1)
--- stores
sb a0, 0(a1)
sh a0, -1(a1)
sw a0, 3(a1)
sd a0, 2047(a1)
--- addresses without an offset, and with an expression
lw a0, (a1)
sw a0, (a1)
lw a0, 4*2+1(a1)
lw a0, (4*2+1)(a1)
sd a7, -(8)(t6)
--- upper constants
lui a0, 0
lui a1, 0xfffff
lui sp, 5
auipc a0, 0
auipc a1, 0xfffff
--- multiplication and division
mul a0, a1, a2
mulh a0, a1, a2
mulhsu a0, a1, a2
mulhu a0, a1, a2
div a0, a1, a2
divu a0, a1, a2
rem a0, a1, a2
remu a0, a1, a2
mulw a0, a1, a2
divw a0, a1, a2
divuw a0, a1, a2
remw a0, a1, a2
remuw a0, a1, a2
--- atomics
lr.w a0, (a1)
lr.d a0, (a1)
sc.w a0, a2, (a1)
sc.d a0, a2, 0(a1)
amoswap.w a0, a1, (a2)
amoadd.d a0, a1, (a2)
amoxor.w a0, a1, (a2)
amoand.d a0, a1, (a2)
amoor.w a0, a1, (a2)
amomin.d a0, a1, (a2)
amomax.w a0, a1, (a2)
amominu.d a0, a1, (a2)
amomaxu.w a0, a1, (a2)
--- atomics with an order
lr.w.aq a0, (a1)
lr.d.aqrl a0, (a1)
sc.w.rl a0, a2, (a1)
sc.d.aqrl a0, a2, (a1)
amoswap.w.aq a0, a1, (a2)
amoadd.d.rl a0, a1, (a2)
amomaxu.d.aqrl a0, a1, 0(a2)
--- fences
fence
fence iorw, iorw
fence rw, w
fence i, o
fence r, rw
fence.tso
fence.i
--- CSRs by name and number
csrrw a0, mstatus, a1
csrrs a0, 0x123, a1
csrrc a0, satp, zero
csrrwi a0, mtvec, 31
csrrsi a0, sie, 0
csrrci zero, 4095, 1
--- CSR pseudo-instructions
csrr a0, mhartid
csrw stvec, a0
csrs mie, a0
csrc mip, a0
csrwi mepc, 3
csrsi mcause, 3
csrci mtval, 3
csrw mscratch, 17
csrs sscratch, 17
csrc sepc, 17
csrrw a0, scause, 5
csrrs a0, stval, 6
csrrc a0, sip, 7
--- counters
rdcycle a0
rdtime a1
rdinstret a2
csrr a0, cycle
csrr a0, instret
--- hundreds of CSRs
csrr a0, pmpcfg0
csrr a0, pmpcfg14
csrr a0, pmpaddr0
csrr a0, pmpaddr63
csrr a0, mhpmcounter3
csrr a0, mhpmcounter31
csrr a0, mhpmevent31
csrr a0, hpmcounter17
csrr a0, hstatus
csrr a0, vsatp
csrr a0, hgatp
csrr a0, medeleg
csrr a0, mcounteren
csrr a0, menvcfg
csrr a0, mvendorid
csrr a0, tdata1
--- the system
ecall
ebreak
sret
mret
wfi
sfence.vma
sfence.vma a0
sfence.vma a0, a1
sfence.vma zero, a1
unimp
--- the system, long
.option norvc
ebreak
unimp
nop
ret
scall
sbreak
--- moves and the like
nop
mv a0, a1
move a0, a1
not a0, a1
neg a0, a1
negw a0, a1
sext.w a0, a1
seqz a0, a1
snez a0, a1
sltz a0, a1
sgtz a0, a1
sgt a0, a1, a2
sgtu a0, a1, a2
zext.b a0, a1
--- extensions by shifts
sext.b a0, a1
sext.h a0, a1
zext.h a0, a1
zext.w a0, a1
--- branches back
here:
beq a0, a1, here
bne a0, a1, here
blt a0, a1, here
bge a0, a1, here
bltu a0, a1, here
bgeu a0, a1, here
--- branches ahead
beq a0, a1, there
bne a0, a1, there
blt a0, a1, there
bge a0, a1, there
bltu a0, a1, there
bgeu a0, a1, there
nop
there:
--- branches against zero
here:
beqz a0, here
bnez a0, here
blez a0, here
bgez a0, here
bltz a0, here
bgtz a0, here
beqz t0, here
bnez t6, here
--- branches the other way round
here:
bgt a0, a1, here
ble a0, a1, here
bgtu a0, a1, here
bleu a0, a1, here
--- jumps
here:
j here
jal here
jal a0, here
jal zero, there
jal ra, there
j there
there:
nop
--- jumps through registers
jr a0
jr 4(a0)
jr a0, 8
jalr a0
jalr 4(a0)
jalr a0, 4(a1)
jalr a0, a1
jalr a0, a1, 4
jalr zero, 0(a0)
jalr ra, 0(a0)
ret
--- calls
call f
tail f
call t0, f
jump f, t1
call g
nop
f:
ret
g:
ret
--- addresses
la a0, d
lla a1, d
la a2, f
la a3, d+8
f:
ret
.data
.word 1
d: .dword 2, 3
--- loads and stores by name
lw a0, v
ld a1, v
lbu a2, v+1
sw a0, v, t0
sd a1, v, t1
sb a2, v+3, t2
.data
.space 24
v: .dword 5
--- halves of absolute addresses
.option norvc
lui a0, %hi(0x12345fff)
addi a0, a0, %lo(0x12345fff)
lw a1, %lo(0x7ff)(a0)
sw a1, %lo(0xfff)(a0)
lui a0, %hi(-1)
--- halves of an address relative to the pc, by hand
1: auipc a0, %pcrel_hi(d)
addi a0, a0, %pcrel_lo(1b)
2: auipc a1, %pcrel_hi(d+4)
lw a2, %pcrel_lo(2b)(a1)
sw a2, %pcrel_lo(2b)(a1)
.data
d: .word 1, 2
--- constants of twelve bits
li a0, 0
li a0, 1
li a0, -1
li a0, 31
li a0, 32
li a0, -32
li a0, -33
li a0, 2047
li a0, -2048
--- constants of 32 bits
li a0, 2048
li a0, -2049
li a0, 0x1000
li a0, 0x12345678
li a0, 0x7fffffff
li a0, -0x80000000
li a0, 0x7ffff800
li a0, 0xfffff
li a0, 0x1f000
li a0, 0x20000
--- constants of 64 bits
li a0, 0x80000000
li a0, 0xffffffff
li a0, 0x100000000
li a0, 0x123456789abcdef0
li a0, 0x8000000000000000
li a0, 0x7fffffffffffffff
li a0, -0x7fffffffffffffff
li a0, 0xffffffff00000000
li a0, 0xfffffffffffff800
li a0, 0xdeadbeefcafebabe
li a0, 0x5555555555555555
li a0, 1 << 40
li a0, (1 << 63) | 1
li a0, 0x80000000 - 1
li t6, 0x1000000000
--- constants from symbols
.equ N, 5
.set M, N * 1000
K = M + 1
li a0, N
li a0, M
li a0, K
addi a1, a1, N
lui a2, N
slli a3, a3, N
lw a4, N+3(sp)
--- symbols with a new value
.set x, 1
li a0, x
.set x, 2
li a0, x
x = x + 5
li a0, x
.word x
.data
.word x
--- a symbol that is defined later
.word later, later2 - later
later = 17
.equ later2, later + 4
--- expressions
.word 1+2*3, (1+2)*3, 10-4-3, 100/7, 100%7, -100/7, -100%7
.word 1<<4, 0x80>>3, -1>>60, 6&3, 6|3, 6^3, ~5, -(-5), !0, !7
.word 1<<2+1, 1|2+4, 8-2&6, 5*3<<1, 2+3<<1, 12/2/3
.word 1==1, 1==2, 1!=2, 3<4, 4<3, 4<=4, 5>=6, 5>4, 1<>2
.word 1&&1, 1&&0, 0||3, 0||0, 1+1==2, 1<2&&2<3, 3!1
.dword 0xffffffffffffffff, -1, 1<<63, 0x7fffffffffffffff+1
--- numbers in all bases
.word 10, 0x1F, 0X2e, 0b1011, 0B1, 017, 0
.word 'a', 'z', ' ', '\n', '\\', '\t', '0
.byte 'a', 'b', '#'
--- data of all sizes
.byte 1, 255, -1, -128
.half 1, 65535, -1
.2byte 5
.short 6
.word 1, 0xffffffff, -1
.4byte 7
.int 8
.long 9
.dword 1, -1
.8byte 2
.quad 3
--- strings
.ascii "abc"
.ascii "d", "e"
.asciz "f"
.string "g", "h"
.string "\n\t\\\"\101\x41\0end"
.ascii ""
.string ""
.string "a;b#c//d"
--- a string of several
.ascii "abc" "def"
.string "x" "y"
--- space
.data
.space 3
.byte 1
.skip 5, 7
.byte 2
.zero 4
.space 0
.byte 3
--- fills
.fill 3
.fill 3, 2, 0x1234
.fill 2, 4, 0x12345678
.fill 2, 8, 0x123456789abcdef0
.fill 5, 1, 0xee
.fill 2, 8, 7
.fill 3, 3, 0x112233
--- large space
.data
.byte 1
.space 5000, 3
.byte 2
.bss
.space 100000
b: .space 4
.data
.dword b
--- alignment of data
.data
.byte 1
.align 3
.byte 2
.balign 4
.byte 3
.p2align 1
.byte 4
.balign 16, 0xaa
.byte 5
.p2align 4, 0xbb
.byte 6
.balign 8, , 3
.byte 7
.balign 8, , 30
.byte 8
.byte 9
.balignw 4, 0x1234
.byte 10
--- alignment of code
nop
.align 4
add a0, a1, a2
.align 2
c.nop
.align 2
c.nop
.balign 8
c.nop
.p2align 1
add a0, a1, a2
--- alignment of code without short instructions
.option norvc
nop
.align 4
add a0, a1, a2
.align 2
add a0, a1, a2
.balign 32
add a0, a1, a2
--- alignment of code with a fill
nop
.balign 16, 0x55
nop
.p2align 3, 0
nop
--- alignment of code with a limit
nop
.balign 16, , 4
nop
.balign 8, , 6
nop
--- data in code
nop
.byte 1
.balign 2
nop
.half 5
.word 6
.align 3
.dword after
after:
ret
--- sections by name
.section .text
nop
.section .data
.word 1
.section .rodata
.word 2
.section .bss
.space 4
.text
ret
.data
.word 3
--- sections with flags
.section .rodata,"a"
.word 1
.section .data,"aw",@progbits
.word 2
.section .bss,"aw",@nobits
.space 8
.section .text,"ax",@progbits
nop
--- nested sections
nop
.pushsection .data
.word 1
.pushsection .rodata
.word 2
.popsection
.word 3
.popsection
ret
--- the section before
nop
.data
.word 1
.previous
ret
.previous
.word 2
--- symbols across sections
_start: la a0, message
la a1, buffer
.dword message, buffer, _start
.rodata2 = 5
.section .rodata
message: .string "hello"
.bss
buffer: .space 16
--- differences
a: nop
b: nop
.align 2
c: .word b-a, c-a, .-a, .-c
.word end-a
.half end-c
.byte end-b
end:
.data
.dword end-a
--- the place itself
. = . + 4
here: .word . - here
.word .
j .
beq a0, a1, .+8
bnez a0, .-4
jal .+4
--- numbered labels
1: nop
j 1b
j 1f
1: nop
j 1b
2: beqz a0, 2b
bnez a0, 1f
j 2f
1:
2: ret
--- numbered labels of many digits
10: j 10f
12: j 10b
10: j 12b
--- labels on one line
a: b: nop; c: d: ret
.word a-b, c-d, c-a
--- statements on one line
nop; nop ; ret; .word 1 ; .byte 2;; .byte 3
--- comments
nop # comment
/* comment */ ret
nop /* in between */ ; ret
/* several
lines */ nop
add a0, /* here */ a1, a2
.string "no /* comment */ # here"
--- spaces and tabs
  add	a0 ,a1,	a2
	lw a0 , 4 ( a1 )
label :	nop
x	=	5
.word	x , x
--- names with dots and dollars
.Lloop: nop
a.b$c_1: j .Lloop
$x: j a.b$c_1
.word $x - .Lloop
--- a macro
.macro twice x
add \x, \x, \x
.endm
twice a0
twice t6
--- a macro with several parameters
.macro sum d, a, b
add \d, \a, \b
.endm
sum a0, a1, a2
sum a0 a1 a2
sum d=a0, b=a1, a=a2
--- a macro with defaults
.macro put value=7, size=1
.fill \size, 1, \value
.endm
put
put 1
put 2, 3
put size=2
put value=9
put , 4
--- a macro that counts
.macro skip
beqz a0, .Lskip\@
nop
.Lskip\@:
.endm
skip
skip
skip
--- a macro that joins names
.macro def name, n
\name\()_\n: .word \n
.endm
def a, 1
def a, 2
.word a_1 - a_2
--- a macro that calls a macro
.macro inner x
.byte \x
.endm
.macro outer x, y
inner \x
inner \y
inner \x + \y
.endm
outer 1, 2
--- a macro that calls itself
.macro count n
.byte \n
.if \n
count "(\n-1)"
.endif
.endm
count 4
--- a macro that defines a macro
.macro make name, value
.macro \name
.byte \value
.endm
.endm
make one, 1
make two, 2
one
two
one
--- a macro with what is left
.macro list first, rest:vararg
.byte \first
.ifnb \rest
list \rest
.endif
.endm
list 1, 2, 3, 4
--- a macro that is left early
.macro early n
.byte 1
.if \n == 0
.exitm
.endif
.byte 2
.endm
early 0
early 1
--- a macro with a string
.macro say text
.string "\text"
.endm
say hello
say "two words"
--- a macro with an address
.macro get r, at
lw \r, \at
.endm
get a0, 4(sp)
get a1, (a0)
get a2, 8+4(a0)
--- a macro taken back
.macro m
.byte 1
.endm
m
.purgem m
.macro m
.byte 2
.endm
m
--- save and restore registers by macro
.macro push reg
addi sp, sp, -8
sd \reg, 0(sp)
.endm
.macro pop reg
ld \reg, 0(sp)
addi sp, sp, 8
.endm
push ra
push s0
pop s0
pop ra
ret
--- a repetition
.rept 3
nop
.byte 1, 2
.endr
.rept 0
.byte 9
.endr
--- a repetition that counts
.set i, 0
.rept 5
.byte i
.set i, i + 1
.endr
--- repetitions in each other
.rept 2
.byte 1
.rept 3
.byte 2
.endr
.endr
--- a repetition over words
.irp r, a0, a1, s3
addi \r, \r, 1
.endr
.irp n, 1, 2, 3
.word \n
.endr
--- a repetition over letters
.irpc d, 1234
.byte \d
.endr
.irpc d, abc
.ascii "\d"
.endr
--- registers saved by a repetition
.set offset, 0
.irp n, 1, 5, 6, 7, 28
sd x\n, offset(sp)
.set offset, offset + 8
.endr
--- conditions
.if 1
.byte 1
.endif
.if 0
.byte 2
.else
.byte 3
.endif
.if 0
.byte 4
.elseif 1
.byte 5
.else
.byte 6
.endif
.if 1
.byte 7
.elseif 1
.byte 8
.else
.byte 9
.endif
--- conditions in each other
.if 1
.if 0
.byte 1
.else
.byte 2
.endif
.else
.if 1
.byte 3
.endif
.endif
.if 0
.if 1
.byte 4
.else
.byte 5
.endif
.byte 6
.endif
--- conditions on symbols
.equ DEBUG, 1
.ifdef DEBUG
.byte 1
.endif
.ifndef DEBUG
.byte 2
.endif
.ifdef RELEASE
.byte 3
.else
.byte 4
.endif
.ifndef RELEASE
.byte 5
.endif
--- conditions on numbers
.ifeq 0
.byte 1
.endif
.ifne 0
.byte 2
.endif
.iflt -1
.byte 3
.endif
.ifle 0
.byte 4
.endif
.ifgt 0
.byte 5
.endif
.ifge 0
.byte 6
.endif
--- conditions on distances
a: .space 5
b:
.if b - a == 5
.byte 1
.endif
.if b - a > 5
.byte 2
.else
.byte 3
.endif
--- conditions on words
.macro which x
.ifc \x, a0
.byte 1
.else
.byte 2
.endif
.ifnc \x, a0
.byte 3
.endif
.ifb \x
.byte 4
.endif
.endm
which a0
which a1
--- mistakes in what is left out
.if 0
this is no instruction
.word nowhere
.rept 3
.endif
nop
--- short forms chosen
addi a0, a0, 1
addi a0, a0, -32
addi a0, a0, 32
addi s0, sp, 16
addi s0, sp, 0
addi sp, sp, -64
addi sp, sp, 496
addi sp, sp, 512
addiw a0, a0, 5
li a0, 5
lui a0, 1
srli a0, a0, 3
srai a0, a0, 3
slli t0, t0, 3
andi a0, a0, 7
sub a0, a0, a1
xor a0, a0, a1
or a0, a0, a1
and a0, a0, a1
subw a0, a0, a1
addw a0, a0, a1
mv t0, t1
add t0, t0, t1
--- short loads and stores chosen
lw a0, 0(a1)
lw a0, 124(a1)
lw a0, 128(a1)
lw a0, 2(a1)
ld a0, 248(a1)
ld a0, 256(a1)
lw t0, 252(sp)
lw t0, 256(sp)
ld t0, 504(sp)
sw a0, 124(a1)
sd a0, 248(a1)
sw t0, 252(sp)
sd t0, 504(sp)
sd t0, 512(sp)
lw t0, 0(a0)
lw a0, 0(t0)
--- short forms not chosen
addi zero, zero, 5
addi zero, a0, 0
addi a0, a0, 0
slli a0, a0, 0
srli a0, a0, 0
lui sp, 1
lui zero, 1
li zero, 1
mv a0, zero
add a0, zero, zero
add a0, a1, zero
add zero, zero, a0
sub a0, a1, a0
lw zero, 0(sp)
jalr zero, 0(ra)
jal zero, 1f
1:
--- operands that may change places
add a0, a1, a0
and a0, a1, a0
or a0, a1, a0
xor a0, a1, a0
addw a0, a1, a0
subw a0, a1, a0
add t0, t1, t0
--- short forms written out
c.addi4spn a0, sp, 16
c.lw a0, 4(a1)
c.ld a0, 8(a1)
c.sw a0, 4(a1)
c.sd a0, 8(a1)
c.nop
c.addi a0, 5
c.addiw a0, 0
c.li a0, -1
c.addi16sp sp, 32
c.lui a0, 3
c.srli a0, 1
c.srai a0, 2
c.andi a0, 3
c.sub a0, a1
c.xor a0, a1
c.or a0, a1
c.and a0, a1
c.subw a0, a1
c.addw a0, a1
c.slli t0, 4
c.lwsp t0, 4(sp)
c.ldsp t0, 8(sp)
c.jr t0
c.mv t0, t1
c.ebreak
c.jalr t0
c.add t0, t1
c.swsp t0, 4(sp)
c.sdsp t0, 8(sp)
c.unimp
--- short branches written out
here: c.j here
c.beqz a0, here
c.bnez a1, there
c.j there
there:
--- short forms switched off and on
addi a0, a0, 1
.option push
.option norvc
addi a0, a0, 1
nop
.option rvc
addi a0, a0, 1
.option pop
addi a0, a0, 1
.option norvc
addi a0, a0, 1
--- options of the architecture
.option arch, -c
addi a0, a0, 1
.option arch, +c
addi a0, a0, 1
--- branches at the edges of short ones
b: .space 254
beqz a0, b
.space 0
c: .space 256
beqz a0, c
beqz a0, d
.space 252
d: beqz a0, e
.space 254
e: beqz a0, f
.space 256
f: ret
--- jumps at the edges of short ones
b: .space 2046
j b
c: .space 2048
j c
d: .space 2050
j d
j e
.space 2044
e: j f
.space 2046
f: j g
.space 2048
g: ret
--- branches at the edges of long ones
b: .space 4094
beq a0, a1, b
c: .space 4096
beq a0, a1, c
d: .space 4098
beq a0, a1, d
beq a0, a1, e
.space 4090
e: beq a0, a1, f
.space 4092
f: bltu a0, a1, g
.space 4094
g: ret
--- far branches of every kind
beq a0, a1, far
bne a0, a1, far
blt a0, a1, far
bge a0, a1, far
bltu a0, a1, far
bgeu a0, a1, far
beqz a0, far
bnez a0, far
bltz a0, far
bgtz a0, far
beqz t0, far
c.beqz a0, far
bgt a0, a1, far
.space 5000
far: ret
--- far branches without short forms
.option norvc
beqz a0, far
bnez a0, far
beq a0, a1, far
j far
.space 5000
far: bnez a0, far
j far
--- branches that push each other out
a: beqz a0, x
beqz a0, x
beqz a0, x
.space 240
beqz a1, x
j a
.space 10
x: beqz a0, a
bnez a0, a
--- branches around alignment
a: beqz a0, b
.balign 8
beqz a1, b
.balign 64
.space 180
.balign 16
b: bnez a0, a
--- branches to other sections
nop
j elsewhere
beq a0, a1, elsewhere
beqz a0, elsewhere
call elsewhere
.section .text.other,"ax"
elsewhere: j back
ret
.text
back: ret
--- a weak symbol
.weak maybe
.text
here: nop
.weak here
j here
beqz a0, here
.dword maybe
--- common symbols
.comm shared, 24, 8
.lcomm private, 4
la a0, shared
nop
--- what compilers write
.file "a.c"
.option nopic
.attribute arch, "rv64imac"
.attribute unaligned_access, 0
.text
.align 1
.globl f
.type f, @function
f:
addi sp, sp, -16
sd ra, 8(sp)
lui a5, %hi(0x1000)
lw a0, %lo(0x1000)(a5)
ld ra, 8(sp)
addi sp, sp, 16
jr ra
.size f, .-f
.ident "a compiler"
.section .note.GNU-stack,"",@progbits
--- symbols with types and sizes
.globl a, b
.local c
a: nop
b: nop
c: nop
.type a, @function
.size a, b - a
.equiv d, 4
.word d
--- an origin in the section
.data
.byte 1
.org 8
.byte 2
.org 16, 0xff
.byte 3
.org . + 4
.byte 4
--- floating-point numbers
.float 1.5, -2.25, 1e10
.double 3.14159, -0.0, 1e-300
.single 0.1
--- LEB128
.uleb128 0
.uleb128 1
.uleb128 127
.uleb128 128
.uleb128 300
.uleb128 0xffffffff
.sleb128 0
.sleb128 -1
.sleb128 63
.sleb128 64
.sleb128 -64
.sleb128 -65
.sleb128 1000
--- a sum
_start: li a0, 0
li a1, 10
loop: add a0, a0, a1
addi a1, a1, -1
bnez a1, loop
ebreak
--- factorial
fact: addi sp, sp, -16
sd ra, 8(sp)
sd s0, 0(sp)
mv s0, a0
li t0, 2
blt a0, t0, 1f
addi a0, a0, -1
call fact
mul a0, a0, s0
j 2f
1: li a0, 1
2: ld s0, 0(sp)
ld ra, 8(sp)
addi sp, sp, 16
ret
--- string length
strlen: mv t0, a0
1: lbu t1, (t0)
beqz t1, 2f
addi t0, t0, 1
j 1b
2: sub a0, t0, a0
ret
--- a spin lock
lock: li t0, 1
1: amoswap.w.aq t0, t0, (a0)
bnez t0, 1b
ret
unlock: amoswap.w.rl x0, x0, (a0)
ret
--- compare and swap
cas: lr.d.aq t0, (a0)
bne t0, a1, 1f
sc.d.rl t0, a2, (a0)
bnez t0, cas
li a0, 0
ret
1: li a0, 1
ret
--- a trap handler
.align 2
trap: csrrw sp, mscratch, sp
addi sp, sp, -256
.set i, 1
.rept 31
.if i != 2
sd x0, 8*i(sp)
.endif
.set i, i+1
.endr
csrr a0, mcause
csrr a1, mepc
call handle
csrrw sp, mscratch, sp
mret
handle: ret
--- a system call
.section .rodata
text: .ascii "hello\n"
text_end:
.text
.equ SYS_write, 64
li a0, 1
la a1, text
li a2, 6
li a7, SYS_write
ecall
--- a jump table
la t0, table
slli a0, a0, 3
add t0, t0, a0
ld t0, (t0)
jr t0
one: li a0, 1
ret
two: li a0, 2
ret
.section .rodata
.align 3
table: .dword one, two
--- relative jump tables
base: nop
one: ret
two: ret
.section .rodata
.word one - base, two - base
.align 2
.word one - .
--- a page table
.data
.balign 4096
root: .dword (next - root) / 4096 << 10 | 1
.space 4096 - 8
next: .space 4096
--- a UART
.equ UART, 0x10000000
li t0, UART
1: lbu t1, 5(t0)
andi t1, t1, 0x20
beqz t1, 1b
sb a0, 0(t0)
ret
--- privileges dropped
.equ MPP, 3 << 11
li t0, MPP
csrc mstatus, t0
li t0, 1 << 11
csrs mstatus, t0
la t0, user
csrw mepc, t0
mret
user: ecall
j user
--- matrix product
.equ N, 4
li s0, 0
i: li s1, 0
j_: li s2, 0
li t0, 0
k: slli t1, s0, 2
add t1, t1, s2
mul t2, t1, t1
add t0, t0, t2
addi s2, s2, 1
li t3, N
blt s2, t3, k
addi s1, s1, 1
blt s1, t3, j_
addi s0, s0, 1
blt s0, t3, i
ret
--- 128 bits
add a0, a0, a2
sltu t0, a0, a2
add a1, a1, a3
add a1, a1, t0
neg a0, a0
snez t0, a0
not a1, a1
ret
--- many calls and branches
a: call b
beqz a0, c
b: call c
bnez a0, a
c: call a
j b
tail c
--- an end that ends
nop
.end
this is not read
--- floating-point operations
fadd.s fa0, fa1, fa2
fsub.d fa0, fa1, fa2
fmul.s fa0, fa1, fa2, rtz
fdiv.d ft0, fs1, fs11, rup
fsqrt.s fa0, fa1
fsqrt.d fa0, fa1, rne
fmin.s fa0, fa1, fa2
fmax.d fa0, fa1, fa2
fmadd.s fa0, fa1, fa2, fa3
fnmsub.d fa0, fa1, fa2, fa3, rdn
fsgnj.s fa0, fa1, fa2
fsgnjn.d fa0, fa1, fa2
fsgnjx.s fa0, fa1, fa2
--- floating-point conversions
fcvt.w.s a0, fa0
fcvt.wu.s a0, fa0, rtz
fcvt.l.d a0, fa0
fcvt.lu.d a0, fa0, rmm
fcvt.s.w fa0, a0
fcvt.s.lu fa0, a0, rdn
fcvt.d.w fa0, a0
fcvt.d.wu fa0, a0
fcvt.d.l fa0, a0
fcvt.s.d fa0, fa1
fcvt.d.s fa0, fa1
fmv.x.w a0, fa0
fmv.w.x fa0, a0
fmv.x.d a0, fa0
fmv.d.x fa0, a0
fmv.x.s a0, fa0
fmv.s.x fa0, a0
--- floating-point comparisons
feq.s a0, fa0, fa1
flt.d a0, fa0, fa1
fle.s a0, fa0, fa1
fgt.s a0, fa0, fa1
fge.d a0, fa0, fa1
fclass.s a0, fa0
fclass.d a0, fa0
--- floating-point loads and stores
flw fa0, 4(a0)
fld fa0, 8(a0)
fsw fa0, 4(a0)
fsd fa0, 8(a0)
fld ft0, 16(sp)
fsd ft0, 16(sp)
fld ft0, 16(a0)
flw fa0, v, t0
fld fa0, v, t0
fsd fa0, v, t0
.data
v: .double 1.0
--- floating-point pseudo-instructions
fmv.s fa0, fa1
fmv.d fa0, fa1
fneg.s fa0, fa1
fneg.d fa0, fa1
fabs.s fa0, fa1
fabs.d fa0, fa1
frcsr a0
fscsr a0
fscsr a0, a1
frrm a0
fsrm a0
fsrm a0, a1
frflags a0
fsflags a0
fsflags a0, a1
fsrmi 3
fsflagsi 4
--- short floating-point forms written out
c.fld fa0, 8(a0)
c.fsd fa0, 8(a0)
c.fldsp ft0, 8(sp)
c.fsdsp ft0, 8(sp)
--- greatest common divisor
gcd: beqz a1, 1f
remu t0, a0, a1
mv a0, a1
mv a1, t0
j gcd
1: ret
--- copying memory
memcpy: beqz a2, 2f
mv t0, a0
1: lbu t1, (a1)
sb t1, (t0)
addi a1, a1, 1
addi t0, t0, 1
addi a2, a2, -1
bnez a2, 1b
2: ret
--- a stack in .bss
_start: la sp, stack_top
call main
1: j 1b
main: ret
.bss
.align 4
stack: .space 4096
stack_top:
--- population count
popcount: li t0, 0
1: beqz a0, 2f
addi t1, a0, -1
and a0, a0, t1
addi t0, t0, 1
j 1b
2: mv a0, t0
ret
--- bits by expressions
.equ SV39, 8
.equ MODE, SV39 << 60
li t0, MODE
la t1, table
srli t1, t1, 12
or t0, t0, t1
csrw satp, t0
sfence.vma
.data
.balign 4096
table: .zero 4096
--- CRC-32
crc: li t0, -1
li t1, 0xedb88320
1: beqz a1, 4f
lbu t2, 0(a0)
xor t0, t0, t2
li t3, 8
2: andi t4, t0, 1
srliw t0, t0, 1
beqz t4, 3f
xor t0, t0, t1
3: addi t3, t3, -1
bnez t3, 2b
addi a0, a0, 1
addi a1, a1, -1
j 1b
4: not a0, t0
ret
--- two harts part ways
csrr t0, mhartid
bnez t0, wait
la sp, top0
j go
wait: wfi
j wait
go: ret
.bss
.space 1024
top0:
--- a vector of handlers
.align 6
vector: j 1f
.align 2
j 2f
.align 2
j 3f
1: mret
2: mret
3: sret
--- macros over tables
.macro row name, code
.byte \code, 1f - 2f
2: .ascii "\name"
1:
.endm
row add, 1
row subtract, 2
row "mul div", 3
--- a load-reserved loop with a limit
li t2, 100
1: lr.w t0, (a0)
add t1, t0, a1
sc.w t3, t1, (a0)
beqz t3, 2f
addi t2, t2, -1
bgtz t2, 1b
2: ret
--- quicksort's partition
partition: mv t0, a0
ld t1, 0(a1)
1: bge a0, a1, 3f
ld t2, 0(a0)
bgt t2, t1, 2f
ld t3, 0(t0)
sd t2, 0(t0)
sd t3, 0(a0)
addi t0, t0, 8
2: addi a0, a0, 8
j 1b
3: mv a0, t0
ret
--- tables by nested repetition
.set y, 0
.rept 3
.set x, 0
.rept 4
.byte x * 16 + y
.set x, x + 1
.endr
.set y, y + 1
.endr
--- words around a label
.data
before: .dword before, here, after
here: .word here - before, after - here
after:
.text
la a0, here
la a1, after
--- a delay by a macro with a label
.macro delay reg, count=1000
li \reg, \count
.Ldelay\@: addi \reg, \reg, -1
bnez \reg, .Ldelay\@
.endm
delay t0
delay t1, 50
delay count=0x12345, reg=t2
`;

/** A source and what it is about. */
export interface Snippet {
  readonly title: string;
  readonly source: string;
}

export const corpus: readonly Snippet[] = text
  .split(/^--- /m)
  .slice(1)
  .map((part) => {
    const [title = "", ...lines] = part.split("\n");
    return { title, source: lines.join("\n") };
  });
