/**
 * The assembler: text in the syntax of GNU as for RISC-V becomes a program in place.
 *
 * Glossary
 *   statement  one instruction or directive, with its labels; expansion: statements that a macro or repetition makes
 *   form       one way to write a mnemonic's operands, and the row, short row or sequence of rows that it is
 *   late       a number that is known once addresses are; a fixup puts it into its place
 *   fragment   bytes of a section whose size is fixed, or one thing whose size depends on where it lies
 *   program    what comes out: segments with bytes, entry, symbols, the line of each address
 *
 * The way: statements are read one after the other, which fills sections with fragments; then fragments are laid out until
 * branches reach, sections are put in place, and late numbers filled in. Mistakes are gathered and thrown together.
 *
 * statement, cursor, problem   source text, its tokens, what is wrong with it
 * model                        what all of it is about: expressions, symbols, sections and their fragments
 * expression, symbols          numbers and names
 * input, macro, conditions     what is read next
 * state, reader, directive, directives, *-directives, arguments   the reading
 * mnemonics, operands, sequences, emitter         instructions
 * sections, layout, patch, little                  bytes
 * assemble, program            the doors: assemble(source, options), asm`…`, and what they give
 *
 * Sources: the GNU assembler's manual (2.40) with its RISC-V pages, the RISC-V Assembly Programmer's Manual, RISC-V ELF psABI.
 * Left out: relaxation by the linker, other object formats, .include, and what only debuggers of C read (DWARF, .cfi).
 */
export { asm, assemble, type AssemblerOptions, type Interpolated } from "./assemble.js";
export { AssemblyError, type Problem } from "./problem.js";
export type { Program, ProgramSymbol, Segment, SourceLine } from "./program.js";
