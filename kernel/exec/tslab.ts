import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { OwnModule } from "./module-loader.js";

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

/** The tslab package, with its `display` showing in this kernel. */
export function tslabModule(show: (data: DisplayData, update: boolean) => void): OwnModule {
  const require = createRequire(import.meta.url);
  const prepare = (): void => {
    const jupyter = require("tslab/dist/jupyter") as JupyterModule;
    jupyter.lastWriteDisplayData = show;
  };
  return {
    load() {
      prepare();
      return import(pathToFileURL(require.resolve("tslab")).href);
    },
    require() {
      prepare();
      return require("tslab") as unknown;
    },
  };
}
