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

/** How a text stands: the file has it as a list of lines, the interface's programs as one string. */
type Form = (text: unknown) => unknown;

const inLines: Form = (text) => {
  if (typeof text !== "string") return text;
  return text === "" ? [] : text.split(/(?<=\n)/);
};

const joined: Form = (text) =>
  Array.isArray(text) && text.every((line) => typeof line === "string") ? text.join("") : text;

/** Whether a MIME type's content is JSON itself and so no text that may be split. */
const isJsonType = (mime: string): boolean => mime === "application/json" || mime.endsWith("+json");

function bundleIn(form: Form, bundle: unknown): unknown {
  if (!isObject(bundle)) return bundle;
  return Object.fromEntries(
    Object.entries(bundle).map(([mime, content]) => [mime, isJsonType(mime) ? content : form(content)]),
  );
}

function outputIn(form: Form, output: unknown): unknown {
  if (!isObject(output)) return output;
  const { text, data } = output;
  return {
    ...output,
    ...(text === undefined ? {} : { text: form(text) }),
    ...(data === undefined ? {} : { data: bundleIn(form, data) }),
  };
}

function cellIn(form: Form, cell: unknown): unknown {
  if (!isObject(cell)) return cell;
  const { source, outputs } = cell;
  return {
    ...cell,
    ...(Array.isArray(outputs) ? { outputs: outputs.map((output) => outputIn(form, output)) } : {}),
    ...(source === undefined ? {} : { source: form(source) }),
  };
}

/** The notebook with each text as one string, as the interface's programs expect it (nbformat's `rejoin_lines`). */
export function withJoinedTexts(notebook: Json): Json {
  return { ...notebook, cells: (notebook["cells"] as readonly unknown[]).map((cell) => cellIn(joined, cell)) };
}

/** Whether a cell's outputs are trusted is this server's knowledge, and no part of the file. */
function withoutTrust(cell: unknown): unknown {
  if (!isObject(cell) || !isObject(cell["metadata"])) return cell;
  const metadata = Object.fromEntries(Object.entries(cell["metadata"]).filter(([key]) => key !== "trusted"));
  return { ...cell, metadata };
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
  const cells = (notebook["cells"] as readonly unknown[]).map((cell) => cellIn(inLines, withoutTrust(cell)));
  const metadata = isObject(notebook["metadata"]) ? { ...notebook["metadata"] } : {};
  delete metadata["signature"];
  return `${JSON.stringify(sorted({ ...notebook, metadata, cells }), undefined, 1)}\n`;
}

/** A new notebook without cells; the interface adds the first. */
export const emptyNotebook: Json = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };
