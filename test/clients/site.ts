import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, expect, type TestContext } from "vitest";
import { formatNotebook, type Cell as AnyCell } from "../../kernel/runner/index.js";
import { code, notebookOf } from "../kernel/runner/notebooks.js";
import { keepOnFailure, keepPicture, needsBrowser, startBrowser, type Browser } from "./browser.js";
import { program, top } from "./command.js";

/** A cell of a saved notebook. */
export interface Cell {
  readonly cell_type: string;
  readonly source: string | string[];
  readonly execution_count?: number | null;
  readonly outputs?: readonly {
    readonly output_type: string;
    readonly text?: string | string[];
    readonly data?: Readonly<Record<string, string | string[]>>;
  }[];
}

export const source = ({ source }: Cell): string => [source].flat().join("");

/** What a cell printed or returned, as text. */
export const shown = ({ outputs = [] }: Cell): string =>
  outputs.map(({ text, data }) => [text ?? data?.["text/plain"] ?? ""].flat().join("")).join("");

/** `virtlab start` on a folder of its own, and its pages in Chromium. */
export interface Site {
  /** The folder that it serves. */
  readonly folder: string;
  /** The address of one of its pages, with the token that lets a browser in. */
  address(path: string): string;
  /** Opens a page, for one test, and waits until it can be used, a notebook's until its kernel is idle. */
  open(path: string): Promise<Page>;
  /** Watches a tab that a page opened as those that `open` does. */
  follow(page: Page, name: string): void;
  /** Writes a notebook; a text is a code cell. */
  write(name: string, ...cells: readonly (string | AnyCell)[]): void;
  read(name: string): readonly Cell[];
  /** Saves with the keyboard until the file is as it should be. */
  saved(page: Page, name: string, condition: (cells: readonly Cell[]) => boolean): Promise<readonly Cell[]>;
  /** Keeps what the page shows as `artefacts/clients/browser-NAME.png`. */
  picture(page: Page, name: string): Promise<void>;
}

/** What Jupyter's packages warn of in every front end made of them, and what it comes from. */
const known = [
  // Notebook 7's own menus name these twice; the first counts (jupyterlab's settingregistry, `warn`).
  /^Menu entry for command '[\w:-]+' is duplicated\.$/,
  // Notebook 7 gives Ctrl B to its scratchpad, which only a notebook's page has, and Lab's commands to the sidebar.
  /^Skipping .*scratchpad-console:open.* default shortcut because it collides/,
  // A restart takes the kernel's connections with it.
  /^Connection lost, reconnecting in \d+ seconds\.$/,
  // Another tab's widgets asked the kernel what comms there are; the answer goes to all tabs.
  /^Comm not found for comm id /,
  // On a slow machine the page looks for settings that a plugin is about to load itself.
  /^Settings failed to load for \(@jupyter/,
  /^If 'jupyter\.lab\.transform=true' in the plugin schema, this may happen/,
  // The list of files makes a notebook only to learn its address, and lets it go while it still lays its cells out.
  /^Cannot read properties of null \(reading 'updateRenderOption'\)/,
  /^TypeError: Cannot read properties of null \(reading 'insertWidget'\)/,
  // The tab that saves second, before it asks.
  /^Different hash found for /,
];

/**
 * Starts the server and Chromium with the first test of the file and ends them behind the last. A test is skipped, saying
 * why, without Chromium. It fails, whatever else it finds, if a page asked for anything elsewhere or complained.
 * @param environment what the server's differs in
 */
export function useSite(environment: (context: TestContext) => NodeJS.ProcessEnv = () => ({})): Site {
  const built = join(top, "dist", "ui", "manifest.json");
  let home = "";
  let server: ChildProcess | undefined;
  let browser: Browser | undefined;
  let first = new URL("http://127.0.0.1");
  let pages: Page[] = [];
  let elsewhere: string[] = [];

  beforeEach(async (context) => {
    needsBrowser(context);
    context.skip(!existsSync(built), "the notebook interface is not built: npm run build");
    // Not behind the test: a picture of a page may be wanted if it failed.
    await Promise.all(pages.map((page) => page.close()));
    [pages, elsewhere] = [[], []];
    if (server === undefined) {
      home = mkdtempSync(join(tmpdir(), "virtlab-site-"));
      mkdirSync(join(home, "notebooks"));
      server = spawn(process.execPath, [program, "start", join(home, "notebooks"), "--no-browser", "--port", "0"], {
        env: { ...process.env, JUPYTER_DATA_DIR: join(home, "data"), ...environment(context) },
        stdio: ["ignore", "pipe", "inherit"],
      });
      first = await printedAddress(server);
    }
    browser ??= await startBrowser();
  });
  afterEach(() => {
    const words = pages.flatMap((page) => browser?.complaints(page) ?? []);
    expect({ elsewhere, complaints: words.filter((each) => !known.some((pattern) => pattern.test(each))) }).toEqual({
      elsewhere: [],
      complaints: [],
    });
  });
  afterAll(async () => {
    await browser?.close();
    if (server === undefined) return;
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
    rmSync(home, { recursive: true, force: true });
  });

  const file = (name: string): string => join(home, "notebooks", name);
  const read = (name: string): readonly Cell[] =>
    (JSON.parse(readFileSync(file(name), "utf8")) as { cells: Cell[] }).cells;
  function follow(page: Page, name: string): void {
    if (browser === undefined) throw new Error("only within a test");
    keepOnFailure(browser, page, `browser-${name.replaceAll(/\W+/g, "-")}`);
    pages.push(page);
    const note = (url: string): void => {
      if (/^(?:https?|wss?):/.test(url) && new URL(url).host !== first.host) elsewhere.push(url);
    };
    page.on("request", (request) => {
      note(request.url());
    });
    page.on("websocket", (socket) => {
      note(socket.url());
    });
  }
  const address = (path: string): string => new URL(`/${path}${first.search}`, first).href;
  return {
    get folder() {
      return join(home, "notebooks");
    },
    address,
    follow,
    async open(path) {
      if (browser === undefined) throw new Error("only within a test");
      const page = await browser.open();
      follow(page, path);
      await page.goto(address(path));
      await usable(page);
      return page;
    },
    write(name, ...cells) {
      const made = cells.map((cell, i) => (typeof cell === "string" ? code(cell, `cell-${i}`) : cell));
      writeFileSync(file(name), formatNotebook(notebookOf(...made)));
    },
    read,
    async saved(page, name, condition) {
      const isSaved = async (): Promise<boolean> => {
        await page.keyboard.press("Control+s");
        await page.waitForTimeout(200);
        return condition(read(name));
      };
      await expect.poll(isSaved, { timeout: 90_000, interval: 200 }).toBe(true);
      return read(name);
    },
    picture: (page, name) => keepPicture(page, `browser-${name}`),
  };
}

async function printedAddress({ stdout }: ChildProcess): Promise<URL> {
  let said = "";
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    said += chunk.toString();
    if (said.includes("Ctrl-C")) break;
  }
  return new URL(/http:\S+/.exec(said)?.[0] ?? "");
}

/** Waits until a page of the interface can be used, a notebook's until its kernel is idle. */
export async function usable(page: Page): Promise<void> {
  await page.waitForSelector("body[data-ready]", { state: "attached", timeout: 60_000 });
  const [, path] = /\/notebooks\/(.*)$/.exec(decodeURIComponent(new URL(page.url()).pathname)) ?? [];
  if (path === undefined) return;
  await cell(page, 0).waitFor();
  // The page's own view of its kernel: before that, running a cell asks for one or does nothing.
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first().waitFor({ timeout: 60_000 });
  await expect
    .poll(async () => (await sessions(page)).find((each) => each.path === path)?.kernel.execution_state, {
      timeout: 60_000,
    })
    .toBe("idle");
}

/** What the server says of its open notebooks. */
export const sessions = (page: Page): Promise<{ path: string; kernel: { execution_state: string } }[]> =>
  page.evaluate(`fetch("/api/sessions").then((answer) => answer.json())`);

export async function menu(page: Page, name: string, command: string): Promise<void> {
  await page.locator(".lm-MenuBar-item", { hasText: new RegExp(`^${name}$`) }).click();
  await page.locator(`.lm-Menu-item[data-command="${command}"]`).click();
}

type Theme = "JupyterLab Dark" | "JupyterLab Light";

export async function hasTheme(page: Page, name: Theme): Promise<void> {
  await page.locator(`body[data-jp-theme-name="${name}"]`).waitFor({ state: "attached" });
}

/** Chooses a theme in the settings' menu and waits until the page has it. */
export async function takeTheme(page: Page, name: Theme): Promise<void> {
  await page.locator(".lm-MenuBar-item", { hasText: /^Settings$/ }).click();
  await page.locator(".lm-Menu-item", { hasText: /^Theme/ }).hover();
  await page.locator(".lm-Menu-item", { hasText: new RegExp(`^${name}$`) }).click();
  await hasTheme(page, name);
}

export const cell = (page: Page, index: number): Locator => page.locator(".jp-Notebook .jp-Cell").nth(index);
export const output = (page: Page, index: number): Locator => cell(page, index).locator(".jp-OutputArea-output");

/** A click into a cell, Ctrl Enter. */
export async function run(page: Page, index: number): Promise<void> {
  await cell(page, index).locator(".cm-content").click();
  await page.keyboard.press("Control+Enter");
}

/** Waits until a cell's run has ended. */
export async function done(page: Page, index: number): Promise<void> {
  await cell(page, index)
    .locator(".jp-InputPrompt", { hasText: /\[\d+\]/ })
    .waitFor({ timeout: 60_000 });
}
