import type { Field, Struct, Type } from "./notation.js";
import { isArray, isObject, type Draft, type Json } from "./value.js";
import { conditionalDefaults } from "./conditional-defaults.js";

/** What one struct asks for: its own defaults, and the fields below which there may be more. */
interface Plan {
  readonly fill: readonly (readonly [string, Json])[];
  readonly descend: readonly Field[];
  readonly conditional: ((draft: Draft) => void) | undefined;
}

const plans = new Map<Struct, Plan>();
const concerned = new Map<Struct, boolean>();

const structOf = (type: Type): Struct | undefined =>
  type.of === "struct"
    ? type.struct
    : type.of === "list"
      ? structOf(type.item)
      : type.of === "map"
        ? structOf(type.value)
        : undefined;

/** Whether anything in or below a struct has a default. */
export function hasDefaults(struct: Struct): boolean {
  const known = concerned.get(struct);
  if (known !== undefined) return known;
  // For structs that contain themselves: not so far.
  concerned.set(struct, false);
  let found = conditionalDefaults.has(struct.name);
  for (const field of struct.fields.values()) {
    const below = structOf(field.type);
    if (field.default !== undefined || (below !== undefined && hasDefaults(below))) found = true;
  }
  concerned.set(struct, found);
  return found;
}

function planOf(struct: Struct): Plan {
  let plan = plans.get(struct);
  if (plan === undefined) {
    const fields = [...struct.fields.values()];
    plan = {
      fill: fields.flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value] as const])),
      descend: fields.filter(({ type }) => {
        const below = structOf(type);
        return below !== undefined && hasDefaults(below);
      }),
      conditional: conditionalDefaults.get(struct.name),
    };
    plans.set(struct, plan);
  }
  return plan;
}

/** A default is shared by all objects; one that is an object gets filled in turn, so each has its own. */
const fresh = (value: Json): Json => (isObject(value) ? { ...value } : value);

/** Fills in what an object leaves open, in place: the tables' defaults, and those that depend on other fields. */
export function applyDefaults(struct: Struct, draft: Draft): void {
  const { fill, descend, conditional } = planOf(struct);
  for (const [name, value] of fill) draft[name] ??= fresh(value);
  conditional?.(draft);
  for (const { name, type } of descend) {
    const value = draft[name];
    if (value !== undefined) below(type, value);
  }
}

function below(type: Type, value: Json): void {
  if (type.of === "struct") {
    // What is decoded is a fresh copy and ours to change.
    if (isObject(value)) applyDefaults(type.struct, value);
  } else if (type.of === "list") {
    if (isArray(value)) for (const item of value) below(type.item, item);
  } else if (type.of === "map" && isObject(value)) {
    for (const key in value) below(type.value, value[key] ?? null);
  }
}
