import type { MessagePort } from "node:worker_threads";
import type { TransformedCell } from "../lang/index.js";
import type { Answer, CellModule, CommDelivery } from "./outcome.js";
import { createPipeMemory, type PipeMemory } from "./pipe.js";

/** From the protocol worker to the main thread. */
export type Order =
  /** The first one. */
  | { readonly type: "share"; readonly memory: SharedMemory; readonly answers: MessagePort }
  | { readonly type: "run"; readonly run: number; readonly cell: TransformedCell }
  | { readonly type: "module"; readonly module: CellModule }
  | { readonly type: "deliver"; readonly run: number; readonly deliveries: readonly CommDelivery[] }
  /** Sent right behind the order of a run: what that has ended by now is told. */
  | { readonly type: "conclude"; readonly run: number }
  /** End this run now if it only waits for something; with `drop`, its variables lose what they hold. */
  | { readonly type: "interrupt"; readonly run: number; readonly drop: boolean }
  /** Answered by a `pong` as soon as the thread comes back to its event loop. */
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "reset"; readonly id: number }
  | { readonly type: "exit"; readonly code: number };

/**
 * From the main thread to the protocol worker: there is something in the pipe. A bell that is not urgent may be heeded a
 * little later, when more has come together.
 */
export type Bell = "urgent" | "soon";

/** From the protocol worker to a main thread that is held by a question. */
export interface Mail {
  readonly id: number;
  readonly answer: Answer;
}

/** The kinds of the pipe's records. The owner is the run, for `pong` the id. */
export const kinds = { stdout: 1, stderr: 2, output: 3, outcome: 4, pong: 5, question: 6 } as const;

/** What both threads see. */
export interface SharedMemory {
  readonly pipe: PipeMemory;
  /** Of words. */
  readonly flags: SharedArrayBuffer;
}

/** Words of `flags`. */
export const flags = {
  /** 1 while the running cell is asked to stop. */
  stop: 0,
  /** 1 when the running cell looked at `stop` at least once. */
  looked: 1,
  /** 1 when the process may end. */
  leave: 2,
  /** 1 when a bell that isn't urgent has been rung and not yet been heeded, or need not be rung: the worker looks soon. */
  rung: 3,
  /** Counts what a thread that waits for an answer should wake up for. */
  mail: 4,
  /** How large the main thread's heap may grow, in MiB. */
  heapLimit: 5,
} as const;

export function createSharedMemory(): SharedMemory {
  return { pipe: createPipeMemory(), flags: new SharedArrayBuffer(24) };
}
