import { cpSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeEach, vi } from "vitest";
import { formatNotebook } from "../../kernel/runner/index.js";
import { code, notebookOf } from "../kernel/runner/notebooks.js";
import { keepOnFailure, keepPicture, needsBrowser, startBrowser, type Browser } from "./browser.js";
import { startServer, type JupyterServer } from "./jupyter-server.js";
import { pythonOf } from "./python.js";

/** What a first visitor has, without the look for news on the net, and with unseen cells in the page. */
const settings = {
  "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings":
    '{ "fetchNews": "false", "checkForUpdates": false }',
  "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings": '{ "windowingMode": "none" }',
};

/** JupyterLab 4 from the venv of a Python. */
const startLab = (python: string): Promise<JupyterServer> =>
  startServer({
    // `window.jupyterapp` opens notebooks, and tells what the page shows nowhere: that nothing runs any more.
    command: [python, "-m", "jupyterlab", "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"],
    app: "ServerApp",
    files: settings,
  });

/** A notebook in JupyterLab's main area. Cells are counted from 0, those of text too. */
export interface LabNotebook {
  /** The notebook's part of the page. */
  readonly panel: Locator;
  cell(index: number): Locator;
  /** What stands below a cell. */
  outputs(index: number): Locator;
  /** Run › Run All Cells, to the end or to the first error. */
  runAll(): Promise<void>;
  /** Runs one cell to its end as a reader does: a click into it, Shift+Enter. */
  run(index: number): Promise<void>;
  /** As `run`, only until the kernel is at it. */
  start(index: number): Promise<void>;
  /** Presses a button of the notebook's toolbar, known by its command. */
  press(command: string): Promise<void>;
  /** Restarts the kernel with the toolbar's button, and says yes. */
  restart(): Promise<void>;
  /** Waits until the kernel has done all that was asked. */
  idle(): Promise<void>;
  save(): Promise<void>;
  /** The sides in pixels of the pictures that outputs show; 0 where one can't be drawn. */
  pictures(): Promise<readonly { readonly width: number; readonly height: number }[]>;
  /** What each cell's output shows as text, and whether it is an error. */
  shown(): Promise<readonly { readonly text: string; readonly failed: boolean }[]>;
}

/** What JupyterLab says of a machine that has other work, too. */
const slow = /^Plugin \S+ \(with \d+ dependants\) took [\d.]+ms to activate\.$/;

/** JupyterLab for all tests of a file. */
export interface Lab {
  /** Opens a new notebook of these code cells, alone, and waits for its kernel. */
  write(...cells: readonly string[]): Promise<LabNotebook>;
  /** Opens a copy of a notebook, alone, and waits for its kernel. */
  open(path: string): Promise<LabNotebook>;
  /** Loads the page anew; the notebook's kernel lives on. */
  reload(): Promise<LabNotebook>;
  /** Keeps what the page shows as `artefacts/clients/lab-NAME.png`. */
  picture(name: string): Promise<void>;
  readonly tab: Page;
  readonly server: JupyterServer;
  /** What the page complained of so far. */
  readonly complaints: readonly string[];
}

/**
 * Starts JupyterLab and Chromium with the first test of the file and ends them behind the last. A test is skipped, saying
 * why, where either is missing; if it fails, a picture and what page and server said are kept.
 * @param modules what Python needs besides JupyterLab
 */
export function useLab(...modules: readonly string[]): Lab {
  vi.setConfig({ testTimeout: 120_000 });
  let server: JupyterServer | undefined;
  let browser: Browser | undefined;
  let tab: Page | undefined;

  beforeEach(async (context) => {
    needsBrowser(context);
    const python = pythonOf(context, ["jupyterlab", ...modules]);
    server ??= await startLab(python);
    browser ??= await startBrowser();
    if (tab === undefined) {
      tab = await browser.open();
      await tab.goto(server.address("lab?reset"));
      await tab.locator(".jp-Launcher").waitFor();
    }
    keepOnFailure(browser, tab, `lab-${context.task.name.replaceAll(/\W+/g, "-")}`, server.log);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const running = (): { server: JupyterServer; browser: Browser; tab: Page } => {
    if (server === undefined || browser === undefined || tab === undefined) throw new Error("only within a test");
    return { server, browser, tab };
  };
  let written = 0;
  return {
    async write(...cells) {
      const name = `written-${++written}.ipynb`;
      const notebook = notebookOf(...cells.map((source, i) => code(source, `cell-${i}`)));
      writeFileSync(join(running().server.folder, name), formatNotebook(notebook));
      return openNotebook(running().tab, name);
    },
    async open(path) {
      const name = basename(path);
      cpSync(path, join(running().server.folder, name));
      return openNotebook(running().tab, name);
    },
    async reload() {
      await running().tab.reload();
      return attach(running().tab);
    },
    picture: (name) => keepPicture(running().tab, `lab-${name}`),
    get tab() {
      return running().tab;
    },
    get server() {
      return running().server;
    },
    get complaints() {
      return running()
        .browser.complaints(running().tab)
        .filter((words) => !slow.test(words));
    },
  };
}

const current = "window.jupyterapp.shell.currentWidget";
const shownPanel = ".jp-NotebookPanel:not(.lm-mod-hidden)";

/** Opens a notebook of the server's folder in JupyterLab, alone, and waits for its kernel. */
async function openNotebook(tab: Page, name: string): Promise<LabNotebook> {
  // A test that failed may have left a question open.
  while ((await tab.locator(".jp-Dialog").count()) > 0) await tab.locator(".jp-Dialog .jp-mod-reject").click();
  await tab.evaluate(`(async () => {
    const open = ${current};
    if (open?.sessionContext !== undefined) {
      await open.context.save();
      await open.sessionContext.shutdown();
      await window.jupyterapp.commands.execute("application:close-all");
    }
    await window.jupyterapp.commands.execute("docmanager:open", { path: ${JSON.stringify(name)} });
  })()`);
  return attach(tab);
}

/** The notebook that JupyterLab shows, once its kernel is there. */
async function attach(tab: Page): Promise<LabNotebook> {
  const panel = tab.locator(shownPanel);
  const cell = (index: number): Locator => panel.locator(".jp-Cell").nth(index);
  const quiet = `${current}?.sessionContext?.session?.kernel?.status === "idle" &&
    !${current}.content.widgets.some(({ model }) => model.executionState === "running")`;
  const idle = async (): Promise<void> => {
    await tab.waitForFunction(quiet, undefined, { timeout: 120_000 });
  };
  /** Asks for cells to run, and waits until one of them does or has. A count that it had would not tell. */
  const ask = async (cells: string, act: () => Promise<void>): Promise<void> => {
    await tab.evaluate(`for (const { model } of ${cells}) if (model.type === "code") model.executionCount = null`);
    await act();
    await tab.waitForFunction(`${cells}.some(
      ({ model }) => model.executionState === "running" || typeof model.executionCount === "number")`);
  };
  const start = (index: number): Promise<void> =>
    ask(`${current}.content.widgets.slice(${index}, ${index + 1})`, async () => {
      await cell(index).locator(".cm-content").click();
      await tab.keyboard.press("Shift+Enter");
    });
  const press = async (command: string): Promise<void> => {
    await panel.locator(`.jp-NotebookPanel-toolbar [data-command="${command}"]`).click();
  };
  await panel.waitFor();
  await idle();
  return {
    panel,
    cell,
    outputs: (index) => cell(index).locator(".jp-OutputArea-output"),
    idle,
    async runAll() {
      await ask(`${current}.content.widgets`, async () => {
        await tab.getByRole("menuitem", { name: "Run", exact: true }).click();
        await tab.getByRole("menuitem", { name: "Run All Cells", exact: true }).click();
      });
      await idle();
    },
    async run(index) {
      await start(index);
      await idle();
    },
    async start(index) {
      await start(index);
      await tab.waitForFunction(`${current}.sessionContext.session.kernel.status === "busy"`);
    },
    press,
    async restart() {
      const restarted = tab.evaluate(`new Promise((resolve) => {
        let left = false;
        ${current}.sessionContext.session.kernel.statusChanged.connect((_, status) => {
          left ||= status === "restarting";
          if (left && status === "idle") resolve();
        });
      })`);
      await press("notebook:restart-kernel");
      await tab.locator(".jp-Dialog .jp-mod-accept").click();
      await restarted;
    },
    async save() {
      await tab.evaluate(`${current}.context.save()`);
    },
    pictures: () =>
      tab.evaluate(`Promise.all([...document.querySelectorAll("${shownPanel} .jp-OutputArea-output")]
        .flatMap((output) => [...output.querySelectorAll("img, svg")].slice(0, 1))
        .map(async (drawn) => {
          const decodes = drawn.decode === undefined || (await drawn.decode().then(() => true, () => false));
          const { width, height } = drawn.getBoundingClientRect();
          return decodes ? { width, height } : { width: 0, height: 0 };
        }))`),
    shown: () =>
      tab.evaluate(`${current}.content.widgets.map(({ node, model }) => ({
        text: [...node.querySelectorAll(".jp-OutputArea-output")].map((output) => output.innerText.trimEnd()).join("\\n"),
        failed: model.type === "code" && model.outputs.toJSON().some(({ output_type }) => output_type === "error"),
      }))`),
  };
}
