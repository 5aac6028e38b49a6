import { joined, presentSoon, type MimeBundle } from "../display/index.js";

/** How the kernel takes a bundle from the middle of a cell; absent in a plain Node script. */
type DisplayHook = (bundle: MimeBundle, options?: { readonly displayId: string; readonly update?: boolean }) => void;

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
  for (const value of values) {
    const bundles = presentSoon(value);
    if (!(bundles instanceof Promise)) showAll(bundles, display);
    else if (display === undefined)
      void bundles.then((made) => {
        showAll(made);
      });
    else showLater(bundles, display);
  }
}

function showAll(bundles: readonly MimeBundle[], display?: DisplayHook): void {
  for (const bundle of bundles) {
    if (display !== undefined) display(bundle);
    else console.log(bundle["text/plain"]);
  }
}

let promised = 0;

/** Keeps the place in the order of outputs for what comes later. */
function showLater(bundles: Promise<readonly MimeBundle[]>, display: DisplayHook): void {
  const displayId = `virtlab-promised-${++promised}`;
  display({ "text/plain": "…" }, { displayId });
  void bundles.then((made) => {
    display(joined(made), { displayId, update: true });
  });
}
