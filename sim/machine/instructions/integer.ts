import { formats } from "./format.js";
import {
  add,
  and,
  call,
  constant,
  equal,
  imm,
  jump,
  less,
  lessUnsigned,
  load,
  next,
  not,
  notEqual,
  or,
  pc,
  rs1,
  rs2,
  set,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  signed,
  store,
  subtract,
  unsigned,
  when,
  xor,
  type Term,
} from "./meaning.js";
import { rows, type Row } from "./row.js";

const address = add(rs1, imm);
const target = add(pc, imm);
/** Shifts of words take their amount from the lower five bits. */
const five = (amount: Term): Term => and(amount, constant(31));

/** RV64I (unprivileged ISA). */
export const integer: readonly Row[] = [
  ...rows("I", formats.U, {
    lui: [0x00000037, [set(imm)]],
    auipc: [0x00000017, [set(target)]],
  }),
  ...rows("I", formats.J, { jal: [0x0000006f, [jump(target), set(next)]] }),
  // The target is computed before rd, which may be the same register, is written.
  ...rows("I", formats.load, {
    jalr: [0x00000067, [jump(and(address, constant(-2))), set(next)]],
  }),
  ...rows("I", formats.B, {
    beq: [0x00000063, [when(equal(rs1, rs2), jump(target))]],
    bne: [0x00001063, [when(notEqual(rs1, rs2), jump(target))]],
    blt: [0x00004063, [when(less(rs1, rs2), jump(target))]],
    bge: [0x00005063, [when(not(less(rs1, rs2)), jump(target))]],
    bltu: [0x00006063, [when(lessUnsigned(rs1, rs2), jump(target))]],
    bgeu: [0x00007063, [when(not(lessUnsigned(rs1, rs2)), jump(target))]],
  }),
  ...rows("I", formats.load, {
    lb: [0x00000003, load(8, true, address)],
    lh: [0x00001003, load(16, true, address)],
    lw: [0x00002003, load(32, true, address)],
    ld: [0x00003003, load(64, true, address)],
    lbu: [0x00004003, load(8, false, address)],
    lhu: [0x00005003, load(16, false, address)],
    lwu: [0x00006003, load(32, false, address)],
  }),
  ...rows("I", formats.S, {
    sb: [0x00000023, [store(8, address, rs2)]],
    sh: [0x00001023, [store(16, address, rs2)]],
    sw: [0x00002023, [store(32, address, rs2)]],
    sd: [0x00003023, [store(64, address, rs2)]],
  }),
  ...rows("I", formats.I, {
    addi: [0x00000013, [set(add(rs1, imm))]],
    slti: [0x00002013, [set(less(rs1, imm))]],
    sltiu: [0x00003013, [set(lessUnsigned(rs1, imm))]],
    xori: [0x00004013, [set(xor(rs1, imm))]],
    ori: [0x00006013, [set(or(rs1, imm))]],
    andi: [0x00007013, [set(and(rs1, imm))]],
    addiw: [0x0000001b, [set(signed(32, add(rs1, imm)))]],
  }),
  ...rows("I", formats.shift64, {
    slli: [0x00001013, [set(shiftLeft(rs1, imm))]],
    srli: [0x00005013, [set(shiftRight(rs1, imm))]],
    srai: [0x40005013, [set(shiftRightSigned(rs1, imm))]],
  }),
  ...rows("I", formats.shift32, {
    slliw: [0x0000101b, [set(signed(32, shiftLeft(rs1, imm)))]],
    srliw: [0x0000501b, [set(signed(32, shiftRight(unsigned(32, rs1), imm)))]],
    sraiw: [0x4000501b, [set(shiftRightSigned(signed(32, rs1), imm))]],
  }),
  ...rows("I", formats.R, {
    add: [0x00000033, [set(add(rs1, rs2))]],
    sub: [0x40000033, [set(subtract(rs1, rs2))]],
    sll: [0x00001033, [set(shiftLeft(rs1, rs2))]],
    slt: [0x00002033, [set(less(rs1, rs2))]],
    sltu: [0x00003033, [set(lessUnsigned(rs1, rs2))]],
    xor: [0x00004033, [set(xor(rs1, rs2))]],
    srl: [0x00005033, [set(shiftRight(rs1, rs2))]],
    sra: [0x40005033, [set(shiftRightSigned(rs1, rs2))]],
    or: [0x00006033, [set(or(rs1, rs2))]],
    and: [0x00007033, [set(and(rs1, rs2))]],
    addw: [0x0000003b, [set(signed(32, add(rs1, rs2)))]],
    subw: [0x4000003b, [set(signed(32, subtract(rs1, rs2)))]],
    sllw: [0x0000103b, [set(signed(32, shiftLeft(rs1, five(rs2))))]],
    srlw: [0x0000503b, [set(signed(32, shiftRight(unsigned(32, rs1), five(rs2))))]],
    sraw: [0x4000503b, [set(shiftRightSigned(signed(32, rs1), five(rs2)))]],
  }),
  // Accesses happen in program order anyway, so every ordering that a fence can ask for holds already.
  ...rows("I", formats.fence, { fence: [0x0000000f, []] }),
  ...rows("I", formats.none, { "fence.tso": [0x8330000f, []] }),
  ...rows("Zifencei", formats.fenceInstructions, { "fence.i": [0x0000100f, [call("fenceInstructions")]] }),
];
