/** JupyterLab 4 with the installed kernel, in Chromium: what a student does, and what the student sees. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Request } from "playwright-core";
import { expect, test } from "vitest";
import { readNotebook } from "../../kernel/runner/index.js";
import * as views from "../kernel/display/views.js";
import { top } from "./command.js";
import { useLab } from "./lab.js";

const lab = useLab("jupyterlab_widgets");
const folder = join(top, "notebooks");
const course = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));

/** Every notebook is run in the tests of the course: JupyterLab has two, and in the long form all. */
const lessons = process.env["VIRTLAB_LONG"] === "1" ? course : course.slice(0, 2);

test.for(lessons)("%s runs from end to end, and its pictures are seen", async (name) => {
  const notebook = await lab.open(join(folder, name));
  await notebook.runAll();
  const shown = await notebook.shown();
  expect(shown.filter(({ failed }) => failed)).toEqual([]);
  await expect.poll(async () => (await notebook.pictures()).length).toBeGreaterThan(0);
  const pictures = await notebook.pictures();
  expect(pictures.filter(({ width, height }) => width < 300 || height < 100)).toEqual([]);
  await lab.picture(name.replace(".ipynb", ""));
  // What is saved is what any other reader of the file gets.
  await notebook.save();
  const path = join(lab.server.folder, name);
  const saved = readNotebook(readFileSync(path, "utf8"), path);
  const code = saved.cells.filter((cell) => cell.cell_type === "code");
  expect(code.map(({ execution_count }) => execution_count)).toEqual(code.map((_, i) => i + 1));
  expect(saved.metadata["language_info"]).toMatchObject({ name: "typescript" });
});

test("code is coloured as TypeScript", async () => {
  const notebook = await lab.write("const answer: number = 42;");
  const editor = notebook.cell(0).locator(".cm-content");
  expect(await editor.getAttribute("data-language")).toBe("typescript");
  const words = await editor.locator("span").allInnerTexts();
  // Python's grammar would leave `const` plain, that of plain text all of it.
  expect(words).toEqual(expect.arrayContaining(["const", "answer", "42"]));
  await lab.picture("highlighting");
});

test("table, graph, sequence, plot: each is seen", async () => {
  const kinds = [views.graph, views.sequence, views.lines, views.lanes, views.heat];
  const notebook = await lab.write(
    ...kinds.map((view) => `(${JSON.stringify(view)})`),
    '[{ n: 1, kind: "a" }, { n: 2, kind: "b" }]',
  );
  await notebook.runAll();
  // Mermaid's come late.
  await expect.poll(() => notebook.pictures()).toHaveLength(kinds.length);
  await lab.picture("views");
  expect(await notebook.outputs(kinds.length).locator("td").allInnerTexts()).toEqual(["1", "a", "2", "b"]);
});

test("plotly draws the figures, which answer the pointer, with nothing from the net", async () => {
  const requests: string[] = [];
  const note = (request: Request): number => requests.push(request.url());
  lab.tab.on("request", note);
  const notebook = await lab.write(`(${JSON.stringify(views.lines)})`, `(${JSON.stringify(views.lanes)})`);
  await notebook.runAll();
  const figures = notebook.panel.locator(".virtlab-plotly");
  await expect.poll(() => figures.locator(".main-svg .xtick").count()).toBeGreaterThan(2);
  expect(await figures.count()).toBe(2);
  // Each fills its cell's width, and follows it.
  const width = async (): Promise<number> =>
    (await figures.first().locator(".main-svg").first().boundingBox())?.width ?? 0;
  const before = await width();
  expect(before).toBeGreaterThan(500);
  const point = await figures.first().locator(".scatterlayer .point").nth(6).boundingBox();
  if (point === null) throw new Error("the figure has no points");
  await lab.tab.mouse.move(point.x + point.width / 2, point.y + point.height / 2, { steps: 5 });
  const label = figures.first().locator(".hoverlayer .hovertext").first();
  await label.waitFor();
  expect(await label.textContent()).toContain("0.263333 ms at 32 KiB");
  await lab.picture("plotly");
  await lab.tab.setViewportSize({ width: 1000, height: 900 });
  await expect.poll(width).toBeLessThan(before - 100);
  await lab.tab.setViewportSize({ width: 1280, height: 900 });
  lab.tab.off("request", note);
  const home = new URL(lab.server.address("")).host;
  expect(requests.filter((url) => /^(?:https?|wss?):/.test(url) && new URL(url).host !== home)).toEqual([]);
  // The renderer is what `virtlab install` put there. The page may have loaded it for an earlier notebook.
  const loaded = await lab.tab.evaluate<string[]>('performance.getEntriesByType("resource").map(({ name }) => name)');
  expect(loaded).toContainEqual(expect.stringMatching(/\/lab\/extensions\/virtlab\/static\/\w+\.\w+\.js/));
});

test("an error names the cell and the line; what fails the type check does not run", async () => {
  const notebook = await lab.write(
    "function half(n: number) {\n  if (n % 2 !== 0) throw new RangeError(`${n} is odd`);\n  return n / 2;\n}\nhalf(3)",
    "let ran = 1;",
    'ran = 2;\nran = "three";',
    "ran",
  );
  for (const index of [0, 1, 2, 3]) await notebook.run(index);
  await expect.poll(async () => (await notebook.shown())[3]?.text).toBe("1");
  const [thrown, , typed] = await notebook.shown();
  expect([thrown?.failed, typed?.failed]).toEqual([true, true]);
  expect(thrown?.text).toMatch(/^RangeError: 3 is odd\nIn\[1\], line 2\n/);
  expect(typed?.text).toContain("Type 'string' is not assignable to type 'number'.");
  expect(typed?.text).toMatch(/^2 \| ran = "three";\n {2}\| ~~~$/m);
  await lab.picture("errors");
});

test("Stop ends an endless loop and keeps the state; Restart forgets it", async () => {
  const notebook = await lab.write("let kept = 41;", 'kept = 42;\nconsole.log("at it");\nwhile (true) {}', "kept");
  const shown = async (index: number): Promise<string | undefined> => (await notebook.shown())[index]?.text;
  await notebook.run(0);
  await notebook.start(1);
  await expect.poll(() => shown(1)).toBe("at it");
  await notebook.press("notebook:interrupt-kernel");
  await notebook.idle();
  await expect.poll(() => shown(1)).toBe("at it\nInterrupted: the cell was interrupted");
  await notebook.run(2);
  await expect.poll(() => shown(2)).toBe("42");
  await lab.picture("interrupted");
  await notebook.restart();
  await notebook.run(2);
  await expect.poll(() => shown(2)).toContain("which has not run. Run it first.");
});

test("Tab completes with types, Shift+Tab shows signature and documentation", async () => {
  const notebook = await lab.write(
    "/** The price of n loaves, in cents. */\nfunction price(n: number, rebate = 0): number {\n  return n * 250 - rebate;\n}\nconst basket = { loaves: 3, total: price(3) };",
    "",
  );
  await notebook.run(0);
  await notebook.cell(1).locator(".cm-content").click();
  await lab.tab.keyboard.type("basket.");
  await lab.tab.keyboard.press("Tab");
  const completer = lab.tab.locator(".jp-Completer:visible");
  await completer.waitFor();
  await lab.picture("completion");
  await lab.tab.keyboard.type("tot");
  await lab.tab.keyboard.press("Enter");
  expect(await notebook.cell(1).locator(".cm-content").innerText()).toBe("basket.total");
  await lab.tab.keyboard.press("ControlOrMeta+a");
  await lab.tab.keyboard.type("price");
  await lab.tab.keyboard.press("Shift+Tab");
  const tooltip = lab.tab.locator(".jp-Tooltip:visible");
  await tooltip.waitFor();
  await lab.picture("documentation");
  const text = await tooltip.innerText();
  expect(text).toContain("function price(n: number, rebate?: number): number");
  expect(text).toContain("The price of n loaves, in cents.");
});

test("prompt() asks in a box below the cell; name? shows documentation there", async () => {
  const notebook = await lab.write('"Hello, " + prompt("Your name?")', "parseInt?");
  await notebook.start(0);
  const box = notebook.cell(0).locator(".jp-Stdin-input");
  await box.fill("Ada");
  await lab.picture("prompt");
  await box.press("Enter");
  await notebook.idle();
  await expect.poll(async () => (await notebook.shown())[0]?.text).toContain("'Hello, Ada'");
  await notebook.run(1);
  await expect.poll(async () => (await notebook.shown())[1]?.text).toContain("Converts a string to an integer.");
  await lab.picture("help");
});

test("a slider moved by the keyboard runs the function again, also after the page was loaded anew", async () => {
  let notebook = await lab.write(
    'import { interact } from "virtlab";\ninteract(({ n, how }) => how + " of " + n * n, { n: { min: 1, max: 9 }, how: ["sum", "mean"], on: true, name: "x" });',
  );
  await notebook.run(0);
  const result = (): Locator => notebook.cell(0).locator(".widget-output");
  const slider = (): Locator => notebook.cell(0).getByRole("slider");
  await expect.poll(() => result().innerText()).toBe("'sum of 1'");
  await slider().focus();
  for (let n = 2; n <= 5; n++) await lab.tab.keyboard.press("ArrowRight");
  await expect.poll(() => result().innerText()).toBe("'sum of 25'");
  await notebook.cell(0).locator("select").selectOption("mean");
  await expect.poll(() => result().innerText()).toBe("'mean of 25'");
  await lab.picture("widget");
  await notebook.save();
  notebook = await lab.reload();
  await expect.poll(() => result().innerText()).toBe("'mean of 25'");
  expect(await slider().getAttribute("aria-valuenow")).toBe("5.0");
  await slider().focus();
  await lab.tab.keyboard.press("ArrowRight");
  await expect.poll(() => result().innerText()).toBe("'mean of 36'");
  await lab.picture("widget-reloaded");
});

test("in the dark theme", async () => {
  const theme = (name: string): Promise<unknown> =>
    lab.tab.evaluate(`window.jupyterapp.commands.execute("apputils:change-theme", { theme: "JupyterLab ${name}" })`);
  const notebook = await lab.write(
    `(${JSON.stringify(views.lines)})`,
    'throw new Error("dark")',
    '[{ n: 1, kind: "a" }, { n: 2, kind: "b" }]',
    `(${JSON.stringify(views.sequence)})`,
  );
  await theme("Dark");
  await expect.poll(() => lab.tab.locator("body").getAttribute("data-jp-theme-light")).toBe("false");
  await lab.tab.locator("#jupyterlab-splash").waitFor({ state: "detached" });
  for (const index of [0, 1, 2, 3]) await notebook.run(index);
  await expect.poll(() => notebook.pictures()).toHaveLength(2);
  await lab.picture("dark");
  await theme("Light");
});

test("the page complained of nothing", () => {
  // It says so as it is loaded anew.
  expect(lab.complaints.filter((words) => !words.startsWith("Connection lost, reconnecting"))).toEqual([]);
});
