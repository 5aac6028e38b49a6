import type { Cell, CodeCell, Notebook } from "../../../kernel/runner/index.js";

/** A code cell as it stands in git. */
export const code = (source: string, id: string, tags: readonly string[] = []): CodeCell => ({
  cell_type: "code",
  execution_count: null,
  id,
  metadata: tags.length === 0 ? {} : { tags },
  outputs: [],
  source,
});

export const markdown = (source: string, id: string): Cell => ({ cell_type: "markdown", id, metadata: {}, source });

export const notebookOf = (...cells: Cell[]): Notebook => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {
    kernelspec: { display_name: "TypeScript (virtlab)", language: "typescript", name: "virtlab" },
  },
  cells,
});
