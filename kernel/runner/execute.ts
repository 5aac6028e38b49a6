import type { Death, KernelClient, Publication, Reply } from "./client.js";
import { hasTag, withoutOutputs, type Cell, type CodeCell, type Notebook, type Output } from "./notebook.js";
import { CellOutputs, type Displays } from "./outputs.js";

export interface ExecuteOptions {
  /** Seconds that each cell may take; no limit where absent. */
  readonly timeout?: number;
  /** Goes on behind a failed cell. */
  readonly allowErrors?: boolean;
  /** Which cells to run, as indices into `cells`, in this order, repeats allowed; all from the top where absent. */
  readonly order?: readonly number[];
  readonly onProgress?: (progress: Progress) => void;
}

/** A cell starts or has ended. */
export interface Progress {
  readonly state: "started" | "finished";
  /** Its index in the notebook's cells. */
  readonly index: number;
  /** It is the `nth` of `total` executions. */
  readonly nth: number;
  readonly total: number;
}

/** Why a cell did not end well. */
export interface Failure {
  /** An error of the cell's; it ran too long; the kernel's process ended under it. */
  readonly kind: "error" | "timeout" | "death";
  /** The cell's index in the notebook's cells. */
  readonly index: number;
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** One run of one cell. Under `order` a cell may have several, and the notebook keeps the last one's outputs. */
export interface Execution {
  readonly index: number;
  readonly outputs: readonly Output[];
  /** Also there where the cell's tag `raises-exception` allows it. */
  readonly failure?: Failure;
}

export interface RunResult {
  readonly notebook: Notebook;
  readonly executions: readonly Execution[];
  /** The first failure that wasn't allowed. */
  readonly failure?: Failure;
}

/** Seconds that an interrupted cell has to answer before the kernel counts as stuck. */
const grace = 5;

/** Whether a run executes the cell: code that isn't blank and isn't tagged `skip-execution`. */
export function isExecuted(cell: Cell | undefined): cell is CodeCell {
  return cell?.cell_type === "code" && cell.source.trim() !== "" && !hasTag(cell, "skip-execution");
}

function after<T>(seconds: number, value: T): { readonly promise: Promise<T>; readonly cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000, value);
  });
  return {
    promise,
    cancel: (): void => {
      clearTimeout(timer);
    },
  };
}

function describeDeath({ code, signal, lastWords }: Death): string {
  const how = signal === null ? `ended with exit code ${code ?? "unknown"}` : `was ended by ${signal}`;
  // V8 says so on stderr before it aborts; a kernel's container may kill it without a word.
  const memory = /heap out of memory|Allocation failed/i.test(lastWords) ? " for want of memory" : "";
  return `the kernel ${how}${memory} while this cell ran`;
}

type Outcome = { readonly reply: Reply } | { readonly death: Death } | "late";

/** Runs one cell and says how it ended; what it publishes reaches `outputs`, then and later. */
class CellRun {
  readonly outputs: CellOutputs;
  readonly #client: KernelClient;
  #error: Extract<Publication, { readonly type: "error" }> | undefined;
  /** An error that the interrupt of a late cell causes is no output of its own: it goes into the time-out's. */
  #interrupting = false;

  constructor(client: KernelClient, displays: Displays) {
    this.#client = client;
    this.outputs = new CellOutputs(displays);
  }

  async run(cell: CodeCell, index: number, timeout: number | undefined): Promise<[Reply?, Failure?]> {
    const request = { code: cell.source, ...(cell.id === undefined ? {} : { cellId: cell.id }) };
    const replied = this.#client
      .execute(request, (publication) => {
        this.#receive(publication);
      })
      .then((reply) => ({ reply }));
    const outcome = await this.#within(timeout, replied);
    if (outcome === "late") return this.#interrupt(replied, index, timeout ?? 0);
    if ("death" in outcome) return [undefined, this.#fail("death", index, "KernelDied", describeDeath(outcome.death))];
    return [outcome.reply, this.#judge(outcome.reply, index)];
  }

  #receive(publication: Publication): void {
    if (publication.type === "error") {
      this.#error = publication;
      if (this.#interrupting) return;
    }
    this.outputs.receive(publication);
  }

  /** Whichever comes first: the reply, the kernel's death or the end of the time. */
  async #within(seconds: number | undefined, replied: Promise<{ reply: Reply }>): Promise<Outcome> {
    const died = this.#client.died.then((death) => ({ death }));
    if (seconds === undefined) return Promise.race([replied, died]);
    const limit = after(seconds, "late" as const);
    try {
      return await Promise.race([replied, died, limit.promise]);
    } finally {
      limit.cancel();
    }
  }

  async #interrupt(replied: Promise<{ reply: Reply }>, index: number, timeout: number): Promise<[Reply?, Failure?]> {
    this.#interrupting = true;
    const interrupted = this.#client.interrupt().then(() => replied);
    const outcome = await this.#within(grace, interrupted);
    const evalue = `the cell ran longer than ${timeout} s`;
    if (typeof outcome === "object" && "reply" in outcome) {
      return [outcome.reply, this.#fail("timeout", index, "TimeoutError", `${evalue} and was interrupted`)];
    }
    const stuck = `${evalue} and did not answer an interrupt within ${grace} s`;
    return [undefined, this.#fail("timeout", index, "TimeoutError", stuck)];
  }

  #judge(reply: Reply, index: number): Failure | undefined {
    switch (reply.status) {
      case "ok":
        return undefined;
      case "aborted":
        return this.#fail("error", index, "Aborted", "the kernel did not run the cell");
      case "error": {
        const { ename, evalue } = reply;
        return { kind: "error", index, ename, evalue, traceback: this.#error?.traceback ?? [`${ename}: ${evalue}`] };
      }
    }
  }

  /** A failure that the kernel doesn't report itself: it becomes the cell's error output. */
  #fail(kind: Failure["kind"], index: number, ename: string, evalue: string): Failure {
    const traceback = [`${ename}: ${evalue}`, ...(this.#error?.traceback ?? [])];
    this.outputs.receive({ type: "error", ename, evalue, traceback });
    return { kind, index, ename, evalue, traceback };
  }
}

/**
 * Runs a notebook's cells through a kernel and puts their outputs into a copy of it, as a client would.
 * Ends at the first cell that fails, unless errors are allowed or the cell's tag `raises-exception` allows it. A dead
 * kernel or one that doesn't answer an interrupt always ends it.
 */
export async function executeNotebook(
  notebook: Notebook,
  client: KernelClient,
  { timeout, allowErrors = false, order, onProgress }: ExecuteOptions = {},
): Promise<RunResult> {
  const cells = [...withoutOutputs(notebook).cells];
  const wanted = (order ?? Array.from(cells.keys())).filter((index) => isExecuted(cells[index]));
  const displays: Displays = new Map();
  const runs: { readonly index: number; readonly run: CellRun; readonly reply?: Reply; readonly failure?: Failure }[] = [];
  let failure: Failure | undefined;

  for (const [done, index] of wanted.entries()) {
    const cell = cells[index];
    if (!isExecuted(cell)) continue;
    const progress = { index, nth: done + 1, total: wanted.length };
    onProgress?.({ state: "started", ...progress });
    const run = new CellRun(client, displays);
    const [reply, failed] = await run.run(cell, index, timeout);
    runs.push({ index, run, ...(reply && { reply }), ...(failed && { failure: failed }) });
    onProgress?.({ state: "finished", ...progress });
    if (failed === undefined) continue;
    const allowed = failed.kind === "error" && hasTag(cell, "raises-exception");
    if (!allowed) failure ??= failed;
    if (reply === undefined || (!allowed && !allowErrors)) break;
  }

  // Outputs are taken at the end, so that late ones and updates of displays are in.
  const executions: Execution[] = [];
  for (const { index, run, reply, failure } of runs) {
    const outputs = run.outputs.outputs;
    executions.push({ index, outputs, ...(failure && { failure }) });
    const cell = cells[index];
    if (cell?.cell_type !== "code") continue;
    const execution_count = reply && reply.status !== "aborted" ? reply.executionCount : null;
    cells[index] = { ...cell, execution_count, outputs };
  }
  const metadata = { ...notebook.metadata, language_info: client.languageInfo };
  return { notebook: { ...notebook, metadata, cells }, executions, ...(failure && { failure }) };
}
