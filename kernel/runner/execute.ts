import { CellRun, type Ending, type Failure } from "./cell-run.js";
import type { KernelClient } from "./client.js";
import { hasTag, withoutOutputs, type Cell, type CodeCell, type Notebook, type Output } from "./notebook.js";
import type { Displays } from "./outputs.js";

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

/** One run of one cell. Under `order` a cell may have several; the notebook keeps the last one's outputs. */
export interface Execution {
  readonly index: number;
  readonly outputs: readonly Output[];
  /** Also there where the cell's tag `raises-exception` allows it. */
  readonly failure?: Failure;
}

export interface RunResult {
  readonly notebook: Notebook;
  readonly executions: readonly Execution[];
  /** The failures that no tag `raises-exception` allowed; more than one only under `allowErrors`. */
  readonly failures: readonly Failure[];
  /** The first of them. */
  readonly failure?: Failure;
}

/** Whether a run executes the cell: code that isn't blank and isn't tagged `skip-execution`. */
export function isExecuted(cell: Cell | undefined): cell is CodeCell {
  return cell?.cell_type === "code" && cell.source.trim() !== "" && !hasTag(cell, "skip-execution");
}

const isRaised = (cell: CodeCell, failure: Failure): boolean =>
  failure.kind === "error" && hasTag(cell, "raises-exception");

/** Our kernel's name for a cell that called `process.exit`: the reply comes, and then the process ends. */
const endsKernel = (failure: Failure): boolean => failure.ename === "KernelExit";

/**
 * Runs a notebook's cells through a kernel and puts their outputs into a copy of it, as a client would.
 * Ends at the first cell that fails, unless errors are allowed or the cell's tag `raises-exception` allows it. A
 * kernel that has ended or doesn't answer an interrupt always ends it.
 */
export async function executeNotebook(
  notebook: Notebook,
  client: KernelClient,
  { timeout, allowErrors = false, order, onProgress }: ExecuteOptions = {},
): Promise<RunResult> {
  const cells = [...withoutOutputs(notebook).cells];
  const wanted = (order ?? Array.from(cells.keys())).flatMap((index) => {
    const cell = cells[index];
    return isExecuted(cell) ? [{ index, cell }] : [];
  });
  const displays: Displays = new Map();
  const runs: (Ending & { readonly run: CellRun })[] = [];
  const failures: Failure[] = [];

  for (const [done, { index, cell }] of wanted.entries()) {
    const progress = { index, nth: done + 1, total: wanted.length };
    onProgress?.({ state: "started", ...progress });
    const run = new CellRun(cell, index, client, displays);
    const { reply, failure } = await run.run(timeout);
    runs.push({ run, reply, failure });
    onProgress?.({ state: "finished", ...progress });
    if (failure === undefined) continue;
    const allowed = isRaised(cell, failure);
    if (!allowed) failures.push(failure);
    if (reply === undefined || endsKernel(failure) || (!allowed && !allowErrors)) break;
  }

  // Outputs are taken at the end, so that late ones and updates of displays are in.
  const executions = runs.map(({ run, reply, failure }): Execution => {
    const { index } = run;
    const { outputs } = run.outputs;
    const execution_count = reply !== undefined && reply.status !== "aborted" ? reply.executionCount : null;
    const cell = cells[index];
    if (cell?.cell_type === "code") cells[index] = { ...cell, execution_count, outputs };
    return { index, outputs, ...(failure && { failure }) };
  });
  const metadata = { ...notebook.metadata, language_info: client.languageInfo };
  const [failure] = failures;
  return { notebook: { ...notebook, metadata, cells }, executions, failures, ...(failure && { failure }) };
}
