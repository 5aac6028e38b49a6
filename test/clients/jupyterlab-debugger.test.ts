/** JupyterLab's own debugger over cells in TypeScript, in Chromium: what a student clicks, and what the student sees. */
import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import { useLab, type LabNotebook } from "./lab.js";

const lab = useLab();

const program = [
  "function total(prices: readonly number[], rebate = 0): number {",
  "  let sum = 0;",
  "  for (const price of prices) {",
  "    sum += price;",
  "  }",
  "  return sum - rebate;",
  "}",
  "const basket = { bread: 250, milk: 120 };",
  "const due = total(Object.values(basket), 20);",
  "due",
].join("\n");

const tree = (): Locator => lab.tab.locator(".jp-DebuggerVariables .jp-TreeView");
const frames = (): Locator => lab.tab.locator(".jp-DebuggerCallstackFrame-name");

/** The variable of a name, with all that is shown below it. */
const variable = (name: string): Locator =>
  tree()
    .locator(".jp-TreeItem")
    .filter({ has: lab.tab.locator(`> .jp-DebuggerVariables-name:text-is("${name}")`) });

/** Waits for a variable's value to be shown as this. */
async function sees(name: string, value: string): Promise<void> {
  await expect.poll(() => variable(name).locator("> .jp-DebuggerVariables-detail").innerText()).toBe(value);
}

async function press(command: "continue" | "next" | "stepIn" | "stepOut" | "terminate"): Promise<void> {
  await lab.tab.locator(`.jp-DebuggerSidebar [data-command="debugger:${command}"]`).click();
}

/** Waits for the debugger to mark this line of the cell. */
async function standsAt(notebook: LabNotebook, cell: number, line: number): Promise<void> {
  const marked = notebook.cell(cell).locator(".cm-line.jp-DebuggerEditor-highlight");
  const text = program.split("\n")[line - 1];
  await expect.poll(() => marked.allInnerTexts(), { timeout: 20_000 }).toEqual([text]);
}

const gutter = (notebook: LabNotebook, cell: number): Locator =>
  notebook.cell(cell).locator(".cm-gutter.cm-breakpoint-gutter .cm-gutterElement");

/** Clicks into the gutter. The first of its elements is a spacer that nobody sees. */
async function breakAt(notebook: LabNotebook, cell: number, line: number): Promise<void> {
  await gutter(notebook, cell).nth(line).click();
  await gutter(notebook, cell).nth(line).locator(".cm-breakpoint-icon").waitFor();
}

async function switchOn(notebook: LabNotebook): Promise<void> {
  const button = notebook.panel.locator(".jp-DebuggerBugButton");
  await expect.poll(() => button.getAttribute("aria-disabled"), { timeout: 20_000 }).toBe("false");
  await button.click();
  await gutter(notebook, 0).nth(1).waitFor();
}

test("a breakpoint stops, variables show values, steps go line by line", async () => {
  const notebook = await lab.write(program, "total([1, 2, 3])");
  await switchOn(notebook);
  await breakAt(notebook, 0, 9);
  await notebook.start(0);
  await standsAt(notebook, 0, 9);
  await sees("basket", "{bread: 250, milk: 120}");
  expect(await frames().allInnerTexts()).toEqual(["In[1]"]);

  await press("stepIn");
  await standsAt(notebook, 0, 2);
  await sees("rebate", "20");
  expect(await frames().allInnerTexts()).toEqual(["total", "In[1]"]);
  await press("next");
  await standsAt(notebook, 0, 3);
  await sees("sum", "0");
  await variable("prices").click();
  await expect.poll(() => variable("prices").locator(".jp-TreeItem").allInnerTexts()).toContain("0\n250");
  await lab.picture("debugger-stepped");

  await press("stepOut");
  await standsAt(notebook, 0, 10);
  await sees("due", "350");
  await press("continue");
  await notebook.idle();
  await expect.poll(() => notebook.outputs(0).allInnerTexts()).toEqual(["350"]);
});

test("a breakpoint in a function of an earlier cell stops a later one; Stop ends it there", async () => {
  const notebook = await lab.write(program, "total([1, 2, 3])");
  await notebook.run(0);
  await switchOn(notebook);
  await breakAt(notebook, 0, 6);
  await notebook.start(1);
  await standsAt(notebook, 0, 6);
  await sees("sum", "6");
  expect(await frames().allInnerTexts()).toEqual(["total", "In[2]"]);
  await lab.picture("debugger-earlier-cell");
  await notebook.press("notebook:interrupt-kernel");
  await notebook.idle();
  await expect.poll(async () => (await notebook.shown())[1]?.text).toBe("Interrupted: the cell was interrupted");

  // After a restart the front end hands its breakpoints to the new kernel.
  await notebook.restart();
  await expect.poll(() => gutter(notebook, 0).nth(6).locator(".cm-breakpoint-icon").count()).toBe(1);
  await notebook.start(0);
  await standsAt(notebook, 0, 6);
  await lab.picture("debugger-restarted");
  await press("continue");
  await notebook.idle();
});
