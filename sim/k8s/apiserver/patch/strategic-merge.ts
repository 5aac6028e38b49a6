import type { Field, Struct, Type } from "../../objects/notation.js";
import {
  equal,
  isArray,
  isObject,
  put,
  type Draft,
  type Json,
  type JsonArray,
  type JsonObject,
} from "../../objects/value.js";
import { ApiError, badRequest } from "../status.js";

/**
 * Strategic merge patch (kubernetes, "strategic-merge-patch.md"): as a JSON merge patch, but lists with a merge key are merged
 * item by item, and directives say what can't be said by a value: `$patch: replace|delete|merge`, `$retainKeys`,
 * `$deleteFromPrimitiveList/…`, `$setElementOrder/…`.
 */
const directives = /^\$(patch|retainKeys|deleteFromPrimitiveList\/|setElementOrder\/)/;

const invalidPatch = (message: string): ApiError =>
  new ApiError(422, "Invalid", `the server rejected our request due to an error in our request: ${message}`);

const structOf = (type: Type | undefined): Struct | undefined => (type?.of === "struct" ? type.struct : undefined);

export function applyStrategicMergePatch(struct: Struct, document: JsonObject, patch: Json): JsonObject {
  if (!isObject(patch)) throw badRequest("error decoding patch: the patch is no object");
  return merge(struct, document, patch);
}

function merge(struct: Struct | undefined, document: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch["$patch"] ?? "merge";
  switch (typeof directive === "string" ? directive : "") {
    case "replace":
      return plain(patch);
    case "delete":
      return {};
    case "merge":
      break;
    default:
      throw invalidPatch(`Unknown patch type: ${JSON.stringify(patch["$patch"])}`);
  }
  const draft: Draft = { ...document };
  const retain = patch["$retainKeys"];
  if (retain !== undefined) {
    if (!isArray(retain)) throw invalidPatch("retainKeys directive must be a list");
    for (const key of Object.keys(draft)) if (!retain.includes(key)) Reflect.deleteProperty(draft, key);
  }
  for (const key in patch) {
    const given = patch[key];
    if (given === undefined || directives.test(key)) continue;
    if (given === null) {
      Reflect.deleteProperty(draft, key);
      continue;
    }
    const field = struct?.fields.get(key);
    const was = Object.hasOwn(draft, key) ? draft[key] : undefined;
    const type = field?.type ?? valueType(struct, key);
    if (isObject(given)) put(draft, key, merge(structOf(type), isObject(was) ? was : {}, given));
    else if (isArray(given)) put(draft, key, list(field, isArray(was) ? was : [], given));
    else put(draft, key, given);
  }
  // Primitive deletions and orders name lists that the patch may not hold otherwise.
  for (const key in patch) {
    const given = patch[key];
    const [, directive, name = ""] = /^\$(deleteFromPrimitiveList|setElementOrder)\/(.*)$/s.exec(key) ?? [];
    if (directive === undefined) continue;
    if (!isArray(given)) throw invalidPatch(`${key} must be a list`);
    const was = Object.hasOwn(draft, name) ? draft[name] : undefined;
    if (directive === "deleteFromPrimitiveList") {
      if (isArray(was))
        put(
          draft,
          name,
          was.filter((item) => !given.some((gone) => equal(item, gone))),
        );
    } else if (isArray(was)) put(draft, name, ordered(struct?.fields.get(name), was, given));
  }
  return draft;
}

/** A map's values have a type, too. */
const valueType = (struct: Struct | undefined, key: string): Type | undefined => struct?.fields.get(key)?.type;

/** A patch's value without its directives. */
function plain(value: JsonObject): JsonObject {
  const draft: Draft = {};
  for (const key in value) if (!directives.test(key)) put(draft, key, value[key]);
  return draft;
}

function list(field: Field | undefined, items: JsonArray, patch: JsonArray): JsonArray {
  const replaced = patch.some((item) => isObject(item) && item["$patch"] === "replace");
  if (field?.patchMerge !== true || replaced) {
    return patch.flatMap((item): Json[] =>
      isObject(item)
        ? item["$patch"] === undefined
          ? [item]
          : Object.keys(item).length > 1
            ? [plain(item)]
            : []
        : [item],
    );
  }
  const key = field.patchMergeKey;
  if (key === undefined) return [...items, ...patch.filter((item) => !items.some((other) => equal(item, other)))];
  const item = field.type.of === "list" ? structOf(field.type.item) : undefined;
  let merged: Json[] = [...items];
  for (const each of patch) {
    if (!isObject(each)) throw invalidPatch(`invalid object in list: ${JSON.stringify(each)}`);
    const name = each[key];
    if (name === undefined)
      throw invalidPatch(`map: ${JSON.stringify(each)} does not contain declared merge key: ${key}`);
    const same = (other: Json): boolean => isObject(other) && equal(other[key], name);
    if (each["$patch"] === "delete") {
      merged = merged.filter((other) => !same(other));
      continue;
    }
    const index = merged.findIndex(same);
    const found = merged[index];
    const made = merge(item, isObject(found) ? found : {}, each);
    if (index < 0) merged.push(made);
    else merged[index] = made;
  }
  return merged;
}

/** Items in the order that a patch gives; those it doesn't name keep their places after the one before them. */
function ordered(field: Field | undefined, items: JsonArray, order: JsonArray): JsonArray {
  const key = field?.patchMergeKey;
  const nameOf = (item: Json): Json | undefined => (key !== undefined && isObject(item) ? item[key] : item);
  const rank = (item: Json): number => order.findIndex((each) => equal(nameOf(each), nameOf(item)));
  const known = items.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  const result: Json[] = [];
  let next = 0;
  for (const item of items) {
    if (rank(item) < 0) result.push(item);
    else {
      const taken = known[next++];
      if (taken !== undefined) result.push(taken);
    }
  }
  return result;
}
