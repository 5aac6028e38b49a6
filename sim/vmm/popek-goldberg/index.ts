/**
 * Popek and Goldberg's theorems, executed.
 *
 * Glossary
 *   state             ⟨E, M, P, R⟩: storage and registers that programs see, mode, program counter, resources
 *   privileged        traps in user mode and not in supervisor mode, from states that differ in the mode alone
 *   control-sensitive changes M or R without a trap
 *   behaviour-sensitive has an effect that depends on R (the location, the configuration, time) or on M
 *   critical          sensitive and not privileged
 *   memory trap       a trap for an address outside of what R gives; the definitions leave such states aside
 *   witness           the states that show a finding
 *
 * definitions        the paper's, over any machine; what runs of an instruction show
 * classification     the verdicts on a machine's instructions, as views; theorems: the three of them
 * classify           the two as a cell calls them
 * riscv              RISC-V's instructions, CSR by CSR, run from samples; riscv-states: those that are drawn;
 *                    riscv-state: what one is, and in what two differ; riscv-model: a hart that executes from any
 * smt                the same question put to a solver, from an instruction's meaning; smt-term: its arithmetic
 * third-generation/  the paper's own machine: classified in all states, with a monitor, isomorphism, recursion
 *
 * Source: G. J. Popek and R. P. Goldberg, "Formal Requirements for Virtualizable Third Generation Architectures", CACM 17(7),
 * 1974.
 */
export type { Classification, ClassificationFilter } from "./classification.js";
export { classify, theorems, type Classified } from "./classify.js";
export type {
  Certainty,
  Dependence,
  Difference,
  Finding,
  InstructionClass,
  PgMode,
  Verdict,
  Witness,
} from "./definitions.js";
export type { RiscvOptions } from "./riscv.js";
export type { RiscvConfiguration } from "./riscv-states.js";
export { smt } from "./smt.js";
export type { Theorem, Theorems } from "./theorems.js";
export {
  isomorphism,
  recursion,
  thirdGeneration,
  type GuestState,
  type HostState,
  type Isomorphism,
  type IsomorphismOptions,
  type MonitorKind,
  type Recursion,
  type RecursionOptions,
  type Square,
  type ThirdGeneration,
} from "./third-generation/index.js";
