/** Other clients of our server, and other kernels on it: Debian's Notebook 6 as its client, and Python's kernel. */
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { keepPicture } from "./browser.js";
import { classicIdle, classicRestart } from "./classic-page.js";
import { call, top } from "./command.js";
import { startServer } from "./jupyter-server.js";
import { pythonOf } from "./python.js";
import { done, menu, output, run, shown, useSite } from "./site.js";

const program = "/usr/bin/jupyter-notebook";

const site = useSite((context) => {
  const python = pythonOf(context, ["ipykernel"]);
  const prefix = call(python, ["-c", "import sys; print(sys.prefix, end='')"], top).out;
  return {
    JUPYTER_PATH: join(prefix, "share", "jupyter"),
    // Its kernelspec names no folder of its Python.
    PATH: [dirname(python), process.env["PATH"]].join(delimiter),
  };
});

const python = (...cells: readonly string[]): string =>
  JSON.stringify({
    cells: cells.map((source, i) => ({
      cell_type: "code",
      id: `cell-${i}`,
      source,
      metadata: {},
      outputs: [],
      execution_count: null,
    })),
    metadata: { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } },
    nbformat: 4,
    nbformat_minor: 5,
  });

test("Python's kernel is listed, started, run and interrupted", async () => {
  const file = join(site.folder, "python.ipynb");
  writeFileSync(file, python("import time\nkept = sum(range(10))\nkept", "while True: time.sleep(1)", "kept + 1"));
  const page = await site.open("notebooks/python.ipynb");
  const specs = `fetch("/api/kernelspecs").then((answer) => answer.json()).then((all) => Object.keys(all.kernelspecs))`;
  expect(await page.evaluate<string[]>(specs)).toEqual(expect.arrayContaining(["virtlab", "python3"]));
  await run(page, 0);
  await output(page, 0).getByText("45").waitFor();
  await run(page, 1);
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]').first().waitFor();
  await menu(page, "Kernel", "kernelmenu:interrupt");
  await output(page, 1).getByText("KeyboardInterrupt").first().waitFor();
  await done(page, 1);
  await run(page, 2);
  await output(page, 2).getByText("46").waitFor();
  await site.picture(page, "python");
  await site.saved(page, "python.ipynb", ([, , last]) => last !== undefined && shown(last) === "46");
});

test("Notebook 6 uses the server's kernels: lists, runs, interrupts, restarts", async (context) => {
  context.skip(!existsSync(program), `${program} is not there: apt-get install jupyter-notebook`);
  const ours = new URL(site.address(""));
  const notebook6 = await startServer({
    command: [program, `--gateway-url=${ours.origin}`],
    app: "NotebookApp",
    env: { JUPYTER_GATEWAY_AUTH_TOKEN: ours.searchParams.get("token") ?? "" },
  });
  onTestFinished(() => notebook6.close());
  const cells = ["let kept = 41;", 'kept = 42;\nconsole.log("at it");\nwhile (true) {}', "kept"];
  writeFileSync(
    join(notebook6.folder, "far.ipynb"),
    JSON.stringify({
      cells: cells.map((source) => ({ cell_type: "code", source, metadata: {}, outputs: [], execution_count: null })),
      metadata: { kernelspec: { name: "virtlab", display_name: "TypeScript (virtlab)", language: "typescript" } },
      nbformat: 4,
      nbformat_minor: 4,
    }),
  );
  const tree = await site.open("tree");
  const tab = await tree.context().newPage();
  onTestFinished(() => tab.close());
  await tab.goto(notebook6.address("notebooks/far.ipynb"));
  const idle = (): Promise<void> => classicIdle(tab);
  const start = async (index: number): Promise<void> => {
    await tab.locator(".cell").nth(index).locator(".CodeMirror").click();
    await tab.keyboard.press("Shift+Enter");
  };
  const shows = (index: number): Promise<string> => tab.locator(".cell").nth(index).locator(".output").innerText();
  await idle();
  const kernels = (): Promise<{ name: string; id: string }[]> =>
    tree.evaluate(`fetch("/api/kernels").then((answer) => answer.json())`);
  const id = await tab.evaluate<string>("Jupyter.notebook.kernel.id");
  expect((await kernels()).find((kernel) => kernel.id === id)?.name).toBe("virtlab");
  await start(0);
  await idle();
  await start(1);
  await expect.poll(() => shows(1)).toContain("at it");
  await tab.locator("[data-jupyter-action='jupyter-notebook:interrupt-kernel']").click();
  await idle();
  await expect.poll(() => shows(1)).toContain("Interrupted");
  await start(2);
  await idle();
  await expect.poll(() => shows(2)).toContain("42");
  await keepPicture(tab, "browser-gateway");
  await classicRestart(tab);
  await start(2);
  await idle();
  await expect.poll(() => shows(2)).toContain("Cannot find name 'kept'");
});
