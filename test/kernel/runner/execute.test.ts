import { describe, expect, test, vi } from "vitest";
import { executeNotebook, type CodeCell, type Progress } from "../../../kernel/runner/index.js";
import { FakeKernel } from "./fake-kernel.js";
import { code, markdown, notebookOf } from "./notebooks.js";

const boom = (): Error => new TypeError("boom");
const stale: CodeCell = {
  ...code("a", "a"),
  execution_count: 9,
  outputs: [{ output_type: "stream", name: "stdout", text: "old" }],
};

describe("executeNotebook", () => {
  test("runs the code cells in order and fills a copy", async () => {
    const notebook = notebookOf(markdown("# Title", "m"), stale, code("  \n", "blank"), code("b", "b"));
    const before = structuredClone(notebook);
    const kernel = new FakeKernel();
    const { notebook: ran, executions, failure, failures } = await executeNotebook(notebook, kernel);
    expect(kernel.executed).toEqual(["a", "b"]);
    expect(failure).toBeUndefined();
    expect(failures).toEqual([]);
    expect(executions.map(({ index }) => index)).toEqual([1, 3]);
    expect(ran.cells[1]).toEqual({
      ...stale,
      execution_count: 1,
      outputs: [{ output_type: "stream", name: "stdout", text: "a" }],
    });
    expect(ran.cells[2]).toEqual(notebook.cells[2]);
    expect(ran.metadata).toEqual({ ...notebook.metadata, language_info: kernel.languageInfo });
    expect(notebook).toEqual(before);
  });

  test("gives the kernel the cell's id", async () => {
    const ids: unknown[] = [];
    const kernel = new FakeKernel({ a: (_, { cellId }) => (ids.push(cellId), "ok") });
    await executeNotebook(notebookOf(code("a", "the-id")), kernel);
    expect(ids).toEqual(["the-id"]);
  });

  test("stops at the first failing cell, and leaves no old output behind it", async () => {
    const kernel = new FakeKernel({ bad: boom });
    const notebook = notebookOf(code("bad", "x"), stale);
    const { notebook: ran, failure } = await executeNotebook(notebook, kernel);
    expect(kernel.executed).toEqual(["bad"]);
    expect(failure).toEqual({
      kind: "error",
      index: 0,
      ename: "TypeError",
      evalue: "boom",
      traceback: ["TypeError: boom", "    at cell"],
    });
    expect(ran.cells.map((cell) => (cell as CodeCell).outputs.length)).toEqual([1, 0]);
  });

  test("goes on where errors are allowed, and reports all of them", async () => {
    const kernel = new FakeKernel({ bad: boom, worse: () => new RangeError("worse") });
    const notebook = notebookOf(code("bad", "1"), code("good", "2"), code("worse", "3"));
    const { failure, failures } = await executeNotebook(notebook, kernel, { allowErrors: true });
    expect(kernel.executed).toEqual(["bad", "good", "worse"]);
    expect(failures.map(({ ename }) => ename)).toEqual(["TypeError", "RangeError"]);
    expect(failure).toBe(failures[0]);
  });

  test("the tag raises-exception allows an error of its cell, and no time-out", async () => {
    const tags = ["raises-exception"];
    const notebook = notebookOf(code("bad", "1", tags), code("slow", "2", tags), code("good", "3"));
    const kernel = new FakeKernel({ bad: boom, slow: () => "hang" });
    const { executions, failures } = await executeNotebook(notebook, kernel, { timeout: 0.05 });
    expect(kernel.executed).toEqual(["bad", "slow"]);
    expect(executions.map((execution) => execution.failure?.kind)).toEqual(["error", "timeout"]);
    expect(failures.map(({ kind }) => kind)).toEqual(["timeout"]);
  });

  test("the tag skip-execution leaves a cell as it is", async () => {
    const skipped: CodeCell = { ...stale, metadata: { tags: ["skip-execution"] } };
    const kernel = new FakeKernel();
    const { notebook } = await executeNotebook(notebookOf(skipped, code("b", "b")), kernel);
    expect(kernel.executed).toEqual(["b"]);
    expect(notebook.cells[0]).toEqual(skipped);
  });

  test("a time-out interrupts, says so in the cell, and the kernel goes on where errors are allowed", async () => {
    const kernel = new FakeKernel({ slow: () => "hang" });
    const notebook = notebookOf(code("slow", "1"), code("next", "2"));
    const { notebook: ran, failure } = await executeNotebook(notebook, kernel, { timeout: 0.05, allowErrors: true });
    expect(kernel.interrupts).toBe(1);
    expect(kernel.executed).toEqual(["slow", "next"]);
    const evalue = "the cell ran longer than 0.05 s and was interrupted";
    expect(failure).toMatchObject({ kind: "timeout", index: 0, ename: "TimeoutError", evalue });
    // The kernel's own words on the interrupt say where the cell was; they stay.
    const traceback = [`TimeoutError: ${evalue}`, "Interrupted: interrupted", "    at cell"];
    expect((ran.cells[0] as CodeCell).outputs).toEqual([
      { output_type: "error", ename: "TimeoutError", evalue, traceback },
    ]);
  });

  test("a kernel that answers no interrupt ends the run", async () => {
    vi.useFakeTimers();
    try {
      const kernel = new FakeKernel({ stuck: () => "stick" });
      const running = executeNotebook(notebookOf(code("stuck", "1"), code("b", "2")), kernel, {
        timeout: 1,
        allowErrors: true,
      });
      await vi.advanceTimersByTimeAsync(60_000);
      const { failure } = await running;
      expect(failure?.evalue).toBe("the cell ran longer than 1 s and did not answer an interrupt within 5 s");
      expect(kernel.executed).toEqual(["stuck"]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a kernel's death is the failure of the cell under which it died, whatever is allowed", async () => {
    const kernel = new FakeKernel({ bad: () => "die" });
    const notebook = notebookOf(code("bad", "1", ["raises-exception"]), code("b", "2"));
    const { notebook: ran, failure } = await executeNotebook(notebook, kernel, { allowErrors: true });
    expect(kernel.executed).toEqual(["bad"]);
    expect(failure).toMatchObject({ kind: "death", ename: "KernelDied" });
    expect(failure?.evalue).toBe("the kernel was ended by SIGKILL while this cell ran");
    expect((ran.cells[0] as CodeCell).outputs).toHaveLength(1);
  });

  test("a cell that the kernel aborts has failed and has no count", async () => {
    const kernel = new FakeKernel({ a: () => "aborted" });
    const { notebook, failure } = await executeNotebook(notebookOf(code("a", "a")), kernel);
    expect(failure?.ename).toBe("Aborted");
    expect((notebook.cells[0] as CodeCell).execution_count).toBeNull();
  });

  test("runs any order; the notebook keeps a cell's last run, the executions keep all", async () => {
    let n = 0;
    const kernel = new FakeKernel({
      a: (publish) => (publish({ type: "stream", name: "stdout", text: String(++n) }), "ok"),
    });
    const notebook = notebookOf(code("a", "a"), markdown("m", "m"), code("b", "b"));
    const { notebook: ran, executions } = await executeNotebook(notebook, kernel, { order: [2, 1, 0, 0] });
    expect(kernel.executed).toEqual(["b", "a", "a"]);
    const texts = executions.map(({ outputs: [output] }) => output?.output_type === "stream" && output.text);
    expect(texts).toEqual(["b", "1", "2"]);
    expect((ran.cells[0] as CodeCell).outputs).toEqual([{ output_type: "stream", name: "stdout", text: "2" }]);
    expect((ran.cells[0] as CodeCell).execution_count).toBe(3);
  });

  test("what a cell publishes late is its own", async () => {
    let later = (): void => undefined;
    const kernel = new FakeKernel({
      a: (publish) => {
        later = () => {
          publish({ type: "stream", name: "stdout", text: "late" });
        };
        return "ok";
      },
      b: () => (later(), "ok"),
    });
    const { notebook } = await executeNotebook(notebookOf(code("a", "a"), code("b", "b")), kernel);
    expect(notebook.cells.map((cell) => (cell as CodeCell).outputs.length)).toEqual([1, 0]);
  });

  test("tells how far it is", async () => {
    const seen: Progress[] = [];
    const notebook = notebookOf(code("a", "a"), markdown("m", "m"), code("b", "b"));
    await executeNotebook(notebook, new FakeKernel(), { onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([
      { state: "started", index: 0, nth: 1, total: 2 },
      { state: "finished", index: 0, nth: 1, total: 2 },
      { state: "started", index: 2, nth: 2, total: 2 },
      { state: "finished", index: 2, nth: 2, total: 2 },
    ]);
  });
});
