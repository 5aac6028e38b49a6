import { isPromise } from "node:util/types";
import vm from "node:vm";
import type { TransformedCell } from "../lang/index.js";
import type { CellContext } from "./cell-context.js";
import { interruptedReport, reportError } from "./error-report.js";
import type { Evaluate } from "./evaluation.js";
import type { MimeData, Outcome } from "./outcome.js";
import type { Reporter } from "./reporter.js";
import type { CellSources } from "./stack.js";

/** Runs one cell after the other and reports how each ended. */
export interface CellRunner {
  start(run: number, cell: TransformedCell): void;
  /** Ends the cell that only waits; what it set in motion may go on. */
  interrupt(run: number): void;
  /** An error that nobody catches ends the cell that it belongs to, or is shown at it where it has ended. */
  uncaught(run: number, thrown: unknown): void;
  /** Says that code called `process.exit`, a cell or what one left behind. */
  exit(code: number): void;
}

/** What a cell's script gives: an object with the last expression's value, if the cell ends in one. */
interface Completion {
  readonly value?: unknown;
}

export function createCellRunner(
  reporter: Reporter,
  context: CellContext,
  sources: CellSources,
  evaluate: Evaluate,
  present: (value: unknown) => MimeData,
): CellRunner {
  let running: number | undefined;
  /** How the running cell ends at the event loop's next turn. */
  let ending: Outcome | undefined;
  // Taken now: a cell may replace the global.
  const { setImmediate } = globalThis;

  function settle(run: number, outcome: Outcome): void {
    if (running !== run) return;
    running = undefined;
    ending = undefined;
    reporter.outcome(run, outcome);
  }

  function failure(thrown: unknown): Outcome {
    return { status: "error", ...reportError(thrown, sources) };
  }

  function succeed(run: number, { value }: Completion): void {
    let outcome: Outcome;
    try {
      outcome = value === undefined ? { status: "ok" } : { status: "ok", result: present(value) };
    } catch (error) {
      outcome = failure(error);
    }
    if (running !== run) return;
    ending = outcome;
    // Rejections that nobody handles are known a turn later; they are the cell's too.
    setImmediate(settle, run, outcome);
  }

  return {
    start(run, cell) {
      running = run;
      ending = undefined;
      sources.add(cell);
      context.enter(run);
      const completed = evaluate(() => {
        try {
          // The transform makes scripts of this shape.
          const completion = new vm.Script(cell.code, { filename: cell.name }).runInThisContext() as
            Completion | Promise<Completion>;
          if (!isPromise(completion)) succeed(run, completion);
          else {
            completion.then(
              (result) => {
                succeed(run, result);
              },
              (error: unknown) => {
                settle(run, failure(error));
              },
            );
          }
        } catch (error) {
          settle(run, failure(error));
        }
      });
      if (!completed) settle(run, { status: "interrupted", ...interruptedReport() });
    },
    interrupt(run) {
      settle(run, ending ?? { status: "interrupted", ...interruptedReport() });
    },
    uncaught(run, thrown) {
      if (running === run) settle(run, failure(thrown));
      else reporter.output(run, { type: "error", ...reportError(thrown, sources) });
    },
    exit(code) {
      reporter.outcome(running ?? 0, { status: "exit", code });
      running = undefined;
    },
  };
}
