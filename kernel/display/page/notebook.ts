import { UsageError } from "../../../sim/core/index.js";
import { isPlain } from "../json.js";

/** The parts of a notebook (nbformat 4) that a page shows. Anything that is missing or odd reads as empty. */
export interface Notebook {
  readonly cells: readonly Cell[];
  /** The language of its code cells, as highlighters name it. */
  readonly language: string;
}

export interface Cell {
  readonly type: "markdown" | "code" | "raw";
  readonly source: string;
  /** The number at a code cell's prompt; absent when it did not run. */
  readonly count?: number;
  readonly outputs: readonly Output[];
  /** Files inside a Markdown cell: name → MIME type → base64. */
  readonly attachments: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export type Output =
  | { readonly kind: "stream"; readonly name: string; readonly text: string }
  | { readonly kind: "error"; readonly traceback: string }
  | { readonly kind: "data"; readonly data: Readonly<Record<string, unknown>> };

/** nbformat writes texts as one string or as a list of lines that keep their ends. */
export function joined(value: unknown): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.filter((line) => typeof line === "string").join("") : "";
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const record = (value: unknown): Readonly<Record<string, unknown>> => (isPlain(value) ? value : {});

/** @throws UsageError for what is no notebook of format 4 */
export function readNotebook(value: unknown): Notebook {
  const { cells, metadata, nbformat } = record(value);
  if (!Array.isArray(cells) || nbformat !== 4) {
    throw new UsageError(
      `this is no notebook of format 4${typeof nbformat === "number" ? ` but of format ${nbformat}` : ""}`,
      "Open it in Jupyter and save it, which brings it to format 4, or give another file.",
    );
  }
  const language = record(record(metadata)["language_info"])["name"];
  return { cells: cells.map(readCell), language: typeof language === "string" ? language : "typescript" };
}

function readCell(value: unknown): Cell {
  const { cell_type, source, execution_count, outputs, attachments } = record(value);
  const files = Object.entries(record(attachments)).map(([name, types]) => [
    name,
    Object.fromEntries(Object.entries(record(types)).map(([type, content]) => [type, joined(content)])),
  ]);
  return {
    type: cell_type === "markdown" || cell_type === "code" ? cell_type : "raw",
    source: joined(source),
    ...(typeof execution_count === "number" && { count: execution_count }),
    outputs: merged(list(outputs).map(readOutput)),
    attachments: Object.fromEntries(files) as Cell["attachments"],
  };
}

function readOutput(value: unknown): Output {
  const output = record(value);
  switch (output["output_type"]) {
    case "stream":
      return { kind: "stream", name: joined(output["name"]), text: joined(output["text"]) };
    case "error": {
      const frames = list(output["traceback"]).filter((line) => typeof line === "string");
      const bare = `${joined(output["ename"])}: ${joined(output["evalue"])}`;
      return { kind: "error", traceback: frames.length > 0 ? frames.join("\n") : bare };
    }
    default:
      return { kind: "data", data: record(output["data"]) };
  }
}

/** Joins the pieces of one stream that follow one another, so that a line cut between them is one line. */
function merged(outputs: readonly Output[]): Output[] {
  const done: Output[] = [];
  for (const output of outputs) {
    const last = done.at(-1);
    if (output.kind === "stream" && last?.kind === "stream" && last.name === output.name) {
      done[done.length - 1] = { ...last, text: last.text + output.text };
    } else done.push(output);
  }
  return done;
}
