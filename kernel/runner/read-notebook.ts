import { UsageError } from "../../sim/core/index.js";
import { isJsonType, type Cell, type Metadata, type MimeBundle, type Notebook, type Output } from "./notebook.js";

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

const restore = "Open it in Jupyter and save it again, or take it back from a copy.";

/** One place in a notebook, which its complaints name. */
class Place {
  readonly fields: Fields;
  readonly #name: string;

  constructor(value: unknown, name: string) {
    this.#name = name;
    if (!isObject(value)) throw new UsageError(`${name} is not an object`, restore);
    this.fields = value;
  }

  fail(what: string, hint: string = restore): never {
    throw new UsageError(`${this.#name} ${what}`, hint);
  }

  object(key: string): Fields {
    const value = this.fields[key];
    return isObject(value) ? value : this.fail(`has no "${key}" object`);
  }

  list(key: string): readonly unknown[] {
    const value = this.fields[key];
    return Array.isArray(value) ? value : this.fail(`has no "${key}" list`);
  }

  text(key: string): string {
    const value = this.fields[key];
    return typeof value === "string" ? value : this.fail(`has no "${key}" text`);
  }

  /** A text, or the list of its lines. */
  multiline(key: string): string {
    const value = this.fields[key];
    return isStrings(value) ? value.join("") : this.text(key);
  }

  count(key: string): number | null {
    const value = this.fields[key];
    if (value === null || (typeof value === "number" && Number.isInteger(value) && value >= 0)) return value;
    return this.fail(`has no "${key}" (a whole number or null)`);
  }

  choice<T extends string>(key: string, choices: readonly T[]): T {
    const value = this.fields[key];
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    const given = value === undefined ? "nothing" : JSON.stringify(value);
    return this.fail(`has ${given} as its "${key}", which is one of ${choices.join(", ")}`);
  }
}

function readBundle(place: Place): MimeBundle {
  const joined = Object.entries(place.object("data")).map(([mime, content]) => [
    mime,
    isStrings(content) && !isJsonType(mime) ? content.join("") : content,
  ]);
  return Object.fromEntries(joined) as MimeBundle;
}

function readOutput(place: Place): Output {
  const output_type = place.choice("output_type", ["stream", "display_data", "execute_result", "error"]);
  switch (output_type) {
    case "stream":
      return { output_type, name: place.choice("name", ["stdout", "stderr"]), text: place.multiline("text") };
    case "display_data":
      return { output_type, data: readBundle(place), metadata: place.object("metadata") };
    case "execute_result": {
      const execution_count = place.count("execution_count");
      return { output_type, execution_count, data: readBundle(place), metadata: place.object("metadata") };
    }
    case "error": {
      const traceback = place.list("traceback");
      if (!isStrings(traceback)) return place.fail('has a "traceback" that is not a list of texts');
      return { output_type, ename: place.text("ename"), evalue: place.text("evalue"), traceback };
    }
  }
}

function readId(place: Place, minor: number): { readonly id?: string } {
  if (minor < 5) return {};
  const id = place.text("id");
  // nbformat.v4.5.schema.json, definitions/cell_id.
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(id)) place.fail(`has the id ${JSON.stringify(id)}`, "Use 1–64 of A–Z a–z 0–9 - _.");
  return { id };
}

function readTags(place: Place, metadata: Metadata): void {
  const tags = metadata["tags"];
  if (tags !== undefined && !isStrings(tags)) place.fail('has "tags" that are not a list of texts');
}

function readCell(place: Place, minor: number, name: string): Cell {
  const cell_type = place.choice("cell_type", ["code", "markdown", "raw"]);
  const metadata = place.object("metadata");
  readTags(place, metadata);
  const common = { ...readId(place, minor), metadata, source: place.multiline("source") };
  if (cell_type !== "code") {
    const attachments = "attachments" in place.fields ? { attachments: place.object("attachments") } : {};
    return { ...attachments, cell_type, ...common };
  }
  const outputs = place.list("outputs").map((output, i) => readOutput(new Place(output, `${name}, output ${i + 1}`)));
  return { cell_type, execution_count: place.count("execution_count"), ...common, outputs };
}

function parse(text: string, name: string): unknown {
  // A byte order mark is no JSON, and some Windows editors write one.
  const json = text.replace(/^\uFEFF/, "");
  if (json.trim() === "") throw new UsageError(`${name} is empty`, "Give a notebook (.ipynb).");
  try {
    return JSON.parse(json);
  } catch (error) {
    const conflict = /^<{7} /m.test(json);
    // The engine quotes the text around the mistake, line breaks and all.
    const why = (error as SyntaxError).message.replaceAll(/\s+/g, " ");
    throw new UsageError(
      `${name} is not JSON, so it is no notebook: ${why}`,
      conflict ? "It holds the marks of a merge conflict: resolve it." : "Take it back from a copy or version control.",
    );
  }
}

function checkVersion(place: Place): number {
  const { nbformat, nbformat_minor: minor } = place.fields;
  if (nbformat === undefined) {
    place.fail('is JSON but no notebook: it has no "nbformat"', "Give a notebook (.ipynb) that Jupyter saved.");
  }
  if (nbformat !== 4) {
    place.fail(
      `is of nbformat ${JSON.stringify(nbformat)}, and virtlab reads nbformat 4`,
      "Convert it: jupyter nbconvert --to notebook --nbformat 4.",
    );
  }
  return typeof minor === "number" && Number.isInteger(minor) && minor >= 0
    ? minor
    : place.fail('has no "nbformat_minor" number');
}

function checkLanguage(place: Place, metadata: Metadata): void {
  const { kernelspec, language_info: info } = metadata;
  const language =
    (isObject(kernelspec) ? kernelspec["language"] : undefined) ?? (isObject(info) ? info["name"] : undefined);
  if (typeof language !== "string" || ["typescript", "javascript"].includes(language.toLowerCase())) return;
  place.fail(
    `is written in ${language}`,
    "Virtlab runs TypeScript: choose its kernel in the notebook, or another file.",
  );
}

function checkIds(place: Place, cells: readonly Cell[]): void {
  const seen = new Map<string, number>();
  cells.forEach(({ id }, index) => {
    if (id === undefined) return;
    const earlier = seen.get(id);
    if (earlier !== undefined) {
      place.fail(`has the cell id "${id}" twice (cells ${earlier + 1} and ${index + 1})`, "Give one another id.");
    }
    seen.set(id, index);
  });
}

/**
 * Reads a notebook's text and checks what running it and writing it back rely on.
 * Metadata are kept whole; keys that nbformat doesn't define elsewhere are not.
 * @param name what complaints call it: its path
 * @throws UsageError where it isn't JSON, isn't nbformat 4, lacks a part or is in another language
 */
export function readNotebook(text: string, name: string): Notebook {
  const place = new Place(parse(text, name), name);
  const minor = checkVersion(place);
  const metadata = place.object("metadata");
  checkLanguage(place, metadata);
  const cells = place.list("cells").map((cell, i) => {
    const where = `${name}, cell ${i + 1}`;
    return readCell(new Place(cell, where), minor, where);
  });
  checkIds(place, cells);
  return { nbformat: 4, nbformat_minor: minor, metadata, cells };
}
