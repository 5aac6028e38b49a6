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

/**
 * Sets of fields, in the form of `fieldsV1` (structured-merge-diff, `fieldpath`): `f:name` is a field, `k:{…}` a list's item by
 * its keys, `v:…` one by its value. `{}` says that the field itself is in the set, `.` the same beside others below it.
 */
export type FieldSet = JsonObject;

/** How a value is owned: as a whole, or in parts. */
type Shape =
  | { readonly as: "leaf" }
  | { readonly as: "struct"; readonly struct: Struct }
  | { readonly as: "map"; readonly value: Type }
  | { readonly as: "keyed"; readonly keys: readonly string[]; readonly item: Type }
  | { readonly as: "set" };

const leaf: Shape = { as: "leaf" };

function shapeOf(type: Type, field?: Field): Shape {
  if (field?.listType === "atomic") return leaf;
  switch (type.of) {
    case "scalar":
      return leaf;
    case "struct":
      // Selectors are atomic wherever they stand (`+structType=atomic`).
      return type.struct.fields.size === 0 && type.struct.open === true
        ? { as: "map", value: { of: "scalar", name: "any" } }
        : { as: "struct", struct: type.struct };
    case "map":
      return { as: "map", value: type.value };
    case "list":
      if (field?.listType === "map") return { as: "keyed", keys: field.listKeys, item: type.item };
      return field?.listType === "set" ? { as: "set" } : leaf;
  }
}

/** The key under which an item of a keyed list stands; a key that is left out has its default. */
function itemKey(keys: readonly string[], item: Type, value: Json): string {
  const found: Draft = {};
  for (const key of [...keys].sort()) {
    const field = item.of === "struct" ? item.struct.fields.get(key) : undefined;
    const given = isObject(value) ? value[key] : undefined;
    const chosen = given ?? field?.default;
    if (chosen !== undefined) found[key] = chosen;
  }
  return `k:${JSON.stringify(found)}`;
}

/** Parts of a value by their names in field sets; undefined where it is owned as a whole. */
function parts(
  shape: Shape,
  value: Json,
):
  | { readonly name: string; readonly type: Type; readonly field: Field | undefined; readonly value: Json }[]
  | undefined {
  if (shape.as === "leaf") return undefined;
  if (shape.as === "struct" || shape.as === "map") {
    if (!isObject(value)) return undefined;
    return Object.entries(value).flatMap(([key, below]) => {
      if (below === undefined) return [];
      const field = shape.as === "struct" ? shape.struct.fields.get(key) : undefined;
      const type: Type = shape.as === "map" ? shape.value : (field?.type ?? { of: "scalar", name: "any" });
      return [{ name: `f:${key}`, type, field, value: below }];
    });
  }
  if (!isArray(value)) return undefined;
  const any: Type = { of: "scalar", name: "any" };
  return value.map((item) =>
    shape.as === "set"
      ? { name: `v:${JSON.stringify(item)}`, type: any, field: undefined, value: item }
      : { name: itemKey(shape.keys, shape.item, item), type: shape.item, field: undefined, value: item },
  );
}

/** Structs that Go holds by value are always there and owned by nobody; what is behind a pointer is a field itself. */
const always = new Set(["spec", "status", "template", "metadata"]);

/** The fields that a value has. @param dots whether maps and structs count as fields themselves, as for updates they do */
export function setOf(type: Type, field: Field | undefined, value: Json, dots: boolean): FieldSet {
  const shape = shapeOf(type, field);
  const all = parts(shape, value);
  if (all === undefined || all.length === 0) return {};
  const set: Draft = {};
  const byValue = field === undefined || always.has(field.name) || field.required || field.default !== undefined;
  if (dots && (shape.as === "map" || (shape.as === "struct" && !byValue))) set["."] = {};
  for (const part of all) {
    const below = setOf(part.type, part.field, part.value, dots);
    put(set, part.name, shape.as === "keyed" && Object.keys(below).length > 0 ? { ".": {}, ...below } : below);
  }
  return set;
}

/** The fields of `to` that `from` lacks or has otherwise; undefined where there are none. */
export function changes(type: Type, field: Field | undefined, from: Json | undefined, to: Json): FieldSet | undefined {
  if (from === undefined) return setOf(type, field, to, true);
  if (equal(from, to)) return undefined;
  const shape = shapeOf(type, field);
  const after = parts(shape, to);
  const before = parts(shape, from);
  if (after === undefined || before === undefined) return {};
  const old = new Map(before.map((part) => [part.name, part.value]));
  const set: Draft = {};
  for (const part of after) {
    const was = old.get(part.name);
    const below = changes(part.type, part.field, was, part.value);
    if (below === undefined) continue;
    const item = shape.as === "keyed" && was === undefined && Object.keys(below).length > 0;
    put(set, part.name, item ? { ".": {}, ...below } : below);
  }
  return Object.keys(set).length === 0 ? undefined : set;
}

export const isEmpty = (set: FieldSet): boolean => Object.keys(set).length === 0;

const isLeaf = (set: FieldSet): boolean => isEmpty(set);

/** Reads a member of a set that may have any name. */
const member = (set: FieldSet, name: string): FieldSet | undefined => {
  const found = Object.hasOwn(set, name) ? set[name] : undefined;
  return isObject(found) ? found : undefined;
};

/** Members of either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isLeaf(a)) return isLeaf(b) ? a : { ".": {}, ...b };
  if (isLeaf(b)) return { ".": {}, ...a };
  const set: Draft = { ...a };
  for (const name in b) {
    const mine = member(a, name);
    const other = member(b, name) ?? {};
    put(set, name, mine === undefined ? other : union(mine, other));
  }
  return set;
}

/** Members of `a` that are not in `b`; undefined where none is left. */
export function minus(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (isLeaf(a)) return isLeaf(b) || Object.hasOwn(b, ".") ? undefined : a;
  const set: Draft = {};
  for (const name in a) {
    const mine = member(a, name) ?? {};
    if (name === ".") {
      if (!Object.hasOwn(b, ".") && !isLeaf(b)) set["."] = {};
      continue;
    }
    const other = member(b, name);
    const left = other === undefined ? mine : minus(mine, other);
    if (left !== undefined) put(set, name, left);
  }
  return isEmpty(set) ? undefined : set;
}

/** Members of both; undefined where there are none. */
export function common(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (isLeaf(a)) return isLeaf(b) || Object.hasOwn(b, ".") ? a : undefined;
  if (isLeaf(b)) return Object.hasOwn(a, ".") ? {} : undefined;
  const set: Draft = {};
  for (const name in a) {
    const other = member(b, name);
    if (other === undefined) continue;
    const both = name === "." ? {} : common(member(a, name) ?? {}, other);
    if (both !== undefined) put(set, name, both);
  }
  return isEmpty(set) ? undefined : set;
}

/** What of a set a value still has; undefined where nothing. */
export function present(type: Type, field: Field | undefined, set: FieldSet, value: Json): FieldSet | undefined {
  if (isLeaf(set)) return set;
  const all = parts(shapeOf(type, field), value);
  if (all === undefined) return {};
  const left: Draft = {};
  const byName = new Map(all.map((part) => [part.name, part]));
  for (const name in set) {
    if (name === ".") {
      left["."] = {};
      continue;
    }
    const part = byName.get(name);
    const below = part === undefined ? undefined : present(part.type, part.field, member(set, name) ?? {}, part.value);
    if (below !== undefined) put(left, name, below);
  }
  return isEmpty(left) ? undefined : left;
}

/** The fields of a set as people read them: `.spec.replicas`, `.spec.containers[name="web"].image`. */
export function pathsOf(set: FieldSet, prefix = ""): string[] {
  if (isLeaf(set)) return [prefix];
  return Object.keys(set).flatMap((name) => {
    if (name === ".") return [prefix];
    const below = member(set, name) ?? {};
    const text = name.slice(2);
    if (name.startsWith("f:")) return pathsOf(below, `${prefix}.${text}`);
    if (name.startsWith("v:")) return pathsOf(below, `${prefix}[=${text}]`);
    const keys = Object.entries(JSON.parse(text) as JsonObject).map(
      ([key, value]) => `${key}=${JSON.stringify(value)}`,
    );
    return pathsOf(below, `${prefix}[${keys.join(",")}]`);
  });
}

/** A value without the fields of a set; undefined where nothing is left of it. */
export function without(type: Type, field: Field | undefined, value: Json, set: FieldSet): Json | undefined {
  if (isLeaf(set)) return undefined;
  const shape = shapeOf(type, field);
  const all = parts(shape, value);
  if (all === undefined) return value;
  const kept = all.flatMap((part) => {
    const below = member(set, part.name);
    const left = below === undefined ? part.value : without(part.type, part.field, part.value, below);
    return left === undefined ? [] : [[part.name.slice(2), left] as const];
  });
  if (kept.length === 0 && Object.hasOwn(set, ".")) return undefined;
  if (shape.as === "keyed" || shape.as === "set") return kept.map(([, each]) => each) satisfies JsonArray;
  const draft: Draft = {};
  for (const [name, each] of kept) put(draft, name, each);
  return draft;
}

/** What is applied over what is there: structs and maps by their keys, keyed lists by their items, all else replaced. */
export function merged(type: Type, field: Field | undefined, live: Json | undefined, applied: Json): Json {
  const shape = shapeOf(type, field);
  const mine = parts(shape, applied);
  const theirs = live === undefined ? undefined : parts(shape, live);
  if (mine === undefined || theirs === undefined) return applied;
  const names = new Map(mine.map((part) => [part.name, part]));
  const old = new Map(theirs.map((part) => [part.name, part.value]));
  if (shape.as === "keyed" || shape.as === "set") {
    // Applied items come in their own order; others keep their places before the next that both have.
    const made = mine.map((part) => merged(part.type, part.field, old.get(part.name), part.value));
    return [...theirs.flatMap((part) => (names.has(part.name) ? [] : [part.value])), ...made];
  }
  const draft: Draft = {};
  for (const part of theirs) put(draft, part.name.slice(2), part.value);
  for (const part of mine)
    put(draft, part.name.slice(2), merged(part.type, part.field, old.get(part.name), part.value));
  return draft;
}
