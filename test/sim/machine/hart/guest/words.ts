import { encode, rv64h, type Field } from "../../../../../sim/machine/index.js";

type Operands = Readonly<Partial<Record<Field, number>>>;

/** An instruction's bits. */
export const word = (name: string, operands: Operands = {}): number => encode(rv64h.row(name), operands);

/** A number of 32 bits into a register, sign-extended. */
export function load(rd: number, value: number): number[] {
  const low = (value << 20) >> 20;
  return [word("lui", { rd, imm: (value - low) | 0 }), word("addiw", { rd, rs1: rd, imm: low })];
}
