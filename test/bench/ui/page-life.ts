/** What a reader waits for: from `npm start` to the page, from a key to the first result, from a key to its letter. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { formatNotebook } from "../../../kernel/runner/index.js";
import { launchChromium } from "../../clients/chromium.js";
import { longestTask } from "../../clients/longest-task.js";
import { code, notebookOf } from "../../kernel/runner/notebooks.js";

/** Of the built file, dist/test/bench/ui/page-life.js. */
const top = join(import.meta.dirname, "..", "..", "..", "..");
const tour = "00-tour.ipynb";

/** In ms. */
export interface Figures {
  /** From `npm start` to the tour's page, whose cells can be clicked. The browser runs already and has loaded nothing. */
  readonly page: number;
  /** From there until its kernel is idle. */
  readonly kernel: number;
  /** From the key to the first cell's result, as soon as its kernel is idle: types are still being loaded. */
  readonly firstFresh: number;
  /** The same in a kernel that has already completed a word, so that its types are there. */
  readonly firstWarm: number;
  /** The page's longest task while 10,000 lines arrive and somebody types, and while somebody types behind them. */
  readonly arriving: number;
  readonly behind: number;
}

const cell = (page: Page, index: number): Locator => page.locator(".jp-Notebook .jp-Cell").nth(index);

async function type(page: Page, index: number, text: string, delay = 0): Promise<void> {
  await cell(page, index).locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text, { delay });
}

/** By the page's own view and by the server's: a page calls no kernel idle, too. */
async function idle(page: Page): Promise<void> {
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first().waitFor();
  await page.locator(".jp-KernelName", { hasText: "virtlab" }).waitFor();
  const isIdle = `fetch("/api/sessions").then((answer) => answer.json()).then((sessions) => sessions.some(({ path, kernel }) =>
    location.pathname.endsWith(path) && kernel.execution_state === "idle"))`;
  await page.waitForFunction(isIdle, undefined, { polling: 50 });
}

/** From the key to the result, by this process's clock. */
async function firstCell(page: Page): Promise<number> {
  await cell(page, 0).locator(".cm-content").click();
  const begin = performance.now();
  await page.keyboard.press("Control+Enter");
  await cell(page, 0).locator(".jp-OutputArea-output", { hasText: "42" }).waitFor();
  return performance.now() - begin;
}

/** Completes a word, which takes the types; a page that still joins its kernel forgets the first keys. */
async function completes(page: Page): Promise<void> {
  await type(page, 1, "[1].toSor");
  const word = page.locator(".jp-Completer-item, .cm-content", { hasText: "toSorted" }).first();
  for (let tries = 0; tries < 60 && !(await word.isVisible()); tries++) {
    await page.keyboard.press("Tab");
    await page.waitForTimeout(250);
  }
  await word.waitFor();
  await page.keyboard.press("Escape");
  await idle(page);
}

/** `npm start` and its pages once, from beginning to end. */
export async function live(): Promise<Figures> {
  const home = mkdtempSync(join(tmpdir(), "bench-ui-"));
  cpSync(join(top, "notebooks", tour), join(home, tour));
  const write = (name: string, ...cells: readonly string[]): void => {
    writeFileSync(join(home, name), formatNotebook(notebookOf(...cells.map((text, i) => code(text, `cell-${i}`)))));
  };
  for (const name of ["fresh.ipynb", "warm.ipynb"]) write(name, "6 * 7", "");
  write("lines.ipynb", "for (let i = 0; i < 10_000; i++) console.log(`line ${i}`);", "");
  const { context, close } = await launchChromium();
  context.setDefaultTimeout(60_000);

  const begin = performance.now();
  const server = spawn("npm", ["start", "--silent", "--", home, "--no-browser", "--port", "0"], {
    cwd: top,
    env: { ...process.env, JUPYTER_DATA_DIR: join(home, ".data"), VIRTLAB_HISTORY: "off" },
    stdio: ["ignore", "pipe", "ignore"],
    // A group, for npm doesn't pass every signal on.
    detached: true,
  });
  const ended = once(server, "exit");
  try {
    let said = "";
    for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
      said += chunk.toString();
      if (said.includes("Ctrl-C")) break;
    }
    return await visit(context, new URL(/http:\S+/.exec(said)?.[0] ?? ""), begin);
  } finally {
    await close();
    process.kill(-(server.pid ?? NaN), "SIGTERM");
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
}

async function visit(context: BrowserContext, first: URL, begin: number): Promise<Figures> {
  const open = async (name: string): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(new URL(`/notebooks/${name}${first.search}`, first).href);
    await page.waitForSelector("body[data-ready]", { state: "attached" });
    await cell(page, 0).waitFor();
    return page;
  };
  const started = await open(tour);
  const page = performance.now() - begin;
  await idle(started);
  const kernel = performance.now() - begin - page;

  const fresh = await open("fresh.ipynb");
  await idle(fresh);
  const firstFresh = await firstCell(fresh);
  const warm = await open("warm.ipynb");
  await idle(warm);
  await completes(warm);
  const firstWarm = await firstCell(warm);

  const lines = await open("lines.ipynb");
  await idle(lines);
  const session = await context.newCDPSession(lines);
  const printed = cell(lines, 0).locator(".jp-InputPrompt", { hasText: /\[\d+\]/ });
  await cell(lines, 0).locator(".cm-content").click();
  const arriving = await longestTask(session, async () => {
    await lines.keyboard.press("Control+Enter");
    await type(lines, 1, "const meanwhile = 1;\n", 20);
    await printed.waitFor();
  });
  const behind = await longestTask(session, () => type(lines, 1, "const behind = 2;\n", 20));
  return { page, kernel, firstFresh, firstWarm, arriving, behind };
}
