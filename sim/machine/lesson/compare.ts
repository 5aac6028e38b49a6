import { UsageError, withDefaults, type TableView } from "../../core/index.js";
import { Bird } from "./bird.js";
import { Bochs } from "./bochs.js";
import { rounded } from "./counter.js";
import { Crusoe } from "./crusoe.js";
import { Dynamo } from "./dynamo.js";
import type { LessonEngine } from "./engine.js";
import type { LessonMachine } from "./guest.js";

/** A machine that can be run, and whose whole state can be compared. */
export interface ComparedMachine extends LessonMachine {
  readonly harts: readonly unknown[];
  run(options?: { readonly instructions?: number; readonly engine?: "evaluate" }): object;
  save(): object;
}

export type LessonName = "bochs" | "dynamo" | "crusoe" | "bird";

export interface CompareOptions {
  readonly engines: readonly LessonName[];
  /** Each machine runs so long, unless it stops before. */
  readonly instructions: number;
}

interface Entry {
  readonly put: (machine: LessonMachine) => LessonEngine;
  /** What the system is remembered for, in figures of this run. */
  readonly says: (of: (name: string) => number) => string;
}

const engines: Readonly<Record<LessonName, Entry>> = {
  bochs: {
    put: (machine) => new Bochs(machine),
    says: (of) =>
      `${of("decoded")} different instructions, each fetched and evaluated at each of ${of("instructions")} visits`,
  },
  dynamo: {
    put: (machine) => new Dynamo(machine),
    says: (of) =>
      `${of("traces")} traces of ${rounded(of("trace length"))} instructions, ${of("links")} links, ${of("flushes")} flushes`,
  },
  crusoe: {
    put: (machine) => new Crusoe(machine),
    says: (of) =>
      `${rounded(of("atoms per molecule"))} atoms a molecule, ${of("commits")} commits, ${of("rollbacks")} rollbacks`,
  },
  bird: {
    put: (machine) => new Bird(machine),
    says: (of) =>
      `${of("known statically")} B known before, ${of("discovered")} B found at run time, ${of("never")} B never`,
  },
};

/**
 * Runs the same machine once by each engine, and once by the reference: a row for each system, with what it counted and whether its
 * machine ended in the reference's state, to the last bit of registers, CSRs, memory and devices.
 * @param make makes the machine, anew each time and always the same
 * @throws UsageError for an engine that there isn't, machines of several harts, or a `make` that gives the same object again
 */
export function compare(make: () => ComparedMachine, options?: Partial<CompareOptions>): TableView {
  const chosen = withDefaults<CompareOptions>("compare", options, {
    engines: ["bochs", "dynamo", "crusoe", "bird"],
    instructions: Infinity,
  });
  const { instructions } = chosen;
  const reference = make();
  if (reference.harts.length > 1) {
    throw new UsageError("machines of several harts are not compared", "Make one with a single hart.");
  }
  const stop = plain(reference.run({ instructions, engine: "evaluate" }));
  const state = plain(reference.save());
  const rows = chosen.engines.map((name) => {
    const entry = Object.hasOwn(engines, name) ? engines[name] : undefined;
    if (entry === undefined) {
      throw new UsageError(`there is no engine "${name}"`, `There are ${Object.keys(engines).join(", ")}.`);
    }
    const machine = make();
    if (machine === reference) {
      throw new UsageError(
        "a machine that has run cannot begin anew",
        "Give compare a function that makes one: () => machine({ program }).",
      );
    }
    const engine = entry.put(machine);
    const stopped = plain(machine.run({ instructions }));
    const of = (counter: string): number => engine.counter(counter);
    return {
      system: engine.system,
      instructions: of("instructions"),
      interpreted: of("interpreted"),
      translated: of("translated"),
      share: rounded(100 * of("share translated")),
      exceptions: of("exceptions"),
      characteristic: entry.says(of),
      same: stopped === stop && plain(machine.save()) === state,
    };
  });
  return {
    as: "table",
    title: "One program, executed as four systems did",
    columns: [
      { key: "system" },
      { key: "instructions" },
      { key: "interpreted" },
      { key: "translated" },
      { key: "share", label: "translated", unit: "%" },
      { key: "exceptions" },
      { key: "characteristic" },
      { key: "same", label: "same state" },
    ],
    rows,
    caption: `${reference.name}; same state: as after the reference interpreter, in registers, CSRs, memory and devices`,
  };
}

const plain = (value: object): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part));
