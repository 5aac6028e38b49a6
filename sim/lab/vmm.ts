import type { Isa, Machine, MachineOptions } from "../machine/index.js";
import {
  bare,
  classify,
  create,
  exitControlsView,
  guest,
  guests,
  hardwareAssistWith,
  isomorphism,
  nanobenchmarks,
  portDifference,
  portView,
  processBenchmarks,
  recursion,
  smallHost,
  smt,
  techniques,
  theorems,
  thirdGeneration,
  type Classification,
  type Classified,
  type ExitControls,
  type Guest,
  type HostOs,
  type Isomorphism,
  type IsomorphismOptions,
  type NanobenchmarkOptions,
  type Nanobenchmarks,
  type Recursion,
  type RecursionOptions,
  type RiscvOptions,
  type Technique,
  type TechniqueName,
  type Theorems,
  type ThirdGeneration,
  type Vmm as Monitor,
  type VmmOptions,
} from "../vmm/index.js";
import type { TableView } from "../core/index.js";

/** Virtual machine monitors, and when there can be one. */
interface Vmm {
  /**
   * A machine, a monitor that owns it, and a virtual machine for each guest: `vmm.create("trap-and-emulate", { guest: vmm.guests.timer })`.
   * `.run()` lets them execute, `.exits` counts why they came back, `.machine.machine` is the computer that the guest sees: its console,
   * its registers, its breakpoints.
   * @throws UsageError for a technique or an option that isn't there, and for no guest
   */
  create(technique: Technique | TechniqueName, options?: Partial<VmmOptions>): Monitor;
  /** The ways to virtualize. */
  readonly techniques: readonly Technique[];
  /** Hardware assist with other exits than the usual ones: `vmm.hardwareAssistWith({ returns: true })`. */
  hardwareAssistWith(controls?: Partial<ExitControls>): Technique;
  /** What a guest under hardware assist comes to its VMM for, and by which bits. */
  exitControls(controls?: Partial<ExitControls>): TableView;
  /**
   * Adams and Agesen's seven nanobenchmarks, bare and under every technique: `vmm.nanobenchmarks().view()`.
   * @throws UsageError for an option that there isn't
   */
  nanobenchmarks(options?: Partial<NanobenchmarkOptions>): Nanobenchmarks;
  /** Of lmbench's process table, which Xen's paper has, what a kernel without files can do. */
  processBenchmarks(options?: Partial<NanobenchmarkOptions>): Nanobenchmarks;
  /** A small host, measured as its kernel executes: `vmm.create(technique, { guest, hostOs: vmm.smallHost() })` is a Type II monitor. */
  smallHost(): HostOs;
  /** Small kernels, with their sources. */
  readonly guests: typeof guests;
  /** Any software as a guest: `vmm.guest("u-boot", { firmware, kernel })`. */
  guest(name: string, options: Partial<Omit<MachineOptions, "world" | "isa" | "name">>): Guest;
  /** A guest on a machine of its own, to compare with. */
  bare(guest: Guest, options?: Partial<MachineOptions>): Machine;
  /** How many lines porting took: of all guests, or of one line by line. */
  port(guest?: Guest): TableView;
  /**
   * Every instruction's class after Popek and Goldberg, found by running it: `vmm.classify(isa.rv64)`. RISC-V's modes are S and U,
   * its states are sampled; `vmm.classify(vmm.thirdGeneration)` tries all states of a small machine, so that its verdicts are proofs.
   * `.witnesses("csrr sstatus")` shows the states behind a verdict, `.table({ class: "critical" })` the instructions of a class.
   * @throws UsageError for an option that isn't there
   */
  classify(isa: Classified, options?: Partial<RiscvOptions>): Classification;
  /** The paper's three theorems for an ISA or a classification, with the instructions that break them and their witnesses. */
  theorems(of: Classified | Classification, options?: Partial<RiscvOptions>): Theorems;
  /**
   * The question whether an instruction is sensitive, as SMT-LIB text for a solver such as z3: `unsat` proves that it is innocuous,
   * which no sample does. `classification.proved(["add"])` notes it.
   * @throws UsageError for an instruction that there isn't, or that asks the hart for more than its meaning says
   */
  smt(isa: Isa, instruction: string): string;
  /** The paper's own machine; `.with("jrst-1")` and its like are variants that break a theorem. */
  readonly thirdGeneration: ThirdGeneration;
  /** The map from a guest's states to its host's, and the squares φ(e(S)) = e'(φ(S)) in random states. */
  isomorphism(isa: ThirdGeneration, options?: Partial<IsomorphismOptions>): Isomorphism;
  /** One guest on monitors upon monitors: that it ends alike, and what each level costs. */
  recursion(options?: Partial<RecursionOptions>): Recursion;
}

export const vmm: Vmm = {
  create,
  techniques,
  hardwareAssistWith,
  exitControls: exitControlsView,
  nanobenchmarks,
  processBenchmarks,
  smallHost,
  guests,
  guest,
  bare,
  port: (one) => (one === undefined ? portView(Object.values(guests)) : portDifference(one)),
  classify,
  theorems,
  thirdGeneration,
  isomorphism,
  recursion,
  smt,
};
