/** An exported page in a real browser: Debian's Chromium, headless, offline. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { page as exported, present } from "../../kernel/display/index.js";
import { notebook } from "../kernel/display/notebook.js";
import * as views from "../kernel/display/views.js";
import { needsBrowser, startBrowser, type Browser } from "./browser.js";

const bundle = new URL("../../node_modules/plotly.js/dist/plotly-cartesian.min.js", import.meta.url);

interface Opened {
  readonly tab: Page;
  /** Errors and warnings of the console. */
  readonly complaints: readonly string[];
  /** What the page asked for, and why what failed did. */
  readonly requests: string[];
  readonly failures: string[];
}

describe("an exported page in Chromium", () => {
  let folder: string;
  let browser: Browser | undefined;

  beforeEach(async (context) => {
    needsBrowser(context);
    browser ??= await startBrowser();
  });
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "virtlab-page-"));
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens HTML from a file and returns the tab with what it complained of and asked for from elsewhere. */
  const open = async (html: string): Promise<Opened> => {
    const file = join(folder, `${html.length}.html`);
    writeFileSync(file, html);
    if (browser === undefined) throw new Error("only within a test");
    const tab = await browser.open();
    const complaints = browser.complaints(tab);
    const requests: string[] = [];
    const failures: string[] = [];
    tab.on("requestfailed", (request) => failures.push(request.failure()?.errorText ?? ""));
    tab.on("request", (request) => {
      if (!/^(?:data:|blob:)/.test(request.url()) && request.url() !== pathToFileURL(file).href)
        requests.push(request.url());
    });
    await tab.goto(pathToFileURL(file).href);
    return { tab, complaints, requests, failures };
  };

  test("plotly draws every figure with every trace; nothing complains and nothing is fetched", async () => {
    const { tab, complaints, requests } = await open(exported(notebook, { plotly: readFileSync(bundle, "utf8") }));
    await tab.locator(".plot.drawn").nth(4).waitFor();
    const drawn = await tab.evaluate(`[...document.querySelectorAll(".live")].map((live) => ({
      canvas: live.querySelector("svg.main-svg") !== null,
      traces: live.querySelectorAll(".trace, .hm").length,
      title: live.querySelector(".gtitle").textContent,
      wide: live.querySelector("svg.main-svg").getBoundingClientRect().width > 600,
    }))`);
    const { lines, bars, dense, lanes, heat } = views;
    const expected = [lines, bars, dense, lanes, heat].map(({ title }, i) => ({
      canvas: true,
      traces: [5, 2, 4, 6, 1][i],
      title,
      wide: true,
    }));
    expect(drawn).toEqual(expected);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
    await tab.close();
  });

  test("the reader's dark setting changes the page and the figures' text", async () => {
    const { tab } = await open(exported(notebook, { plotly: readFileSync(bundle, "utf8") }));
    await tab.locator(".plot.drawn").nth(4).waitFor();
    const colours = `[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector(".live .xtick text")).fill, getComputedStyle(document.body).color]`;
    const light = await tab.evaluate<string[]>(colours);
    await tab.emulateMedia({ colorScheme: "dark" });
    await expect.poll(async () => (await tab.evaluate<string[]>(colours))[1]).not.toBe(light[1]);
    const dark = await tab.evaluate<string[]>(colours);
    expect(light[1]).toBe(light[2]);
    expect(dark[1]).toBe(dark[2]);
    expect(dark[0]).not.toBe(light[0]);
    await tab.close();
  });

  test("on paper the static pictures stand in for the figures", async () => {
    const { tab } = await open(exported(notebook, { plotly: readFileSync(bundle, "utf8") }));
    await tab.locator(".plot.drawn").nth(4).waitFor();
    await tab.emulateMedia({ media: "print" });
    const shown = await tab.evaluate(
      `[".live", ".still", "nav"].map((part) => getComputedStyle(document.querySelector(part)).display)`,
    );
    expect(shown).toEqual(["none", "block", "none"]);
    await tab.close();
  });

  test("a script, a handler and a remote picture inside a notebook do nothing", async () => {
    const remote = "https://example.invalid/a.png";
    const source = `<script>document.title = "ran"</script><img src="x:" onerror="document.title = 'ran'"><img src="${remote}">`;
    const { tab, requests, failures } = await open(
      exported({ nbformat: 4, cells: [{ cell_type: "markdown", source: `# Calm\n\n${source}` }] }),
    );
    await tab.waitForLoadState("load");
    expect(await tab.title()).toBe("Calm");
    // The browser reports the picture's request and then that the policy stopped it.
    expect(requests).toEqual(["x:", remote]);
    expect(failures).toEqual(["csp", "csp"]);
    await tab.close();
  });

  test("every picture is XML that a browser takes, and no two of its labels lie on one another", async () => {
    const pictures = Object.values(views).flatMap((view) => {
      const svg = present(view)["image/svg+xml"];
      return typeof svg === "string" ? [svg] : [];
    });
    const { tab } = await open(
      `<!DOCTYPE html><meta charset="utf-8"><body>${pictures.map((svg) => `<div class="one">${svg}</div>`).join("")}`,
    );
    const parsed = await tab.evaluate(
      `(${JSON.stringify(pictures)}).map((svg) => new DOMParser().parseFromString(svg, "image/svg+xml").querySelector("parsererror")?.textContent ?? "")`,
    );
    expect(parsed).toEqual(pictures.map(() => ""));
    const overlapping = await tab.evaluate(`[...document.querySelectorAll(".one svg")].flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      const boxes = [...svg.querySelectorAll("text")].map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
      const outside = boxes.filter(({ box }) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
      const hits = boxes.flatMap(({ text, box: a }, i) => boxes.slice(i + 1).filter(({ box: b }) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4,
      ).map((other) => text + " / " + other.text));
      return [...outside.map(({ text }) => "outside: " + text), ...hits];
    })`);
    expect(overlapping).toEqual([]);
    await tab.close();
  });
});
