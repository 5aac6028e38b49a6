import type { Failure, Notebook } from "../runner/index.js";

/** The failing cell as its reader needs it: which one, its source with line numbers, and the error as the kernel shows it. */
export function describeFailure(name: string, notebook: Notebook, { index, traceback }: Failure): string {
  const source = (notebook.cells[index]?.source ?? "").split("\n");
  const width = String(source.length).length;
  const numbered = source.map((text, i) => `  ${String(i + 1).padStart(width)} │ ${text}`.trimEnd());
  const heading = `${name}: cell ${index + 1} of ${notebook.cells.length} failed`;
  return [heading, "", ...numbered, "", ...traceback].join("\n");
}
