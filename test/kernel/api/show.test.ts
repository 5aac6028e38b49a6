import { afterEach, expect, test, vi } from "vitest";
import { html, md, show, svg } from "../../../kernel/api/index.js";

const hook = Symbol.for("virtlab.display");
const place = globalThis as { [hook]?: unknown };

afterEach(() => {
  Reflect.deleteProperty(globalThis, hook);
  vi.restoreAllMocks();
});

test("in a notebook each value becomes a bundle of its own", () => {
  const shown: unknown[] = [];
  place[hook] = (bundle: unknown) => shown.push(bundle);
  show({ as: "text", text: "hello" }, 42);
  expect(shown).toMatchObject([{ "text/plain": "hello" }, { "text/plain": "42" }]);
});

test("what a hook promises keeps its place until it is there", async () => {
  const shown: unknown[][] = [];
  place[hook] = (...given: unknown[]) => shown.push(given);
  const promised = { [Symbol.for("Jupyter.display")]: () => Promise.resolve({ "text/plain": "late" }) };
  show(promised, "next");
  expect(shown.map(([bundle]) => bundle)).toEqual([{ "text/plain": "…" }, { "text/plain": "'next'" }]);
  await new Promise((resolve) => setTimeout(resolve, 0));
  const [first, , last] = shown;
  expect(last).toEqual([{ "text/plain": "late" }, { ...(first?.[1] as object), update: true }]);
});

// Under their own names the formatter would write them anew.
const [asMarkdown, asSvg] = [md, svg];

test("templates show themselves as what they mean", () => {
  const shown: unknown[] = [];
  place[hook] = (bundle: unknown) => shown.push(bundle);
  show(html`<b>${1 + 1}</b>`, asMarkdown`*a* \\ b`, asSvg`<svg/>`);
  expect(shown).toEqual([
    { "text/html": "<b>2</b>", "text/plain": "<b>2</b>" },
    { "text/markdown": "*a* \\ b", "text/plain": "*a* \\ b" },
    { "image/svg+xml": "<svg/>", "text/plain": "<svg/>" },
  ]);
  expect(String(html`<i>x</i>`)).toBe("<i>x</i>");
});

test("in a plain script the text is printed", () => {
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  show({ as: "text", text: "hello" });
  expect(print).toHaveBeenCalledWith("hello");
});
