import { encodeUtf8, UsageError } from "../core/index.js";
import { textOf } from "../net/index.js";

/** What JSON.parse gives. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** @param what for the message: "a manifest" @throws UsageError for what is no JSON */
export function parseJson(bytes: Uint8Array, what: string): Json {
  try {
    return JSON.parse(textOf(bytes)) as Json;
  } catch {
    throw new UsageError(`${what} is no JSON`, "Look at its bytes: it has to be one object in braces.");
  }
}

/** Compact, keys in the order given: the same value gives the same bytes. */
export const encodeJson = (value: unknown): Uint8Array => encodeUtf8(JSON.stringify(value));

const wrong = (where: string, wanted: string): UsageError =>
  new UsageError(`${where} is no ${wanted}`, `Give ${wanted === "object" ? "an" : "a"} ${wanted}.`);

/** Reads a value of unknown shape, naming where it is wrong: `manifest.layers[1].size is no number`. */
export class Field {
  readonly value: Json | undefined;
  readonly where: string;

  constructor(value: Json | undefined, where: string) {
    this.value = value;
    this.where = where;
  }

  get absent(): boolean {
    return this.value === undefined || this.value === null;
  }

  at(key: string): Field {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(this.where, "object");
    const object = value as { readonly [key: string]: Json };
    return new Field(Object.hasOwn(object, key) ? object[key] : undefined, `${this.where}.${key}`);
  }

  text(): string {
    if (typeof this.value !== "string") throw wrong(this.where, "string");
    return this.value;
  }

  number(): number {
    if (typeof this.value !== "number") throw wrong(this.where, "number");
    return this.value;
  }

  boolean(): boolean {
    if (typeof this.value !== "boolean") throw wrong(this.where, "boolean");
    return this.value;
  }

  list(): Field[] {
    const { value } = this;
    if (!Array.isArray(value)) throw wrong(this.where, "list");
    return (value as readonly Json[]).map((item, place) => new Field(item, `${this.where}[${place}]`));
  }

  entries(): [string, Field][] {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(this.where, "object");
    return Object.entries(value as { readonly [key: string]: Json }).map(([key, inner]) => [
      key,
      new Field(inner, `${this.where}.${key}`),
    ]);
  }

  texts(): string[] {
    const { value } = this;
    if (!Array.isArray(value)) throw wrong(this.where, "list");
    return (value as readonly Json[]).map((item, place) => {
      if (typeof item !== "string") throw wrong(`${this.where}[${place}]`, "string");
      return item;
    });
  }

  textMap(): Record<string, string> {
    return Object.fromEntries(this.entries().map(([key, inner]) => [key, inner.text()]));
  }

  /** What `read` makes of it; undefined where it is absent or null. */
  optional<T>(read: (field: Field) => T): T | undefined {
    return this.absent ? undefined : read(this);
  }
}
