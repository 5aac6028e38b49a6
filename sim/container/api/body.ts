import { UsageError } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import { invalid } from "../engine/errors.js";
import { Field, type Json } from "../json.js";

/**
 * A request's JSON object, read as Go reads one into a structure: what is null is absent, and so are "", 0, false and empty lists
 * where Docker can't tell them from nothing. Wrong types are refused with the field's name.
 */
export class Body {
  readonly #field: Field;

  constructor(field: Field) {
    this.#field = field;
  }

  /** The object in a field; an empty one where it is absent. */
  at(key: string): Body {
    const field = this.#at(key);
    return new Body(field.absent ? new Field({}, field.where) : field);
  }

  has(key: string): boolean {
    return !this.#at(key).absent;
  }

  /** Whether what stands there is such a value. */
  says(key: string, is: (value: unknown) => boolean): boolean {
    return is(this.#at(key).value);
  }

  text(key: string): string | undefined {
    const text = this.#read(key, (field) => field.text());
    return text === "" ? undefined : text;
  }

  number(key: string): number | undefined {
    const number = this.#read(key, (field) => field.number());
    if (number !== undefined && !Number.isInteger(number))
      throw unreadable(`${this.#field.where}.${key} is no whole number`);
    return number;
  }

  flag(key: string): boolean | undefined {
    return this.#read(key, (field) => field.boolean());
  }

  texts(key: string): string[] | undefined {
    return this.#read(key, (field) => field.texts());
  }

  /** A command: a list of words, or a single one. */
  words(key: string): string[] | undefined {
    return this.#read(key, (field) => (typeof field.value === "string" ? [field.value] : field.texts()));
  }

  textMap(key: string): Record<string, string> | undefined {
    return this.#read(key, (field) => field.textMap());
  }

  /** An object that only its keys matter of: ports, volumes. */
  keys(key: string): Record<string, object> | undefined {
    return this.#read(key, (field) => Object.fromEntries(field.entries().map(([name]) => [name, {}])));
  }

  list(key: string): Body[] | undefined {
    return this.#read(key, (field) => field.list().map((one) => new Body(one)));
  }

  /** Objects, or whatever stands there, by their names. */
  entries(key: string): [string, Body][] | undefined {
    return this.#read(key, (field) => field.entries().map(([name, one]) => [name, new Body(one)]));
  }

  /** This itself as a list of objects; none where it is null. */
  items(): Body[] {
    return this.#guard(() => (this.#field.absent ? [] : this.#field.list().map((one) => new Body(one))));
  }

  #at(key: string): Field {
    return this.#guard(() => this.#field.at(key));
  }

  #read<T>(key: string, read: (field: Field) => T): T | undefined {
    return this.#guard(() => this.#field.at(key).optional(read));
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof UsageError) throw unreadable(error.message);
      throw error;
    }
  }
}

const unreadable = (why: string): UsageError =>
  invalid(`invalid JSON: ${why}`, "Look at the field's type in Docker's API.");

/**
 * The JSON of a request. An empty body is an empty object where it may be left out.
 * @throws EngineError 400, as httputils.ReadJSON
 */
export function bodyOf({
  headers,
  body,
}: {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}): Body {
  const type = headers["content-type"];
  if (body.length > 0) {
    const [media = ""] = (type ?? "").split(";");
    if (type === undefined || media.trim() === "")
      throw invalid("malformed Content-Type header (): mime: no media type", "Send application/json.");
    if (media.trim().toLowerCase() !== "application/json")
      throw invalid(`unsupported Content-Type header (${type}): must be 'application/json'`, "Send JSON, and say so.");
  }
  let value: Json;
  try {
    value = body.length === 0 ? {} : (JSON.parse(textOf(body)) as Json);
  } catch {
    throw unreadable("invalid character looking for beginning of value");
  }
  if (typeof value !== "object" || Array.isArray(value))
    throw unreadable(`cannot unmarshal ${Array.isArray(value) ? "array" : typeof value}`);
  return new Body(new Field(value ?? {}, "body"));
}
