/** The classic Notebook 6 with the installed kernel, in Chromium. */
import { cpSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeEach, expect, test } from "vitest";
import { keepOnFailure, keepPicture, needsBrowser, startBrowser, type Browser } from "./browser.js";
import { classicIdle, classicRestart } from "./classic-page.js";
import { call, top } from "./command.js";
import { everyControl, expectStart, moveEverything } from "./controls.js";
import { startServer, type JupyterServer } from "./jupyter-server.js";
import { pythonOf } from "./python.js";

const program = "/usr/bin/jupyter-notebook";
const folder = join(top, "notebooks");
const course = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));

let server: JupyterServer | undefined;
let browser: Browser | undefined;
let tab: Page;
let address: JupyterServer["address"];
let home: string;

/**
 * Debian's python3-widgetsnbextension is of ipywidgets 6 and knows none of the modules that front ends have had since.
 * PyPI's is of ipywidgets 7 where CI installs it: what VS Code has for kernels that aren't Python's, too.
 */
function startNotebook(python: string): Promise<JupyterServer> {
  const prefix = call(python, ["-c", "import sys; print(sys.prefix, end='')"], top).out;
  return startServer({
    command: [program],
    app: "NotebookApp",
    env: { JUPYTER_PATH: join(prefix, "share", "jupyter") },
    files: { "config/nbconfig/notebook.json": '{ "load_extensions": { "jupyter-js-widgets/extension": true } }' },
  });
}

beforeEach(async (context) => {
  needsBrowser(context);
  context.skip(!existsSync(program), `${program} is not there: apt-get install jupyter-notebook`);
  server ??= await startNotebook(pythonOf(context, ["widgetsnbextension"]));
  ({ folder: home, address } = server);
  if (browser === undefined) {
    browser = await startBrowser();
    tab = await browser.open();
  }
  keepOnFailure(browser, tab, `notebook6-${context.task.name.replaceAll(/\W+/g, "-")}`, server.log);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const idle = (): Promise<void> => classicIdle(tab);

async function open(name: string): Promise<void> {
  await tab.goto(address(`notebooks/${name}`));
  await idle();
}

/** Opens a new notebook in the format of this Notebook's time: it would drop the cells' ids, and with them its trust. */
async function write(name: string, ...cells: readonly string[]): Promise<void> {
  const cell_type = "code";
  const notebook = {
    nbformat: 4,
    nbformat_minor: 4,
    metadata: { kernelspec: { display_name: "TypeScript (virtlab)", language: "typescript", name: "virtlab" } },
    cells: cells.map((source) => ({ cell_type, source, execution_count: null, metadata: {}, outputs: [] })),
  };
  writeFileSync(join(home, name), JSON.stringify(notebook));
  await open(name);
}

const cell = (index: number): Locator => tab.locator(".cell").nth(index);
const output = (index: number): Locator => cell(index).locator(".output_subarea").first();

async function start(index: number): Promise<void> {
  await cell(index).locator(".CodeMirror").click();
  // The prompt changes as the key is pressed.
  await tab.keyboard.press("Shift+Enter");
}

async function run(index: number): Promise<void> {
  await start(index);
  await idle();
}

/** Our own notebook page runs all of them in each test run; this one has two, and in the long form all. */
const lessons = process.env["VIRTLAB_LONG"] === "1" ? course : course.slice(0, 2);

test.for(lessons)("%s runs from end to end, and its pictures are seen", async (name) => {
  cpSync(join(folder, name), join(home, name));
  await open(name);
  await tab.locator("#menubar").getByText("Cell", { exact: true }).click();
  await tab.locator("#run_all_cells").click();
  await idle();
  await expect.poll(() => tab.locator(".output_svg").count()).toBeGreaterThan(0);
  expect(await tab.locator(".output_error").allInnerTexts()).toEqual([]);
  for (const picture of await tab.locator(".output_svg svg").all()) {
    const { width, height } = (await picture.boundingBox()) ?? { width: 0, height: 0 };
    expect(width).toBeGreaterThan(300);
    expect(height).toBeGreaterThan(100);
  }
  await keepPicture(tab, `notebook6-${name.replace(".ipynb", "")}`);
});

test("Stop ends an endless loop and keeps the state; Restart forgets it", async () => {
  await write("stop.ipynb", "let kept = 41;", 'kept = 42;\nconsole.log("at it");\nwhile (true) {}', "kept", "half(");
  await run(0);
  await start(1);
  await expect.poll(() => output(1).innerText()).toContain("at it");
  await tab.locator("[data-jupyter-action='jupyter-notebook:interrupt-kernel']").click();
  await idle();
  await expect.poll(() => cell(1).locator(".output").innerText()).toContain("Interrupted: the cell was interrupted");
  await run(2);
  await expect.poll(() => output(2).innerText()).toBe("42");
  await run(3);
  await expect.poll(() => output(3).innerText()).toContain("In[4]:1:");
  await keepPicture(tab, "notebook6-stopped");
  await classicRestart(tab);
  await run(2);
  await expect.poll(() => output(2).innerText()).toContain("which has not run. Run it first.");
});

test("Tab completes with types, Shift+Tab shows signature and documentation", async () => {
  const price = "/** The price of n loaves, in cents. */\nfunction price(n: number): number {\n  return n * 250;\n}";
  await write("complete.ipynb", `${price}\nconst basket = { loaves: 3, total: price(3) };`, "");
  await run(0);
  await cell(1).locator(".CodeMirror").click();
  await tab.keyboard.type("basket.");
  await tab.keyboard.press("Tab");
  const completions = tab.locator("#complete option");
  await completions.first().waitFor();
  expect(await completions.allInnerTexts()).toEqual(["loaves", "total"]);
  await keepPicture(tab, "notebook6-completion");
  await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("Enter");
  const text = (): Promise<unknown> => tab.evaluate("Jupyter.notebook.get_cell(1).get_text()");
  expect(await text()).toBe("basket.total");
  await tab.keyboard.press("ControlOrMeta+a");
  await tab.keyboard.type("price");
  await tab.keyboard.press("Shift+Tab");
  const tooltip = tab.locator("#tooltip");
  await expect.poll(() => tooltip.innerText()).toContain("function price(n: number): number");
  expect(await tooltip.innerText()).toContain("The price of n loaves, in cents.");
  await keepPicture(tab, "notebook6-documentation");
});

test("a slider moved by the keyboard runs the function again, also after the page was loaded anew", async () => {
  await write(
    "widget.ipynb",
    'import { interact } from "virtlab";\ninteract(({ n, how }) => how + " of " + n * n, { n: { min: 1, max: 9 }, how: ["sum", "mean"], on: true, name: "x" });',
  );
  await run(0);
  const result = cell(0).locator(".widget-vbox pre");
  await expect.poll(() => result.innerText()).toBe("'sum of 1'");
  const slider = cell(0).locator(".ui-slider-handle, [role=slider]");
  await slider.focus();
  for (let n = 2; n <= 5; n++) await tab.keyboard.press("ArrowRight");
  await expect.poll(() => result.innerText()).toBe("'sum of 25'");
  await cell(0).locator("select").selectOption("mean");
  await expect.poll(() => result.innerText()).toBe("'mean of 25'");
  await keepPicture(tab, "notebook6-widget");
  await tab.evaluate("Jupyter.notebook.save_notebook().then(() => undefined)");
  await open("widget.ipynb");
  await expect.poll(() => result.innerText()).toBe("'mean of 25'");
  await slider.focus();
  await tab.keyboard.press("ArrowRight");
  await expect.poll(() => result.innerText()).toBe("'mean of 36'");
  await keepPicture(tab, "notebook6-widget-reloaded");
});

test("every kind of control is seen and moves", async () => {
  await write("kinds.ipynb", everyControl);
  await run(0);
  await expectStart(cell(0));
  await keepPicture(tab, "notebook6-kinds");
  await moveEverything(cell(0));
  await keepPicture(tab, "notebook6-kinds-moved");
});

test("a cell that runs again and again leaves the widgets of its latest runs, and no more", async () => {
  await write("again.ipynb", 'import { slider } from "virtlab";\nslider(0, 9)');
  const models = (): Promise<number> =>
    tab.evaluate(`new Promise((done) => Jupyter.notebook.kernel.comm_info("jupyter.widget",
      ({ content }) => done(Object.keys(content.comms).length)))`);
  await run(0);
  const one = await models();
  expect(one).toBeGreaterThan(1);
  for (let n = 0; n < 9; n++) await run(0);
  expect(await models()).toBe(4 * one);
  await expect.poll(() => cell(0).locator(".ui-slider-handle, [role=slider]").count()).toBe(1);
});
