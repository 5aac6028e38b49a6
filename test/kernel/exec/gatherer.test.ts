import { expect, test } from "vitest";
import { createGatherer } from "../../../kernel/exec/gatherer.js";
import type { Output } from "../../../kernel/exec/index.js";

test("joins neighbours of one stream of one run, and keeps all else apart and in order", () => {
  const shown: [number, Output][] = [];
  const gatherer = createGatherer((run, output) => shown.push([run, output]));
  for (const [run, name, text] of [
    [1, "stdout", "a"],
    [1, "stdout", "b"],
    [1, "stderr", "c"],
    [2, "stderr", "d"],
    [2, "stderr", "e"],
  ] as const) {
    gatherer.add(run, name, text);
  }
  gatherer.flush();
  gatherer.flush();
  expect(shown).toEqual([
    [1, { type: "stream", name: "stdout", text: "ab" }],
    [1, { type: "stream", name: "stderr", text: "c" }],
    [2, { type: "stream", name: "stderr", text: "de" }],
  ]);
});

test("shows 64 KiB at once, or one longer text", () => {
  const lengths: number[] = [];
  const gatherer = createGatherer((_, output) => {
    if (output.type === "stream") lengths.push(output.text.length);
  });
  for (let count = 0; count < 300; count++) gatherer.add(1, "stdout", "x".repeat(1_000));
  gatherer.add(1, "stdout", "y".repeat(200_000));
  gatherer.flush();
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(500_000);
  expect(lengths.slice(0, -1).every((length) => length >= 65_536 && length < 67_000)).toBe(true);
});
