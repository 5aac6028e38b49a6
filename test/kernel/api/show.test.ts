import { afterEach, expect, test, vi } from "vitest";
import { show } from "../../../kernel/api/index.js";

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

test("in a plain script the text is printed", () => {
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  show({ as: "text", text: "hello" });
  expect(print).toHaveBeenCalledWith("hello");
});
