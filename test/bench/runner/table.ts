import type { Goal, Outcome, Result, Spread } from "./measure.js";

/** Three significant digits and a thousand's letter: `12.3 M`. */
function brief(value: number): string {
  const [factor, letter] =
    Math.abs(value) >= 1e9
      ? [1e9, " G"]
      : Math.abs(value) >= 1e6
        ? [1e6, " M"]
        : Math.abs(value) >= 1e3
          ? [1e3, " k"]
          : [1, ""];
  return `${Number((value / factor).toPrecision(3))}${letter}`;
}

const range = (spread: Spread | undefined, show: (value: number) => string): string =>
  spread === undefined ? "" : `${show(spread.least)} – ${show(spread.greatest)}`;
const times = (value: number): string => `${value.toFixed(1)}×`;

const judged = (met: boolean | undefined): string => (met === undefined ? "not compared" : met ? "reached" : "MISSED");

function verdict(goal: Goal | undefined, met: boolean | undefined): string {
  if (goal === undefined) return "";
  const median = goal.median === undefined ? [] : [brief(goal.median)];
  const ratio = goal.ratio === undefined ? [] : [`${Number(goal.ratio.toFixed(2))}×`];
  return `${[...median, ...ratio].join(", ")}: ${judged(met)}`;
}

function row(outcome: Outcome, result: Result, first: boolean): string[] {
  const { spread, ratio } = result;
  return [
    first ? outcome.bench : "",
    result.contender,
    result.missing === undefined ? (spread === undefined ? "–" : brief(spread.median)) : `missing: ${result.missing}`,
    range(spread, brief),
    outcome.unit,
    ratio === undefined ? "" : `${times(ratio.median)} (${range(ratio, times)})`,
    first ? verdict(outcome.goal, outcome.met) : "",
  ];
}

/** The outcomes as a text table: medians, the range of the rounds, and how many times better ours is. */
export function table(outcomes: readonly Outcome[]): string {
  const head = ["bench", "who", "median", "range", "unit", "ours is better by", "goal"];
  const rows = outcomes.flatMap((outcome) => outcome.results.map((result, place) => row(outcome, result, place === 0)));
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((cells) => cells[column]?.length ?? 0)));
  return [head, widths.map((width) => "-".repeat(width)), ...rows]
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A line for each goal: whether it is reached, by what, and what it asks for. */
export function bars(outcomes: readonly Outcome[]): string {
  return outcomes
    .flatMap(({ bench, unit, goal, met, results: [ours, peer] }) => {
      if (goal === undefined) return [];
      const found = ours?.spread === undefined ? "–" : `${brief(ours.spread.median)} ${unit}`;
      const median = goal.median === undefined ? [] : [`${brief(goal.median)} ${unit}`];
      const theirs = peer?.spread === undefined ? "" : ` (${brief(peer.spread.median)} ${unit})`;
      const by = Number((goal.ratio ?? 1).toFixed(2));
      const ratio =
        goal.ratio === undefined ? [] : [`${by === 1 ? "" : `${by}× better than `}${peer?.contender}${theirs}`];
      return [`${judged(met).padEnd(12)}  ${bench}: ${found}; bar: ${[...median, ...ratio].join(" and ")}`];
    })
    .join("\n");
}
