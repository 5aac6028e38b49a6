import type { GroupView, Row, TableView } from "../../core/index.js";
import { print, same, type Datum, type Problem } from "./problem.js";

type Outcome = { readonly value: Datum } | { readonly threw: string };

function attempt(solution: (...args: never[]) => Datum, args: readonly unknown[]): Outcome {
  try {
    return { value: solution(...(structured(args) as never[])) };
  } catch (error) {
    return { threw: error instanceof Error ? error.message : String(error) };
  }
}

/** A copy of plain data, so that a solution which changes its arguments does not change the next example's. */
function structured(datum: unknown): unknown {
  if (Array.isArray(datum)) return datum.map(structured);
  if (typeof datum !== "object" || datum === null) return datum;
  return Object.fromEntries(Object.entries(datum).map(([key, value]) => [key, structured(value)]));
}

const agree = (a: Outcome, b: Outcome): boolean => "value" in a && "value" in b && same(a.value, b.value);
const say = (outcome: Outcome): string => ("value" in outcome ? print(outcome.value) : `threw "${outcome.threw}"`);

/** Of what is long, the beginning and the end: the last arguments are the ones that differ from example to example. */
const shortened = (text: string, most = 200): string =>
  text.length <= most ? text : `${text.slice(0, most / 2)} … ${text.slice(-most / 2)}`;

/** What a check found: the rows of its table, and how many passed. */
export interface ExerciseReport {
  readonly passed: number;
  readonly total: number;
  readonly view: () => GroupView;
}

/**
 * Runs a student's function on the public examples and says what to look at next. It never throws and promises no more
 * than "public checks passed": graded tests use other inputs.
 */
export function report<S extends (...args: never[]) => Datum>(
  id: string,
  problem: Problem<S>,
  solution: S,
): ExerciseReport {
  const rows = problem.examples.map(({ about, args }) => {
    const [expected, actual] = [attempt(problem.reference, args), attempt(solution, args)];
    return { about, args, expected, actual, passed: agree(expected, actual) };
  });
  const failed = rows.filter((row) => !row.passed);
  const answers = rows.map((row) => row.actual);
  const slip = problem.slips.find(({ solution: wrong }) =>
    rows.every(({ args }, i) => agree(attempt(wrong, args), answers[i] ?? { threw: "" })),
  );
  const [first] = failed;
  const advice =
    first === undefined
      ? "Public checks passed."
      : "threw" in first.actual
        ? `Look at "${first.about}" first: your function threw "${first.actual.threw}".`
        : slip !== undefined
          ? `Every answer is the one that comes out when this step goes wrong: ${slip.step}.`
          : `Look at "${first.about}" first: expected ${say(first.expected)}, got ${say(first.actual)}. hint("${id}") helps.`;
  const passed = rows.length - failed.length;
  const table: TableView = {
    as: "table",
    title: `${problem.title}: ${passed} of ${rows.length} public checks passed`,
    columns: [{ key: "" }, { key: "example" }, { key: "arguments" }, { key: "expected" }, { key: "yours" }],
    rows: rows.map((row): Row => ({
      "": row.passed ? "✓" : "✗",
      example: row.about,
      arguments: shortened(row.args.map((arg) => print(arg as Datum)).join(", ")),
      expected: say(row.expected),
      yours: say(row.actual),
    })),
  };
  return { passed, total: rows.length, view: () => ({ as: "group", views: [table, { as: "text", text: advice }] }) };
}
