import type { FieldErrors } from "../field-error.js";
import type { JsonObject, KubeObject } from "../value.js";

/** What holds between fields of a struct; the tables say what holds for one field. */
export type Rule = (value: JsonObject, path: string, errors: FieldErrors) => void;
/** What an update may not do to a kind. */
export type UpdateRule = (object: KubeObject, old: KubeObject, errors: FieldErrors) => void;
/** By the definition's name. */
export type Rules<R> = readonly (readonly [string, R])[];
