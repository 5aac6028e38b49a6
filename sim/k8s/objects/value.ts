/** A JSON value. Objects that the API holds are never changed in place: an update makes a new one. */
export type Json = string | number | boolean | null | JsonArray | JsonObject;
export type JsonArray = readonly Json[];
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}
/** A JSON object that is being made. */
export type Draft = Record<string, Json | undefined>;

/** What every object has beside its own fields (apimachinery, `meta/v1`). */
export interface ObjectMeta extends JsonObject {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: JsonArray;
}

export interface OwnerReference extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** An object of the API: a kind's fields at the top, `spec` and `status` mostly. */
export interface KubeObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/**
 * A copy of an object, its members shared. Not by spread: where a place sees objects of many shapes, V8 gives each spread copy of more than
 * four members a hidden class of its own, and 150,000 pods a gigabyte of these.
 */
export function copyOf(object: JsonObject): Draft {
  const copy: Draft = {};
  for (const key in object) put(copy, key, object[key]);
  return copy;
}

/** What has been decoded for this request alone, to be changed in place. */
export const mutable = (value: JsonObject): Draft => value;

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `Array.isArray` narrows a readonly array to `any[]`; this doesn't. */
export const isArray = (value: Json | undefined): value is JsonArray => Array.isArray(value);

/** The value at a path of keys; undefined where something on the way is no object. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let here = value;
  for (const key of path) {
    if (!isObject(here) || !Object.hasOwn(here, key)) return undefined;
    here = here[key];
  }
  return here;
}

export const stringAt = (value: Json | undefined, ...path: readonly string[]): string | undefined => {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
};

/** A value as a person reads it: text as it is, all else as JSON; nothing for what is absent. */
export const show = (value: Json | undefined): string =>
  typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);

export const numberAt = (value: Json | undefined, ...path: readonly string[]): number | undefined => {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
};

export const listAt = (value: Json | undefined, ...path: readonly string[]): JsonArray => {
  const found = at(value, ...path);
  return isArray(found) ? found : [];
};

export const objectAt = (value: Json | undefined, ...path: readonly string[]): JsonObject => {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
};

/** A copy with another value at a path; `undefined` takes the key away. Objects on the way are made where absent. */
export function withAt(value: JsonObject, path: readonly string[], to: Json | undefined): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy: Draft = { ...value };
  const below = Object.hasOwn(value, key) ? value[key] : undefined;
  const made = rest.length === 0 ? to : withAt(isObject(below) ? below : {}, rest, to);
  if (made === undefined) Reflect.deleteProperty(copy, key);
  else put(copy, key, made);
  return copy;
}

/** Assigns a key of any name, `__proto__` included, as an own property. */
export function put(draft: Draft, key: string, value: Json | undefined): void {
  if (key === "__proto__") {
    Object.defineProperty(draft, key, { value, enumerable: true, configurable: true, writable: true });
  } else draft[key] = value;
}

/** Lists one after the other. Not by spread: V8 leaves room for 16 more members behind these, in each of ten lists of 150,000 pods. */
export const joined = <T>(first: readonly T[], ...more: readonly (readonly T[])[]): readonly T[] =>
  first.concat(...more);

/** Equality of JSON values; the order of keys doesn't count, a key that is undefined is absent. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  let count = 0;
  for (const key in a) {
    if (a[key] === undefined) continue;
    if (!Object.hasOwn(b, key) || !equal(a[key], b[key])) return false;
    count++;
  }
  for (const key in b) if (b[key] !== undefined) count--;
  return count === 0;
}

/** A copy without some of its keys. */
export function omit(value: JsonObject, ...keys: readonly string[]): JsonObject {
  const draft: Draft = { ...value };
  for (const key of keys) Reflect.deleteProperty(draft, key);
  return draft;
}

/** The labels of an object; where it has none, none. */
export const labelsOf = (object: KubeObject): Readonly<Record<string, string>> => object.metadata.labels ?? {};
