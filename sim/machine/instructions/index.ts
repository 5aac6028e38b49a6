/**
 * The instructions, each with its encoding, its spelling and its meaning.
 *
 * meaning     the language of meanings: terms and effects
 * format      where the bits of an instruction keep its fields
 * row         one instruction
 * integer, multiply, atomic, system   the extensions
 * compressed  16-bit forms of 32-bit instructions
 * isa         a set of rows; variants of it
 * decode      bits → instruction
 * describe    a meaning in the manual's notation
 * evaluate    the reference engine: computes meanings, and nothing else
 */
export { createDecoder, isLong, type Decoder, type Instruction } from "./decode.js";
export { describe } from "./describe.js";
export { evaluate, type Exception, type HartState } from "./evaluate.js";
export { extract, formats, insert, type FieldBits, type Fields, type Format, type Piece } from "./format.js";
export { Isa, rv64 } from "./isa.js";
export type { Effect, Field, Meaning, Operator, Routine, Term, Width } from "./meaning.js";
export type { Row, ShortRow } from "./row.js";
