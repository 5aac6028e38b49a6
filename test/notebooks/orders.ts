import { isDeepStrictEqual } from "node:util";
import type { Execution, Notebook, Output } from "../../kernel/runner/index.js";
import { resultsOf } from "./course.js";

/**
 * Whether a cell ended by saying which cell has to run first. A cell that is named by its number must be one that has
 * not run well so far: the advice has to help.
 */
function asksForCell({ failure, outputs }: Execution, ranBefore: ReadonlySet<number>): boolean {
  const errors = outputs.filter(({ output_type }) => output_type === "error");
  if (failure?.ename !== "UsageError" || errors.length !== 1) return false;
  const [named, number] = /\bcell (\d+)?/.exec([failure.evalue, ...failure.traceback].join("\n")) ?? [];
  return named !== undefined && !ranBefore.has(Number(number) - 1);
}

/**
 * What a cell shows that has to be the same in each run: all of it. A cell tagged `wall-clock` measures this computer, no
 * two runs of it alike: of that, which outputs there are, and of which types.
 */
function repeatable(notebook: Notebook, execution: Execution): readonly Output[] {
  const results = resultsOf(execution);
  const tags = notebook.cells[execution.index]?.metadata["tags"];
  if (!Array.isArray(tags) || !tags.includes("wall-clock") || execution.failure !== undefined) return results;
  return results.map((output) =>
    "data" in output
      ? { ...output, data: Object.fromEntries(Object.keys(output.data).map((type) => [type, ""])) }
      : output,
  );
}

/** Both results from shortly before where they part. */
function difference(wanted: readonly Output[], got: readonly Output[]): string {
  const [expected, actual] = [JSON.stringify(wanted), JSON.stringify(got)];
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const excerpt = (text: string): string => text.slice(Math.max(0, at - 60), at + 200);
  return `  straight: …${excerpt(expected)}…\n  now:      …${excerpt(actual)}…`;
}

/**
 * What an order of cells gave that it may not give: anything but the reference's results or, where `mayAsk`, one
 * UsageError that names the missing cell.
 * @returns a line for each offence
 */
export function offences(
  notebook: Notebook,
  reference: readonly Execution[],
  executions: readonly Execution[],
  mayAsk: boolean,
): readonly string[] {
  const expected = new Map(reference.map((execution) => [execution.index, repeatable(notebook, execution)]));
  return executions.flatMap((execution, nth) => {
    const earlier = executions.slice(0, nth);
    const ranBefore = new Set(earlier.filter(({ failure }) => failure === undefined).map(({ index }) => index));
    const results = repeatable(notebook, execution);
    const wanted = expected.get(execution.index) ?? [];
    if (isDeepStrictEqual(results, wanted) || (mayAsk && asksForCell(execution, ranBefore))) return [];
    const cell = notebook.cells[execution.index];
    const before = earlier.map(({ index }) => index + 1);
    const place = `cell ${execution.index + 1} behind cells [${before.join(" ")}]`;
    return [`${place}:\n${cell?.source ?? ""}\n${difference(wanted, results)}`];
  });
}
