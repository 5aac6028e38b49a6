/** The page's accessibility, as far as axe-core can tell (WCAG 2.1 A and AA, best practices left out). */
import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { markdown } from "../kernel/runner/notebooks.js";
import { cell, done, menu, takeTheme, useSite } from "./site.js";

const site = useSite();

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly html: string }[];
}

/** What is wrong in a part of the page: rule and place. */
async function violations(page: Page, part: string): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const options = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"] };
  const found = await page.evaluate<Violation[]>(
    `axe.run(${JSON.stringify(part)}, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, html }) => `${id}: ${target.join(" ")} ${html.slice(0, 120)}`),
  );
}

const shownThings = `import { interact, plot, show } from "virtlab";
show([{ a: 1, b: 2 }, { a: 3, b: 4 }]);
interact(({ n }) => n, { n: { min: 0, max: 3 } });
plot({ title: "Squares", caption: "Five.", x: { label: "n", unit: "" }, y: { label: "n squared", unit: "" },
  series: [{ name: "squares", mark: "line", x: [1, 2, 3], y: [1, 4, 9] }] })`;

/** Of ipywidgets 8 and not ours: a slider's handle has a value and no name. */
const theirs = /^aria-input-field-name: \.noUi-handle /;

test("what our outputs bring into the page breaks no rule, in light and dark", async () => {
  site.write("access.ipynb", markdown("# A heading\n\nAnd a text.", "m"), shownThings);
  const page = await site.open("notebooks/access.ipynb");
  await menu(page, "Run", "runmenu:run-all");
  await done(page, 1);
  await cell(page, 1).locator(".virtlab-plotly .main-svg").first().waitFor();
  const whole: string[] = [];
  for (const theme of ["JupyterLab Dark", "JupyterLab Light"] as const) {
    await takeTheme(page, theme);
    expect((await violations(page, ".jp-OutputArea")).filter((each) => !theirs.test(each))).toEqual([]);
    whole.push(...(await violations(page, "html")));
  }
  console.log(`of Jupyter's own interface:\n${[...new Set(whole)].join("\n")}`);
});
