/**
 * The classes of RV64's instructions for a guest kernel that was written for S and runs in U, by hand from the privileged
 * specification: soundly configured, so that scounteren is 0, FS is Dirty, and TVM, TW and TSR are 0.
 */
import type { InstructionClass } from "../../../../sim/vmm/index.js";

type Key = Readonly<Record<string, InstructionClass>>;

const all = (name: InstructionClass, ...instructions: readonly string[]): Key =>
  Object.fromEntries(instructions.map((instruction) => [instruction, name]));

const words = (text: string): readonly string[] => text.trim().split(/\s+/);
const counted = (stem: string, from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${stem}${from + index}`);
const reads = (names: readonly string[]): readonly string[] => names.map((name) => `csrr ${name}`);
const writes = (names: readonly string[]): readonly string[] => names.map((name) => `csrw ${name}`);

const unprivileged = words(`
  lui auipc jal jalr beq bne blt bge bltu bgeu lb lh lw ld lbu lhu lwu sb sh sw sd
  addi slti sltiu xori ori andi addiw slli srli srai slliw srliw sraiw
  add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw fence fence.tso fence.i
  mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw lr.w lr.d sc.w sc.d
`);
const atomics = words("swap add xor and or min max minu maxu").flatMap((name) => [`amo${name}.w`, `amo${name}.d`]);
const floats = words("s d").flatMap((suffix) => [
  ...words("fmadd fmsub fnmsub fnmadd fadd fsub fmul fdiv fsqrt fsgnj fsgnjn fsgnjx fmin fmax feq flt fle fclass").map(
    (name) => `${name}.${suffix}`,
  ),
  ...words("w wu l lu").flatMap((integer) => [`fcvt.${integer}.${suffix}`, `fcvt.${suffix}.${integer}`]),
]);
const moves = words("flw fsw fld fsd fcvt.s.d fcvt.d.s fmv.x.w fmv.w.x fmv.x.d fmv.d.x");
export const floatingPoint: readonly string[] = [...floats, ...moves];
const floatCsrs = words("fflags frm fcsr");

const counters = words("cycle time instret");
/** Hardwired to 0 here, so that reading one tells nothing. */
const eventCounters = counted("hpmcounter", 3, 31);
const supervisor = words("sstatus sie stvec senvcfg sscratch sepc scause stval sip stimecmp satp");
const machine = [
  ...words("mvendorid marchid mimpid mhartid mconfigptr mstatus misa medeleg mideleg mie mtvec mcounteren menvcfg"),
  ...words("mcountinhibit mscratch mepc mcause mtval mip mcycle minstret tselect tdata1 tdata2 tdata3 tinfo"),
  ...words("pmpcfg0 pmpcfg2"),
  ...counted("mhpmevent", 3, 31),
  ...counted("mhpmcounter", 3, 31),
  ...counted("pmpaddr", 0, 15),
];

export const key: Key = {
  ...all("innocuous", ...unprivileged, ...atomics, ...floatingPoint, ...reads(floatCsrs), ...writes(floatCsrs)),
  ...all("sensitive and privileged", "sret", "wfi", "sfence.vma", ...reads(counters)),
  ...all("sensitive and privileged", ...reads(supervisor), ...writes(supervisor), "csrw scounteren"),
  // scounteren is the same in all states of one configuration: nothing can depend on it.
  ...all("privileged", ...reads(eventCounters), "csrr scounteren"),
  // For M alone, read-only, or made to trap.
  ...all("always traps", "ecall", "ebreak", "mret", ...writes(counters), ...writes(eventCounters)),
  ...all("always traps", ...reads(machine), ...writes(machine)),
};
