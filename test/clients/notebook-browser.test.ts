/** The notebook in a real browser: Debian's Chromium, headless, against `virtlab start`. */
import { cpSync, existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { top } from "./command.js";
import { everyControl, expectStart, moveEverything } from "./controls.js";
import {
  cell,
  done,
  hasTheme,
  menu,
  output,
  run,
  sessions,
  shown,
  source,
  takeTheme,
  usable,
  useSite,
  type Cell,
} from "./site.js";

const site = useSite();

const ran = ({ cell_type, execution_count, source: text }: Cell): boolean =>
  cell_type !== "code" || text.length === 0 || typeof execution_count === "number";

/** Till it is there: what lies above gets its real height only when it has been near. */
async function intoView(page: Page, figure: Locator): Promise<void> {
  await expect
    .poll(async () => {
      await figure.evaluate((element) => {
        element.scrollIntoView({ block: "center" });
      });
      const box = await figure.boundingBox();
      return box !== null && box.y > 0 && box.y + box.height <= (page.viewportSize()?.height ?? 0);
    })
    .toBe(true);
}

const course = readdirSync(join(top, "notebooks")).filter((name) => name.endsWith(".ipynb"));
/** Every notebook is run in the tests of the course: the page shows one in four of them, and in the long form all. */
const lessons = process.env["VIRTLAB_LONG"] === "1" ? course : course.filter((_, index) => index % 4 === 0);

test.each(lessons)("%s runs from top to bottom, and its plots are drawn", async (name) => {
  cpSync(join(top, "notebooks", name), join(site.folder, name));
  const page = await site.open(`notebooks/${name}`);
  await menu(page, "Run", "runmenu:run-all");
  const cells = await site.saved(page, name, (each) => each.every(ran));
  const outputs = cells.flatMap(({ outputs = [] }) => outputs);
  expect(outputs.filter(({ output_type }) => output_type === "error")).toEqual([]);
  const plotly = "application/vnd.plotly.v1+json";
  const figures = outputs.filter(({ data }) => data?.[plotly] !== undefined).length;
  expect(figures).toBeGreaterThan(0);
  await expect
    .poll(() => page.locator(".virtlab-plotly .cartesianlayer .subplot").count())
    .toBeGreaterThanOrEqual(figures);
  const picture = `course-${name.replace(".ipynb", "")}`;
  const figure = page.locator(".virtlab-plotly").first();
  await intoView(page, figure);
  await site.picture(page, picture);
  await takeTheme(page, "JupyterLab Dark");
  await intoView(page, figure);
  await site.picture(page, `${picture}-dark`);
  await takeTheme(page, "JupyterLab Light");
});

test("typing completes; what was typed runs, is saved and is there after a reload", async () => {
  site.write("typed.ipynb", "");
  const page = await site.open("notebooks/typed.ipynb");
  await cell(page, 0).locator(".cm-content").click();
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
  const [first] = await site.saved(page, "typed.ipynb", ([each]) => each !== undefined && shown(each) !== "");
  expect(first && source(first)).toBe("const places = [3, 1, 2];\nplaces.toSorted()");
  expect(first && shown(first)).toContain("1, 2, 3");
  await page.reload();
  await page.locator(".jp-OutputArea-output", { hasText: "1, 2, 3" }).waitFor();
});

test("a cell that is run before the notebook has joined its kernel runs when it has", async () => {
  site.write("early.ipynb", "6 * 7");
  const page = await site.open("tree");
  // The page asks for this before it looks at which kernel the notebook names.
  await page.route("**/checkpoints*", async (route) => {
    await new Promise((later) => setTimeout(later, 1500));
    await route.continue();
  });
  await page.goto(site.address("notebooks/early.ipynb"));
  await run(page, 0);
  await output(page, 0).getByText("42").waitFor();
  expect(await page.locator(".jp-Dialog").count()).toBe(0);
  expect((await sessions(page)).filter(({ path }) => path === "early.ipynb")).toHaveLength(1);
});

test("an endless loop is interrupted and leaves what was; a restart leaves nothing", async () => {
  site.write("loop.ipynb", "const kept = 41;", 'console.log("at it");\nfor (;;) {}', "kept + 1", "kept + 2");
  const page = await site.open("notebooks/loop.ipynb");
  await run(page, 0);
  await done(page, 0);
  await run(page, 1);
  await output(page, 1).getByText("at it").waitFor();
  await menu(page, "Kernel", "kernelmenu:interrupt");
  await output(page, 1)
    .getByText(/interrupted/)
    .first()
    .waitFor();
  // What is sent before the failed cell's reply counts as queued behind it, and is aborted.
  await done(page, 1);
  await run(page, 2);
  await output(page, 2).getByText("42").waitFor();
  await menu(page, "Kernel", "kernelmenu:restart");
  await page.locator(".jp-Dialog button.jp-mod-accept").click();
  await run(page, 3);
  await output(page, 3).getByText(/kept/).last().waitFor({ timeout: 60_000 });
  const cells = await site.saved(page, "loop.ipynb", (each) => each[3]?.outputs?.length === 1);
  expect(cells[3]?.outputs?.[0]?.output_type).toBe("error");
});

test("two tabs on one notebook share its kernel, and the one that saves second is asked first", async () => {
  site.write("tabs.ipynb", "let shared = 7;", "shared * 6");
  const one = await site.open("notebooks/tabs.ipynb");
  const two = await site.open("notebooks/tabs.ipynb");
  await one.bringToFront();
  await run(one, 0);
  await done(one, 0);
  await two.bringToFront();
  await run(two, 1);
  await output(two, 1).getByText("42").waitFor();
  expect((await sessions(two)).filter(({ path }) => path === "tabs.ipynb")).toHaveLength(1);
  const type = async (page: Page, text: string): Promise<void> => {
    await page.bringToFront();
    await cell(page, 0).locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type(text);
  };
  const says = (text: string) => (cells: readonly Cell[]) => cells[0] !== undefined && source(cells[0]).includes(text);
  await type(one, " // one");
  await site.saved(one, "tabs.ipynb", says("// one"));
  await type(two, " // two");
  await two.keyboard.press("Control+s");
  const dialog = two.locator(".jp-Dialog");
  await dialog.waitFor();
  await site.picture(two, "conflict");
  expect(await dialog.innerText()).toContain("changed on disk");
  expect(site.read("tabs.ipynb")).toSatisfy(says("// one"));
  await dialog.getByRole("button", { name: "Revert" }).click();
  await cell(two, 0).getByText("// one").waitFor();
});

test("a page that is loaded anew while a cell runs shows what was saved, and that the kernel is at it; it can be stopped", async () => {
  site.write(
    "long.ipynb",
    'let go = false;\nfor (let n = 1; !go; n++) {\n  console.log("step", n);\n  await new Promise((r) => setTimeout(r, 100));\n}',
    "go = true;",
  );
  const page = await site.open("notebooks/long.ipynb");
  await run(page, 0);
  await output(page, 0).getByText("step 2").waitFor();
  await site.saved(page, "long.ipynb", ([first]) => first !== undefined && shown(first).includes("step 2"));
  await page.reload();
  await page.waitForSelector("body[data-ready]", { state: "attached" });
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]').first().waitFor();
  expect(await output(page, 0).innerText()).toMatch(/^step 1\nstep 2\n/);
  await site.picture(page, "reloaded-busy");
  await menu(page, "Kernel", "kernelmenu:interrupt");
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first().waitFor();
  await run(page, 1);
  await done(page, 1);
});

test("every kind of control is seen and moves", async () => {
  site.write("kinds.ipynb", everyControl);
  const page = await site.open("notebooks/kinds.ipynb");
  await run(page, 0);
  await expectStart(cell(page, 0));
  await site.picture(page, "kinds");
  await moveEverything(cell(page, 0));
  await site.picture(page, "kinds-moved");
});

test("the tree shows the folder; a file is uploaded, and a notebook renamed with its session", async () => {
  site.write("old.ipynb", "1");
  const page = await site.open("tree");
  await page.locator(".jp-DirListing-item", { hasText: "old.ipynb" }).waitFor();
  const bytes = Buffer.alloc(3_000_000, "ab");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Upload" }).first().click(),
  ]);
  await chooser.setFiles({ name: "data.bin", mimeType: "application/octet-stream", buffer: bytes });
  const uploaded = join(site.folder, "data.bin");
  await expect.poll(() => existsSync(uploaded) && readFileSync(uploaded).equals(bytes)).toBe(true);
  await site.picture(page, "tree");
  const notebook = await site.open("notebooks/old.ipynb");
  await notebook.locator("#jp-title h1").click();
  await notebook.locator(".jp-Dialog input").fill("new.ipynb");
  await notebook.keyboard.press("Enter");
  await expect.poll(() => existsSync(join(site.folder, "new.ipynb"))).toBe(true);
  await expect.poll(async () => (await sessions(notebook)).map(({ path }) => path)).toContain("new.ipynb");
});

test("the dark theme is taken and kept", async () => {
  site.write("dark.ipynb", "1");
  const page = await site.open("notebooks/dark.ipynb");
  const kept = page.waitForResponse((answer) => answer.request().method() === "PUT" && answer.url().includes("themes"));
  await takeTheme(page, "JupyterLab Dark");
  await kept;
  await page.reload();
  await usable(page);
  await hasTheme(page, "JupyterLab Dark");
  await takeTheme(page, "JupyterLab Light");
});
