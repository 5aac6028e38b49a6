import { dirname, resolve } from "node:path";
import { executeNotebook, type ExecuteOptions, type RunResult } from "./execute.js";
import type { Notebook } from "./notebook.js";
import { openKernel, type KernelOptions } from "./open-kernel.js";

export interface RunOptions extends ExecuteOptions, KernelOptions {}

/**
 * Runs a notebook in a kernel of its own, in the folder of its file where `path` is given, and ends the kernel.
 * @throws KernelStartError where the kernel doesn't come up; a failing cell is no error but part of the result
 */
export async function runNotebook(notebook: Notebook, options: RunOptions = {}): Promise<RunResult> {
  const path = options.path === undefined ? undefined : resolve(options.path);
  const kernel = await openKernel(path === undefined ? options : { cwd: dirname(path), ...options, path });
  try {
    return await executeNotebook(notebook, kernel, options);
  } finally {
    await kernel.close();
  }
}
