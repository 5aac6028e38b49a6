import type { TransformedCell } from "../lang/index.js";

/** MIME type → data. */
export type MimeData = Readonly<Record<string, unknown>>;

/** An error as a client shows it: Jupyter's three fields. */
export interface ErrorReport {
  readonly ename: string;
  readonly evalue: string;
  /** Lines, colours as ANSI escapes. */
  readonly traceback: readonly string[];
}

/** A JSON object. */
export type CommData = Readonly<Record<string, unknown>>;

/** What a client sent through a comm. */
export interface CommDelivery {
  readonly event: "open" | "message" | "close";
  readonly id: string;
  /** Of an `open`; else empty. */
  readonly target: string;
  readonly data: CommData;
  readonly metadata: CommData;
  readonly buffers: readonly Uint8Array[];
}

/** A magic that code in cells carries out: the session's `Magic` without its work. */
export interface MagicDescription {
  /** Without its percent signs. */
  readonly name: string;
  readonly kind: "line" | "cell";
  readonly usage: string;
  readonly help: string;
  readonly language?: string;
}

/** What a cell shows while it runs, or later. */
export type Output =
  | { readonly type: "stream"; readonly name: "stdout" | "stderr"; readonly text: string }
  | {
      readonly type: "display";
      readonly data: MimeData;
      readonly metadata: MimeData;
      readonly displayId?: string;
      /** It takes the place of what was shown under its id. */
      readonly update: boolean;
    }
  /** With `wait`, the old output stays until the next one comes. */
  | { readonly type: "clear"; readonly wait: boolean }
  /** Shown while something goes on, under an id, and taken away when `data` is absent or the cell ends. */
  | { readonly type: "passing"; readonly id: string; readonly data?: MimeData }
  /** What it sends through a comm; buffers in base64. */
  | ({ readonly type: "comm"; readonly buffers: readonly string[] } & Omit<CommDelivery, "buffers">)
  /** It brings a magic. */
  | ({ readonly type: "magic" } & MagicDescription)
  /** An error after the cell's end: of a timer, of a promise that nobody awaits. */
  | ({ readonly type: "error" } & ErrorReport);

/** How a cell ended. */
export type Outcome =
  /**
   * `result` is the last expression's value, absent where that is undefined. `milliseconds` is how long the cell's code
   * ran, from its first statement to its value; compiling and showing it are not in it.
   */
  | { readonly status: "ok"; readonly result?: MimeData; readonly milliseconds?: number }
  | ({ readonly status: "error" } & ErrorReport)
  | ({ readonly status: "interrupted" } & ErrorReport)
  /** It ended the process; `call` is how. */
  | { readonly status: "exit"; readonly code: number; readonly call: string };

/** A cell that is a module: others import it as `./module`. */
export interface CellModule {
  readonly module: string;
  /** The cell's name: stack frames carry it. */
  readonly name: string;
  readonly source: string;
}

/** What a cell asks the user of the client that sent it. */
export interface Question {
  readonly prompt: string;
  /** What is typed isn't shown. */
  readonly password: boolean;
}

/** What the user typed, or why nobody can be asked. */
export type Answer = { readonly value: string } | { readonly refused: string; readonly hint: string };

/** Takes a cell's question to its client. @param signal aborted when the cell waits no longer */
export type Ask = (question: Question, signal: AbortSignal) => Promise<Answer>;

/**
 * Runs cells. One may begin while others await something; all share one thread, so that one which computes holds the
 * others back.
 */
export interface Executor {
  /**
   * Runs a cell to its end. A cell with `await` ends when what it awaits does.
   * @param show told of every output in order, also of those that come after the end
   * @param ask answers the cell's questions until it ends
   */
  run(cell: TransformedCell, show: (output: Output) => void, ask: Ask): Promise<Outcome>;
  /** Has cells that begin from now on import this text, in place of an earlier one or of a file. */
  define(module: CellModule): void;
  /** Hands over what a client sent through one comm, in order. It runs as a cell does and ends when its handlers do. */
  deliver(deliveries: readonly CommDelivery[], show: (output: Output) => void): Promise<Outcome>;
  /**
   * Stops all that runs and resolves when the next one may start; what earlier cells made stays. Without a running cell
   * it stops what keeps the thread busy, such as a loop in a timer.
   */
  interrupt(): Promise<void>;
  /** Forgets the variables, comms and modules of every cell; what files and packages gave stays loaded. */
  reset(): Promise<void>;
}
