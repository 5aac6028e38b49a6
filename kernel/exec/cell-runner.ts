import { isPromise } from "node:util/types";
import vm from "node:vm";
import type { TransformedCell } from "../lang/index.js";
import type { CellContext } from "./cell-context.js";
import { dropVariables, guardVariables, prepareVariables } from "./cell-variables.js";
import { interruptedReport, reportError } from "./error-report.js";
import type { Evaluate } from "./evaluation.js";
import type { MimeData, Outcome } from "./outcome.js";
import type { Reporter } from "./reporter.js";
import type { CellSources } from "./stack.js";

/** Runs cells and reports how each ended. One may begin while others await something; the thread is of one at a time. */
export interface CellRunner {
  start(run: number, cell: TransformedCell): void;
  /**
   * To be called in a callback of its own right behind `start` or `perform`: Node has then run what the run left behind
   * for the end of its callback, and has looked for rejections that nobody handles.
   */
  conclude(run: number): void;
  /** Runs what is no cell as if it were one, to the end of its promise. */
  perform(run: number, job: () => Promise<unknown>): void;
  /** Ends the cell that only waits; what it set in motion may go on. */
  interrupt(run: number): void;
  /** Takes from the variables of the cell of this run, the latest one, what they hold: memory is short. */
  drop(run: number): void;
  /** An error that nobody catches ends the cell that it belongs to, or is shown at it where it has ended. */
  uncaught(run: number, thrown: unknown): void;
  /** Says that code ends the process, a cell or what one left behind. @param call how: `process.exit(1)` */
  exit(code: number, call: string): void;
}

/** Draws a cell's value: one bundle for each picture of it. What it promises may take its time. */
export type Present = (value: unknown) => readonly MimeData[] | Promise<readonly MimeData[]>;
/** A run that hasn't ended. */
interface Open {
  readonly cell: TransformedCell | undefined;
  /** How it ends a callback later. */
  ending?: Outcome;
  /** `conclude` has come, and found it running. */
  concluded?: true;
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
  present: Present,
): CellRunner {
  const open = new Map<number, Open>();
  let latest: { readonly run: number; readonly cell: TransformedCell | undefined } | undefined;
  // Taken now: a cell may replace the global.
  const { setImmediate } = globalThis;
  const now = performance.now.bind(performance);

  function settle(run: number, outcome: Outcome): void {
    const ended = open.get(run);
    if (ended === undefined) return;
    if (outcome.status !== "ok" && ended.cell !== undefined) guardVariables(ended.cell);
    open.delete(run);
    reporter.outcome(run, outcome);
  }

  function failure(thrown: unknown): Outcome {
    return { status: "error", ...reportError(thrown, sources) };
  }

  function succeed(run: number, { value }: Completion, milliseconds: number): void {
    try {
      const bundles = value === undefined ? [] : present(value);
      if (!isPromise(bundles)) finish(run, bundles, milliseconds);
      else {
        bundles.then(
          (made) => {
            finish(run, made, milliseconds);
          },
          (error: unknown) => {
            settle(run, failure(error));
          },
        );
      }
    } catch (error) {
      settle(run, failure(error));
    }
  }

  function finish(run: number, bundles: readonly MimeData[], milliseconds: number): void {
    let outcome: Outcome = { status: "ok", milliseconds };
    try {
      for (const data of bundles.slice(0, -1)) {
        reporter.output(run, { type: "display", data, metadata: {}, update: false });
      }
      const result = bundles.at(-1);
      if (result !== undefined) outcome = { status: "ok", result, milliseconds };
    } catch (error) {
      outcome = failure(error);
    }
    const ending = open.get(run);
    if (ending === undefined) return;
    // Rejections that nobody handles are known a callback later; they are the cell's too.
    ending.ending = outcome;
    if (ending.concluded === true) setImmediate(settle, run, outcome);
  }

  /** @param prepare what comes before the time that the outcome tells */
  function begin<T>(
    run: number,
    cell: TransformedCell | undefined,
    prepare: () => T,
    job: (prepared: T) => Completion | Promise<Completion>,
  ): void {
    open.set(run, { cell });
    latest = { run, cell };
    context.enter(run);
    const completed = evaluate(() => {
      try {
        const prepared = prepare();
        const begun = now();
        const completion = job(prepared);
        if (!isPromise(completion)) succeed(run, completion, now() - begun);
        else {
          completion.then(
            (result) => {
              succeed(run, result, now() - begun);
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
  }

  return {
    start(run, cell) {
      sources.add({ name: cell.name, source: cell.source, positions: cell.positions });
      prepareVariables(cell);
      const script = (): vm.Script => new vm.Script(cell.code, { filename: cell.name });
      // The transform makes scripts of this shape.
      begin(run, cell, script, (made) => made.runInThisContext() as Completion | Promise<Completion>);
    },
    perform(run, job) {
      const nothing = (): void => undefined;
      begin(run, undefined, nothing, async () => {
        await job();
        return {};
      });
    },
    conclude(run) {
      const found = open.get(run);
      if (found?.ending !== undefined) settle(run, found.ending);
      else if (found !== undefined) found.concluded = true;
    },
    interrupt(run) {
      settle(run, open.get(run)?.ending ?? { status: "interrupted", ...interruptedReport() });
    },
    drop(run) {
      if (latest?.run === run && latest.cell !== undefined) dropVariables(latest.cell);
    },
    uncaught(run, thrown) {
      if (open.has(run)) settle(run, failure(thrown));
      else reporter.output(run, { type: "error", ...reportError(thrown, sources) });
    },
    exit(code, call) {
      const [oldest = 0] = open.keys();
      const run = open.has(context.current()) ? context.current() : oldest;
      open.clear();
      reporter.outcome(run, { status: "exit", code, call });
    },
  };
}
