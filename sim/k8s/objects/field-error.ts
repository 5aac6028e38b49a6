import type { Json } from "./value.js";

/** Why a field is refused, with the words of Kubernetes (apimachinery, `pkg/util/validation/field`). */
const words = {
  FieldValueRequired: "Required value",
  FieldValueInvalid: "Invalid value",
  FieldValueNotSupported: "Unsupported value",
  FieldValueDuplicate: "Duplicate value",
  FieldValueForbidden: "Forbidden",
  FieldValueNotFound: "Not found",
  FieldValueTooLong: "Too long",
  FieldValueTooMany: "Too many",
  FieldValueTypeInvalid: "Invalid value",
} as const;
type Reason = keyof typeof words;
const withoutValue: ReadonlySet<Reason> = new Set(["FieldValueRequired", "FieldValueForbidden", "FieldValueTooLong"]);

/** One field that is wrong: `spec.containers[0].name: Required value`. */
export interface FieldError {
  readonly reason: Reason;
  readonly field: string;
  /** Without the field's path. */
  readonly message: string;
}

/** Collects what is wrong with an object. */
export class FieldErrors {
  readonly all: FieldError[] = [];

  required(field: string, detail = ""): void {
    this.#add("FieldValueRequired", field, undefined, detail);
  }

  invalid(field: string, value: Json | undefined, detail: string): void {
    this.#add("FieldValueInvalid", field, value, detail);
  }

  forbidden(field: string, detail: string): void {
    this.#add("FieldValueForbidden", field, undefined, detail);
  }

  duplicate(field: string, value: Json): void {
    this.#add("FieldValueDuplicate", field, value, "");
  }

  notFound(field: string, value: Json): void {
    this.#add("FieldValueNotFound", field, value, "");
  }

  tooLong(field: string, most: number): void {
    this.#add("FieldValueTooLong", field, undefined, `may not be more than ${most} bytes`);
  }

  tooMany(field: string, count: number, most: number): void {
    this.#add("FieldValueTooMany", field, count, `must have at most ${most} items`);
  }

  wrongType(field: string, value: Json | undefined, detail: string): void {
    this.#add("FieldValueTypeInvalid", field, value, detail);
  }

  notSupported(field: string, value: Json, supported: readonly string[]): void {
    const list = [...supported].map((word) => JSON.stringify(word)).join(", ");
    this.#add("FieldValueNotSupported", field, value, `supported values: ${list}`);
  }

  #add(reason: Reason, field: string, value: Json | undefined, detail: string): void {
    const shown = withoutValue.has(reason) ? "" : `: ${value === undefined ? "null" : JSON.stringify(value)}`;
    this.all.push({ reason, field, message: `${words[reason]}${shown}${detail === "" ? "" : `: ${detail}`}` });
  }
}

/** A path with one more step: `spec` and `replicas` make `spec.replicas`. */
export const child = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);
