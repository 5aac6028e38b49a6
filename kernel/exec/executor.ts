import type { MessagePort } from "node:worker_threads";
import { interruptedReport } from "./error-report.js";
import { endChildren } from "./blocking-child.js";
import { watchFatal } from "./fatal-watch.js";
import { createGatherer } from "./gatherer.js";
import { linkMainThread } from "./main-thread-link.js";
import { leapReport, watchMemory } from "./memory-watch.js";
import type { Answer, Ask, ErrorReport, Executor, Outcome, Output, Question } from "./outcome.js";
import type { PipeRecord } from "./pipe.js";
import { kinds, type Order } from "./thread-messages.js";

/** Cells whose late outputs still find them. */
const remembered = 1000;
/** How long the main thread may take to come to its end, in ms. */
const patienceAtLeave = 1000;

const nobody: Answer = {
  refused: "there is nobody to ask: the cell has ended, or a widget runs this",
  hint: "Ask in the cell itself, and await what it starts.",
};

/** An executor whose cells run in this process's main thread. */
export interface MainThreadExecutor extends Executor {
  /** Has the main thread load what cells need, which the first one would wait for. */
  prepare(): void;
  /** Ends the process, whatever the main thread is doing. */
  leave(code: number): Promise<void>;
}

/**
 * Drives the main thread from a worker of it.
 * @param port the way there; `startMainThread` is at its other end
 * @param exited told when code called `process.exit` that belongs to no running cell
 * @param congestion what outputs have to wait for; meanwhile a cell that goes on showing things is held up
 * @param wanted called once, before the main thread is asked for anything
 */
export function createExecutor(
  port: MessagePort,
  exited: (code: number) => void,
  congestion: () => Promise<void> | undefined = () => undefined,
  wanted: () => void = () => undefined,
): MainThreadExecutor {
  const shows = new Map<number, (output: Output) => void>();
  let runs = 0;
  const running = new Map<number, (outcome: Outcome) => void>();
  const asks = new Map<number, Ask>();
  /** Aborts the question that holds the main thread. */
  let asking: AbortController | undefined;
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
    const resolve = running.get(run);
    if (resolve !== undefined) {
      running.delete(run);
      asks.delete(run);
      // Also where it came to its end just before: its variables are dropped.
      const stopped = outcome.status === "interrupted" || outcome.status === "ok";
      const exhausted = stopped ? exhaustion : undefined;
      resolve(exhausted === undefined ? outcome : { status: "error", ...exhausted });
    } else if (outcome.status === "exit") exited(outcome.code);
  }

  async function answer(run: number, id: number, question: Question): Promise<void> {
    asking?.abort();
    const own = (asking = new AbortController());
    const given = (await asks.get(run)?.(question, own.signal)) ?? nobody;
    if (!own.signal.aborted) link.answer({ id, answer: given });
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
      else if (kind === kinds.outcome) end(owner, JSON.parse(text) as Outcome);
      else {
        const { id, question } = JSON.parse(text) as { id: number; question: Question };
        void answer(owner, id, question);
      }
    }
    streams.flush();
  }

  const link = linkMainThread(port, heed, congestion, wanted);

  async function stop(): Promise<void> {
    const runs = [...running.keys()];
    asking?.abort();
    link.raiseStopFlag();
    for (const run of runs) link.order({ type: "interrupt", run, drop: exhaustion !== undefined });
    await link.free();
    link.lowerStopFlag();
    // The main thread has answered for each, unless it was cut in the middle of doing so.
    for (const run of runs) end(run, { status: "interrupted", ...interruptedReport() });
  }

  const watch = watchMemory({
    heapLimit: link.heapLimit.bind(link),
    isBusy: () => running.size > 0,
    environment: process.env,
    warn(words) {
      const data = words === undefined ? {} : { data: { "text/plain": words } };
      for (const run of running.keys()) show(run, { type: "passing", id: "virtlab.memory", ...data });
    },
    async stop(report) {
      // The user was quicker.
      if (interrupting !== undefined) return;
      exhaustion = report;
      // What fills the memory between two cells, from a timer perhaps, is shown at the latest.
      if (running.size === 0) show(runs, { type: "error", ...report });
      await interrupt();
      exhaustion = undefined;
    },
  });

  watchFatal(() => {
    const report = leapReport(link.heapLimit());
    if (running.size === 0) show(runs, { type: "error", ...report });
    for (const run of [...running.keys()]) end(run, { status: "error", ...report });
  });

  function interrupt(): Promise<void> {
    interrupting ??= stop().finally(() => {
      interrupting = undefined;
    });
    return interrupting;
  }

  async function begin(
    showOutput: (output: Output) => void,
    ask: Ask | undefined,
    order: (run: number) => Order,
  ): Promise<Outcome> {
    await interrupting;
    const run = ++runs;
    shows.set(run, showOutput);
    shows.delete(run - remembered);
    if (ask !== undefined) asks.set(run, ask);
    link.resetLooking();
    const outcome = new Promise<Outcome>((resolve) => {
      running.set(run, resolve);
    });
    try {
      link.begin(run, order(run));
    } catch (error) {
      // What a client sends may be nested too deeply to be handed over.
      running.delete(run);
      throw error;
    }
    watch.hurry();
    return outcome;
  }

  return {
    run: (cell, showOutput, ask) => begin(showOutput, ask, (run) => ({ type: "run", run, cell })),
    define(module) {
      link.order({ type: "module", module });
    },
    deliver: (deliveries, showOutput) => begin(showOutput, undefined, (run) => ({ type: "deliver", run, deliveries })),
    interrupt,
    reset: () => link.ask((id) => ({ type: "reset", id })),
    prepare() {
      link.prepare();
    },
    async leave(code) {
      // A main thread that was never needed follows the worker.
      if (!link.awake) process.exit(code);
      setTimeout(() => process.kill(process.pid, "SIGKILL"), patienceAtLeave);
      link.raiseStopFlag();
      if (!exiting) await link.free();
      watch.end();
      endChildren();
      link.release();
      link.order({ type: "exit", code });
    },
  };
}
