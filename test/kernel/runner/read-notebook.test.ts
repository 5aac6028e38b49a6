import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../sim/core/index.js";
import { formatNotebook, type Cell, type Notebook, type Output } from "../../../kernel/runner/notebook.js";
import { readNotebook } from "../../../kernel/runner/read-notebook.js";
import { code, markdown, notebookOf } from "./notebooks.js";

const sound = notebookOf(markdown("# Title\n\nText", "a"), code("1 + 1", "b"));

/** The sound notebook's JSON with a part of it changed. */
function changed(change: (notebook: Record<string, never>) => void): string {
  const copy = JSON.parse(formatNotebook(sound)) as Record<string, never>;
  change(copy);
  return JSON.stringify(copy);
}

const complaint = (text: string): UsageError => {
  try {
    readNotebook(text, "A.ipynb");
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error("nothing was wrong with it");
};

type Loose = Record<string, unknown> & { cells: Record<string, unknown>[] };
const loosely = (change: (notebook: Loose) => void): string =>
  changed((notebook) => {
    change(notebook as unknown as Loose); // the tests break its type on purpose
  });

describe("readNotebook", () => {
  test("joins lists of lines", () => {
    const text = loosely(({ cells }) => {
      cells[1]!["source"] = ["const a = 1;\n", "a"];
    });
    expect(readNotebook(text, "A.ipynb").cells[1]!.source).toBe("const a = 1;\na");
  });

  test("takes a byte order mark", () => {
    expect(readNotebook(`\uFEFF${formatNotebook(sound)}`, "A.ipynb")).toEqual(sound);
  });

  test("takes nbformat 4.0–4.4, which has no cell ids", () => {
    const text = loosely((notebook) => {
      notebook["nbformat_minor"] = 2;
      for (const cell of notebook.cells) delete cell["id"];
    });
    expect(readNotebook(text, "A.ipynb").cells.map(({ id }) => id)).toEqual([undefined, undefined]);
  });

  test.each<[string, string, RegExp]>([
    ["an empty file", "", /A\.ipynb is empty/],
    ["text", "hello\nworld", /A\.ipynb is not JSON, so it is no notebook/],
    ["half a notebook", formatNotebook(sound).slice(0, 200), /is not JSON/],
    ["a list", "[]", /A\.ipynb is not an object/],
    ["other JSON", "{}", /is JSON but no notebook/],
    ["nbformat 3", '{"nbformat": 3, "worksheets": []}', /is of nbformat 3, and virtlab reads nbformat 4/],
    ["nbformat as text", '{"nbformat": "4"}', /is of nbformat "4"/],
    ["no minor version", '{"nbformat": 4, "metadata": {}, "cells": []}', /no "nbformat_minor"/],
    ["no cells", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', /A\.ipynb has no "cells" list/],
    ["no metadata", '{"nbformat": 4, "nbformat_minor": 5, "cells": []}', /A\.ipynb has no "metadata" object/],
  ])("refuses %s", (_, text, message) => {
    expect(complaint(text).message).toMatch(message);
    expect(complaint(text).message).not.toContain("\n");
    expect(complaint(text).hint).not.toBe("");
  });

  test("names the merge conflict", () => {
    expect(complaint('{\n<<<<<<< HEAD\n "nbformat": 4\n=======\n').hint).toMatch(/merge conflict/);
  });

  test.each<[string, (cell: Record<string, unknown>) => void, RegExp]>([
    ["an unknown kind", (cell) => (cell["cell_type"] = "slide"), /cell 2 has "slide" as its "cell_type"/],
    ["no kind", (cell) => delete cell["cell_type"], /cell 2 has nothing as its "cell_type"/],
    ["no source", (cell) => delete cell["source"], /cell 2 has no "source" text/],
    ["a number as source", (cell) => (cell["source"] = [1]), /cell 2 has no "source" text/],
    ["no id", (cell) => delete cell["id"], /cell 2 has no "id" text/],
    ["a bad id", (cell) => (cell["id"] = "a b"), /cell 2 has the id "a b"/],
    ["another's id", (cell) => (cell["id"] = "a"), /has the cell id "a" twice \(cells 1 and 2\)/],
    ["tags that are text", (cell) => (cell["metadata"] = { tags: "x" }), /"tags" that are not a list/],
    ["no outputs", (cell) => delete cell["outputs"], /cell 2 has no "outputs" list/],
    ["a bad count", (cell) => (cell["execution_count"] = "1"), /cell 2 has no "execution_count"/],
    [
      "an unknown output",
      (cell) => (cell["outputs"] = [{ output_type: "pyout" }]),
      /cell 2, output 1 has "pyout" as its "output_type"/,
    ],
  ])("refuses a cell with %s", (_, change, message) => {
    const text = loosely(({ cells }) => {
      change(cells[1]!);
    });
    expect(complaint(text).message).toMatch(message);
  });

  test("refuses another language", () => {
    const python = loosely((notebook) => (notebook["metadata"] = { kernelspec: { language: "python" } }));
    expect(complaint(python).message).toBe("A.ipynb is written in python");
    const julia = loosely((notebook) => (notebook["metadata"] = { language_info: { name: "julia" } }));
    expect(complaint(julia).message).toBe("A.ipynb is written in julia");
  });

  test("whatever JSON it is given, it reads it or complains", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (cell, other) => {
        const text = JSON.stringify({ nbformat: 4, nbformat_minor: 4, metadata: {}, cells: [cell], other });
        try {
          expect(readNotebook(text, "A.ipynb").nbformat).toBe(4);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe("formatNotebook", () => {
  test("writes lists of lines and ends with a line feed", () => {
    const text = formatNotebook(sound);
    const { cells } = JSON.parse(text) as { cells: { source: unknown }[] };
    expect(cells[0]!.source).toEqual(["# Title\n", "\n", "Text"]);
    expect(text.endsWith("}\n")).toBe(true);
  });

  const text = fc.string({ unit: fc.constantFrom("a", "\n", "\r", "é", "𝒳", "<", '"', "\\") });
  const bundle = fc.record({ "text/plain": text }).map((data) => ({
    data: { ...data, "application/json": "a\nb", "application/vnd.plotly.v1+json": { data: [{ y: [1] }] } },
    metadata: {},
  }));
  const output: fc.Arbitrary<Output> = fc.oneof(
    fc.record({
      output_type: fc.constant("stream" as const),
      name: fc.constantFrom("stdout" as const, "stderr" as const),
      text,
    }),
    bundle.map((shown) => ({ output_type: "display_data" as const, ...shown })),
    bundle.map((shown) => ({ output_type: "execute_result" as const, execution_count: 3, ...shown })),
    fc.record({
      output_type: fc.constant("error" as const),
      ename: text,
      evalue: text,
      traceback: fc.array(text, { maxLength: 3 }),
    }),
  );
  const cell: fc.Arbitrary<Cell> = fc.oneof(
    text.map((source) => ({ cell_type: "markdown" as const, metadata: { keep: [1, { me: null }] }, source })),
    fc.record({
      cell_type: fc.constant("code" as const),
      execution_count: fc.option(fc.nat()),
      metadata: fc.constant({}),
      outputs: fc.array(output, { maxLength: 3 }),
      source: text,
    }),
  );

  test("what it writes is read back whole", () => {
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 4 }), (cells) => {
        const notebook: Notebook = { nbformat: 4, nbformat_minor: 4, metadata: { a: [null] }, cells };
        expect(readNotebook(formatNotebook(notebook), "A.ipynb")).toEqual(notebook);
      }),
      { seed: 2, numRuns: 200 },
    );
  });
});
