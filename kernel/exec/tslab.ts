import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** What tslab's `display` hands on. */
interface DisplayData {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly transient: { readonly display_id?: string | null };
}

/** Where tslab's own kernel leaves the function that its `display` calls. */
interface JupyterModule {
  lastWriteDisplayData: ((data: DisplayData, update: boolean) => void) | null;
}

/** Loads the tslab package with its `display` showing in this kernel. */
export async function loadTslab(show: (data: DisplayData, update: boolean) => void): Promise<unknown> {
  const require = createRequire(import.meta.url);
  const jupyter = require("tslab/dist/jupyter") as JupyterModule;
  jupyter.lastWriteDisplayData = show;
  return import(pathToFileURL(require.resolve("tslab")).href);
}
