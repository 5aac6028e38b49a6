import { expect, test } from "vitest";
import { createHistory, type History } from "../../../kernel/session/history.js";
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
])("%s", (_, change, expected) => {
  expect(filled().query(request(change))).toEqual(expected);
});
