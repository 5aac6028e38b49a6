import { formatDuration, seldom, supervise, type Progress } from "../../sim/core/index.js";
import { barsAreSeen, createBar, type Bar } from "./bar.js";
import type { State } from "./bar-picture.js";
import { Interrupted, stopRequested } from "./interrupt.js";
import { Pace } from "./pace.js";

/**
 * Watches over the simulator's runs for the user: a stop ends a run between two events, by an error that ends the cell
 * too; the world is whole then, and a further `run()` goes on from there. A run that takes long shows a bar, and so do
 * many short ones with no `await` between. Of worlds that are run inside another's events the outermost is shown.
 *
 * In a plain Node script nobody asks to stop; without a terminal nobody sees bars, and a run costs nothing more.
 */
export function superviseRuns(): void {
  const stop = stopRequested() ?? (() => false);
  const seen = barsAreSeen();
  if (stopRequested() === undefined && !seen) return;
  const runs = seen ? shownRuns() : { look: () => seldom, ended: () => undefined };
  let left = 0;
  let stride = 0;
  supervise(
    (progress) => {
      if (stop()) {
        throw new Interrupted(`stopped at ${formatDuration(progress.now)} of virtual time; run() goes on from there`);
      }
      left -= stride;
      if (left <= 0) left = runs.look(progress);
      return (stride = Math.min(left, unasked));
    },
    (progress) => {
      runs.ended(progress);
      left = stride = 0;
    },
  );
}

/**
 * Events that go by between two looks at the stop flag: few, for a cell has a quarter of a second to stop by itself and
 * any of them may take milliseconds; and enough that the question costs an event nothing to speak of.
 */
const unasked = 16;

/** The bar of the runs that go on. */
interface ShownRuns {
  /** @returns after how many events to look again */
  look(progress: Progress): number;
  ended(progress: Progress): void;
}

function shownRuns(): ShownRuns {
  /** The outermost run, and when it began by its clock and on the wall. */
  let outermost: Progress | undefined;
  let from = 0;
  let begun = 0;
  let bar: Bar | undefined;
  let pace = new Pace();

  function begin(progress: Progress): void {
    outermost = progress;
    from = progress.now;
    begun = performance.now();
    if (bar !== undefined) return;
    pace = new Pace();
    bar = createBar("simulation", begun);
    queueMicrotask(rest);
  }

  /** What was called has returned: no run goes on, not even one that was cut off and could not say so. */
  function rest(): void {
    outermost = undefined;
    bar?.end();
    bar = undefined;
  }

  return {
    look(progress) {
      if (outermost === undefined) begin(progress);
      const stride = pace.look();
      const shown = outermost ?? progress;
      bar?.update(pace.time, () => ({ ...stateOf(shown, from), span: pace.time - begun }));
      return stride;
    },
    ended(progress) {
      if (progress === outermost) outermost = undefined;
    },
  };
}

function stateOf({ now, events, until }: Progress, from: number): State {
  const counted = `${events.toLocaleString("en")} events`;
  if (until === undefined || until <= from) {
    return { fraction: undefined, words: `${formatDuration(now)} of virtual time, ${counted}` };
  }
  return {
    fraction: Math.min(1, (now - from) / (until - from)),
    words: `${formatDuration(now)} of ${formatDuration(until)}, ${counted}`,
  };
}
