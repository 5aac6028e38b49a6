import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { TransformResult } from "../lang/index.js";

/** A cell of the notebook that declares a name. */
export interface DeclaringCell {
  /** The notebook's file name, without its folder. */
  readonly notebook: string;
  /** Its number among all cells of the notebook, from 1. */
  readonly index: number;
  /** The line that declares the name, cut short behind the `=` or before the body. */
  readonly firstLine: string;
}

/**
 * @param name not declared by any cell that ran
 * @param source the cell that uses it
 */
export type FindDeclaringCell = (name: string, source: string) => DeclaringCell | undefined;

export interface LookupOptions {
  /** Where the kernel runs. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A transform that remembers nothing of the session's cells. */
  readonly transform: (source: string, name: string) => TransformResult;
}

/**
 * Looks into the notebook's file, as last saved, for the cell that should have run before. Which file it is, the runner
 * or the Jupyter server tells in the environment; without that it is the one in the folder that holds the cell.
 */
export function createNotebookLookup({ folder, environment, transform }: LookupOptions): FindDeclaringCell {
  return (name, source) => {
    const isThis = (cell: NotebookCell): boolean => cell.code && cell.source === source;
    const told = toldNotebooks(folder, environment).find((file) => readCells(file).length > 0);
    const file = told ?? notebooksIn(folder).find((each) => readCells(each).some(isThis));
    if (file === undefined) return undefined;
    const cells = readCells(file);
    const index = cells.findIndex((cell) => cell.code && !isThis(cell) && declares(cell.source, name));
    const found = cells[index];
    if (found === undefined) return undefined;
    return { notebook: basename(file), index: index + 1, firstLine: declarationLine(found.source, name) };
  };

  function declares(source: string, name: string): boolean {
    // Most cells don't so much as contain the word.
    if (!source.includes(name)) return false;
    const result = transform(source, "lookup");
    return result.ok && result.cell.declares.includes(name);
  }
}

/** Where the notebook may be that the environment names: the server's path starts at its own root. */
function toldNotebooks(folder: string, environment: LookupOptions["environment"]): string[] {
  return [environment["VIRTLAB_NOTEBOOK"], environment["JPY_SESSION_NAME"]]
    .filter((path) => path !== undefined)
    .filter((path) => path.endsWith(".ipynb"))
    .flatMap((path) => [resolve(folder, path), join(folder, basename(path))]);
}

function notebooksIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(".ipynb"))
      .map((file) => join(folder, file));
  } catch {
    return [];
  }
}

interface NotebookCell {
  readonly code: boolean;
  readonly source: string;
}

/** The cells of a notebook; none where the file is no notebook. */
function readCells(file: string): NotebookCell[] {
  try {
    const notebook = JSON.parse(readFileSync(file, "utf8")) as {
      cells: { cell_type: string; source: string | string[] }[];
    };
    return notebook.cells.map(({ cell_type, source }) => ({
      code: cell_type === "code",
      source: Array.isArray(source) ? source.join("") : source,
    }));
  } catch {
    return [];
  }
}

function declarationLine(source: string, name: string): string {
  const word = new RegExp(`(?<![\\w$.])${name.replaceAll("$", "\\$")}(?![\\w$])`);
  const keyword = /\b(?:const|let|var|function|class|enum|import|namespace|using)\b/;
  const lines = source.split("\n").map((line) => line.trim());
  const line =
    lines.find((each) => keyword.test(each) && word.test(each)) ?? lines.find((each) => word.test(each)) ?? "";
  const head = /^(?:export\s+)?(?:(?:async\s+)?function|(?:abstract\s+)?class|enum)\b[^{]*/.exec(line)?.[0].trim();
  if (head !== undefined) return `${head} …`;
  const assignment = /^[^=]*=(?![=>])/.exec(line)?.[0];
  return assignment === undefined ? line.slice(0, 80) : `${assignment} …`;
}
