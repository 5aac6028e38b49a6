/**
 * A notebook as nbformat 4 defines it (nbformat.readthedocs.io/en/latest/format_description.html), with multi-line
 * texts joined: in a file a text may also be a list of lines.
 */
export interface Notebook {
  readonly nbformat: 4;
  readonly nbformat_minor: number;
  readonly metadata: Metadata;
  readonly cells: readonly Cell[];
}

export type Metadata = Readonly<Record<string, unknown>>;
export type Cell = CodeCell | TextCell;

interface CellFields {
  /** Every cell has one from nbformat 4.5 on, none has one before. */
  readonly id?: string;
  readonly metadata: Metadata;
  readonly source: string;
}

export interface CodeCell extends CellFields {
  readonly cell_type: "code";
  readonly execution_count: number | null;
  readonly outputs: readonly Output[];
}

interface TextCell extends CellFields {
  readonly cell_type: "markdown" | "raw";
  /** Pictures that a Markdown text shows: file name → MIME bundle. */
  readonly attachments?: Readonly<Record<string, unknown>>;
}

export type Output = StreamOutput | DisplayOutput | ResultOutput | ErrorOutput;

export interface StreamOutput {
  readonly output_type: "stream";
  readonly name: "stdout" | "stderr";
  readonly text: string;
}

/** MIME type → content: a string, or any JSON value where the type is a JSON one. */
export type MimeBundle = Readonly<Record<string, unknown>>;

export interface DisplayOutput {
  readonly output_type: "display_data";
  readonly data: MimeBundle;
  readonly metadata: Metadata;
}

export interface ResultOutput {
  readonly output_type: "execute_result";
  readonly execution_count: number | null;
  readonly data: MimeBundle;
  readonly metadata: Metadata;
}

export interface ErrorOutput {
  readonly output_type: "error";
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

export function hasTag(cell: Cell, tag: string): boolean {
  const tags = cell.metadata["tags"];
  return Array.isArray(tags) && tags.includes(tag);
}

/** The notebook without what a run left in it, apart from cells that no run touches (`skip-execution`). */
export function withoutOutputs(notebook: Notebook): Notebook {
  const clear = (cell: Cell): Cell =>
    cell.cell_type === "code" && !hasTag(cell, "skip-execution")
      ? { ...cell, execution_count: null, outputs: [] }
      : cell;
  return { ...notebook, cells: notebook.cells.map(clear) };
}

/** A text as the list of its lines, each but the last with its line feed: the form that gives readable diffs. */
const lines = (text: string): readonly string[] => (text === "" ? [] : text.split(/(?<=\n)/));

/** Whether a MIME type's content is JSON itself and so no text that may be split into lines. */
export const isJsonType = (mime: string): boolean => mime === "application/json" || mime.endsWith("+json");

function outputInLines(output: Output): object {
  switch (output.output_type) {
    case "stream":
      return { ...output, text: lines(output.text) };
    case "error":
      return output;
    case "display_data":
    case "execute_result": {
      const data = Object.entries(output.data).map(([mime, content]) => [
        mime,
        typeof content === "string" && !isJsonType(mime) ? lines(content) : content,
      ]);
      return { ...output, data: Object.fromEntries(data) as MimeBundle };
    }
  }
}

function cellInLines(cell: Cell): object {
  const source = lines(cell.source);
  return cell.cell_type === "code"
    ? { ...cell, outputs: cell.outputs.map(outputInLines), source }
    : { ...cell, source };
}

/** The file's text, laid out as Jupyter saves it: texts as lists of lines, an indent of one, a line feed at the end. */
export function formatNotebook(notebook: Notebook): string {
  return `${JSON.stringify({ ...notebook, cells: notebook.cells.map(cellInLines) }, undefined, 1)}\n`;
}
