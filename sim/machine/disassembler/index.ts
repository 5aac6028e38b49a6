/**
 * The disassembler: bits become text, as GNU objdump writes it.
 *
 * symbol-index  which name an address lies behind
 * spelling      one instruction's text: names, operands, and the pseudo-instruction that objdump prefers
 * disassemble   a range of memory; its table
 *
 * Source: binutils 2.40, whose output it is compared with. Later versions write `addi` where that one writes `add`.
 */
export {
  disassemble,
  Disassembler,
  disassemblyView,
  type DisassembledLine,
  type DisassemblerOptions,
} from "./disassemble.js";
export { SymbolIndex, type AddressName } from "./symbol-index.js";
