/** What a notebook page draws and does with nothing but its own server: mermaid, TeX, figures, widgets, the debugger. */
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { markdown } from "../kernel/runner/notebooks.js";
import { cell, done, menu, output, run, takeTheme, useSite } from "./site.js";

const site = useSite();

const diagram = `\`\`\`mermaid
sequenceDiagram
  Guest->>Hypervisor: privileged instruction
  Hypervisor-->>Guest: emulated
\`\`\``;
const formula =
  "Waiting is $W = \\frac{1}{\\mu - \\lambda}$, and\n\n$$\\sum_{n=0}^{\\infty} \\rho^n = \\frac{1}{1-\\rho}$$";
const inOutput = `({ [Symbol.for("Jupyter.display")]: () => ({ "text/latex": "$$E = \\\\sqrt{mc^2}$$", "text/plain": "E" }) })`;
const figure = `import { plot } from "virtlab";
plot({ title: "Squares", caption: "Five numbers.", x: { label: "n", unit: "" }, y: { label: "n squared", unit: "" },
  series: [{ name: "squares", mark: "line", x: [1, 2, 3, 4, 5], y: [1, 4, 9, 16, 25] }] })`;
const moved =
  'import { interact } from "virtlab";\ninteract(({ n }) => `n is ${n}`, { n: { min: 0, max: 10, value: 2 } })';

test("a mermaid diagram, TeX in text and in an output, a figure that answers the mouse, and a slider that is moved", async () => {
  site.write("drawn.ipynb", markdown(diagram, "m0"), markdown(formula, "m1"), inOutput, figure, moved);
  const page = await site.open("notebooks/drawn.ipynb");
  await menu(page, "Run", "runmenu:run-all");
  await done(page, 4);
  const mermaid = cell(page, 0).locator(".jp-RenderedMermaid img, .jp-RenderedMermaid svg").first();
  await mermaid.scrollIntoViewIfNeeded();
  await mermaid.waitFor();
  expect((await mermaid.boundingBox())?.width).toBeGreaterThan(100);
  await expect.poll(() => cell(page, 1).locator("mjx-container").count()).toBe(2);
  await site.picture(page, "mermaid");
  await output(page, 2).locator("mjx-container").first().waitFor();

  const drawn = cell(page, 3).locator(".virtlab-plotly");
  await drawn.scrollIntoViewIfNeeded();
  await drawn.locator(".point").nth(2).waitFor({ state: "attached" });
  await expect
    .poll(async () => {
      await drawn.locator(".point").nth(2).hover({ force: true });
      return drawn.locator(".hoverlayer").textContent();
    })
    .toContain("9");
  await site.picture(page, "hover");

  const handle = output(page, 4).locator(".noUi-handle");
  await handle.waitFor();
  await handle.scrollIntoViewIfNeeded();
  // In the middle of the track.
  await output(page, 4).locator(".noUi-base").click();
  await output(page, 4).getByText("n is 5").waitFor();
  await handle.press("ArrowRight");
  await output(page, 4).getByText("n is 6").waitFor();
  expect(await handle.count()).toBe(1);
  await site.picture(page, "slider");
  await takeTheme(page, "JupyterLab Dark");
  await site.picture(page, "slider-dark");
  await drawn.scrollIntoViewIfNeeded();
  await site.picture(page, "figure-dark");
  await mermaid.scrollIntoViewIfNeeded();
  await site.picture(page, "mermaid-dark");
  await takeTheme(page, "JupyterLab Light");
});

/** How bright the words on a mermaid diagram's arrows are: 0 for black, 1 for white. */
async function brightness(diagram: Locator): Promise<number> {
  const picture = decodeURIComponent((await diagram.locator("img").getAttribute("src")) ?? "");
  const words = /\.messageText\{fill:([^;]+);/.exec(picture)?.[1];
  if (words === undefined) throw new Error("the diagram gives its words no colour");
  const rgb = await diagram.page().evaluate<string>(`(() => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = ${JSON.stringify(words)};
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  })()`);
  return Math.max(...(rgb.match(/\d+/g) ?? []).slice(0, 3).map(Number)) / 255;
}

test("mermaid's diagrams in text and in outputs take the colours of a theme that is chosen, also those far away", async () => {
  const text = JSON.stringify("sequenceDiagram\n  Hart->>Kernel: ecall\n  Kernel-->>Hart: sret\n");
  const shownAsOutput = `({ [Symbol.for("Jupyter.display")]: () => ({ "text/vnd.mermaid": ${text}, "text/plain": "d" }) })`;
  const between = Array.from({ length: 40 }, (_, i) => markdown(`${i}\n\n`.repeat(5), `between-${i}`));
  site.write("themes.ipynb", shownAsOutput, markdown(diagram, "near"), ...between, markdown(diagram, "far"));
  const page = await site.open("notebooks/themes.ipynb");
  await run(page, 0);
  await done(page, 0);
  const [inOutput, near, far] = [output(page, 0), cell(page, 1), cell(page, 42)];
  for (const each of [inOutput, near]) await expect.poll(() => brightness(each)).toBeLessThan(0.3);
  await far.scrollIntoViewIfNeeded();
  await expect.poll(() => brightness(far)).toBeLessThan(0.3);
  await takeTheme(page, "JupyterLab Dark");
  await expect.poll(() => brightness(far)).toBeGreaterThan(0.7);
  await near.scrollIntoViewIfNeeded();
  for (const each of [inOutput, near]) await expect.poll(() => brightness(each)).toBeGreaterThan(0.7);
  await site.picture(page, "mermaid-themes-dark");
  await takeTheme(page, "JupyterLab Light");
  for (const each of [inOutput, near]) await expect.poll(() => brightness(each)).toBeLessThan(0.3);
});

const wordy = `import { plot } from "virtlab";
const series = ["trap and emulate", "binary translation", "paravirtualization", "hardware assist"].map((name, i) =>
  ({ name, mark: "line" as const, x: [1, 2, 3, 4], y: [1, 2, 3, 4].map((x) => x * (i + 1)) }));
plot({ title: "How long does a guest wait for its privileged instructions, by technique and by their share?", series,
  x: { label: "share of privileged instructions", unit: "%" }, y: { label: "time in the hypervisor", unit: "ms" },
  caption: "Seed 7, one hart at 1 GHz, a guest of 64 MiB that runs the same million instructions with each technique." })`;
const heat = `import { show } from "virtlab";
show({ as: "heat", title: "Which pages of its memory does a guest write to while it is being migrated to another host?",
  caption: "Seed 7.", x: { label: "time", unit: "ms" }, y: { label: "page", unit: "" },
  value: { label: "writes", unit: "1/s" }, values: [[1, 2, 3], [4, 5, 6], [7, 8, 9]] })`;

/** The parts of a figure that lie over one another, or stick out of it. */
const collisions = (page: Page, index: number): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const figure = document.querySelectorAll(".virtlab-plotly")[${index}];
    const whole = figure.getBoundingClientRect();
    const boxes = [".gtitle", ".modebar", ".legend", ".xtitle", ".nsewdrag"].flatMap((name) => {
      const box = figure.querySelector(name)?.getBoundingClientRect();
      return box === undefined || box.width === 0 ? [] : [{ name, box }];
    });
    const outside = ({ box }) =>
      box.left < whole.left || box.right > whole.right || box.top < whole.top || box.bottom > whole.bottom;
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return [
      ...boxes.filter(outside).map(({ name }) => name + " sticks out"),
      ...boxes.flatMap(({ name, box }, i) =>
        boxes.slice(i + 1).filter((other) => meet(box, other.box)).map((other) => name + " over " + other.name)),
    ];
  })()`);

test("a figure's title, legend, caption and plotly's buttons keep apart, also in a narrow window", async () => {
  site.write("narrow.ipynb", wordy, heat);
  const page = await site.open("notebooks/narrow.ipynb");
  await menu(page, "Run", "runmenu:run-all");
  await done(page, 1);
  const figures = page.locator(".virtlab-plotly");
  for (const [width, theme] of [
    [1280, "JupyterLab Light"],
    [560, "JupyterLab Light"],
    [560, "JupyterLab Dark"],
  ] as const) {
    await page.setViewportSize({ width: 1280, height: 900 });
    await takeTheme(page, theme);
    await page.setViewportSize({ width, height: 900 });
    for (const [index, name] of ["plot", "heat"].entries()) {
      const figure = figures.nth(index);
      await figure.scrollIntoViewIfNeeded();
      await figure.locator(".nsewdrag").hover({ force: true });
      await expect.poll(() => collisions(page, index)).toEqual([]);
      await site.picture(page, `narrow-${name}-${width}${theme.endsWith("Dark") ? "-dark" : ""}`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await takeTheme(page, "JupyterLab Light");
});

test("the debugger stops at a breakpoint, shows variables and goes on", async () => {
  const program = "let sum = 0;\nfor (const n of [1, 2, 3]) {\n  sum += n;\n}\nconst doubled = sum * 2;\ndoubled";
  site.write("debugged.ipynb", program);
  const page = await site.open("notebooks/debugged.ipynb");
  const button = page.locator(".jp-DebuggerBugButton");
  await expect.poll(() => button.getAttribute("aria-disabled")).toBe("false");
  const gutter = cell(page, 0).locator(".cm-breakpoint-gutter .cm-gutterElement");
  // A page that is still finding out about its kernel forgets the first click.
  const isOn = async (): Promise<boolean> => {
    if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
    await page.waitForTimeout(1000);
    return (await gutter.count()) > 1;
  };
  await expect.poll(isOn, { interval: 2000 }).toBe(true);
  await gutter.nth(5).click();
  await gutter.nth(5).locator(".cm-breakpoint-icon").waitFor();
  await page.keyboard.press("Control+Shift+E");
  await run(page, 0);
  await expect
    .poll(() => cell(page, 0).locator(".cm-line.jp-DebuggerEditor-highlight").allInnerTexts())
    .toEqual(["const doubled = sum * 2;"]);
  const sum = page.locator(".jp-DebuggerVariables .jp-TreeItem").filter({
    has: page.locator('> .jp-DebuggerVariables-name:text-is("sum")'),
  });
  await expect.poll(() => sum.locator("> .jp-DebuggerVariables-detail").innerText()).toBe("6");
  await site.picture(page, "debugger");
  await page.locator('.jp-DebuggerSidebar [data-command="debugger:continue"]').click();
  await output(page, 0).getByText("12").waitFor();
});
