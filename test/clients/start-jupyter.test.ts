/**
 * `virtlab start --jupyter`: the front ends of somebody's Python, with our kernel and renderer for this run alone. Each is
 * opened at the address that it prints, as a reader does.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, expect, onTestFinished, test, type TestContext } from "vitest";
import { formatNotebook } from "../../kernel/runner/index.js";
import { code, notebookOf } from "../kernel/runner/notebooks.js";
import { keepOnFailure, keepPicture, needsBrowser, startBrowser, type Browser } from "./browser.js";
import { program } from "./command.js";
import { freePort } from "./jupyter-server.js";
import { pythonOf } from "./python.js";
import * as notebook7 from "./site.js";

const cells = [
  `import { plot } from "virtlab";
plot({ title: "Squares", caption: "Three numbers.", x: { label: "n", unit: "" }, y: { label: "n squared", unit: "" },
  series: [{ name: "squares", mark: "line", x: [1, 2, 3], y: [1, 4, 9] }] })`,
  'let kept = 41;\nconsole.log("at it");\nfor (;;) kept = 42;',
  "kept",
];

/** One front end, and how a reader uses it. */
interface FrontEnd {
  /** What it calls itself as it starts. */
  readonly name: RegExp;
  /** The environment in which it is the one that is found; skips the test where it isn't installed. */
  readonly found: (context: TestContext, folder: string) => NodeJS.ProcessEnv;
  /** Where the printed address leads. */
  readonly arrives: string;
  readonly ready: (page: Page) => Promise<void>;
  readonly run: (page: Page, index: number) => Promise<void>;
  readonly output: (page: Page, index: number) => Locator;
  readonly interrupt: (page: Page) => Promise<void>;
  /** What only a drawn plot has. */
  readonly plot: string;
}

/** A PATH with nothing of Python's Jupyter but this program. */
function pathWith(jupyter: string, folder: string): NodeJS.ProcessEnv {
  symlinkSync(jupyter, join(folder, "jupyter-notebook"));
  return { VIRTLAB_PYTHON: "", PATH: `${folder}:/usr/bin:/bin` };
}

/** JupyterLab's and Notebook 7's pages are made of the same parts. */
const lab = {
  ready: async (page: Page) => {
    await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first().waitFor({ timeout: 60_000 });
  },
  run: notebook7.run,
  output: (page: Page, index: number) => notebook7.output(page, index).first(),
  interrupt: (page: Page) => notebook7.menu(page, "Kernel", "kernelmenu:interrupt"),
  plot: ".cartesianlayer .subplot",
};

const frontEnds: Readonly<Record<string, FrontEnd>> = {
  lab: {
    name: /^JupyterLab 4\./m,
    found: (context) => ({ VIRTLAB_PYTHON: pythonOf(context, ["jupyterlab"]) }),
    arrives: "/lab/tree/00-tour.ipynb",
    ...lab,
  },
  notebook7: {
    name: /^Jupyter Notebook 7\./m,
    // It brings JupyterLab along, which comes first where both are found.
    found: (context, folder) => pathWith(join(dirname(pythonOf(context, ["notebook"])), "jupyter-notebook"), folder),
    arrives: "/notebooks/00-tour.ipynb",
    ...lab,
  },
  notebook6: {
    name: /^Jupyter Notebook 6\./m,
    found({ skip }, folder) {
      const classic = "/usr/bin/jupyter-notebook";
      skip(!existsSync(classic), `${classic} is not there: apt-get install jupyter-notebook`);
      return pathWith(classic, folder);
    },
    arrives: "/notebooks/00-tour.ipynb",
    async ready(page) {
      await page.waitForFunction(
        `window.Jupyter?.notebook?.kernel?.is_connected() && document.querySelector(".kernel_idle_icon") !== null`,
        undefined,
        { timeout: 60_000 },
      );
    },
    async run(page, index) {
      await page.locator(".cell").nth(index).locator(".CodeMirror").click();
      await page.keyboard.press("Shift+Enter");
    },
    output: (page, index) => page.locator(".cell").nth(index).locator(".output_subarea").first(),
    interrupt: (page) => page.locator("[data-jupyter-action='jupyter-notebook:interrupt-kernel']").click(),
    plot: "svg.virtlab",
  },
};

/**
 * Runs a cell, again where nothing came of it: the pages say that they are idle before they have a kernel, and a run asked for
 * until then is lost.
 */
async function run(frontEnd: FrontEnd, page: Page, index: number): Promise<void> {
  const prompt = page.locator(".jp-Cell .jp-InputPrompt, .cell .input_prompt").nth(index);
  const taken = async (): Promise<boolean> => {
    await frontEnd.run(page, index);
    return prompt
      .filter({ hasText: /\[(\*|\d+)\]/ })
      .waitFor({ timeout: 3000 })
      .then(
        () => true,
        () => false,
      );
  };
  await expect.poll(taken, { timeout: 60_000 }).toBe(true);
}

let browser: Browser | undefined;
// Not behind each test: a picture of a page may be wanted if it failed.
afterAll(() => browser?.close());

test.for(Object.entries(frontEnds))(
  "%s opens the folder with our kernel, draws a plot, is interrupted, and leaves nothing",
  async ([name, frontEnd], context) => {
    needsBrowser(context);
    const home = mkdtempSync(join(tmpdir(), "virtlab-home-"));
    const [notes, temporary, programs] = [join(home, "notes"), join(home, "tmp"), join(home, "bin")];
    for (const folder of [notes, temporary, programs]) mkdirSync(folder);
    const tour = notebookOf(...cells.map((source, i) => code(source, `cell-${i}`)));
    writeFileSync(join(notes, "00-tour.ipynb"), formatNotebook(tour));
    const env = {
      ...process.env,
      HOME: home,
      TMPDIR: temporary,
      JUPYTER_DATA_DIR: join(home, "data"),
      JUPYTER_CONFIG_DIR: join(home, "config"),
      JUPYTER_RUNTIME_DIR: join(home, "runtime"),
      ...frontEnd.found(context, programs),
    };
    const port = await freePort();
    const args = [program, "start", notes, "--jupyter", "--no-browser", "--port", `${port}`];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "exit");
    onTestFinished(async () => {
      // Politely: a Jupyter whose parent was killed lives on.
      child.kill("SIGTERM");
      await ended;
      rmSync(home, { recursive: true, force: true });
    });
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    const printed = new RegExp(`http://127\\.0\\.0\\.1:${port}/\\S*\\?token=\\w+`);
    await expect.poll(() => said, { timeout: 60_000 }).toMatch(printed);
    expect(said).toMatch(frontEnd.name);

    browser ??= await startBrowser();
    const page = await browser.open();
    keepOnFailure(browser, page, `start-${name}`, () => said);
    await page.goto(printed.exec(said)?.[0] ?? "");
    await frontEnd.ready(page);
    expect(new URL(page.url()).pathname).toBe(frontEnd.arrives);
    await run(frontEnd, page, 0);
    await frontEnd.output(page, 0).locator(frontEnd.plot).first().waitFor();
    await run(frontEnd, page, 1);
    await frontEnd.output(page, 1).getByText("at it").waitFor();
    await frontEnd.interrupt(page);
    await page.getByText("Interrupted: the cell was interrupted").first().waitFor();
    // What is sent before the failed cell's reply counts as queued behind it, and is aborted.
    await frontEnd.ready(page);
    await run(frontEnd, page, 2);
    await expect.poll(() => frontEnd.output(page, 2).innerText()).toBe("42");
    await keepPicture(page, `start-${name}`);

    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(readdirSync(temporary).filter((each) => each.startsWith("virtlab-"))).toEqual([]);
  },
);
