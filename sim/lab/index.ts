/**
 * lab: the simulator as a cell calls it.
 *
 * lab         a world with the simulator's nouns on it
 * exercises/  predict, reveal, check, problem, hint, checkpoint, claim
 */
export * from "../core/index.js";
export * from "../storage/index.js";
export * from "./exercises/index.js";
export {
  asm,
  assemble,
  AssemblyError,
  disassemble,
  disassemblyView,
  GdbStub,
  instructionTable,
  machine,
  machineTarget,
  pseudoInstructionTable,
  type AddressName,
  type AssemblerOptions,
  type DebugTarget,
  type DisassembledLine,
  type DisassemblerOptions,
  type Interpolated,
  type Machine,
  type Problem,
  type Program,
  type ProgramSymbol,
  type ReferenceOptions,
  type Segment,
  type SourceLine,
} from "../machine/index.js";
export { lab, type Lab, type LabOptions } from "./lab.js";
