import { formatDuration, supervise } from "../../sim/core/index.js";

const hook = Symbol.for("virtlab.interruptRequested");

/** What ends a cell whose run the user stopped. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/**
 * Lets the user's stop end a run between two events, by an error that ends the cell too. The world is whole then, and a
 * further `run()` goes on from there; a cell that is cut elsewhere may leave its world inside an event.
 * In a plain Node script nobody asks, and a run costs nothing more.
 */
export function stopWhenAsked(): void {
  const requested = (globalThis as { [hook]?: () => boolean })[hook];
  if (requested === undefined) return;
  supervise(({ now }) => {
    if (!requested()) return false;
    throw new Interrupted(`stopped at ${formatDuration(now)} of virtual time; run() goes on from there`);
  });
}
