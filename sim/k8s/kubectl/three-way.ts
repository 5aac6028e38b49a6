import type { Struct, Type } from "../objects/notation.js";
import {
  equal,
  isArray,
  isObject,
  put,
  type Draft,
  type Json,
  type JsonArray,
  type JsonObject,
} from "../objects/value.js";

/**
 * What `apply` sends: what is asked for and isn't there, and what was asked for before and now isn't (kubernetes, "declarative-config.md";
 * apimachinery, `CreateThreeWayMergePatch`).
 * @param struct the kind's fields, of which the patch is a strategic one; without it, it is a JSON merge patch
 * @param original what was applied before
 * @returns an empty object where nothing is to be changed
 */
export function threeWayPatch(
  struct: Struct | undefined,
  original: JsonObject,
  modified: JsonObject,
  current: JsonObject,
): JsonObject {
  const patch: Draft = {};
  for (const key of Object.keys(modified)) {
    const wanted = modified[key];
    if (wanted === undefined || wanted === null) continue;
    const there = current[key];
    const before = original[key];
    const field = struct?.fields.get(key);
    const type = field?.type;
    if (isObject(wanted) && isObject(there)) {
      const below = threeWayPatch(structOf(type), isObject(before) ? before : {}, wanted, there);
      // One of several: what the others say goes.
      const retained =
        field?.retainKeys === true && Object.keys(below).length > 0 ? { $retainKeys: Object.keys(wanted).sort() } : {};
      if (Object.keys(below).length > 0) put(patch, key, { ...below, ...retained });
    } else if (isArray(wanted) && isArray(there) && field?.patchMerge === true)
      merged(patch, key, field.patchMergeKey, type, isArray(before) ? before : [], wanted, there);
    else if (!equal(wanted, there)) put(patch, key, wanted);
  }
  for (const key of Object.keys(original))
    if ((modified[key] === undefined || modified[key] === null) && current[key] !== undefined) put(patch, key, null);
  return patch;
}

const structOf = (type: Type | undefined): Struct | undefined =>
  type?.of === "struct" ? type.struct : type?.of === "list" ? structOf(type.item) : undefined;

/** A list whose items have a key, or are a set. */
function merged(
  patch: Draft,
  name: string,
  mergeKey: string | undefined,
  type: Type | undefined,
  before: JsonArray,
  wanted: JsonArray,
  there: JsonArray,
): void {
  if (mergeKey === undefined) {
    const missing = wanted.filter((item) => !there.some((other) => equal(item, other)));
    const gone = before.filter(
      (item) => !wanted.some((other) => equal(item, other)) && there.some((other) => equal(item, other)),
    );
    if (missing.length > 0) put(patch, name, missing);
    if (gone.length > 0) put(patch, `$deleteFromPrimitiveList/${name}`, gone);
    return;
  }
  const keyOf = (item: Json): Json | undefined => (isObject(item) ? item[mergeKey] : undefined);
  const find = (list: JsonArray, key: Json | undefined): JsonObject | undefined =>
    list.filter(isObject).find((item) => equal(item[mergeKey], key));
  const changed: Json[] = [];
  for (const item of wanted.filter(isObject)) {
    const key = keyOf(item);
    const other = find(there, key);
    const below = other === undefined ? item : threeWayPatch(structOf(type), find(before, key) ?? {}, item, other);
    if (Object.keys(below).length > 0) changed.push({ ...below, [mergeKey]: key ?? null });
  }
  for (const item of before) {
    const key = keyOf(item);
    if (find(wanted, key) === undefined && find(there, key) !== undefined)
      changed.push({ $patch: "delete", [mergeKey]: key ?? null });
  }
  if (changed.length === 0) return;
  put(patch, name, changed);
  put(
    patch,
    `$setElementOrder/${name}`,
    wanted.map((item): Json => ({ [mergeKey]: keyOf(item) ?? null })),
  );
}
