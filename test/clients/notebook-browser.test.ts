/** The notebook in a real browser: Debian's Chromium, headless, against `virtlab start`. Screenshots go to artefacts/. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { keepOnFailure, needsBrowser, startBrowser, type Browser } from "./browser.js";
import { everyControl, expectStart, moveEverything } from "./controls.js";

const top = fileURLToPath(new URL("../../", import.meta.url));
const built = existsSync(join(top, "dist", "ui", "manifest.json"));
if (!built) {
  console.warn("test/clients/notebook-browser.test.ts is skipped: the notebook interface is not built: npm run build");
}

interface Output {
  readonly output_type: string;
  readonly text?: string | string[];
  readonly data?: Readonly<Record<string, string | string[]>>;
}
interface Cell {
  readonly cell_type: string;
  readonly source: string | string[];
  readonly execution_count?: number | null;
  readonly outputs?: Output[];
}

const source = ({ source }: Cell): string => [source].flat().join("");

/** What a cell printed or returned, as text. */
const shown = ({ outputs = [] }: Cell): string =>
  outputs.map(({ text, data }) => [text ?? data?.["text/plain"] ?? ""].flat().join("")).join("");

const cell = (text: string): object => ({
  cell_type: "code",
  metadata: {},
  source: text,
  outputs: [],
  execution_count: null,
});

describe.skipIf(!built)("the notebook in Chromium", () => {
  let folder: string;
  let notebooks: string;
  let server: ChildProcess;
  let address: URL;
  let browser: Browser | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "virtlab-browser-"));
    notebooks = join(folder, "notebooks");
    cpSync(join(top, "notebooks"), notebooks, { recursive: true });
    mkdirSync(join(top, "artefacts"), { recursive: true });
    const program = join(top, "dist", "kernel", "cli", "main.js");
    server = spawn(process.execPath, [program, "start", notebooks, "--no-browser", "--port", "0"], {
      env: { ...process.env, JUPYTER_DATA_DIR: join(folder, "data") },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
      said += chunk.toString();
      if (said.includes("Ctrl-C")) break;
    }
    address = new URL(/http:\S+/.exec(said)?.[0] ?? "");
  });

  beforeEach(async (context) => {
    needsBrowser(context);
    browser ??= await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens a page of the server and waits until it can be used. */
  async function open(path: string): Promise<{ page: Page; elsewhere: string[] }> {
    if (browser === undefined) throw new Error("there is no browser");
    const page = await browser.open();
    keepOnFailure(browser, page, `browser-${path.replaceAll("/", "-")}`);
    onTestFinished(async () => {
      await page.close();
    });
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["data:", "blob:"].includes(url.protocol) && url.host !== address.host) elsewhere.push(request.url());
    });
    await page.goto(new URL(`/${path}${address.search}`, address).href);
    await page.waitForSelector("body[data-ready]", { state: "attached", timeout: 60_000 });
    if (path.startsWith("notebooks/")) {
      await page.locator(".jp-Notebook .jp-Cell").first().waitFor();
      const state = `fetch("/api/sessions").then((answer) => answer.json()).then((sessions) =>
        sessions.find((session) => session.path === ${JSON.stringify(path.slice("notebooks/".length))})?.kernel.execution_state)`;
      // The page's own view of its kernel: before that, running a cell asks for one or does nothing.
      await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first().waitFor({ timeout: 60_000 });
      await expect.poll(() => page.evaluate(state), { timeout: 60_000 }).toBe("idle");
    }
    return { page, elsewhere };
  }

  const write = (name: string, ...texts: readonly string[]): void => {
    const notebook = {
      cells: texts.map(cell),
      metadata: { kernelspec: { name: "virtlab", display_name: "", language: "" } },
      nbformat: 4,
      nbformat_minor: 4,
    };
    writeFileSync(join(notebooks, name), JSON.stringify(notebook));
  };
  const read = (name: string): readonly Cell[] =>
    (JSON.parse(readFileSync(join(notebooks, name), "utf8")) as { cells: Cell[] }).cells;

  async function menu(page: Page, name: string, command: string): Promise<void> {
    await page.locator(".lm-MenuBar-item", { hasText: new RegExp(`^${name}$`) }).click();
    await page.locator(`.lm-Menu-item[data-command="${command}"]`).click();
  }

  /** Saves until the file shows what the page does. */
  async function saved(
    page: Page,
    name: string,
    condition: (cells: readonly Cell[]) => boolean,
  ): Promise<readonly Cell[]> {
    await expect
      .poll(
        async () => {
          await page.keyboard.press("Control+s");
          await page.waitForTimeout(300);
          return condition(read(name));
        },
        { timeout: 90_000, interval: 500 },
      )
      .toBe(true);
    return read(name);
  }

  const ran = ({ cell_type, execution_count, source: text }: Cell): boolean =>
    cell_type !== "code" || text.length === 0 || typeof execution_count === "number";

  test.each(readdirSync(join(top, "notebooks")).filter((name) => name.endsWith(".ipynb")))(
    "%s runs from top to bottom, without a request to elsewhere",
    async (name) => {
      const { page, elsewhere } = await open(`notebooks/${name}`);
      await menu(page, "Run", "runmenu:run-all");
      const cells = await saved(page, name, (each) => each.every(ran));
      expect(cells.flatMap(({ outputs = [] }) => outputs).filter(({ output_type }) => output_type === "error")).toEqual(
        [],
      );
      await page.screenshot({ path: join(top, "artefacts", `browser-${name}.png`) });
      const plot = page.locator(".virtlab-plotly .main-svg").first();
      await plot.scrollIntoViewIfNeeded();
      await plot.waitFor();
      await page.screenshot({ path: join(top, "artefacts", `browser-${name}-plot.png`) });
      expect(elsewhere).toEqual([]);
    },
  );

  test("typing completes; what was typed runs, is saved and is there after a reload", async () => {
    write("typed.ipynb", "");
    const { page } = await open("notebooks/typed.ipynb");
    await page.locator(".jp-CodeCell .cm-content").click();
    await page.keyboard.type("const places = [3, 1, 2];\nplaces.toSor");
    const popup = page.locator(".jp-Completer-item", { hasText: "toSorted" }).first();
    // The page may still be joining its kernel.
    const isThere = async (): Promise<boolean> => {
      await page.keyboard.press("Tab");
      await page.waitForTimeout(1000);
      return (await popup.isVisible()) || (await page.locator(".cm-content").innerText()).includes("toSorted");
    };
    await expect.poll(isThere, { timeout: 30_000 }).toBe(true);
    if (await popup.isVisible()) await page.keyboard.press("Enter");
    await page.keyboard.type("()");
    await page.keyboard.press("Shift+Enter");
    const [first] = await saved(page, "typed.ipynb", ([each]) => each !== undefined && shown(each) !== "");
    expect(first && source(first)).toBe("const places = [3, 1, 2];\nplaces.toSorted()");
    expect(first && shown(first)).toContain("1, 2, 3");
    await page.reload();
    await page.locator(".jp-OutputArea-output", { hasText: "1, 2, 3" }).waitFor();
  });

  test("an endless loop is interrupted and leaves what was; a restart leaves nothing", async () => {
    write("loop.ipynb", "const kept = 41;", "for (;;) {}", "kept + 1", "kept + 2");
    const { page } = await open("notebooks/loop.ipynb");
    const run = async (nth: number): Promise<void> => {
      await page.locator(".jp-CodeCell .cm-content").nth(nth).click();
      await page.keyboard.press("Control+Enter");
    };
    await run(0);
    await page.locator(".jp-InputArea-prompt", { hasText: "[1]" }).waitFor();
    await run(1);
    await page.locator(".jp-InputArea-prompt", { hasText: "[*]" }).first().waitFor();
    await page.waitForTimeout(1000);
    await menu(page, "Kernel", "kernelmenu:interrupt");
    await page
      .locator(".jp-OutputArea-output", { hasText: /interrupt/i })
      .first()
      .waitFor();
    // What is sent before the failed cell's reply counts as queued behind it, and is aborted.
    await page.locator(".jp-InputArea-prompt", { hasText: "[2]" }).waitFor();
    await run(2);
    await page.locator(".jp-OutputArea-output", { hasText: "42" }).waitFor();
    await menu(page, "Kernel", "kernelmenu:restart");
    await page.locator(".jp-Dialog button.jp-mod-accept").click();
    await run(3);
    await page.locator(".jp-OutputArea-output", { hasText: /kept/ }).last().waitFor({ timeout: 60_000 });
    const cells = await saved(page, "loop.ipynb", (each) => each[3]?.outputs?.length === 1);
    expect(cells[3]?.outputs?.[0]?.output_type).toBe("error");
  });

  test("two tabs on one notebook share its kernel", async () => {
    write("tabs.ipynb", "let shared = 7;", "shared * 6");
    const [one, two] = [await open("notebooks/tabs.ipynb"), await open("notebooks/tabs.ipynb")];
    await one.page.bringToFront();
    await one.page.locator(".jp-CodeCell .cm-content").first().click();
    await one.page.keyboard.press("Control+Enter");
    await one.page.locator(".jp-InputArea-prompt", { hasText: "[1]" }).waitFor();
    await two.page.bringToFront();
    await two.page.locator(".jp-CodeCell .cm-content").nth(1).click();
    await two.page.keyboard.press("Control+Enter");
    await two.page.locator(".jp-OutputArea-output", { hasText: "42" }).waitFor();
    const kernels = await two.page.evaluate<{ path: string }[]>(
      `fetch("/api/sessions").then((answer) => answer.json())`,
    );
    expect(kernels.filter(({ path }) => path === "tabs.ipynb")).toHaveLength(1);
  });

  test("a slider moves the result that follows it", async () => {
    write(
      "slider.ipynb",
      'import { interact } from "virtlab";\ninteract(({ n }) => `n is ${n}`, { n: { min: 0, max: 10, value: 2 } })',
    );
    const { page } = await open("notebooks/slider.ipynb");
    await page.locator(".jp-CodeCell .cm-content").click();
    await page.keyboard.press("Control+Enter");
    await page.locator(".noUi-handle").first().waitFor({ timeout: 60_000 });
    // In the middle of the track.
    await page.locator(".noUi-base").first().click();
    await page.getByText("n is 5").waitFor();
    await page.screenshot({ path: join(top, "artefacts", "browser-slider.png") });
    expect(await page.locator(".noUi-handle").count()).toBe(1);
  });

  test("every kind of control is seen and moves", async () => {
    write("kinds.ipynb", everyControl);
    const { page } = await open("notebooks/kinds.ipynb");
    await page.locator(".jp-CodeCell .cm-content").click();
    await page.keyboard.press("Control+Enter");
    const shown = page.locator(".jp-CodeCell").first();
    await expectStart(shown);
    await page.screenshot({ path: join(top, "artefacts", "browser-kinds.png") });
    await moveEverything(shown);
    await page.screenshot({ path: join(top, "artefacts", "browser-kinds-moved.png") });
  });

  test("the tree shows the folder; a file is uploaded, and a notebook renamed with its session", async () => {
    write("old.ipynb", "1");
    const { page } = await open("tree");
    await page.locator(".jp-DirListing-item", { hasText: "00-tour.ipynb" }).waitFor();
    const bytes = Buffer.alloc(3_000_000, "ab");
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      page
        .locator(
          '[data-jp-item-name="uploader"] jp-button, .jp-ToolbarButtonComponent[title*="Upload"], jp-button[aria-label*="Upload"]',
        )
        .first()
        .click(),
    ]);
    await chooser.setFiles({ name: "data.bin", mimeType: "application/octet-stream", buffer: bytes });
    await expect
      .poll(() => existsSync(join(notebooks, "data.bin")) && readFileSync(join(notebooks, "data.bin")).equals(bytes), {
        timeout: 20_000,
      })
      .toBe(true);
    await page.screenshot({ path: join(top, "artefacts", "browser-tree.png") });
    const { page: notebook } = await open("notebooks/old.ipynb");
    await notebook.locator(".jp-NotebookCheckpoint, .jp-NotebookApp, #jp-title h1").first().waitFor();
    await notebook.locator("#jp-title h1").click();
    await notebook.locator(".jp-Dialog input").fill("new.ipynb");
    await notebook.keyboard.press("Enter");
    await expect.poll(() => existsSync(join(notebooks, "new.ipynb")), { timeout: 20_000 }).toBe(true);
    await expect
      .poll(async () =>
        JSON.stringify(await notebook.evaluate(`fetch("/api/sessions").then((answer) => answer.json())`)),
      )
      .toContain('"path":"new.ipynb"');
  });

  test("the dark theme is taken and kept", async () => {
    const { page } = await open("notebooks/00-tour.ipynb");
    const background = (): Promise<string> =>
      page.evaluate<string>(
        `getComputedStyle(document.querySelector(".jp-Notebook")).getPropertyValue("--jp-layout-color0").trim()`,
      );
    const light = await background();
    await page.locator(".lm-MenuBar-item", { hasText: /^Settings$/ }).click();
    await page.locator(".lm-Menu-item", { hasText: /^Theme/ }).hover();
    await page.locator(".lm-Menu-item", { hasText: /^JupyterLab Dark$/ }).click();
    await expect.poll(background, { timeout: 20_000 }).not.toBe(light);
    const dark = await background();
    await page.waitForTimeout(1500);
    await page.reload();
    await page.waitForSelector("body[data-ready]", { state: "attached" });
    await expect.poll(background, { timeout: 20_000 }).toBe(dark);
    await page.screenshot({ path: join(top, "artefacts", "browser-dark.png") });
  });

  test("what is typed while 10,000 lines arrive is there, and so are they", async () => {
    write("lines.ipynb", "for (let i = 0; i < 10_000; i++) console.log(`line ${i}`);", "");
    const { page } = await open("notebooks/lines.ipynb");
    await page.locator(".jp-CodeCell .cm-content").first().click();
    await page.keyboard.press("Shift+Enter");
    await page.locator(".jp-CodeCell .cm-content").nth(1).click();
    await page.keyboard.type("const typed = 1;");
    const cells = await saved(
      page,
      "lines.ipynb",
      (each) => each[0] !== undefined && shown(each[0]).includes("line 9999"),
    );
    expect(cells[0] && shown(cells[0]).split("\n")).toHaveLength(10_001);
    expect(cells[1] && source(cells[1])).toBe("const typed = 1;");
  });
});
