import type { Field } from "./meaning.js";

/** Another spelling of an instruction: some of its fields fixed, its operands fewer or in another order. */
export interface Pseudo {
  readonly name: string;
  readonly syntax: string;
  /** The row that it is. */
  readonly means: string;
  /** The fields that aren't written: their numbers, or the fields that they equal. */
  readonly fixed: Readonly<Partial<Record<Field, number | Field>>>;
  /** A disassembler doesn't show the instruction so. */
  readonly writeOnly: boolean;
}

type Entry = readonly [name: string, syntax: string, means: string, fixed?: Pseudo["fixed"], only?: "write"];

/**
 * The spellings that are one instruction each (RISC-V Assembly Programmer's Manual, "pseudo instructions"), those first that
 * a disassembler prefers. `write` marks what GNU objdump never shows.
 */
const entries: readonly Entry[] = [
  ["unimp", "", "csrrw", { rd: 0, rs1: 0, csr: 0xc00 }],
  ["ret", "", "jalr", { rd: 0, rs1: 1, imm: 0 }],
  ["jr", "rs1", "jalr", { rd: 0, imm: 0 }],
  ["jr", "imm(rs1)", "jalr", { rd: 0 }],
  ["jr", "rs1, imm", "jalr", { rd: 0 }, "write"],
  ["jalr", "rs1", "jalr", { rd: 1, imm: 0 }],
  ["jalr", "imm(rs1)", "jalr", { rd: 1 }],
  ["jalr", "rd, rs1", "jalr", { imm: 0 }, "write"],
  ["jalr", "rd, rs1, imm", "jalr", {}, "write"],
  ["jalr", "rs1, imm", "jalr", { rd: 1 }, "write"],
  ["j", "target", "jal", { rd: 0 }],
  ["jal", "target", "jal", { rd: 1 }],
  ["nop", "", "addi", { rd: 0, rs1: 0, imm: 0 }],
  ["li", "rd, imm", "addi", { rs1: 0 }],
  ["mv", "rd, rs1", "addi", { imm: 0 }],
  ["mv", "rd, rs2", "add", { rs1: 0 }, "write"],
  ["move", "rd, rs1", "addi", { imm: 0 }, "write"],
  ["zext.b", "rd, rs1", "andi", { imm: 255 }],
  ["and", "rd, rs1, imm", "andi"],
  ["beqz", "rs1, target", "beq", { rs2: 0 }],
  ["blez", "rs2, target", "bge", { rs1: 0 }],
  ["bgez", "rs1, target", "bge", { rs2: 0 }],
  ["ble", "rs2, rs1, target", "bge", {}, "write"],
  ["bleu", "rs2, rs1, target", "bgeu", {}, "write"],
  ["bltz", "rs1, target", "blt", { rs2: 0 }],
  ["bgtz", "rs2, target", "blt", { rs1: 0 }],
  ["bgt", "rs2, rs1, target", "blt", {}, "write"],
  ["bgtu", "rs2, rs1, target", "bltu", {}, "write"],
  ["bnez", "rs1, target", "bne", { rs2: 0 }],
  ["add", "rd, rs1, imm", "addi"],
  ["not", "rd, rs1", "xori", { imm: -1 }],
  ["or", "rd, rs1, imm", "ori"],
  ["xor", "rd, rs1, imm", "xori"],
  ["neg", "rd, rs2", "sub", { rs1: 0 }],
  ["negw", "rd, rs2", "subw", { rs1: 0 }],
  ["sext.w", "rd, rs1", "addiw", { imm: 0 }],
  ["addw", "rd, rs1, imm", "addiw"],
  ["sll", "rd, rs1, imm", "slli"],
  ["srl", "rd, rs1, imm", "srli"],
  ["sra", "rd, rs1, imm", "srai"],
  ["sllw", "rd, rs1, imm", "slliw"],
  ["srlw", "rd, rs1, imm", "srliw"],
  ["sraw", "rd, rs1, imm", "sraiw"],
  ["seqz", "rd, rs1", "sltiu", { imm: 1 }],
  ["snez", "rd, rs2", "sltu", { rs1: 0 }],
  ["sltz", "rd, rs1", "slt", { rs2: 0 }],
  ["sgtz", "rd, rs2", "slt", { rs1: 0 }],
  ["sgt", "rd, rs2, rs1", "slt", {}, "write"],
  ["sgtu", "rd, rs2, rs1", "sltu", {}, "write"],
  ["slt", "rd, rs1, imm", "slti", {}, "write"],
  ["sltu", "rd, rs1, imm", "sltiu", {}, "write"],
  ["fence", "", "fence", { imm: 0xff }],
  ["pause", "", "fence", { imm: 0x10 }, "write"],
  ["rdcycle", "rd", "csrrs", { rs1: 0, csr: 0xc00 }],
  ["rdtime", "rd", "csrrs", { rs1: 0, csr: 0xc01 }],
  ["rdinstret", "rd", "csrrs", { rs1: 0, csr: 0xc02 }],
  ["frcsr", "rd", "csrrs", { rs1: 0, csr: 3 }],
  ["fscsr", "rs1", "csrrw", { rd: 0, csr: 3 }],
  ["fscsr", "rd, rs1", "csrrw", { csr: 3 }],
  ["frrm", "rd", "csrrs", { rs1: 0, csr: 2 }],
  ["fsrm", "rs1", "csrrw", { rd: 0, csr: 2 }],
  ["fsrm", "rd, rs1", "csrrw", { csr: 2 }],
  ["fsrmi", "imm", "csrrwi", { rd: 0, csr: 2 }],
  ["fsrmi", "rd, imm", "csrrwi", { csr: 2 }],
  ["frflags", "rd", "csrrs", { rs1: 0, csr: 1 }],
  ["fsflags", "rs1", "csrrw", { rd: 0, csr: 1 }],
  ["fsflags", "rd, rs1", "csrrw", { csr: 1 }],
  ["fsflagsi", "imm", "csrrwi", { rd: 0, csr: 1 }],
  ["fsflagsi", "rd, imm", "csrrwi", { csr: 1 }],
  ["csrr", "rd, csr", "csrrs", { rs1: 0 }],
  ["csrw", "csr, rs1", "csrrw", { rd: 0 }],
  ["csrs", "csr, rs1", "csrrs", { rd: 0 }],
  ["csrc", "csr, rs1", "csrrc", { rd: 0 }],
  ["csrw", "csr, imm", "csrrwi", { rd: 0 }],
  ["csrs", "csr, imm", "csrrsi", { rd: 0 }],
  ["csrc", "csr, imm", "csrrci", { rd: 0 }],
  ["csrwi", "csr, imm", "csrrwi", { rd: 0 }, "write"],
  ["csrsi", "csr, imm", "csrrsi", { rd: 0 }, "write"],
  ["csrci", "csr, imm", "csrrci", { rd: 0 }, "write"],
  ["csrrw", "rd, csr, imm", "csrrwi"],
  ["csrrs", "rd, csr, imm", "csrrsi"],
  ["csrrc", "rd, csr, imm", "csrrci"],
  ["sfence.vma", "", "sfence.vma", { rs1: 0, rs2: 0 }],
  ["sfence.vma", "rs1", "sfence.vma", { rs2: 0 }],
  ...["hfence.vvma", "hfence.gvma"].flatMap((fence): Entry[] => [
    [fence, "", fence, { rs1: 0, rs2: 0 }],
    [fence, "rs1", fence, { rs2: 0 }],
  ]),
  ...(["s", "d"] as const).flatMap((size): Entry[] => [
    [`fmv.${size}`, "frd, frs1", `fsgnj.${size}`, { frs2: "frs1" }],
    [`fneg.${size}`, "frd, frs1", `fsgnjn.${size}`, { frs2: "frs1" }],
    [`fabs.${size}`, "frd, frs1", `fsgnjx.${size}`, { frs2: "frs1" }],
    [`fgt.${size}`, "rd, frs2, frs1", `flt.${size}`, {}, "write"],
    [`fge.${size}`, "rd, frs2, frs1", `fle.${size}`, {}, "write"],
  ]),
  ["fmv.x.s", "rd, frs1", "fmv.x.w", {}, "write"],
  ["fmv.s.x", "frd, rs1", "fmv.w.x", {}, "write"],
  ["scall", "", "ecall", {}, "write"],
  ["sbreak", "", "ebreak", {}, "write"],
];

export const pseudos: readonly Pseudo[] = entries.map(([name, syntax, means, fixed = {}, only]) => ({
  name,
  syntax,
  means,
  fixed,
  writeOnly: only === "write",
}));
