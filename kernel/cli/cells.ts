/** The main thread's second half, loaded when the client has been greeted: user code, and what shows its values. */
import { createRequire } from "node:module";
import { basename, join } from "node:path";
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
  const require = createRequire(import.meta.url);
  // The runner or the Jupyter server tells; the server's path starts at its own root.
  const { VIRTLAB_NOTEBOOK, JPY_SESSION_NAME } = process.env;
  const notebook = [VIRTLAB_NOTEBOOK, JPY_SESSION_NAME].find((path) => path?.endsWith(".ipynb"));
  startMainThread({
    ...options,
    present: presentSoon,
    originalPosition,
    api: {
      load: async (): Promise<unknown> => import(new URL("../api/index.js", import.meta.url).href),
      require: () => require("../api/index.js") as unknown,
    },
    notebook: notebook === undefined ? undefined : join(options.folder, basename(notebook)),
  });
}
