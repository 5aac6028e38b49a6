import { Session } from "node:inspector";
import type { MessagePort } from "node:worker_threads";
import { interruptedReport } from "./error-report.js";
import type { Executor, Outcome, Output } from "./outcome.js";
import { createGatherer, type Gatherer } from "./gatherer.js";
import { createPipeReader, type PipeRecord } from "./pipe.js";
import { createSharedMemory, flags, kinds, type Bell, type Order } from "./thread-messages.js";

/** How long streams gather before they are shown, in ms. */
const gathering = 5;
/** How long a cell that looks at the stop flag may take to end by itself, and another one, in ms. */
const graceWhenLooking = 250;
const grace = 25;
/** How long the main thread may take to end the process, in ms. */
const patienceAtLeave = 1000;
/** Cells whose late outputs still find them. */
const remembered = 1000;

/** An executor whose cells run in this process's main thread. */
export interface MainThreadExecutor extends Executor {
  /** Ends the process, whatever the main thread is doing. */
  leave(code: number): void;
}

type Show = (output: Output) => void;

/**
 * Drives the main thread from a worker of it.
 * @param port the way there; `startMainThread` is at its other end
 * @param exited told when code called `process.exit` that belongs to no running cell
 */
export function createExecutor(port: MessagePort, exited: (code: number) => void): MainThreadExecutor {
  const memory = createSharedMemory();
  const words = new Int32Array(memory.flags);
  const pipe = createPipeReader(memory.pipe);
  // Evaluating through this session would wait for the main thread; it serves for the one command that doesn't.
  const inspector = new Session();
  inspector.connectToMainThread();

  const shows = new Map<number, Show>();
  const pongs = new Map<number, () => void>();
  let runs = 0;
  let pings = 0;
  let running: { readonly run: number; readonly end: (outcome: Outcome) => void } | undefined;
  let interrupting: Promise<void> | undefined;
  let terminating = false;
  let gatherer: NodeJS.Timeout | undefined;

  const order = (message: Order): void => {
    port.postMessage(message);
  };

  order({ type: "share", memory });
  port.on("message", (bell: Bell) => {
    if (bell === "urgent") drain();
    else gatherer ??= setTimeout(drain, gathering);
  });

  function drain(): void {
    clearTimeout(gatherer);
    gatherer = undefined;
    Atomics.store(words, flags.rung, 0);
    const streams = createGatherer((run, output) => {
      show(run, output);
    });
    for (const record of pipe.drain()) heed(record, streams);
    streams.flush();
  }

  /** What comes too late for its cell to be remembered is shown at the latest one. */
  function show(run: number, output: Output): void {
    (shows.get(run) ?? shows.get(runs))?.(output);
  }

  function heed({ kind, owner, payload }: PipeRecord, streams: Gatherer): void {
    switch (kind) {
      case kinds.stdout:
      case kinds.stderr:
        streams.add(owner, kind === kinds.stdout ? "stdout" : "stderr", payload.toString());
        return;
      case kinds.output:
        streams.flush();
        show(owner, JSON.parse(payload.toString()) as Output);
        return;
      case kinds.outcome:
        streams.flush();
        end(owner, JSON.parse(payload.toString()) as Outcome);
        return;
      case kinds.pong:
        pongs.get(owner)?.();
        return;
      default:
        throw new Error(`the pipe holds a record of kind ${kind}`);
    }
  }

  function end(run: number, outcome: Outcome): void {
    if (running?.run !== run) {
      if (outcome.status === "exit") exited(outcome.code);
      return;
    }
    const { end: resolve } = running;
    running = undefined;
    resolve(outcome);
  }

  /** Whether the main thread comes back to its event loop within `ms`. */
  function answers(ms: number, ask: (id: number) => Order): Promise<boolean> {
    const id = ++pings;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        settle(false);
      }, ms);
      const settle = (answered: boolean): void => {
        clearTimeout(timer);
        pongs.delete(id);
        resolve(answered);
      };
      pongs.set(id, () => {
        settle(true);
      });
      order(ask(id));
    });
  }

  function terminate(): void {
    // V8 takes one such command at a time and answers it when something was ended.
    if (terminating) return;
    terminating = true;
    inspector.post("Runtime.terminateExecution", () => {
      terminating = false;
    });
  }

  async function stop(): Promise<void> {
    const run = running?.run;
    Atomics.store(words, flags.stop, 1);
    if (run !== undefined) order({ type: "interrupt", run });
    let patience = Atomics.load(words, flags.looked) === 1 ? graceWhenLooking : grace;
    // A thread that became idle just before is told to end what runs next, which may be a ping: only a later one that
    // is answered shows that the command is used up.
    while (!(await answers(patience, (id) => ({ type: "ping", id }))) || terminating) {
      terminate();
      patience = grace;
    }
    Atomics.store(words, flags.stop, 0);
    // The main thread answered for the cell, unless it was cut in the middle of doing so.
    if (run !== undefined) end(run, { status: "interrupted", ...interruptedReport() });
  }

  return {
    async run(cell, show) {
      await interrupting;
      const run = ++runs;
      shows.set(run, show);
      shows.delete(run - remembered);
      Atomics.store(words, flags.looked, 0);
      const outcome = new Promise<Outcome>((resolve) => {
        running = { run, end: resolve };
      });
      order({ type: "run", run, cell });
      return outcome;
    },
    interrupt() {
      interrupting ??= stop().finally(() => {
        interrupting = undefined;
      });
      return interrupting;
    },
    async reset() {
      await answers(2 ** 31 - 1, (id) => ({ type: "reset", id }));
    },
    leave(code) {
      Atomics.store(words, flags.leave, 1);
      Atomics.notify(words, flags.leave);
      order({ type: "exit", code });
      setInterval(terminate, grace);
      // A thread that waits outside JavaScript (for a child process) hears nothing of this.
      setTimeout(() => process.kill(process.pid, "SIGKILL"), patienceAtLeave);
    },
  };
}
