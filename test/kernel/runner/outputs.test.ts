import { describe, expect, test } from "vitest";
import type { Publication } from "../../../kernel/runner/client.js";
import { CellOutputs, type Displays } from "../../../kernel/runner/outputs.js";

const collect = (...publications: Publication[]): CellOutputs["outputs"] => {
  const cell = new CellOutputs(new Map());
  for (const publication of publications) cell.receive(publication);
  return cell.outputs;
};
const out = (text: string): Publication => ({ type: "stream", name: "stdout", text });
const err = (text: string): Publication => ({ type: "stream", name: "stderr", text });
const shown = (text: string, displayId?: string): Publication => ({
  type: "display_data",
  data: { "text/plain": text },
  metadata: {},
  ...(displayId === undefined ? {} : { displayId }),
});
const update = (text: string, displayId: string): Publication => ({
  type: "update_display_data",
  data: { "text/plain": text },
  metadata: { changed: true },
  displayId,
});
const written = (...texts: string[]): string => {
  const [output, ...others] = collect(...texts.map(out));
  expect(others).toEqual([]);
  return output?.output_type === "stream" ? output.text : "no stream";
};

describe("streams", () => {
  test("follow-ups of one stream are one output, in order with the other stream", () => {
    expect(collect(out("a"), out("b\n"), err("c"), out("d"))).toEqual([
      { output_type: "stream", name: "stdout", text: "ab\n" },
      { output_type: "stream", name: "stderr", text: "c" },
      { output_type: "stream", name: "stdout", text: "d" },
    ]);
  });

  test("20,000 pieces stay whole and are put together quickly", () => {
    const pieces = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`);
    const start = performance.now();
    expect(written(...pieces)).toBe(pieces.join(""));
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test.each<[string, string[], string]>([
    ["overwrites from a carriage return on", ["10 %\r20 %"], "20 %"],
    ["across pieces", ["10 %", "\r20 %", "\r30 %"], "30 %"],
    ["keeps what a shorter text leaves", ["abcdef\rXY"], "XYcdef"],
    ["only in its line", ["done\n10 %\r99 %\nend"], "done\n99 %\nend"],
    ["a Windows line end is a line end", ["a\r\nb\r", "\nc"], "a\nb\nc"],
    ["a last carriage return waits for what follows", ["abc\r"], "abc\r"],
    ["a backspace steps back", ["ab\bc"], "ac"],
  ])("%s", (_, texts, expected) => {
    expect(written(...texts)).toBe(expected);
  });
});

describe("clear_output", () => {
  test("at once", () => {
    expect(collect(out("a"), { type: "clear_output", wait: false })).toEqual([]);
  });

  test("or when the next output comes", () => {
    const wait: Publication = { type: "clear_output", wait: true };
    expect(collect(out("a"), wait)).toHaveLength(1);
    expect(collect(out("a"), wait, out("b"), out("c"))).toEqual([
      { output_type: "stream", name: "stdout", text: "bc" },
    ]);
    expect(collect(out("a"), wait, shown("b"))).toHaveLength(1);
    expect(collect(out("a"), wait, { type: "error", ename: "E", evalue: "", traceback: [] })).toHaveLength(1);
  });
});

describe("displays", () => {
  test("a result keeps its execution count", () => {
    const result: Publication = {
      type: "execute_result",
      executionCount: 7,
      data: { "text/plain": "2" },
      metadata: {},
    };
    expect(collect(result)).toEqual([
      { output_type: "execute_result", execution_count: 7, data: { "text/plain": "2" }, metadata: {} },
    ]);
  });

  test("an update changes every display of the id, in other cells too, and adds none", () => {
    const displays: Displays = new Map();
    const [first, second] = [new CellOutputs(displays), new CellOutputs(displays)];
    first.receive(shown("0 %", "bar"));
    first.receive(shown("other"));
    second.receive(shown("0 %", "bar"));
    second.receive(update("100 %", "bar"));
    second.receive(update("lost", "nobody"));
    const done = { output_type: "display_data", data: { "text/plain": "100 %" }, metadata: { changed: true } };
    expect(first.outputs).toEqual([
      done,
      { output_type: "display_data", data: { "text/plain": "other" }, metadata: {} },
    ]);
    expect(second.outputs).toEqual([done]);
  });

  test("the id itself is no part of the notebook", () => {
    expect(JSON.stringify(collect(shown("a", "bar")))).not.toContain("bar");
  });
});
