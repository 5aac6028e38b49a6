/**
 * The definitions of Popek and Goldberg, "Formal Requirements for Virtualizable Third Generation Architectures" (CACM 17(7),
 * 1974), over any machine whose states are ⟨E, M, P, R⟩: storage that programs see, mode, program counter, resources.
 * Whoever generates states shows runs of an instruction to an `Examination`; what it has seen is a verdict.
 */

export type PgMode = "supervisor" | "user";

/** One part in which two states differ. */
export interface Difference {
  readonly part: string;
  readonly left: string;
  readonly right: string;
}

export interface Outcome<S> {
  /** What came of the instruction; where it trapped, the state before. */
  readonly state: S;
  /** Why it did not happen. */
  readonly trap: string | undefined;
  /** The trap was for an address outside of what R gives: the definitions leave such states aside. */
  readonly isMemoryTrap: boolean;
}

/** A machine as the definitions see it. */
export interface Model<S, I> {
  run(instruction: I, state: S): Outcome<S>;
  /** In which parts of M and R the second state differs from the first. */
  resources(before: S, after: S): readonly Difference[];
  /** In which parts of E, as R shows it, and P the two differ. */
  program(left: S, right: S): readonly Difference[];
  spell(instruction: I): string;
  /** States between the two that differ from the first in one part alone, so that a witness shows what matters. */
  between?(left: S, right: S): Iterable<S>;
}

/** An instruction's execution from a state, done when its outcome is first looked at. */
export class Run<S, I> {
  readonly model: Model<S, I>;
  readonly instruction: I;
  readonly before: S;
  readonly mode: PgMode;
  #outcome: Outcome<S> | undefined;

  constructor(model: Model<S, I>, instruction: I, before: S, mode: PgMode) {
    this.model = model;
    this.instruction = instruction;
    this.before = before;
    this.mode = mode;
  }

  get outcome(): Outcome<S> {
    this.#outcome ??= this.model.run(this.instruction, this.before);
    return this.#outcome;
  }

  get trapped(): boolean {
    return this.outcome.trap !== undefined;
  }

  /** What it changed of M and R, if it did not trap. */
  get changed(): readonly Difference[] {
    return this.trapped ? [] : this.model.resources(this.before, this.outcome.state);
  }
}

/** Of R, what an instruction's effect may depend on. The paper's R has the location alone. */
export type Dependence = "location" | "configuration" | "time";

/**
 * What one run or two show: that an instruction traps in user mode alone; that it doesn't (it completes there, or traps in
 * supervisor mode, too); that it changes M or R; that its effect depends on M, or on a part of R.
 */
export type Finding = "privileged" | "unprivileged" | "control" | "mode" | Dependence;

/** The states that show a finding. */
export interface Witness {
  readonly finding: Finding;
  readonly instruction: string;
  /** Of the two runs, or of the one. */
  readonly modes: readonly PgMode[];
  /** In what the two states differ that the instruction was run from: none where one state is enough. */
  readonly states: readonly Difference[];
  /** How each run ended: "completes", or the trap. */
  readonly ends: readonly string[];
  /** In what the outcomes differ; of one run, what the instruction changed. */
  readonly outcomes: readonly Difference[];
}

/**
 * States were a sample, which proves nothing; or they were all that there are, or stood for all; or a solver refuted that there are
 * any that show the instruction to be sensitive.
 */
export type Certainty = "sample" | "all states" | "solver";

/** What was found out about an instruction. */
export interface Verdict {
  readonly instruction: string;
  /** Words that instructions of one kind share, to group them: an extension, "supervisor CSRs". */
  readonly group: string;
  /** Traps in user mode and doesn't in supervisor mode, from every two states that differ in the mode alone. */
  readonly privileged: boolean;
  /** The modes in which it changes M or R without a trap. */
  readonly control: readonly PgMode[];
  /** On what of R its effect depends, and in which modes. */
  readonly behaviour: readonly { readonly on: Dependence; readonly modes: readonly PgMode[] }[];
  /** Whether its effect depends on M. */
  readonly modeSensitive: boolean;
  /** Whether it never completed, in either mode. */
  readonly alwaysTraps: boolean;
  /** How many states it was run from. */
  readonly states: number;
  /** How sure it is that what was not found does not exist. */
  readonly certainty: Certainty;
  readonly witnesses: readonly Witness[];
}

export const isSensitive = ({ control, behaviour, modeSensitive }: Verdict): boolean =>
  control.length > 0 || behaviour.length > 0 || modeSensitive;

/** Sensitive in states of user mode, as theorem 3 asks: sensitivity to the mode takes two and does not count. */
export const isUserSensitive = ({ control, behaviour }: Verdict): boolean =>
  control.includes("user") || behaviour.some(({ modes }) => modes.includes("user"));

/** Whether nothing else can be found. */
export const isProved = ({ certainty }: Verdict): boolean => certainty !== "sample";

/** The class of an instruction in a word; a critical one is sensitive and not privileged. */
export type InstructionClass = "critical" | "sensitive and privileged" | "privileged" | "always traps" | "innocuous";

export function classOf(verdict: Verdict): InstructionClass {
  if (verdict.alwaysTraps) return "always traps";
  if (isSensitive(verdict)) return verdict.privileged ? "sensitive and privileged" : "critical";
  return verdict.privileged ? "privileged" : "innocuous";
}

/** Collects what runs of one instruction show. The first states that show a finding become its witness. */
export class Examination<S, I> {
  readonly #witnesses = new Map<string, Witness>();
  #states = 0;
  #completed = false;

  /** Two runs from states that differ in the mode alone. */
  compareModes(user: Run<S, I>, supervisor: Run<S, I>): void {
    for (const run of [user, supervisor]) this.#look(run);
    if (user.outcome.isMemoryTrap || supervisor.outcome.isMemoryTrap) return;
    this.#found(user.trapped && !supervisor.trapped ? "privileged" : "unprivileged", user, supervisor);
    if (user.trapped || supervisor.trapped) return;
    if (this.#has("mode") || user.changed.length > 0 || supervisor.changed.length > 0) return;
    const apart = user.model.program(user.outcome.state, supervisor.outcome.state);
    if (apart.length > 0) this.#found("mode", user, supervisor, apart);
  }

  /**
   * Two runs in one mode, from states that differ in a part of R. As in the paper, outcomes are compared where R and M stay what
   * they were; the others are the first kind of sensitivity.
   */
  compareResources(on: Dependence, left: Run<S, I>, right: Run<S, I>): void {
    this.#look(left);
    if (left.trapped || left.changed.length > 0 || this.#has(on, left.mode)) return;
    this.#look(right);
    if (right.trapped || right.changed.length > 0) return;
    const apart = left.model.program(left.outcome.state, right.outcome.state);
    if (apart.length === 0) return;
    for (const state of left.model.between?.(left.before, right.before) ?? []) {
      const nearer = new Run(left.model, left.instruction, state, left.mode);
      if (nearer.trapped || nearer.changed.length > 0) continue;
      const still = left.model.program(left.outcome.state, nearer.outcome.state);
      if (still.length === 0) continue;
      this.#found(on, left, nearer, still);
      return;
    }
    this.#found(on, left, right, apart);
  }

  verdict(instruction: string, group: string, certainty: Certainty): Verdict {
    const modes: readonly PgMode[] = ["user", "supervisor"];
    const dependences: readonly Dependence[] = ["location", "configuration", "time"];
    return {
      instruction,
      group,
      privileged: this.#has("privileged") && !this.#has("unprivileged"),
      control: modes.filter((mode) => this.#has("control", mode)),
      behaviour: dependences
        .map((on) => ({ on, modes: modes.filter((mode) => this.#has(on, mode)) }))
        .filter((found) => found.modes.length > 0),
      modeSensitive: this.#has("mode"),
      alwaysTraps: !this.#completed,
      states: this.#states,
      certainty,
      witnesses: [...this.#witnesses.values()],
    };
  }

  #look(run: Run<S, I>): void {
    if (this.#seen.has(run)) return;
    this.#seen.add(run);
    this.#states++;
    if (run.trapped) return;
    this.#completed = true;
    if (this.#has("control", run.mode)) return;
    const { changed } = run;
    if (changed.length > 0) this.#note("control", run.mode, [run], changed);
  }

  readonly #seen = new WeakSet<Run<S, I>>();

  #has(finding: Finding, mode: PgMode | "" = ""): boolean {
    return this.#witnesses.has(`${finding} ${mode}`);
  }

  #found(finding: Finding, left: Run<S, I>, right: Run<S, I>, apart: readonly Difference[] = []): void {
    const inOneMode = left.mode === right.mode;
    if (!this.#has(finding, inOneMode ? left.mode : ""))
      this.#note(finding, inOneMode ? left.mode : "", [left, right], apart);
  }

  #note(finding: Finding, mode: PgMode | "", runs: readonly Run<S, I>[], outcomes: readonly Difference[]): void {
    const [first, second] = runs;
    if (first === undefined) return;
    const { model, before } = first;
    this.#witnesses.set(`${finding} ${mode}`, {
      finding,
      instruction: model.spell(first.instruction),
      modes: runs.map((run) => run.mode),
      states:
        second === undefined
          ? []
          : [...model.resources(before, second.before), ...model.program(before, second.before)],
      ends: runs.map(({ outcome }) => outcome.trap ?? "completes"),
      outcomes,
    });
  }
}
