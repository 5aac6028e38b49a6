/** Starts the interface: the plugins of every page, then those of the page that the server says this is. */
import { NotebookApp } from "@jupyter-notebook/application";
import { PageConfig } from "@jupyterlab/coreutils";
import { IServiceManager } from "@jupyterlab/services";
import { PluginRegistry } from "@lumino/coreutils";
import { UndoManager } from "yjs";
import { cellExecutor } from "./cell-executor.mjs";
import { mermaidTheme } from "./mermaid.mjs";

/** Collects every plugin's keys, anew whenever a plugin's settings have come. */
const shortcuts = "@jupyterlab/shortcuts-extension:shortcuts";

/** A package's plugins, of all or of the named ones. @returns {readonly object[]} */
export function choose(module, names) {
  const plugins = [module.default].flat();
  if (names === true) return plugins;
  const chosen = plugins.filter(({ id }) => names.includes(id));
  const missing = names.filter((name) => !chosen.some(({ id }) => id === name));
  if (missing.length > 0) throw new Error(`the interface lacks ${missing.join(", ")}`);
  return chosen;
}

/**
 * A cell gets its undo history before it is put into the notebook's document, so that it is in none yet. Yjs takes that for
 * two documents mixed up and warns of each cell (jupyterlab/jupyterlab#19022). What is in another document still is an error.
 */
UndoManager.prototype.addToScope = function (types) {
  for (const type of [types].flat()) {
    if (type.doc !== null && type.doc !== this.doc) throw new Error("an undo history is of one document");
    if (!this.scope.includes(type)) this.scope.push(type);
  }
};

/**
 * @param {readonly object[]} mimeExtensions
 * @param {Readonly<Record<string, () => Promise<readonly object[]>>>} pages each page's plugins, loaded when asked for
 */
export async function start(mimeExtensions, pages) {
  const page = PageConfig.getOption("notebookPage");
  const sets = await Promise.all([pages.all(), pages[page]?.() ?? []]);
  const plugins = [...sets.flat(), cellExecutor, mermaidTheme].filter(({ id }) => !PageConfig.Extension.isDisabled(id));
  const availablePlugins = plugins.map(({ id, description, requires = [], optional = [], provides, autoStart }) => ({
    id,
    description,
    requires,
    optional,
    provides: provides ?? null,
    autoStart,
    enabled: true,
  }));
  const pluginRegistry = new PluginRegistry();
  pluginRegistry.registerPlugins(plugins);
  const serviceManager = await pluginRegistry.resolveRequiredService(IServiceManager);
  const app = new NotebookApp({ pluginRegistry, serviceManager, mimeExtensions, availablePlugins });
  // Settings that come while the shortcuts' own are still under way end in an error (jupyter/notebook#7862).
  await app.activatePlugin(shortcuts);
  // As JupyterLab: what has the focus sees a key first, so that a slider in an output moves by the arrows.
  await app.start({ bubblingKeydown: true });
  await app.restored;
  // What waits for a usable page looks here.
  document.body.dataset.ready = page;
}
