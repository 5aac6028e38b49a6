/** The main thread's second half, loaded when the client has been greeted: user code, and what shows its values. */
import type { MessagePort } from "node:worker_threads";
import { presentSoon } from "../display/index.js";
import { startMainThread } from "../exec/index.js";
import { originalPosition } from "../lang/index.js";

export interface CellsOptions {
  /** The way to the protocol worker. */
  readonly port: MessagePort;
  /** Where the notebook lies. */
  readonly folder: string;
  /** The kernel's own files. */
  readonly kernelFolder: string;
}

/** Runs cells in this thread, from now until the process ends. */
export function startCells(options: CellsOptions): void {
  startMainThread({
    ...options,
    present: presentSoon,
    originalPosition,
    loadApi: async (): Promise<unknown> => import(new URL("../api/index.js", import.meta.url).href),
  });
}
