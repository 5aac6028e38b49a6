import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  isExecuted,
  readNotebook,
  runNotebook,
  type Execution,
  type Notebook,
  type Output,
  type RunOptions,
  type RunResult,
} from "../../kernel/runner/index.js";
import { shuffled } from "./shuffled.js";

const folder = join(import.meta.dirname, "..", "..", "notebooks");

/** A notebook of the course. */
export interface Lesson {
  readonly name: string;
  readonly path: string;
  readonly notebook: Notebook;
}

/** The course, by name. */
export const course: readonly Lesson[] = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((name) => name.endsWith(".ipynb"))
  .sort()
  .map((name) => {
    const path = join(folder, name);
    return { name, path, notebook: readNotebook(readFileSync(path, "utf8"), name) };
  });

/** The indices of the cells that a run executes, in their order. */
export const straight = ({ cells }: Notebook): readonly number[] =>
  Array.from(cells.keys()).filter((index) => isExecuted(cells[index]));

let free = 2;
const queue: (() => void)[] = [];

/** Lets two kernels run at a time: as many as the cores of a small machine. */
async function whenFree<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => queue.push(resolve));
  try {
    return await work();
  } finally {
    const next = queue.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

/** Runs cells of a lesson in a kernel of their own, all of them, whatever fails. */
export const runCells = (lesson: Lesson, order: readonly number[], options: RunOptions = {}): Promise<RunResult> =>
  whenFree(() => {
    const { notebook, path } = lesson;
    return runNotebook(notebook, { path, timeout: 60, allowErrors: true, order, ...options });
  });

/** A run from top to bottom, and what each cell showed when it ran once more in the same kernel. */
export interface Reference extends RunResult {
  readonly again: readonly Execution[];
  /** From the kernel's start to the end of the last cell's first run. */
  readonly milliseconds: number;
}

const references = new Map<string, Promise<Reference>>();

/** The run against which every other is held, done once: from top to bottom, then all cells again in any order. */
export function reference(lesson: Lesson): Promise<Reference> {
  const known = references.get(lesson.path);
  if (known !== undefined) return known;
  const { notebook, path } = lesson;
  const run = whenFree(async () => {
    const first = straight(notebook);
    const start = performance.now();
    let milliseconds = Infinity;
    const result = await runNotebook(notebook, {
      path,
      timeout: 60,
      order: [...first, ...shuffled(first, 7)],
      onProgress: ({ state, nth }) => {
        if (state === "finished" && nth === first.length) milliseconds = performance.now() - start;
      },
    });
    const executions = result.executions.slice(0, first.length);
    return { ...result, executions, again: result.executions.slice(first.length), milliseconds };
  });
  references.set(path, run);
  return run;
}

/** What a cell shows, apart from the number of its execution. */
export const resultsOf = ({ outputs }: Execution): readonly Output[] =>
  outputs.map((output) => (output.output_type === "execute_result" ? { ...output, execution_count: null } : output));
