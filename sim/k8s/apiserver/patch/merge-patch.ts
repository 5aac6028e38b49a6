import { copyOf, isObject, put, type Draft, type Json } from "../../objects/value.js";

/** JSON Merge Patch (RFC 7386): null takes a key away, lists are replaced. */
export function applyMergePatch(document: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const draft: Draft = isObject(document) ? copyOf(document) : {};
  for (const key in patch) {
    const given = patch[key] ?? null;
    if (given === null) Reflect.deleteProperty(draft, key);
    else put(draft, key, applyMergePatch(Object.hasOwn(draft, key) ? draft[key] : undefined, given));
  }
  return draft;
}
