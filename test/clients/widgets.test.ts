/** Widgets and bars in JupyterLab 4 with ipywidgets 8: what a student moves, and what follows. */
import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import { everyControl, expectStart, moveEverything } from "./controls.js";
import { useLab } from "./lab.js";

const lab = useLab("jupyterlab_widgets");
const imports = 'import * as v from "virtlab";';

/** What is seen there, without the blank lines between outputs. */
const textOf = async (place: Locator): Promise<string> => (await place.innerText()).replace(/\n+/g, "\n").trim();

test("every kind of control is seen and moves", async () => {
  const notebook = await lab.write(everyControl);
  await notebook.run(0);
  const cell = notebook.cell(0);
  await expectStart(cell);
  await lab.picture("widgets");
  await moveEverything(cell);
  await lab.picture("widgets-moved");
});

test("play moves its slider and the result, frame by frame to the last", async () => {
  const notebook = await lab.write(
    `${imports}
    const seen: number[] = [];
    v.interact(({ frame }) => { seen.push(frame); console.log("frame", frame); }, { frame: v.play(0, 12, { interval: 60 }) });`,
    "[seen[0], seen.at(-1), seen.every((n, i) => i === 0 || n >= (seen[i - 1] ?? 0))]",
  );
  await notebook.run(0);
  const cell = notebook.cell(0);
  await cell.locator(".widget-play button").first().click();
  await expect.poll(() => textOf(cell.locator(".widget-output"))).toBe("frame 12");
  expect(await cell.getByRole("slider").getAttribute("aria-valuenow")).toBe("12.0");
  await notebook.run(1);
  await expect.poll(() => notebook.outputs(1).innerText()).toBe("[ 0, 12, true ]");
  await lab.picture("play");
});

test("what the function prints and throws stands in the result's place, and a cell that runs again starts anew", async () => {
  const notebook = await lab.write(
    `${imports}
    v.interact(({ n }) => {
      console.log("n is", n);
      if (n === 2) throw new RangeError("two");
      return { squared: n * n };
    }, { n: v.slider(1, 9) });`,
  );
  await notebook.run(0);
  const cell = notebook.cell(0);
  const result = (): Locator => cell.locator(".widget-output");
  await expect.poll(() => textOf(result())).toBe("n is 1\n{ squared: 1 }");
  await cell.getByRole("slider").focus();
  await lab.tab.keyboard.press("ArrowRight");
  await expect.poll(() => textOf(result())).toMatch(/^n is 2\nRangeError: two\n/);
  await lab.picture("interact-error");
  await lab.tab.keyboard.press("ArrowRight");
  await expect.poll(() => textOf(result())).toBe("n is 3\n{ squared: 9 }");
  await notebook.run(0);
  await expect.poll(() => textOf(result())).toBe("n is 1\n{ squared: 1 }");
  expect(await cell.getByRole("slider").count()).toBe(1);
});

test("a re-run closes the models of the run before", async () => {
  const notebook = await lab.write(`${imports}\nv.interact(({ n }) => n, { n: v.slider(1, 9) });`);
  const models = (): Promise<number> =>
    lab.tab.evaluate(`window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
      .requestCommInfo({ target_name: "jupyter.widget" }).then(({ content }) => Object.keys(content.comms).length)`);
  await notebook.run(0);
  await expect.poll(models).toBeGreaterThan(3);
  const first = await models();
  for (let n = 0; n < 5; n++) await notebook.run(0);
  expect(await models()).toBe(first);
});

test("a long run shows a bar that is gone afterwards", async () => {
  const notebook = await lab.write(
    `import { lab, ms } from "virtlab";
    const world = lab();
    const busy = () => { const end = performance.now() + 1; while (performance.now() < end); };
    for (let n = 1; n <= 4000; n++) world.engine.at(ms(n), busy);
    world.run(ms(4000)).reason`,
  );
  await notebook.start(0);
  const bar = notebook.cell(0).getByRole("progressbar", { name: "simulation" });
  await bar.waitFor();
  const early = Number(await bar.getAttribute("aria-valuenow"));
  await expect.poll(async () => Number(await bar.getAttribute("aria-valuenow"))).toBeGreaterThan(early + 20);
  await lab.picture("bar");
  await notebook.idle();
  expect(await bar.count()).toBe(0);
  await expect.poll(() => notebook.outputs(0).allInnerTexts()).toEqual(["'until'"]);
});

test("the page complained of nothing", () => {
  expect(lab.complaints.filter((words) => !words.startsWith("Connection lost, reconnecting"))).toEqual([]);
});
