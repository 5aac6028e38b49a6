/** A notebook used without a mouse, from the list of files to its outputs. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { cell, output, shown, source, usable, useSite } from "./site.js";

const site = useSite();

/** What has the focus: the nearest thing with a role or a label. */
const focused = (page: Page, selector: string): Promise<boolean> =>
  page.evaluate(`document.activeElement?.closest(${JSON.stringify(selector)}) !== null`);

/** Goes on by a key until what is wanted has the focus. */
async function tabTo(page: Page, selector: string, key = "Tab"): Promise<void> {
  for (let n = 0; n < 60; n++) {
    if (await focused(page, selector)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`no ${key} leads to ${selector}`);
}

/** Chooses a command in the palette. */
async function command(page: Page, words: string): Promise<void> {
  await page.keyboard.press("Control+Shift+C");
  await page.locator(".lm-CommandPalette-input").waitFor();
  await page.keyboard.type(words);
  await page.locator(".lm-CommandPalette-item.lm-mod-active", { hasText: words }).waitFor();
  await page.keyboard.press("Enter");
}

test("a notebook is opened, edited, run, interrupted, restarted and saved, and its outputs reached, by keys alone", async () => {
  site.write(
    "keys.ipynb",
    "let n = 20;",
    "n + 1",
    'console.log("spinning");\nfor (;;) {}',
    'import { interact } from "virtlab";\ninteract(({ k }) => `k is ${k}`, { k: { min: 0, max: 10, value: 2 } })',
  );
  const tree = await site.open("tree");
  await tree.locator(".jp-DirListing-item", { hasText: "keys.ipynb" }).waitFor();
  await tabTo(tree, ".jp-DirListing-content");
  for (
    let n = 0;
    n < 20 && !(await tree.locator(".jp-DirListing-item.jp-mod-selected", { hasText: "keys.ipynb" }).isVisible());
    n++
  ) {
    await tree.keyboard.press("ArrowDown");
  }
  const opened = tree.context().waitForEvent("page");
  await tree.keyboard.press("Enter");
  const page = await opened;
  site.follow(page, "keys");
  await usable(page);

  // Command mode is where a notebook begins.
  await tabTo(page, ".jp-Notebook .jp-Cell");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+End");
  await page.keyboard.type(" // by hand");
  await page.keyboard.press("Escape");
  await command(page, "Run All Cells");
  await output(page, 2).getByText("spinning").waitFor();
  await output(page, 1).getByText("21").waitFor();
  await command(page, "Interrupt Kernel");
  await output(page, 2)
    .getByText(/interrupted/)
    .first()
    .waitFor();
  await command(page, "Restart Kernel…");
  await page.locator(".jp-Dialog").waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".jp-Dialog").waitFor({ state: "detached" });
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first().waitFor({ timeout: 60_000 });

  await tabTo(page, ".jp-Notebook .jp-Cell");
  await page.keyboard.press("Escape");
  await tabTo(page, '.jp-Cell[data-windowed-list-index="3"]', "ArrowDown");
  await page.keyboard.press("Control+Enter");
  await output(page, 3).getByText("k is 2").waitFor();
  await tabTo(page, ".noUi-handle");
  await page.keyboard.press("ArrowRight");
  await output(page, 3).getByText("k is 3").waitFor();
  await site.picture(page, "keyboard");

  await page.keyboard.press("Control+s");
  const [first] = await site.saved(page, "keys.ipynb", ([each]) => each !== undefined && source(each).includes("hand"));
  expect(first && source(first)).toBe("let n = 20; // by hand");
  expect(shown(site.read("keys.ipynb")[1] ?? first ?? { cell_type: "", source: "" })).toBe("21");
  // The way back out of the notebook, past its outputs.
  await tabTo(page, ".lm-MenuBar", "Shift+Tab");
  expect(await cell(page, 3).isVisible()).toBe(true);
});
