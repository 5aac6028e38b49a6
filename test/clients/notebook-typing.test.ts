/** How long 10,000 lines of output hold up what a reader types. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { longestTask } from "./longest-task.js";
import { cell, done, shown, source, useSite } from "./site.js";

const site = useSite();

async function type(page: Page, text: string): Promise<void> {
  await cell(page, 1).locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text, { delay: 20 });
}

/** In ms: what answers a key within 100 ms feels immediate, and a task gets half of that (web.dev/articles/rail). */
const bar = 50;

test("typing goes on while 10,000 lines arrive and beside them, and all are there", { timeout: 120_000 }, async () => {
  site.write("lines.ipynb", "for (let i = 0; i < 10_000; i++) console.log(`line ${i}`);", "");
  const page = await site.open("notebooks/lines.ipynb");
  const session = await page.context().newCDPSession(page);
  const [arriving, there]: [number[], number[]] = [[], []];
  let typed = "";
  // A machine that does other work too makes tasks longer, never shorter: the least of a few counts.
  const tooLong = (times: readonly number[]): boolean => Math.min(...times, Infinity) >= bar;
  for (let round = 1; round <= 5 && (tooLong(arriving) || tooLong(there)); round++) {
    const [one, two] = [`const while${round} = 1;\n`, `const behind${round} = 2;\n`];
    await cell(page, 0).locator(".cm-content").click();
    const printing = longestTask(session, async () => {
      await page.keyboard.press("Control+Enter");
      await type(page, one);
      await done(page, 0);
    });
    arriving.push(await printing);
    there.push(await longestTask(session, () => type(page, two)));
    typed += one + two;
  }
  console.log(`longest tasks of the page in ms: ${arriving.join(", ")} while lines arrive, ${there.join(", ")} behind`);
  expect(Math.min(...arriving)).toBeLessThan(bar);
  expect(Math.min(...there)).toBeLessThan(bar);
  const cells = await site.saved(
    page,
    "lines.ipynb",
    ([first, second]) => shown(first ?? fail()).includes("line 9999") && source(second ?? fail()) === typed,
  );
  expect(shown(cells[0] ?? fail()).split("\n")).toHaveLength(10_001);
});

function fail(): never {
  throw new Error("the notebook lost a cell");
}
