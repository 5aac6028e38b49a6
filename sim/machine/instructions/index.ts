/**
 * The instructions, each with its encoding, its spelling and its meaning.
 *
 * meaning     the language of meanings: terms and effects
 * format      where the bits of an instruction keep its fields
 * row         one instruction
 * syntax      how operands are written
 * integer, multiply, atomic, floating-point, system, hypervisor   the extensions
 * compressed  16-bit forms of 32-bit instructions
 * pseudo      other spellings of an instruction: `mv`, `ret`, `csrr`
 * registers, csrs   their names
 * isa         a set of rows; variants of it; flaws: variants that are hard to virtualize
 * decode      bits → instruction; encode: and back; shorten: to the 16-bit form
 * describe    a meaning in the manual's notation; reference: all rows as tables to read
 * evaluate    the reference engine: computes meanings, and nothing else
 */
export { csrNames, csrNumbers } from "./csrs.js";
export { candidatesOf, createDecoder, isLong, type Decoder, type Instruction } from "./decode.js";
export { describe } from "./describe.js";
export { encode } from "./encode.js";
export {
  evaluate,
  executionOf,
  type Exception,
  type Execution,
  type GuestFault,
  type HartState,
  type RoutineOperand,
} from "./evaluate.js";
export { flaws, type Flaw, type UserCsr } from "./flaws.js";
export { extract, formats, insert, type FieldBits, type Fields } from "./format.js";
export { rv64, rv64h, type Isa } from "./isa.js";
export type { Effect, Field, Meaning, Operator, Routine, Term, Width } from "./meaning.js";
export { pseudos, type Pseudo } from "./pseudo.js";
export { floatRegisterNames, floatRegisters, integerRegisters, registerNames } from "./registers.js";
export { instructionTable, pseudoInstructionTable, type ReferenceOptions } from "./reference.js";
export type { Row, ShortRow } from "./row.js";
export { encodeShort, shorten } from "./shorten.js";
export { syntaxPieces, type Operand, type SyntaxPiece } from "./syntax.js";
