import { withDefaults } from "../../core/index.js";
import type { Isa } from "../../machine/index.js";
import { Classification } from "./classification.js";
import { examineRiscv, riscvDefaults, type RiscvOptions } from "./riscv.js";
import { Theorems } from "./theorems.js";
import { examineThirdGeneration, exhaustively, ThirdGeneration } from "./third-generation/index.js";

/** What can be classified: RISC-V by sampled states, the paper's machine by all of them. */
export type Classified = Isa | ThirdGeneration;

/**
 * Runs every instruction of an ISA from pairs of states that differ in the mode, or in resources alone, and classifies it as
 * Popek and Goldberg do. CSR instructions are classified once for each CSR of the hart, as they read it (`csrr satp`) and as
 * they write it (`csrw satp`). RISC-V's two modes are S and U: a guest kernel written for S that is put into U. Its R is the
 * address translation with what else the supervisor's and the machine's CSRs hold, and time. An exception for an address is a
 * memory trap, every other a trap. The same seed gives the same states.
 *
 * Simplifications: one hart, no fetch, all of R but firmware's choices (`options`) and physical memory protection varies.
 * @throws UsageError for an option that isn't there; the third-generation machine takes none
 */
export function classify(isa: Classified, options?: Partial<RiscvOptions>): Classification {
  if (isa instanceof ThirdGeneration) {
    withDefaults<object>("classify of the third-generation machine", options, {});
    return new Classification(isa.name, examineThirdGeneration(isa), exhaustively);
  }
  const verdicts = examineRiscv(isa, options);
  const { samples, seed, counters, floats, supervisorTraps } = { ...riscvDefaults, ...options };
  const configured = `counters: ${counters}, floats: ${floats}, supervisor traps: ${supervisorTraps ? "yes" : "no"}`;
  return new Classification(isa.name, verdicts, `${configured}; ${samples} samples, seed ${seed}`);
}

/**
 * Evaluates the paper's three theorems, with the instructions that break them.
 * @param of an ISA, which is then classified with the options, or a classification
 */
export function theorems(of: Classified | Classification, options?: Partial<RiscvOptions>): Theorems {
  if (!(of instanceof Classification)) return new Theorems(classify(of, options));
  withDefaults<object>("theorems of a classification", options, {});
  return new Theorems(of);
}
