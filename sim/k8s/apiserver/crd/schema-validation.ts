import { child, type FieldErrors } from "../../objects/field-error.js";
import { equal, isArray, isObject, type Json, type JsonArray, type JsonObject, show } from "../../objects/value.js";
import { parseTime } from "../../objects/time.js";

const typeName = (value: Json): string =>
  value === null
    ? "null"
    : isArray(value)
      ? "array"
      : typeof value === "number"
        ? Number.isInteger(value)
          ? "integer"
          : "number"
        : typeof value;

const isType = (value: Json, type: string): boolean =>
  typeName(value) === type || (type === "number" && typeof value === "number");

const patterns = new Map<string, RegExp | undefined>();
function pattern(text: string): RegExp | undefined {
  if (!patterns.has(text)) {
    try {
      patterns.set(text, new RegExp(text, "u"));
    } catch {
      // RE2 knows what ECMAScript doesn't; what can't be read refuses nothing.
      patterns.set(text, undefined);
    }
  }
  return patterns.get(text);
}

const asNumber = (schema: JsonObject, key: string): number | undefined =>
  typeof schema[key] === "number" ? schema[key] : undefined;

/**
 * Checks a value against a structural schema (OpenAPI 3.0's validation keywords, with the API server's words). CEL rules
 * (`x-kubernetes-validations`) are not evaluated.
 */
export function validateSchema(schema: JsonObject, value: Json, path: string, errors: FieldErrors): void {
  if (value === null && schema["nullable"] === true) return;
  const { type } = schema;
  const either = schema["x-kubernetes-int-or-string"] === true;
  if (typeof type === "string" && !either && !isType(value, type)) {
    errors.wrongType(
      path,
      typeof value === "object" ? typeName(value) : value,
      `${path} in body must be of type ${type}: ${JSON.stringify(typeName(value))}`,
    );
    return;
  }
  const allowed = schema["enum"];
  if (isArray(allowed) && !allowed.some((each) => equal(each, value))) {
    errors.notSupported(
      path,
      value,
      allowed.map((each) => (typeof each === "string" ? each : JSON.stringify(each))),
    );
  }
  if (typeof value === "string") text(schema, value, path, errors);
  else if (typeof value === "number") number(schema, value, path, errors);
  else if (isArray(value)) list(schema, value, path, errors);
  else if (isObject(value)) object(schema, value, path, errors);
  combined(schema, value, path, errors);
}

function text(schema: JsonObject, value: string, path: string, errors: FieldErrors): void {
  const least = asNumber(schema, "minLength");
  const most = asNumber(schema, "maxLength");
  const { length } = Array.from(value);
  if (least !== undefined && length < least)
    errors.invalid(path, value, `${path} in body should be at least ${least} chars long`);
  if (most !== undefined && length > most) errors.tooLong(path, most);
  const wanted = schema["pattern"];
  if (typeof wanted === "string" && pattern(wanted)?.test(value) === false)
    errors.invalid(path, value, `${path} in body should match '${wanted}'`);
  if (schema["format"] === "date-time" && parseTime(value) === undefined) {
    errors.invalid(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`);
  }
}

function number(schema: JsonObject, value: number, path: string, errors: FieldErrors): void {
  const least = asNumber(schema, "minimum");
  const most = asNumber(schema, "maximum");
  const step = asNumber(schema, "multipleOf");
  const without = (key: string): boolean => schema[key] === true;
  if (least !== undefined && (value < least || (value === least && without("exclusiveMinimum")))) {
    errors.invalid(
      path,
      value,
      `${path} in body should be greater than ${without("exclusiveMinimum") ? "" : "or equal to "}${least}`,
    );
  }
  if (most !== undefined && (value > most || (value === most && without("exclusiveMaximum")))) {
    errors.invalid(
      path,
      value,
      `${path} in body should be less than ${without("exclusiveMaximum") ? "" : "or equal to "}${most}`,
    );
  }
  if (step !== undefined && step > 0 && value % step !== 0)
    errors.invalid(path, value, `${path} in body should be a multiple of ${step}`);
}

function list(schema: JsonObject, value: JsonArray, path: string, errors: FieldErrors): void {
  const least = asNumber(schema, "minItems");
  const most = asNumber(schema, "maxItems");
  if (least !== undefined && value.length < least)
    errors.invalid(path, value.length, `${path} in body should have at least ${least} items`);
  if (most !== undefined && value.length > most) errors.tooMany(path, value.length, most);
  const { items } = schema;
  if (isObject(items)) for (const [i, each] of value.entries()) validateSchema(items, each, `${path}[${i}]`, errors);
  const kind = schema["x-kubernetes-list-type"];
  if (kind !== "set" && kind !== "map") return;
  const keys = isArray(schema["x-kubernetes-list-map-keys"]) ? schema["x-kubernetes-list-map-keys"] : [];
  const seen = new Set<string>();
  value.forEach((each, i) => {
    const own =
      kind === "set"
        ? each
        : Object.fromEntries(keys.map((key) => [show(key), isObject(each) ? (each[show(key)] ?? null) : null]));
    const name = JSON.stringify(own);
    if (seen.has(name)) errors.duplicate(`${path}[${i}]`, own);
    seen.add(name);
  });
}

function object(schema: JsonObject, value: JsonObject, path: string, errors: FieldErrors): void {
  const { properties, additionalProperties: more } = schema;
  for (const key of isArray(schema["required"]) ? schema["required"] : []) {
    if (typeof key === "string" && value[key] === undefined) errors.required(child(path, key));
  }
  const least = asNumber(schema, "minProperties");
  const most = asNumber(schema, "maxProperties");
  const count = Object.keys(value).length;
  if (least !== undefined && count < least)
    errors.invalid(path, count, `${path} in body should have at least ${least} properties`);
  if (most !== undefined && count > most) errors.tooMany(path, count, most);
  for (const key in value) {
    const given = value[key];
    const below = isObject(properties) ? properties[key] : undefined;
    const chosen = isObject(below) ? below : isObject(more) ? more : undefined;
    if (given !== undefined && chosen !== undefined) validateSchema(chosen, given, child(path, key), errors);
  }
}

/** `allOf`, `anyOf`, `oneOf`, `not`: whether the parts would complain. */
function combined(schema: JsonObject, value: Json, path: string, errors: FieldErrors): void {
  const parts = (key: string): JsonObject[] => (isArray(schema[key]) ? schema[key].filter(isObject) : []);
  const fits = (part: JsonObject): boolean => {
    const before = errors.all.length;
    validateSchema(part, value, path, errors);
    return errors.all.splice(before).length === 0;
  };
  for (const part of parts("allOf")) validateSchema(part, value, path, errors);
  const any = parts("anyOf");
  if (any.length > 0 && !any.some(fits))
    errors.invalid(path, "", `${path} in body must validate at least one schema (anyOf)`);
  const one = parts("oneOf");
  if (one.length > 0 && one.filter(fits).length !== 1)
    errors.invalid(path, "", `${path} in body must validate one and only one schema (oneOf)`);
  if (isObject(schema["not"]) && fits(schema["not"]))
    errors.invalid(path, "", `${path} in body must not validate the schema (not)`);
}
