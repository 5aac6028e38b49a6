import { describe, expect, test } from "vitest";
import { createHistory, type History } from "../../../kernel/session/history.js";
import type { StoredInput } from "../../../kernel/session/history-file.js";
import type { HistoryRequest } from "../../../kernel/wire/index.js";

function filled(): History {
  const history = createHistory();
  for (const [index, input] of ["1 + 1", "x.y", "1 + 1", "f([2])"].entries()) history.add(index + 1, input);
  history.setOutput(1, "2");
  return history;
}

const request = (change: Partial<HistoryRequest>): HistoryRequest => ({
  output: false,
  raw: true,
  hist_access_type: "tail",
  session: 0,
  start: 0,
  pattern: "*",
  unique: false,
  ...change,
});

test.each<[string, Partial<HistoryRequest>, unknown[]]>([
  [
    "the last two",
    { n: 2 },
    [
      [1, 3, "1 + 1"],
      [1, 4, "f([2])"],
    ],
  ],
  ["none of none", { n: 0 }, []],
  ["with output", { n: 4, output: true, hist_access_type: "search", pattern: "x*" }, [[1, 2, ["x.y", null]]]],
  [
    "a range with output, its end left out",
    { hist_access_type: "range", start: 1, stop: 3, output: true },
    [
      [1, 1, ["1 + 1", "2"]],
      [1, 2, ["x.y", null]],
    ],
  ],
  ["a range of another session", { hist_access_type: "range", session: -1 }, []],
  [
    "a search",
    { hist_access_type: "search", pattern: "1 ? 1" },
    [
      [1, 1, "1 + 1"],
      [1, 3, "1 + 1"],
    ],
  ],
  ["a search, each once, the latest", { hist_access_type: "search", pattern: "1*", unique: true }, [[1, 3, "1 + 1"]]],
  ["a dot is a dot", { hist_access_type: "search", pattern: "x.?" }, [[1, 2, "x.y"]]],
  ["a dot is nothing else", { hist_access_type: "search", pattern: "1 . 1" }, []],
  ["a set", { hist_access_type: "search", pattern: "f([[]2[]])" }, [[1, 4, "f([2])"]]],
  ["a negated set", { hist_access_type: "search", pattern: "[^f1]*" }, [[1, 2, "x.y"]]],
])("%s", async (_, change, expected) => {
  expect(await filled().query(request(change))).toEqual(expected);
});

test("an input behind the last one that is remembered has no output any more", async () => {
  const history = filled();
  for (let count = 5; count <= 10_001; count++) history.add(count, "later");
  history.setOutput(1, "too late");
  const range = request({ hist_access_type: "range", start: 0, stop: 3, output: true });
  expect(await history.query(range)).toEqual([[1, 2, ["x.y", null]]]);
});

describe("with other sessions in the file", () => {
  const stored = (session: number, count: number, input: string): StoredInput => ({ session, count, input });
  const added: [number, string][] = [];
  function among(): History {
    added.length = 0;
    const history = createHistory({
      add: (count, input) => void added.push([count, input]),
      session: () => Promise.resolve(7),
      // Session 8 began while this one ran; its own inputs are in the file too.
      read: () =>
        Promise.resolve([
          stored(5, 1, "old"),
          stored(8, 1, "newer"),
          stored(6, 1, "old"),
          stored(7, 1, "mine"),
          stored(6, 2, "b"),
        ]),
      settled: () => Promise.resolve(),
    });
    history.add(1, "mine");
    history.setOutput(1, "result");
    return history;
  }

  test.each<[string, Partial<HistoryRequest>, unknown[]]>([
    [
      "the tail, over all",
      { n: 3 },
      [
        [6, 2, "b"],
        [7, 1, "mine"],
        [8, 1, "newer"],
      ],
    ],
    [
      "the session before",
      { hist_access_type: "range", session: -1, output: true },
      [
        [6, 1, ["old", null]],
        [6, 2, ["b", null]],
      ],
    ],
    ["one by its number", { hist_access_type: "range", session: 5 }, [[5, 1, "old"]]],
    ["this one by its number", { hist_access_type: "range", session: 7, output: true }, [[7, 1, ["mine", "result"]]]],
    ["one that never was", { hist_access_type: "range", session: -7 }, []],
    ["a search, each once", { hist_access_type: "search", pattern: "o*", unique: true }, [[6, 1, "old"]]],
    ["the latest of a search", { hist_access_type: "search", pattern: "*", n: 1 }, [[8, 1, "newer"]]],
  ])("%s", async (_, change, expected) => {
    expect(await among().query(request(change))).toEqual(expected);
    expect(added).toEqual([[1, "mine"]]);
  });
});
