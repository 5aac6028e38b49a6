import type { CellContext } from "./cell-context.js";
import type { Output } from "./outcome.js";
import type { Reporter } from "./reporter.js";

/** Runs `work`; what it shows, then and later, goes to `take` and not to the cell. Nested ones work too. */
export type Capture = <T>(take: (output: Output) => void, work: () => T) => T;

/** Captures whose late outputs still find them. */
const remembered = 1000;

/**
 * What a part of a cell shows, kept apart from the rest of it, also beyond an `await`: such a part is a run of its own to
 * the context, with a negative number. Messages to widgets and magics are no output, and go on under the cell.
 */
export function createCaptures(
  reporter: Reporter,
  context: CellContext,
): { readonly reporter: Reporter; readonly capture: Capture } {
  const captures = new Map<number, { readonly take: (output: Output) => void; readonly owner: number }>();
  let made = 0;

  function output(run: number, shown: Output): void {
    const capture = captures.get(run);
    if (capture === undefined) reporter.output(Math.max(0, run), shown);
    else if (shown.type === "comm" || shown.type === "magic") output(capture.owner, shown);
    else capture.take(shown);
  }

  return {
    reporter: { ...reporter, output },
    capture(take, work) {
      const owner = context.current();
      const run = -++made;
      captures.set(run, { take, owner });
      captures.delete(run + remembered);
      context.enter(run);
      try {
        return work();
      } finally {
        context.enter(owner);
      }
    },
  };
}
