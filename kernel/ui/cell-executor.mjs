/**
 * Runs cells as Jupyter's own executor does, but one that is run before its notebook has joined a kernel waits for that.
 * Jupyter shows a notebook before it has looked at which kernel it names, and would ask the reader.
 */
import { INotebookCellExecutor, runCell } from "@jupyterlab/notebook";

/** The document does the same once its checkpoint is made, and then finds it done. */
async function join(sessionContext, { defaultKernelName: name, defaultKernelLanguage: language }) {
  if (name) sessionContext.kernelPreference = { ...sessionContext.kernelPreference, name, language };
  await sessionContext.initialize();
}

export const cellExecutor = {
  id: "virtlab-ui:cell-executor",
  description: "Runs cells; those that come early wait for the kernel.",
  autoStart: true,
  provides: INotebookCellExecutor,
  activate: () => ({
    async runCell(options) {
      const { cell, notebook, sessionContext } = options;
      if (cell.model.type === "code" && sessionContext && !sessionContext.isReady) await join(sessionContext, notebook);
      return runCell(options);
    },
  }),
};
