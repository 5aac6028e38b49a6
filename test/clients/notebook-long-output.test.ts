/** Long printed text, which the page holds in blocks: what is seen, copied and saved is what was printed. */
import { stripVTControlCharacters } from "node:util";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { done, run, shown, useSite } from "./site.js";

const site = useSite();

const link = "https://example.org/page";
const numbered = Array.from({ length: 2000 }, (_, i) => (i === 1000 ? `see ${link} for more` : `line ${i}`));
const red = Array.from({ length: 500 }, (_, i) => `red ${i}`);
const print = `for (let i = 0; i < 2000; i++) {
  if (i === 1000) console.log("see ${link} for more");
  else console.log(i % 7 === 0 ? \`\\x1b[32mline \${i}\\x1b[0m\` : \`line \${i}\`);
}
console.log("\\x1b[31m" + Array.from({ length: 500 }, (_, i) => \`red \${i}\`).join("\\n") + "\\x1b[0m");`;

/** What a page tells of a cell's output. */
interface Seen {
  readonly text: string;
  readonly copied: string;
  readonly blocks: number;
  readonly longest: number;
  readonly links: readonly string[];
  readonly red: string;
  readonly green: number;
  readonly height: number;
  readonly lineHeight: number;
}

const look = (page: Page): Promise<Seen> =>
  page.evaluate<Seen>(`(() => {
    const pre = document.querySelector(".jp-Notebook .jp-Cell .jp-OutputArea-output pre");
    const blocks = [...pre.querySelectorAll(".virtlab-lines")];
    const all = (selector) => [...pre.querySelectorAll(selector)];
    const selection = getSelection();
    selection.selectAllChildren(pre);
    const copied = selection.toString();
    selection.removeAllRanges();
    return {
      text: pre.textContent,
      copied,
      blocks: blocks.length,
      longest: Math.max(...blocks.map((block) => block.textContent.split("\\n").length - 1)),
      links: all("a").map((each) => each.href + " " + each.textContent),
      red: all(".ansi-red-fg").map((each) => each.textContent).join(""),
      green: all(".ansi-green-fg").length,
      height: pre.getBoundingClientRect().height,
      lineHeight: Number.parseFloat(getComputedStyle(pre).lineHeight),
    };
  })()`);

test("2,500 lines with colours and a link are all there, in order, as high as they are", async () => {
  site.write("long.ipynb", print);
  const page = await site.open("notebooks/long.ipynb");
  await run(page, 0);
  await done(page, 0);
  const lines = [...numbered, ...red];
  await expect.poll(async () => (await look(page)).text).toBe(`${lines.join("\n")}\n`);
  const seen = await look(page);
  expect(seen.copied.trimEnd()).toBe(lines.join("\n"));
  expect(seen.blocks).toBe(25);
  expect(seen.longest).toBe(100);
  expect(seen.links).toEqual([`${link} ${link}`]);
  expect(seen.red.trimEnd()).toBe(red.join("\n"));
  expect(seen.green).toBe(numbered.filter((_, i) => i % 7 === 0 && i !== 1000).length);
  // What hasn't been laid out yet counts as high as it will be.
  expect(Math.abs(seen.height - lines.length * seen.lineHeight)).toBeLessThan(seen.lineHeight);
  const last = page.locator(".virtlab-lines").last();
  await last.scrollIntoViewIfNeeded();
  await last.locator("span", { hasText: "red 499" }).last().scrollIntoViewIfNeeded();
  await site.picture(page, "long-output");
  expect((await look(page)).height).toBeCloseTo(seen.height, 0);
  const cells = await site.saved(page, "long.ipynb", ([first]) => first !== undefined && shown(first) !== "");
  expect(cells.map((each) => stripVTControlCharacters(shown(each)))).toEqual([`${lines.join("\n")}\n`]);
});

test("a text of some lines is left as it was, and one that is cleared goes", async () => {
  const clear = `Reflect.get(globalThis, Symbol.for("virtlab.clear"))(false);`;
  const many = `for (let i = 0; i < 1000; i++) console.log(i);`;
  site.write("cleared.ipynb", `${many} ${clear} for (let i = 0; i < 20; i++) console.log("after");`);
  const page = await site.open("notebooks/cleared.ipynb");
  await run(page, 0);
  await done(page, 0);
  await expect.poll(async () => (await look(page)).text).toBe("after\n".repeat(20));
  expect((await look(page)).blocks).toBe(0);
});
