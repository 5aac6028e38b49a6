import type { Page } from "playwright-core";

/** Waits until Notebook 6's kernel has done all that was asked. */
export async function classicIdle(tab: Page): Promise<void> {
  const quiet = `window.Jupyter?.notebook?.kernel?.is_connected() && document.querySelector(".kernel_idle_icon") !== null &&
    Jupyter.notebook.get_cells().every((cell) => cell.input_prompt_number !== "*")`;
  await tab.waitForFunction(quiet, undefined, { timeout: 120_000 });
}

/** Restarts Notebook 6's kernel with the toolbar's button, and says yes. */
export async function classicRestart(tab: Page): Promise<void> {
  const restarted = tab.evaluate(
    "new Promise((done) => Jupyter.notebook.events.one('kernel_ready.Kernel', () => done()))",
  );
  await tab.locator("[data-jupyter-action='jupyter-notebook:confirm-restart-kernel']").click();
  await tab.locator(".modal-dialog .btn-danger").click();
  await restarted;
  await classicIdle(tab);
}
