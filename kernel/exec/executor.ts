import type { MessagePort } from "node:worker_threads";
import { interruptedReport } from "./error-report.js";
import { createGatherer } from "./gatherer.js";
import { linkMainThread } from "./main-thread-link.js";
import { watchMemory } from "./memory-watch.js";
import type { ErrorReport, Executor, Outcome, Output } from "./outcome.js";
import type { PipeRecord } from "./pipe.js";
import { kinds, type Order } from "./thread-messages.js";

/** Cells whose late outputs still find them. */
const remembered = 1000;
/** How long the main thread may take to come to its end, in ms. */
const patienceAtLeave = 1000;

/** An executor whose cells run in this process's main thread. */
export interface MainThreadExecutor extends Executor {
  /** Ends the process, whatever the main thread is doing. */
  leave(code: number): Promise<void>;
}

/**
 * Drives the main thread from a worker of it.
 * @param port the way there; `startMainThread` is at its other end
 * @param exited told when code called `process.exit` that belongs to no running cell
 */
export function createExecutor(port: MessagePort, exited: (code: number) => void): MainThreadExecutor {
  const shows = new Map<number, (output: Output) => void>();
  let runs = 0;
  let running: { readonly run: number; readonly end: (outcome: Outcome) => void } | undefined;
  let interrupting: Promise<void> | undefined;
  /** Why the main thread is being stopped, where that is for want of memory. */
  let exhaustion: ErrorReport | undefined;
  /** The main thread called `process.exit` and waits to be let go. */
  let exiting = false;

  /** What comes too late for its cell to be remembered is shown at the latest one. */
  function show(run: number, output: Output): void {
    (shows.get(run) ?? shows.get(runs))?.(output);
  }

  function end(run: number, outcome: Outcome): void {
    if (outcome.status === "exit") exiting = true;
    if (running?.run === run) {
      const { end: resolve } = running;
      running = undefined;
      const exhausted = outcome.status === "interrupted" ? exhaustion : undefined;
      resolve(exhausted === undefined ? outcome : { status: "error", ...exhausted });
    } else if (outcome.status === "exit") exited(outcome.code);
  }

  function heed(records: PipeRecord[]): void {
    const streams = createGatherer(show);
    for (const { kind, owner, payload } of records) {
      const text = payload.toString();
      if (kind === kinds.stdout || kind === kinds.stderr) {
        streams.add(owner, kind === kinds.stdout ? "stdout" : "stderr", text);
        continue;
      }
      streams.flush();
      // The reporter writes these.
      if (kind === kinds.output) show(owner, JSON.parse(text) as Output);
      else end(owner, JSON.parse(text) as Outcome);
    }
    streams.flush();
  }

  const link = linkMainThread(port, heed);

  async function stop(): Promise<void> {
    const run = running?.run;
    link.raiseStopFlag();
    if (run !== undefined) link.order({ type: "interrupt", run, drop: exhaustion !== undefined });
    await link.free();
    link.lowerStopFlag();
    // The main thread has answered for the cell, unless it was cut in the middle of doing so.
    if (run !== undefined) end(run, { status: "interrupted", ...interruptedReport() });
  }

  const unwatch = watchMemory({
    heapLimit: link.heapLimit.bind(link),
    isBusy: () => running !== undefined,
    environment: process.env,
    async stop(report) {
      // The user was quicker.
      if (interrupting !== undefined) return;
      exhaustion = report;
      // What fills the memory between two cells, from a timer perhaps, is shown at the latest.
      if (running === undefined) show(runs, { type: "error", ...report });
      await interrupt();
      exhaustion = undefined;
    },
  });

  function interrupt(): Promise<void> {
    interrupting ??= stop().finally(() => {
      interrupting = undefined;
    });
    return interrupting;
  }

  async function begin(showOutput: (output: Output) => void, order: (run: number) => Order): Promise<Outcome> {
    await interrupting;
    const run = ++runs;
    shows.set(run, showOutput);
    shows.delete(run - remembered);
    link.resetLooking();
    const outcome = new Promise<Outcome>((resolve) => {
      running = { run, end: resolve };
    });
    link.order(order(run));
    return outcome;
  }

  return {
    run: (cell, showOutput) => begin(showOutput, (run) => ({ type: "run", run, cell })),
    deliver: (deliveries, showOutput) => begin(showOutput, (run) => ({ type: "deliver", run, deliveries })),
    interrupt,
    reset: () => link.ask((id) => ({ type: "reset", id })),
    async leave(code) {
      setTimeout(() => process.kill(process.pid, "SIGKILL"), patienceAtLeave);
      link.raiseStopFlag();
      if (!exiting) await link.free();
      unwatch();
      link.release();
      link.order({ type: "exit", code });
    },
  };
}
