/**
 * A notebook between the interface and its file. Whatever version of the format it has and whatever more it holds is kept.
 * Source: nbformat.readthedocs.io/en/latest/format_description.html.
 */
import { HttpError } from "../http/http-error.js";

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws HttpError 400 for what is no notebook */
export function parseNotebook(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, `the notebook is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return checkNotebook(value);
}

/** @throws HttpError 400 */
export function checkNotebook(value: unknown): Json {
  if (!isObject(value)) throw new HttpError(400, "a notebook is a JSON object");
  if (!Number.isInteger(value["nbformat"])) throw new HttpError(400, 'the notebook has no number "nbformat"');
  if (value["nbformat"] !== 4) {
    throw new HttpError(400, `the notebook has format ${Number(value["nbformat"])}; convert it to 4 with nbconvert`);
  }
  if (!Array.isArray(value["cells"])) throw new HttpError(400, 'the notebook has no list "cells"');
  return value;
}

const lines = (text: unknown): unknown => (typeof text === "string" ? splitLines(text) : text);
const splitLines = (text: string): readonly string[] => (text === "" ? [] : text.split(/(?<=\n)/));

/** Whether a MIME type's content is JSON itself and so no text that may be split. */
const isJsonType = (mime: string): boolean => mime === "application/json" || mime.endsWith("+json");

function bundleInLines(bundle: unknown): unknown {
  if (!isObject(bundle)) return bundle;
  return Object.fromEntries(
    Object.entries(bundle).map(([mime, content]) => [mime, isJsonType(mime) ? content : lines(content)]),
  );
}

function outputInLines(output: unknown): unknown {
  if (!isObject(output)) return output;
  const { text, data } = output;
  return {
    ...output,
    ...(text === undefined ? {} : { text: lines(text) }),
    ...(data === undefined ? {} : { data: bundleInLines(data) }),
  };
}

/** Whether a cell's outputs are trusted is this server's knowledge, and no part of the file. */
function withoutTrust(metadata: unknown): unknown {
  if (!isObject(metadata)) return metadata;
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== "trusted"));
}

function cellInLines(cell: unknown): unknown {
  if (!isObject(cell)) return cell;
  const { source, outputs, metadata } = cell;
  return {
    ...cell,
    ...(metadata === undefined ? {} : { metadata: withoutTrust(metadata) }),
    ...(Array.isArray(outputs) ? { outputs: outputs.map(outputInLines) } : {}),
    ...(source === undefined ? {} : { source: lines(source) }),
  };
}

/** Keys in order, as Jupyter saves them, so that a save by either makes no difference in a diff. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}

/** The file's text as Jupyter lays it out: texts as lists of lines, an indent of one, a line feed at the end. */
export function notebookText(notebook: Json): string {
  const cells = (notebook["cells"] as readonly unknown[]).map(cellInLines);
  const metadata = isObject(notebook["metadata"]) ? { ...notebook["metadata"] } : {};
  delete metadata["signature"];
  return `${JSON.stringify(sorted({ ...notebook, metadata, cells }), undefined, 1)}\n`;
}

/** A new notebook without cells; the interface adds the first. */
export const emptyNotebook: Json = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };
