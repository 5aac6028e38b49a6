import { describe, expect, test } from "vitest";
import { UsageError } from "../../../sim/core/index.js";
import { injectParameters } from "../../../kernel/runner/parameters.js";
import { code, markdown, notebookOf } from "./notebooks.js";

const defaults = code('const seed = 7;\nlet size: number = 4, name = "a";', "p", ["parameters"]);
const notebook = notebookOf(markdown("# Title", "m"), defaults, code("seed + size", "c"));

const complaint = (run: () => unknown): UsageError => {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error("nothing was wrong");
};

describe("injectParameters", () => {
  test("declares what is given anew behind the defaults, with kind and type", () => {
    const { cells } = injectParameters(notebook, { seed: 9, size: 2.5, name: 'b"' }, "A.ipynb");
    expect(cells.map(({ id }) => id)).toEqual(["m", "p", "injected-parameters", "c"]);
    expect(cells[1]).toEqual(defaults);
    expect(cells[2]!.metadata).toEqual({ tags: ["injected-parameters"] });
    expect(cells[2]!.source).toBe('// Parameters\nconst seed = 9;\nlet size: number = 2.5;\nlet name = "b\\"";');
  });

  test("replaces the cell of an earlier run", () => {
    const once = injectParameters(notebook, { seed: 1 }, "A.ipynb");
    const twice = injectParameters(once, { seed: 2 }, "A.ipynb");
    expect(twice.cells).toHaveLength(once.cells.length);
    expect(twice.cells[2]!.source).toBe("// Parameters\nconst seed = 2;");
  });

  test("takes another id where its own is taken", () => {
    const other = notebookOf(defaults, code("1", "injected-parameters"));
    expect(injectParameters(other, { seed: 1 }, "A.ipynb").cells[1]!.id).toBe("injected-parameters-2");
  });

  test("gives no id before nbformat 4.5", () => {
    const old = { ...notebook, nbformat_minor: 4 };
    expect(injectParameters(old, { seed: 1 }, "A.ipynb").cells[2]).not.toHaveProperty("id");
  });

  test("changes nothing when nothing is given", () => {
    expect(injectParameters(notebook, {}, "A.ipynb")).toBe(notebook);
  });

  test("names the known ones for an unknown one", () => {
    const error = complaint(() => injectParameters(notebook, { sed: 1 }, "A.ipynb"));
    expect(error.message).toBe('A.ipynb has no parameter "sed"');
    expect(error.hint).toBe("It has: seed, size, name.");
  });

  test("a notebook without the tag takes none", () => {
    const error = complaint(() => injectParameters(notebookOf(code("1", "a")), { seed: 1 }, "A.ipynb"));
    expect(error.message).toMatch(/takes no parameters/);
  });

  test("a defaults cell that doesn't parse is named", () => {
    const broken = notebookOf(code("const = ;", "p", ["parameters"]));
    expect(complaint(() => injectParameters(broken, { seed: 1 }, "A.ipynb")).message).toMatch(/cell 1 does not parse/);
  });
});
