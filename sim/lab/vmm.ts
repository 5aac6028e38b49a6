import type { Isa, Machine, MachineOptions } from "../machine/index.js";
import {
  activeShare,
  ballooning,
  bare,
  binaryTranslationWith,
  classify,
  collectBalloons,
  create,
  driverFault,
  FrameTable,
  geometricRounds,
  exitControlsView,
  guest,
  guests,
  hardwareAssistWith,
  isomorphism,
  migrate,
  migrationMethods,
  hypervised,
  monitored,
  nesting,
  portDifference,
  portView,
  preCopyRules,
  recursion,
  revocationView,
  revoke,
  sharePages,
  nanobenchmarks,
  processBenchmarks,
  smallHost,
  smt,
  Snapshots,
  techniques,
  theorems,
  thirdGeneration,
  trapAndEmulateWith,
  workingSet,
  writer,
  type BallooningOptions,
  type BinaryTranslationOptions,
  type Classification,
  type Classified,
  type DriverFault,
  type DriverFaultOptions,
  type DriverPlace,
  type ExitControls,
  type Guest,
  type HostOs,
  type Isomorphism,
  type IsomorphismOptions,
  type MemoryClaim,
  type Migration,
  type MigrationMethod,
  type MigrationOptions,
  type NestingOptions,
  type Nesting,
  type NanobenchmarkOptions,
  type Nanobenchmarks,
  type Recursion,
  type RecursionOptions,
  type RiscvOptions,
  type Scan,
  type ShadowPolicy,
  type Technique,
  type TechniqueName,
  type Theorems,
  type ThirdGeneration,
  type VirtualMachine,
  type Vmm as Monitor,
  type VmmOptions,
  type WorkingSet,
  type WorkingSetOptions,
  type WriterOptions,
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
  /** Trap and emulate with each store to a page table seen: `vmm.trapAndEmulateWith({ shadows: "traced" })`; "lazy" waits for fences. */
  trapAndEmulateWith(options?: Partial<ShadowPolicy>): Technique;
  /** Binary translation with shadow tables as there, and a code cache of your size: `vmm.binaryTranslationWith({ shadows: "traced" })`. */
  binaryTranslationWith(options?: Partial<BinaryTranslationOptions>): Technique;
  /** What a guest under hardware assist comes to its VMM for, and by which bits. */
  exitControls(controls?: Partial<ExitControls>): TableView;
  /**
   * Adams and Agesen's seven nanobenchmarks, bare and under every technique: `vmm.nanobenchmarks().view()`.
   * @throws UsageError for an option that there isn't
   */
  nanobenchmarks(options?: Partial<NanobenchmarkOptions>): Nanobenchmarks;
  /** Of lmbench's process tables, which Xen's paper has, what a kernel without files can do: fork, exec, faults and more. */
  processBenchmarks(options?: Partial<NanobenchmarkOptions>): Nanobenchmarks;
  /** A small host, measured as its kernel executes: `vmm.create(technique, { guest, hostOs: vmm.smallHost() })` is a Type II monitor. */
  smallHost(): HostOs;
  /**
   * A driver that fails, in the kernel of a host ("host", Type II) or in a guest of its own ("domain", Type I): who goes on?
   * @throws UsageError for an option that there isn't
   */
  driverFault(place: DriverPlace, options?: Partial<DriverFaultOptions>): DriverFault;
  /** Small kernels, with their sources. */
  readonly guests: typeof guests;
  /** Any software as a guest: `vmm.guest("u-boot", { firmware, kernel })`. */
  guest(name: string, options: Partial<Omit<MachineOptions, "world" | "isa" | "name">>): Guest;
  /**
   * A small monitor, in assembly, with a guest under it, which may be another: `vmm.bare(vmm.monitored(vmm.monitored(vmm.guests.tiny)))`.
   * @throws UsageError for a guest with disks, cards or several harts
   */
  monitored(guest: Guest): Guest;
  /**
   * A small hypervisor, in assembly, that has the hypervisor extension run a guest's kernel; the guest may be another.
   * @throws UsageError for a guest with disks, cards or several harts, or without a kernel in supervisor mode
   */
  hypervised(guest: Guest): Guest;
  /** What each monitor more costs: `vmm.nesting({ guest: vmm.guests.tiny, levels: 3 })`; each hypervisor with `by: "hypervisor"`. */
  nesting(options?: Partial<NestingOptions>): Nesting;
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
  /** A kernel that writes pages, as many and as often as one wants: `vmm.writer({ hot: 20, pause: 1000 })`. */
  writer(options?: Partial<WriterOptions>): Guest;
  /** A kernel with a driver for its balloon: `machine.balloon.target = 40` asks it for pages. */
  ballooning(options?: Partial<BallooningOptions>): Guest;
  /**
   * Moves a guest to another monitor while it runs: `vmm.migrate(a, { to: b, method: "pre-copy", rate: 1e9 })`. `.table()` has the rounds,
   * `.downtime` and `.total` are in nanoseconds, `.timeline()` and `.service()` show where the guest was and what it got done.
   * @throws UsageError where the destination can't take the guest, and for an option that isn't there
   */
  migrate(from: Monitor, options?: Partial<MigrationOptions>): Migration;
  readonly migrationMethods: readonly MigrationMethod[];
  /** When pre-copy stops the guest: `vmm.rules.qemu({ downtime: ms(5), autoConverge: true })`. */
  readonly rules: typeof preCopyRules;
  /** How many pages a guest writes in intervals of each length. */
  workingSet(machine: VirtualMachine, options?: Partial<WorkingSetOptions>): WorkingSet;
  /** What pre-copy's rounds send where a guest dirties pages at a constant rate, λ times the link's: Vᵢ = M·λⁱ. */
  geometricRounds(memory: number, lambda: number, rounds: number): readonly number[];
  /** Snapshots of a virtual machine, as a tree: `take`, `revert`, `clone`. */
  snapshots(machine: VirtualMachine): Snapshots;
  /** The host's memory in frames, and which page of which guest each stands for. `fork` makes two guests of one. */
  frames(...monitors: readonly Monitor[]): FrameTable;
  /** Has pages of equal content share a frame until one is written. */
  sharePages(frames: FrameTable, hash?: (content: Uint8Array) => number): Scan;
  /** Takes the frames of pages in guests' balloons. @returns how many */
  collectBalloons(frames: FrameTable, machines: readonly VirtualMachine[]): number;
  /** The part of its pages that a guest accesses meanwhile. */
  activeShare(machine: VirtualMachine, during: () => void): number;
  /** How many pages each has to give, by shares and a tax on idle memory (ESX: 0.75). */
  revoke(claims: readonly MemoryClaim[], pages: number, tax?: number): ReadonlyMap<string, number>;
  revocation(claims: readonly MemoryClaim[], pages: number, tax?: number): TableView;
}

export const vmm: Vmm = {
  create,
  techniques,
  hardwareAssistWith,
  trapAndEmulateWith,
  binaryTranslationWith,
  exitControls: exitControlsView,
  nanobenchmarks,
  processBenchmarks,
  smallHost,
  driverFault,
  guests,
  guest,
  monitored,
  hypervised,
  nesting,
  bare,
  port: (one) => (one === undefined ? portView(Object.values(guests)) : portDifference(one)),
  classify,
  theorems,
  thirdGeneration,
  isomorphism,
  recursion,
  smt,
  writer,
  ballooning,
  migrate,
  migrationMethods,
  rules: preCopyRules,
  workingSet,
  geometricRounds,
  snapshots: (machine) => new Snapshots(machine),
  frames: (...monitors) => new FrameTable(...monitors),
  sharePages,
  collectBalloons,
  activeShare,
  revoke,
  revocation: revocationView,
};
