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
  type DebugTarget,
  type DisassembledLine,
  type Machine,
} from "../machine/index.js";
export { lab, type Lab, type LabOptions } from "./lab.js";
