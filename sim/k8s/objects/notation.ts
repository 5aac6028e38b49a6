import { invariant } from "../../core/index.js";
import type { Json } from "./value.js";

/**
 * The notation of the field tables. A line without indentation names a struct, one that ends in `kind` a kind, which has
 * `apiVersion`, `kind` and `metadata`, too. Each line under it is a field: its name, its type, and what holds for it.
 *
 * - Types: `string bool int32 int64 double quantity intstr time microtime duration bytes any fields`, a struct of the same
 *   table or, with its table's name before a dot, of another; `[]T`; `map[string]T`.
 * - `#n` its number in the kind's protobuf message; `#m.n`: field n of a message that only protobuf has, its field m; a star behind it: Go has
 *   a pointer there, so that a zero in protobuf is one, and otherwise nothing.
 * - `!` required; `nonempty` at least one item; `=JSON` the default; `immutable` on update.
 * - `enum(a|b)`, `min(n)`, `range(a..b)`, and names of formats (`dns-label`; see formats.ts).
 * - Lists: `map(k,…)` items are told apart by these keys, `set` by their value; else the list is atomic. A struct or map that
 *   is `atomic` has one owner (server-side apply).
 * - `merge`, `merge(k)`, `retainKeys`: strategic merge patch.
 */
export interface Field {
  readonly name: string;
  readonly type: Type;
  readonly required: boolean;
  readonly nonempty: boolean;
  readonly immutable: boolean;
  readonly default: Json | undefined;
  readonly enum: readonly string[] | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly format: string | undefined;
  /** How server-side apply takes the list, map or struct. */
  readonly listType: "map" | "set" | "atomic" | undefined;
  readonly listKeys: readonly string[];
  readonly patchMerge: boolean;
  readonly patchMergeKey: string | undefined;
  readonly retainKeys: boolean;
  /** Where protobuf has it; undefined where it hasn't. */
  readonly wire: { readonly numbers: readonly number[]; readonly pointer: boolean } | undefined;
}

export type ScalarName =
  | "string"
  | "bool"
  | "int32"
  | "int64"
  | "double"
  | "quantity"
  | "intstr"
  | "time"
  | "microtime"
  | "duration"
  | "bytes"
  | "any"
  | "fields";

export type Type =
  | { readonly of: "scalar"; readonly name: ScalarName }
  | { readonly of: "struct"; readonly struct: Struct }
  | { readonly of: "list"; readonly item: Type }
  | { readonly of: "map"; readonly value: Type };

/** What is known of the fields of a kind or of a part of one. */
export interface Struct {
  /** The definition's name in OpenAPI: `io.k8s.api.core.v1.PodSpec`. */
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
  /** Whether fields that it doesn't name are kept: `x-kubernetes-preserve-unknown-fields`. */
  readonly open?: true;
}

const scalars: readonly ScalarName[] = [
  "string",
  "bool",
  "int32",
  "int64",
  "double",
  "quantity",
  "intstr",
  "time",
  "microtime",
  "duration",
  "bytes",
  "any",
  "fields",
];
const scalarTypes = new Map<string, Type>(scalars.map((name) => [name, { of: "scalar", name }]));

/** The parentheses of `word(…)` among attributes. */
const argument = (attributes: readonly string[], word: string): string | undefined =>
  attributes.find((text) => text.startsWith(`${word}(`))?.slice(word.length + 1, -1);

const words = new Set(["!", "nonempty", "immutable", "set", "atomic", "merge", "retainKeys"]);

/** A field of which only the name and the type are known. */
export const plainField = (name: string, type: Type): Field => parseField(name, type, []);

function parseField(name: string, type: Type, attributes: readonly string[]): Field {
  const has = (word: string): boolean => attributes.includes(word);
  const [low, high] = argument(attributes, "range")?.split("..") ?? [argument(attributes, "min")];
  const keys = argument(attributes, "map")?.split(",");
  const mergeKey = argument(attributes, "merge");
  const given = attributes.find((text) => text.startsWith("="));
  const place = attributes.find((text) => text.startsWith("#"));
  return {
    name,
    type,
    required: has("!"),
    nonempty: has("nonempty"),
    immutable: has("immutable"),
    default: given === undefined ? undefined : (JSON.parse(given.slice(1)) as Json),
    enum: argument(attributes, "enum")?.split("|").sort(),
    min: low === undefined ? undefined : Number(low),
    max: high === undefined ? undefined : Number(high),
    format: attributes.find((text) => !words.has(text) && !/[=(#]/.test(text)),
    listType: keys !== undefined ? "map" : has("set") ? "set" : has("atomic") ? "atomic" : undefined,
    listKeys: keys ?? [],
    patchMerge: has("merge") || mergeKey !== undefined,
    patchMergeKey: mergeKey,
    retainKeys: has("retainKeys"),
    wire:
      place === undefined
        ? undefined
        : {
            numbers: place
              .slice(1)
              .split(".")
              .map((number) => Number.parseInt(number)),
            pointer: place.endsWith("*"),
          },
  };
}

/**
 * Reads tables, each under the name by which others refer to its structs.
 * @returns the structs by table and name: `core.PodSpec`
 */
export function parseTables(
  tables: Readonly<Record<string, { readonly prefix: string; readonly text: string }>>,
): ReadonlyMap<string, Struct> {
  const structs = new Map<string, Struct & { readonly fields: Map<string, Field> }>();
  const lines: { table: string; struct: Map<string, Field>; words: string[] }[] = [];
  for (const [table, { prefix, text }] of Object.entries(tables)) {
    let fields: Map<string, Field> | undefined;
    for (const line of text.split("\n")) {
      if (line.trim() === "") continue;
      if (!line.startsWith(" ")) {
        const [name = "", kind] = line.split(" ");
        fields = new Map();
        structs.set(`${table}.${name}`, { name: `${prefix}.${name}`, fields });
        if (kind === undefined) continue;
        for (const text of ["apiVersion string", "kind string", "metadata meta.ObjectMeta #1"])
          lines.push({ table, struct: fields, words: text.split(" ") });
      } else if (fields !== undefined) lines.push({ table, struct: fields, words: line.trim().split(" ") });
    }
  }
  const resolve = (table: string, text: string): Type => {
    if (text.startsWith("[]")) return { of: "list", item: resolve(table, text.slice(2)) };
    if (text.startsWith("map[string]")) return { of: "map", value: resolve(table, text.slice(11)) };
    const scalar = scalarTypes.get(text);
    if (scalar !== undefined) return scalar;
    const struct = structs.get(text.includes(".") ? text : `${table}.${text}`);
    invariant(struct !== undefined, `the field tables know no type ${text} in ${table}`);
    return { of: "struct", struct };
  };
  for (const { table, struct, words: all } of lines) {
    const [name = "", type = "", ...attributes] = all;
    struct.set(name, parseField(name, resolve(table, type), attributes));
  }
  return structs;
}
