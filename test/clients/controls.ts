/** Every kind of widget in one cell, what its result says, and how a user moves all of them: the same in every front end. */
import type { Locator } from "playwright-core";
import { expect } from "vitest";

/** The cell's text. */
export const everyControl = `import * as v from "virtlab";
const here = v.output();
const go = v.button("Go");
const bar = v.progressBar(4, { label: "bar" });
go.onChange((presses) => { bar.value = presses; return here.run(() => { console.log("pressed", presses); }); });
v.interact((values) => JSON.stringify(values), {
  slider: v.slider(0, 10), log: v.logSlider(0.01, 100, { value: 1 }), range: v.rangeSlider(0, 9),
  menu: v.select(["a", "b"]), list: v.select(["a", "b"], { as: "list" }),
  radio: v.select(["a", "b"], { as: "radio" }), buttons: v.select(["a", "b"], { as: "buttons" }),
  check: v.checkbox(), text: v.textField("typed"), frame: v.play(0, 5, { interval: 50 }),
});
v.show(v.column(v.row(go, bar, v.label("a label"), v.htmlLabel("<b>bold</b>")), here));`;

const common = { log: 1, range: [0, 9] };
const start = { ...common, slider: 0, menu: "a", list: "a", radio: "a", buttons: "a", check: false, text: "typed" };
const moved = { ...common, slider: 5, menu: "b", list: "b", radio: "b", buttons: "b", check: true, text: "else" };

const values = (cell: Locator) => async (): Promise<unknown> =>
  JSON.parse((await cell.locator(".widget-vbox pre").first().innerText()).trim().replace(/^'|'$/g, "")) as unknown;

/** The cell has run: everything stands where it starts. */
export async function expectStart(cell: Locator): Promise<void> {
  await expect.poll(values(cell)).toEqual({ ...start, frame: 0 });
  await cell.getByText("bold", { exact: true }).waitFor();
}

/** Moves everything, and sees that the result follows. */
export async function moveEverything(cell: Locator): Promise<void> {
  // In the middle of the track. Keys move it too, but where Jupyter's command mode has them for itself.
  await cell.locator(".ui-slider, .noUi-base").first().click();
  await cell.locator(".widget-dropdown select").selectOption("b");
  await cell.locator(".widget-select select").selectOption("b");
  await cell.locator(".widget-radio input").nth(1).click();
  await cell.locator(".widget-toggle-button").nth(1).click();
  await cell.locator(".widget-checkbox input").click();
  await cell.locator(".widget-text input").fill("else");
  await expect.poll(values(cell)).toEqual({ ...moved, frame: 0 });
  await cell.locator(".widget-play button").first().click();
  await expect.poll(values(cell)).toEqual({ ...moved, frame: 5 });
  await cell.getByRole("button", { name: "Go", exact: true }).click();
  await cell.getByText("pressed 1").waitFor();
  const bar = cell.locator(".progress-bar, .jupyter-widgets .progress > div").first();
  await expect.poll(() => bar.getAttribute("style")).toContain("25%");
}
