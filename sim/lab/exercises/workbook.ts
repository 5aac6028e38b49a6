import { nearest, UsageError, type TableView, type TextView, type Value } from "../../core/index.js";
import { report, type ExerciseReport } from "./check.js";
import { verdict, type RevealOptions } from "./prediction.js";
import type { Problem } from "./problem.js";
import { problems, type Solutions } from "./problems.js";

type Id = keyof Solutions;

/** A claim whose statements did not all hold. */
export class ClaimError extends Error {
  override readonly name = "ClaimError";
}

/**
 * The exercises of one session: predictions made so far, and the course's problems. It compares and explains; it
 * needs no client and no network.
 */
export interface Workbook {
  /** Records a prediction under an id; a later one replaces it. */
  predict(id: string, value: Value): TextView;
  /**
   * The prediction beside what came out.
   * @throws UsageError when nothing was predicted under this id yet, naming the cell to run
   */
  reveal(id: string, actual: Value, options?: RevealOptions): TextView;
  /** Runs the public examples of a problem on a student's function; never throws. */
  check<K extends Id>(id: K, solution: Solutions[K]): ExerciseReport;
  /** The statement of a problem. */
  problem(id: Id): TextView;
  /** The nth hint of a problem, counted from 1. */
  hint(id: Id, n?: number): TextView;
  /** The student's function where it passes the public checks, else the course's, so that a stuck student goes on. */
  checkpoint<K extends Id>(id: K, solution: Solutions[K]): { readonly solution: Solutions[K]; view(): TextView };
  /**
   * States what an experiment has shown, statement by statement.
   * @throws ClaimError naming the statements that do not hold
   */
  claim(id: string, statements: Readonly<Record<string, boolean>>): TableView;
}

function find<K extends Id>(id: K): Problem<Solutions[K]> {
  if (id in problems) return problems[id];
  const likely = nearest(id, Object.keys(problems));
  throw new UsageError(`there is no problem "${id}"`, `Did you mean "${likely ?? ""}"?`);
}

const text = (...lines: string[]): TextView => ({ as: "text", text: lines.join("\n") });

export function workbook(): Workbook {
  const predictions = new Map<string, Value>();
  return {
    predict(id, value) {
      predictions.set(id, value);
      return text(`Noted: ${String(value)}. Run on to compare.`);
    },
    reveal(id, actual, options = {}) {
      const predicted = predictions.get(id);
      if (predicted !== undefined) return text(verdict(predicted, actual, options));
      throw new UsageError(`nothing is predicted for "${id}" yet`, `Run the cell with predict("${id}", …) first.`);
    },
    check: (id, solution) => report(id, find(id), solution),
    problem: (id) => text(find(id).title, "", find(id).statement),
    hint(id, n = 1) {
      const { hints } = find(id);
      const hint = hints[n - 1];
      if (hint === undefined) {
        throw new UsageError(`"${id}" has no hint ${n}`, `Ask for one from 1 to ${hints.length}: hint("${id}", 1).`);
      }
      return text(`Hint ${n} of ${hints.length}: ${hint}`);
    },
    checkpoint(id, solution) {
      const { passed, total } = report(id, find(id), solution);
      return passed === total
        ? { solution, view: () => text("Going on with your function.") }
        : {
            solution: find(id).reference,
            view: () => text(`Going on with the course's function: yours passes ${passed} of ${total}.`),
          };
    },
    claim(id, statements) {
      const entries = Object.entries(statements);
      const failed = entries.filter(([, holds]) => !holds).map(([statement]) => statement);
      if (failed.length > 0) throw new ClaimError(`${id} does not hold: ${failed.join("; ")}`);
      return {
        as: "table",
        title: `Claim ${id}`,
        columns: [{ key: "" }, { key: "statement" }],
        rows: entries.map(([statement]) => ({ "": "✓", statement })),
      };
    },
  };
}
