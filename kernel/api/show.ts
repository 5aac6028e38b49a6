import { presentAll, type MimeBundle } from "../display/index.js";

/** How the kernel takes a bundle from the middle of a cell; absent in a plain Node script. */
type DisplayHook = (bundle: MimeBundle) => void;

const hook = Symbol.for("virtlab.display");

export function displayHook(): DisplayHook | undefined {
  return (globalThis as { [hook]?: DisplayHook })[hook];
}

/**
 * Shows values in the middle of a cell, each as the last expression of a cell would be shown. In a plain Node script it
 * prints their text.
 */
export function show(...values: readonly unknown[]): void {
  const display = displayHook();
  for (const bundle of values.flatMap(presentAll)) {
    if (display !== undefined) display(bundle);
    else console.log(bundle["text/plain"]);
  }
}
