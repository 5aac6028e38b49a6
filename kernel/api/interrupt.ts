const hook = Symbol.for("virtlab.interruptRequested");

/**
 * What tells whether the user wants the running cell to stop; undefined in a plain Node script. Who asks it has to end by
 * an error of its own soon.
 */
export function stopRequested(): (() => boolean) | undefined {
  return (globalThis as { [hook]?: () => boolean })[hook];
}

/** What ends a cell whose work the user stopped. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
