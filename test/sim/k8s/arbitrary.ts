import type { Rng } from "../../../sim/core/index.js";
import type { Field, Struct, Type } from "../../../sim/k8s/objects/notation.js";
import type { Json, JsonObject } from "../../../sim/k8s/objects/value.js";

const words = [
  "a",
  "web-1",
  "",
  "A_b",
  "nginx:1",
  "10.0.0.1",
  "2Gi",
  "-1",
  "x".repeat(70),
  "2025-01-01T00:00:00Z",
  "é\u0000",
  "__proto__",
  "YQ==",
];
const pick = <T>(rng: Rng, all: readonly T[]): T => all[rng.uint32() % all.length] as T;

/** Anything at all, to stand where something else should. */
export function anything(rng: Rng): Json {
  return pick<() => Json>(rng, [
    () => null,
    () => true,
    () => rng.uint32() - 2 ** 31,
    () => 1.5,
    () => 1e300,
    () => pick(rng, words),
    () => [],
    () => [1, "a", null],
    () => ({}),
    () => ({ a: { b: [{}] } }),
    () => ({ $patch: "delete" }),
  ])();
}

function scalar(rng: Rng, name: string, field: Field): Json {
  if (field.enum !== undefined && rng.uint32() % 8 > 0) return pick(rng, field.enum);
  switch (name) {
    case "bool":
      return rng.uint32() % 2 === 0;
    case "int32":
    case "int64":
      return pick(rng, [0, 1, 80, 420, 70_000, -5]);
    case "double":
      return 1.5;
    case "quantity":
      return pick(rng, ["1", "500m", "2Gi", "0", 3]);
    case "intstr":
      return pick(rng, [80, "25%", "http"]);
    case "time":
    case "microtime":
      return "2025-01-01T00:00:00Z";
    case "bytes":
      return "YWJj";
    case "any":
    case "fields":
      return {};
    default:
      return pick(rng, words);
  }
}

function valueOf(rng: Rng, type: Type, field: Field, depth: number): Json {
  // Now and then the wrong type.
  if (rng.uint32() % 60 === 0) return anything(rng);
  switch (type.of) {
    case "scalar":
      return scalar(rng, type.name, field);
    case "list":
      return Array.from({ length: rng.uint32() % 3 }, () => valueOf(rng, type.item, field, depth + 1));
    case "map":
      return Object.fromEntries(
        Array.from({ length: rng.uint32() % 3 }, () => [pick(rng, words), valueOf(rng, type.value, field, depth + 1)]),
      );
    case "struct":
      return objectOf(rng, type.struct, depth + 1);
  }
}

/** An object that a kind's field table allows mostly. */
export function objectOf(rng: Rng, struct: Struct, depth = 0): JsonObject {
  const object: Record<string, Json> = {};
  for (const field of struct.fields.values()) {
    const odds = field.required ? 10 : depth < 2 ? 3 : 1;
    if (rng.uint32() % 12 < odds && depth < 7) object[field.name] = valueOf(rng, field.type, field, depth);
  }
  if (rng.uint32() % 20 === 0) object[pick(rng, words)] = anything(rng);
  return object;
}

/** The same with one place replaced or taken away. */
export function mutated(rng: Rng, value: Json): Json {
  if (typeof value !== "object" || value === null || rng.uint32() % 4 === 0) return anything(rng);
  const copy: Record<string, Json> | Json[] = Array.isArray(value)
    ? [...(value as Json[])]
    : { ...(value as Record<string, Json>) };
  const keys = Object.keys(copy);
  if (keys.length === 0) return anything(rng);
  const key = pick(rng, keys) as keyof typeof copy;
  (copy as Record<string, Json>)[key as string] = mutated(rng, (copy as Record<string, Json>)[key as string] ?? null);
  return copy;
}
