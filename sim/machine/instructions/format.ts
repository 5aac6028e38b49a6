import type { Field } from "./meaning.js";

/** Bits of an instruction that make bits of a field: `count` bits from bit `from` become those from bit `to`. */
interface Piece {
  readonly from: number;
  readonly count: number;
  readonly to: number;
}

/** How a field's number is put together. */
export interface FieldBits {
  readonly pieces: readonly Piece[];
  /** The number's topmost bit is its sign. */
  readonly signed: boolean;
  /** What is added: 8 where three bits name the registers x8–x15. */
  readonly base: number;
}

export type Fields = Readonly<Partial<Record<Field, FieldBits>>>;

/** Where an instruction keeps what, and how it is written down. */
export interface Format {
  readonly name: string;
  /** The bits that are the same in every instruction of one row. */
  readonly mask: number;
  readonly fields: Fields;
  /** The operands in the assembler's order, in the words of `syntax.ts`. */
  readonly syntax: string;
}

const plain = (from: number, count: number): FieldBits => ({
  pieces: [{ from, count, to: 0 }],
  signed: false,
  base: 0,
});

/** A register named by three bits (unprivileged ISA, "C" extension: x8 to x15). */
export const short = (from: number): FieldBits => ({ ...plain(from, 3), base: 8 });

/** @param pieces as `from, count, to`, one after the other */
export function bits(
  signed: boolean,
  ...pieces: readonly (readonly [from: number, count: number, to: number])[]
): FieldBits {
  return { pieces: pieces.map(([from, count, to]) => ({ from, count, to })), signed, base: 0 };
}

const rd: FieldBits = plain(7, 5);
const rs1: FieldBits = plain(15, 5);
const rs2: FieldBits = plain(20, 5);

const frd = rd;
const frs1 = rs1;
const frs2 = rs2;
const frs3: FieldBits = plain(27, 5);
const rm: FieldBits = plain(12, 3);

const immediateI = bits(true, [20, 12, 0]);
const immediateS = bits(true, [7, 5, 0], [25, 7, 5]);
const immediateB = bits(true, [8, 4, 1], [25, 6, 5], [7, 1, 11], [31, 1, 12]);
const immediateU = bits(true, [12, 20, 12]);
const immediateJ = bits(true, [21, 10, 1], [20, 1, 11], [12, 8, 12], [31, 1, 20]);

type FormatName =
  | "R"
  | "I"
  | "load"
  | "shift64"
  | "shift32"
  | "S"
  | "B"
  | "U"
  | "J"
  | "atomic"
  | "reserve"
  | "csr"
  | "csrConstant"
  | "fence"
  | "fenceInstructions"
  | "addresses"
  | "guestLoad"
  | "guestStore"
  | "floatLoad"
  | "floatStore"
  | "float"
  | "floatRounded"
  | "floatOne"
  | "floatFused"
  | "floatCompare"
  | "floatToInteger"
  | "floatFromInteger"
  | "floatMove"
  | "integerMove"
  | "none";

/** The formats of 32-bit instructions (unprivileged ISA, RV32I), and what derives from them. */
export const formats: Readonly<Record<FormatName, Format>> = {
  R: { name: "R", mask: 0xfe00707f, fields: { rd, rs1, rs2 }, syntax: "rd, rs1, rs2" },
  I: { name: "I", mask: 0x0000707f, fields: { rd, rs1, imm: immediateI }, syntax: "rd, rs1, imm" },
  load: { name: "I", mask: 0x0000707f, fields: { rd, rs1, imm: immediateI }, syntax: "rd, imm(rs1)" },
  shift64: { name: "I", mask: 0xfc00707f, fields: { rd, rs1, imm: plain(20, 6) }, syntax: "rd, rs1, imm" },
  shift32: { name: "I", mask: 0xfe00707f, fields: { rd, rs1, imm: plain(20, 5) }, syntax: "rd, rs1, imm" },
  S: { name: "S", mask: 0x0000707f, fields: { rs1, rs2, imm: immediateS }, syntax: "rs2, imm(rs1)" },
  B: { name: "B", mask: 0x0000707f, fields: { rs1, rs2, imm: immediateB }, syntax: "rs1, rs2, target" },
  U: { name: "U", mask: 0x0000007f, fields: { rd, imm: immediateU }, syntax: "rd, upper" },
  J: { name: "J", mask: 0x0000007f, fields: { rd, imm: immediateJ }, syntax: "rd, target" },
  /** Whose order bits (aq, rl) may be anything: one hart at a time executes, so all orders hold. */
  atomic: { name: "R", mask: 0xf800707f, fields: { rd, rs1, rs2 }, syntax: "rd, rs2, (rs1)" },
  reserve: { name: "R", mask: 0xf9f0707f, fields: { rd, rs1 }, syntax: "rd, (rs1)" },
  csr: { name: "I", mask: 0x0000707f, fields: { rd, rs1, csr: plain(20, 12) }, syntax: "rd, csr, rs1" },
  csrConstant: {
    name: "I",
    mask: 0x0000707f,
    fields: { rd, imm: plain(15, 5), csr: plain(20, 12) },
    syntax: "rd, csr, imm",
  },
  /** Whose other bits a hart ignores. */
  fence: { name: "I", mask: 0x0000707f, fields: { imm: plain(20, 8) }, syntax: "pred, succ" },
  fenceInstructions: { name: "I", mask: 0x0000707f, fields: {}, syntax: "" },
  addresses: { name: "R", mask: 0xfe007fff, fields: { rs1, rs2 }, syntax: "rs1, rs2" },
  /** At an address that the register holds as it is. */
  guestLoad: { name: "R", mask: 0xfff0707f, fields: { rd, rs1 }, syntax: "rd, (rs1)" },
  guestStore: { name: "R", mask: 0xfe007fff, fields: { rs1, rs2 }, syntax: "rs2, (rs1)" },
  floatLoad: { name: "I", mask: 0x0000707f, fields: { frd, rs1, imm: immediateI }, syntax: "frd, imm(rs1)" },
  floatStore: { name: "S", mask: 0x0000707f, fields: { rs1, frs2, imm: immediateS }, syntax: "frs2, imm(rs1)" },
  float: { name: "R", mask: 0xfe00707f, fields: { frd, frs1, frs2 }, syntax: "frd, frs1, frs2" },
  floatRounded: { name: "R", mask: 0xfe00007f, fields: { frd, frs1, frs2, rm }, syntax: "frd, frs1, frs2, rm" },
  /** One operand, or one and a kind of number that it is converted from, both floating-point. */
  floatOne: { name: "R", mask: 0xfff0007f, fields: { frd, frs1, rm }, syntax: "frd, frs1, rm" },
  floatFused: {
    name: "R4",
    mask: 0x0600007f,
    fields: { frd, frs1, frs2, frs3, rm },
    syntax: "frd, frs1, frs2, frs3, rm",
  },
  floatCompare: { name: "R", mask: 0xfe00707f, fields: { rd, frs1, frs2 }, syntax: "rd, frs1, frs2" },
  floatToInteger: { name: "R", mask: 0xfff0007f, fields: { rd, frs1, rm }, syntax: "rd, frs1, rm" },
  floatFromInteger: { name: "R", mask: 0xfff0007f, fields: { frd, rs1, rm }, syntax: "frd, rs1, rm" },
  /** From a floating-point register to an integer one, and the other way. */
  floatMove: { name: "R", mask: 0xfff0707f, fields: { rd, frs1 }, syntax: "rd, frs1" },
  integerMove: { name: "R", mask: 0xfff0707f, fields: { frd, rs1 }, syntax: "frd, rs1" },
  none: { name: "I", mask: 0xffffffff, fields: {}, syntax: "" },
};

/** The field's number in an instruction. */
export function extract(word: number, { pieces, signed, base }: FieldBits): number {
  let number = 0;
  let top = 0;
  for (const { from, count, to } of pieces) {
    number |= ((word >>> from) & (2 ** count - 1)) << to;
    top = Math.max(top, to + count);
  }
  return (signed ? (number << (32 - top)) >> (32 - top) : number) + base;
}

/** The bits that say `number` in an instruction; undefined if the field can't hold it. */
export function insert(number: number, bitsOf: FieldBits): number | undefined {
  const { pieces, base } = bitsOf;
  let word = 0;
  for (const { from, count, to } of pieces) word |= (((number - base) >>> to) & (2 ** count - 1)) << from;
  return extract(word, bitsOf) === number ? word >>> 0 : undefined;
}
