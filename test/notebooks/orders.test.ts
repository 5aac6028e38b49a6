import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { formatNotebook, type Execution } from "../../kernel/runner/index.js";
import { code, notebookOf } from "../kernel/runner/notebooks.js";
import { runCells } from "./course.js";
import { offences } from "./orders.js";
import { shuffled } from "./shuffled.js";

const notebook = notebookOf(code("const a = 1; a", "a"), code("a + 1", "b"));

const result = (index: number, text: string, execution_count = 1): Execution => ({
  index,
  outputs: [{ output_type: "execute_result", execution_count, data: { "text/plain": text }, metadata: {} }],
});
const failed = (index: number, ename: string, evalue: string, traceback: string[] = []): Execution => {
  const error = { ename, evalue, traceback };
  return { index, outputs: [{ output_type: "error", ...error }], failure: { kind: "error", index, ...error } };
};
const straight = [result(0, "1"), result(1, "2")];
const judge = (executions: Execution[], mayAsk = true): readonly string[] =>
  offences(notebook, straight, executions, mayAsk);

describe("offences", () => {
  test("the same results are none, whatever their numbers", () => {
    expect(judge([result(1, "2", 5), result(0, "1", 6)])).toEqual([]);
  });

  test("a UsageError that names the missing cell is none where it is allowed", () => {
    const asks = failed(1, "UsageError", '"a" is declared in cell 1, which has not run');
    expect(judge([asks, result(0, "1")])).toEqual([]);
    expect(judge([asks, result(0, "1")], false)).toHaveLength(1);
  });

  test("the name may be in the hint, behind the message", () => {
    const asks = failed(1, "UsageError", "nothing is predicted yet", [
      "UsageError: …",
      "Run the cell with predict first.",
    ]);
    expect(judge([asks, result(0, "1")])).toEqual([]);
  });

  test("a UsageError that asks for a cell that did run is one", () => {
    const asks = failed(1, "UsageError", '"a" is declared in cell 1, which has not run');
    expect(judge([result(0, "1"), asks])).toHaveLength(1);
    expect(judge([failed(0, "UsageError", "run cell 3"), asks])).toEqual([]);
  });

  test.each<[string, Execution]>([
    ["a wrong number", result(1, "3")],
    ["no result", { index: 1, outputs: [] }],
    ["another error", failed(1, "ReferenceError", "a is not defined in this cell")],
    ["a UsageError that names no cell", failed(1, "UsageError", "a is missing")],
    ["a UsageError that is not shown", { ...failed(1, "UsageError", "run cell 1"), outputs: [] }],
  ])("%s is one", (_, execution) => {
    expect(judge([execution, result(0, "1")])).toHaveLength(1);
  });
});

describe("a cell that measures this computer", () => {
  const timed = notebookOf(code("performance.now()", "a", ["wall-clock"]), code("a + 1", "b"));
  const judgeTimed = (...executions: Execution[]): readonly string[] => offences(timed, straight, executions, false);

  test("may show another number, but no error, no other kind of thing and nothing less", () => {
    expect(judgeTimed(result(0, "3"), result(1, "2"))).toEqual([]);
    expect(judgeTimed(failed(0, "UsageError", "run cell 2"))).toHaveLength(1);
    expect(judgeTimed({ index: 0, outputs: [] })).toHaveLength(1);
    const { outputs } = result(0, "3");
    const html = outputs.map((output) => ({ ...output, data: { "text/html": "3" } }));
    expect(judgeTimed({ index: 0, outputs: html })).toHaveLength(1);
  });

  test("gives no licence to other cells", () => {
    expect(judgeTimed(result(0, "3"), result(1, "3"))).toHaveLength(1);
  });
});

test("the kernel itself names the missing cell", async () => {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-orders-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, "fixture.ipynb");
  writeFileSync(path, formatNotebook(notebook));
  const lesson = { name: "fixture.ipynb", path, notebook };
  const { executions } = await runCells(lesson, [0, 1]);
  const backwards = await runCells(lesson, [1, 0, 1]);
  expect(backwards.executions[0]?.failure?.evalue).toMatch(/cell 1 of fixture\.ipynb/);
  expect(offences(notebook, executions, backwards.executions, true)).toEqual([]);
});

describe("shuffled", () => {
  test("permutes, by the seed alone", () => {
    const items = Array.from({ length: 30 }, (_, i) => i);
    const orders = Array.from({ length: 20 }, (_, seed) => shuffled(items, seed));
    for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual(items);
    expect(new Set(orders.map(String)).size).toBe(20);
    expect(shuffled(items, 7)).toEqual(orders[7]);
  });
});
