import { bits, short, type FieldBits, type Fields } from "./format.js";
import type { Field } from "./meaning.js";
import type { ShortRow } from "./row.js";

const full = (from: number): FieldBits => bits(false, [from, 5, 0]);
/** The register that is both source and destination, in the two places where it stands. */
const both = full(7);
const shortBoth = short(7);
const otherSource = full(2);
const shortSource = short(7);
const shortOther = short(2);

/** The constants, each as its bits are scattered (unprivileged ISA, "C" extension). */
const six = bits(true, [2, 5, 0], [12, 1, 5]);
const shift = bits(false, [2, 5, 0], [12, 1, 5]);
const word = bits(false, [6, 1, 2], [10, 3, 3], [5, 1, 6]);
const double = bits(false, [10, 3, 3], [5, 2, 6]);
const branch = bits(true, [3, 2, 1], [10, 2, 3], [2, 1, 5], [5, 2, 6], [12, 1, 8]);
const jump = bits(true, [3, 3, 1], [11, 1, 4], [2, 1, 5], [7, 1, 6], [6, 1, 7], [9, 2, 8], [8, 1, 10], [12, 1, 11]);
const upper = bits(true, [2, 5, 12], [12, 1, 17]);
const stackStep = bits(true, [6, 1, 4], [2, 1, 5], [5, 1, 6], [3, 2, 7], [12, 1, 9]);
const stackPlace = bits(false, [6, 1, 2], [5, 1, 3], [11, 2, 4], [7, 4, 6]);
const loadWord = bits(false, [4, 3, 2], [12, 1, 5], [2, 2, 6]);
const loadDouble = bits(false, [5, 2, 3], [12, 1, 5], [2, 3, 6]);
const storeWord = bits(false, [9, 4, 2], [7, 2, 6]);
const storeDouble = bits(false, [10, 3, 3], [7, 3, 6]);

const zero = 0;
const link = 1;
const stack = 2;

interface Rest {
  readonly fixed?: Readonly<Partial<Record<Field, number>>>;
  readonly same?: Readonly<Partial<Record<Field, Field>>>;
  readonly nonzero?: readonly Field[];
}

function row(
  name: string,
  syntax: string,
  mask: number,
  match: number,
  means: string,
  fields: Fields,
  rest: Rest = {},
): ShortRow {
  return { name, syntax, mask, match, means, fields, fixed: {}, ...rest };
}

const inPlace: Rest = { same: { rs1: "rd" } };
const onStack: Rest = { fixed: { rs1: stack } };

/**
 * The C extension for RV64 (unprivileged ISA, "C" extension); the first row that fits is the instruction. Hints (c.addi with
 * x0 as its destination and the like) are the instructions that they look like, which then do nothing.
 */
export const compressed: readonly ShortRow[] = [
  // Quadrant 0.
  row(
    "c.addi4spn",
    "rd, sp, imm",
    0xe003,
    0x0000,
    "addi",
    { rd: shortOther, imm: stackPlace },
    { ...onStack, nonzero: ["imm"] },
  ),
  row("c.fld", "frd, imm(rs1)", 0xe003, 0x2000, "fld", { frd: shortOther, rs1: shortSource, imm: double }),
  row("c.lw", "rd, imm(rs1)", 0xe003, 0x4000, "lw", { rd: shortOther, rs1: shortSource, imm: word }),
  row("c.ld", "rd, imm(rs1)", 0xe003, 0x6000, "ld", { rd: shortOther, rs1: shortSource, imm: double }),
  row("c.fsd", "frs2, imm(rs1)", 0xe003, 0xa000, "fsd", { frs2: shortOther, rs1: shortSource, imm: double }),
  row("c.sw", "rs2, imm(rs1)", 0xe003, 0xc000, "sw", { rs2: shortOther, rs1: shortSource, imm: word }),
  row("c.sd", "rs2, imm(rs1)", 0xe003, 0xe000, "sd", { rs2: shortOther, rs1: shortSource, imm: double }),

  // Quadrant 1.
  row("c.addi", "rd, imm", 0xe003, 0x0001, "addi", { rd: both, imm: six }, inPlace),
  row("c.addiw", "rd, imm", 0xe003, 0x2001, "addiw", { rd: both, imm: six }, { ...inPlace, nonzero: ["rd"] }),
  row("c.li", "rd, imm", 0xe003, 0x4001, "addi", { rd: both, imm: six }, { fixed: { rs1: zero } }),
  row(
    "c.addi16sp",
    "sp, imm",
    0xef83,
    0x6101,
    "addi",
    { imm: stackStep },
    { fixed: { rd: stack, rs1: stack }, nonzero: ["imm"] },
  ),
  row("c.lui", "rd, upper", 0xe003, 0x6001, "lui", { rd: both, imm: upper }, { nonzero: ["imm"] }),
  row("c.srli", "rd, imm", 0xec03, 0x8001, "srli", { rd: shortBoth, imm: shift }, inPlace),
  row("c.srai", "rd, imm", 0xec03, 0x8401, "srai", { rd: shortBoth, imm: shift }, inPlace),
  row("c.andi", "rd, imm", 0xec03, 0x8801, "andi", { rd: shortBoth, imm: six }, inPlace),
  row("c.sub", "rd, rs2", 0xfc63, 0x8c01, "sub", { rd: shortBoth, rs2: shortOther }, inPlace),
  row("c.xor", "rd, rs2", 0xfc63, 0x8c21, "xor", { rd: shortBoth, rs2: shortOther }, inPlace),
  row("c.or", "rd, rs2", 0xfc63, 0x8c41, "or", { rd: shortBoth, rs2: shortOther }, inPlace),
  row("c.and", "rd, rs2", 0xfc63, 0x8c61, "and", { rd: shortBoth, rs2: shortOther }, inPlace),
  row("c.subw", "rd, rs2", 0xfc63, 0x9c01, "subw", { rd: shortBoth, rs2: shortOther }, inPlace),
  row("c.addw", "rd, rs2", 0xfc63, 0x9c21, "addw", { rd: shortBoth, rs2: shortOther }, inPlace),
  row("c.j", "target", 0xe003, 0xa001, "jal", { imm: jump }, { fixed: { rd: zero } }),
  row("c.beqz", "rs1, target", 0xe003, 0xc001, "beq", { rs1: shortSource, imm: branch }, { fixed: { rs2: zero } }),
  row("c.bnez", "rs1, target", 0xe003, 0xe001, "bne", { rs1: shortSource, imm: branch }, { fixed: { rs2: zero } }),

  // Quadrant 2.
  row("c.slli", "rd, imm", 0xe003, 0x0002, "slli", { rd: both, imm: shift }, inPlace),
  row("c.fldsp", "frd, imm(sp)", 0xe003, 0x2002, "fld", { frd: both, imm: loadDouble }, onStack),
  row("c.lwsp", "rd, imm(sp)", 0xe003, 0x4002, "lw", { rd: both, imm: loadWord }, { ...onStack, nonzero: ["rd"] }),
  row("c.ldsp", "rd, imm(sp)", 0xe003, 0x6002, "ld", { rd: both, imm: loadDouble }, { ...onStack, nonzero: ["rd"] }),
  row("c.ebreak", "", 0xffff, 0x9002, "ebreak", {}),
  row("c.jr", "rs1", 0xf07f, 0x8002, "jalr", { rs1: both }, { fixed: { rd: zero, imm: 0 }, nonzero: ["rs1"] }),
  row("c.jalr", "rs1", 0xf07f, 0x9002, "jalr", { rs1: both }, { fixed: { rd: link, imm: 0 }, nonzero: ["rs1"] }),
  row(
    "c.mv",
    "rd, rs2",
    0xf003,
    0x8002,
    "add",
    { rd: both, rs2: otherSource },
    { fixed: { rs1: zero }, nonzero: ["rs2"] },
  ),
  row("c.add", "rd, rs2", 0xf003, 0x9002, "add", { rd: both, rs2: otherSource }, { ...inPlace, nonzero: ["rs2"] }),
  row("c.fsdsp", "frs2, imm(sp)", 0xe003, 0xa002, "fsd", { frs2: otherSource, imm: storeDouble }, onStack),
  row("c.swsp", "rs2, imm(sp)", 0xe003, 0xc002, "sw", { rs2: otherSource, imm: storeWord }, onStack),
  row("c.sdsp", "rs2, imm(sp)", 0xe003, 0xe002, "sd", { rs2: otherSource, imm: storeDouble }, onStack),
];
