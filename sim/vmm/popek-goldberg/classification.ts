import {
  nearest,
  UsageError,
  withDefaults,
  type PlotView,
  type Row,
  type TableView,
  type View,
  type Viewable,
} from "../../core/index.js";
import { classOf, isSensitive, type InstructionClass, type Verdict, type Witness } from "./definitions.js";

export interface ClassificationFilter {
  /** Only instructions of this class; all by default. */
  readonly class: InstructionClass | "";
  /** Only those whose name has this in it. */
  readonly containing: string;
}

const classes: readonly InstructionClass[] = [
  "critical",
  "sensitive and privileged",
  "privileged",
  "always traps",
  "innocuous",
];

/** Bars beside one another that can still be told apart. */
const mostSeries = 6;

const meanings: Readonly<Record<InstructionClass, string>> = {
  critical: "sensitive, and not privileged: executes in user mode what a monitor would have to see",
  "sensitive and privileged": "a monitor gets the trap and does it for the guest",
  privileged: "traps in user mode although nothing was found that makes it sensitive",
  "always traps": "completed in neither mode: a monitor sees it, as the bare machine's kernel does",
  innocuous: "may be executed by the hardware in a virtual machine, too",
};

/** A machine's instructions, classified. Shows itself as a plot and a table of the classes. */
export class Classification implements Viewable {
  /** The machine's name, and how it was configured. */
  readonly machine: string;
  readonly verdicts: readonly Verdict[];
  /** How the states were found, with the seed: "40 samples, seed 0". */
  readonly method: string;

  constructor(machine: string, verdicts: readonly Verdict[], method: string) {
    this.machine = machine;
    this.verdicts = verdicts;
    this.method = method;
  }

  /** How many states instructions were run from, together. */
  get states(): number {
    return this.verdicts.reduce((sum, { states }) => sum + states, 0);
  }

  /** The instructions of a class. */
  in(name: InstructionClass): readonly Verdict[] {
    return this.verdicts.filter((verdict) => classOf(verdict) === name);
  }

  /**
   * The same, where a solver answered `unsat` to `smt` of these instructions: they are innocuous for certain.
   * @throws UsageError for an instruction that there isn't, or that states have shown to be sensitive
   */
  proved(instructions: Iterable<string>): Classification {
    const names = new Set(instructions);
    for (const name of names) {
      if (!isSensitive(this.verdict(name))) continue;
      throw new UsageError(`${name} was seen to be sensitive`, `Look at witnesses("${name}"), and at what was proved.`);
    }
    const verdicts = this.verdicts.map((verdict) =>
      names.has(verdict.instruction) ? { ...verdict, certainty: "solver" as const } : verdict,
    );
    return new Classification(this.machine, verdicts, this.method);
  }

  /** What was found out about one instruction. @throws UsageError that names the nearest one there is */
  verdict(instruction: string): Verdict {
    const found = this.verdicts.find((verdict) => verdict.instruction === instruction);
    if (found !== undefined) return found;
    const near = nearest(
      instruction,
      this.verdicts.map((verdict) => verdict.instruction),
    );
    throw new UsageError(`${this.machine} has no instruction "${instruction}"`, `Did you mean "${near ?? ""}"?`);
  }

  /**
   * The states that show what was found about an instruction: for each finding in what the two states differ that it was run
   * from, how both runs ended, and in what the outcomes differ.
   * @throws UsageError that names the nearest instruction there is
   */
  witnesses(instruction: string): TableView {
    return witnessTable([this.verdict(instruction)], this.machine);
  }

  /** A row for each instruction. @throws UsageError for an option or a class that isn't there */
  table(filter?: Partial<ClassificationFilter>): TableView {
    const { class: wanted, containing } = withDefaults<ClassificationFilter>("table", filter, {
      class: "",
      containing: "",
    });
    if (wanted !== "" && !classes.includes(wanted)) {
      throw new UsageError(`"${wanted}" is no class`, `Did you mean "${nearest(wanted, classes) ?? ""}"?`);
    }
    const shown = this.verdicts.filter(
      (verdict) => (wanted === "" || classOf(verdict) === wanted) && verdict.instruction.includes(containing),
    );
    return {
      as: "table",
      title: `Instructions of ${this.machine}`,
      columns: [
        { key: "instruction" },
        { key: "group" },
        { key: "class" },
        { key: "privileged" },
        { key: "control", label: "control-sensitive in" },
        { key: "behaviour", label: "behaviour depends on" },
        { key: "certainty" },
      ],
      rows: shown.map((verdict) => ({
        instruction: verdict.instruction,
        group: verdict.group,
        class: classOf(verdict),
        privileged: verdict.privileged,
        control: verdict.control.join(", "),
        behaviour: dependences(verdict),
        certainty: confidence(verdict),
      })),
      caption: `${shown.length} of ${this.verdicts.length} instructions; ${this.method}`,
    };
  }

  /** How many instructions each class has, by what they belong to: the largest groups, and the others together. */
  plot(): PlotView {
    const sizes = new Map<string, number>();
    for (const { group } of this.verdicts) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    const groups = [...sizes.keys()].sort((left, right) => (sizes.get(right) ?? 0) - (sizes.get(left) ?? 0));
    const named = groups.length <= mostSeries ? groups : groups.slice(0, mostSeries - 1);
    const series = (name: string, has: (group: string) => boolean): PlotView["series"][number] => ({
      name,
      mark: "bars",
      x: classes,
      y: classes.map((each) => this.in(each).filter(({ group }) => has(group)).length),
    });
    const rest = groups.length > named.length ? [series("others", (group) => !named.includes(group))] : [];
    return {
      as: "plot",
      title: "How many instructions are of each class?",
      caption: `${this.machine}; ${this.method}`,
      x: { label: "class", unit: "" },
      y: { label: "instructions", unit: "" },
      series: [...named.map((name) => series(name, (group) => group === name)), ...rest],
    };
  }

  view(): View {
    const rows = classes.map((name) => {
      const found = this.in(name);
      const instructions = abbreviate(found.map(({ instruction }) => instruction));
      return { class: name, count: found.length, meaning: meanings[name], instructions };
    });
    const summary: TableView = {
      as: "table",
      title: `Instructions of ${this.machine} by their classes`,
      columns: [{ key: "class" }, { key: "count", label: "number" }, { key: "meaning" }, { key: "instructions" }],
      rows,
      caption: `${this.states} states; ${this.method}. witnesses("NAME") shows the states behind a verdict.`,
    };
    return { as: "group", views: [this.plot(), summary] };
  }
}

/** The witnesses of some instructions: of each finding, the first states that showed it. */
export function witnessTable(verdicts: readonly Verdict[], machine: string): TableView {
  const [first] = verdicts;
  const whose = verdicts.length === 1 && first !== undefined ? first.instruction : "the instructions that break them";
  return {
    as: "table",
    title: `The states that classify ${whose}`,
    columns: [
      { key: "finding" },
      { key: "instruction", label: "executed" },
      { key: "states", label: "the two states differ in" },
      { key: "ends", label: "they end" },
      { key: "outcomes", label: "and the outcomes differ in" },
    ],
    rows: verdicts.flatMap(({ witnesses }) => witnesses.map(witnessRow)),
    caption:
      first === undefined || verdicts.length > 1 ? machine : `${machine}; ${classOf(first)}: ${confidence(first)}`,
  };
}

function witnessRow({ finding, instruction, modes, states, ends, outcomes }: Witness): Row {
  const differences = (of: Witness["states"]): string =>
    of.map(({ part, left, right }) => `${part}: ${left} | ${right}`).join("; ");
  const changes = outcomes.map(({ part, left, right }) => `${part}: ${left} → ${right}`).join("; ");
  const words: Readonly<Record<typeof finding, string>> = {
    privileged: "traps in user mode alone",
    unprivileged: "does not trap in user mode alone",
    control: `changes resources or mode, in ${modes[0] ?? ""} mode`,
    mode: "depends on the mode",
    location: `depends on the location, in ${modes[0] ?? ""} mode`,
    configuration: `depends on the configuration, in ${modes[0] ?? ""} mode`,
    time: `depends on time, in ${modes[0] ?? ""} mode`,
  };
  return {
    finding: words[finding],
    instruction,
    states: states.length === 0 ? "one state is enough" : differences(states),
    ends: ends.join(" | "),
    outcomes: finding === "control" ? changes : differences(outcomes),
  };
}

/** What of its environment the instruction's effect depends on, and in which modes. */
function dependences({ behaviour, modeSensitive }: Verdict): string {
  const parts = behaviour.map(({ on, modes }) => `${on} (${modes.join(", ")})`);
  return [...(modeSensitive ? ["mode"] : []), ...parts].join(", ");
}

/** How sure a verdict is. A counterexample is one for good; that there is none, a sample can't prove. */
function confidence({ certainty, states, witnesses }: Verdict): string {
  if (certainty === "all states") return `proved: all states that differ for it, ${states}`;
  if (certainty === "solver") return "proved by a solver";
  const shown = witnesses.some(({ finding }) => finding !== "privileged" && finding !== "unprivileged");
  return shown ? `shown by witnesses, ${states} states` : `no counterexample in ${states} states`;
}

/** Names that differ in the number at their ends, one after the other, as one: `pmpaddr0–15`. */
export function abbreviate(names: readonly string[]): string {
  const pieces: { readonly stem: string; readonly first: number; last: number }[] = [];
  const texts: (string | (typeof pieces)[number])[] = [];
  for (const name of names) {
    const match = /^(.*?)(\d+)$/.exec(name);
    if (match === null) {
      texts.push(name);
      continue;
    }
    const [stem = "", number] = [match[1], Number(match[2])];
    const open = pieces.find((piece) => piece.stem === stem && piece.last === number - 1);
    if (open === undefined) {
      const piece = { stem, first: number, last: number };
      pieces.push(piece);
      texts.push(piece);
    } else open.last = number;
  }
  return texts
    .map((text) =>
      typeof text === "string"
        ? text
        : text.last === text.first
          ? `${text.stem}${text.first}`
          : `${text.stem}${text.first}–${text.last}`,
    )
    .join(", ");
}
