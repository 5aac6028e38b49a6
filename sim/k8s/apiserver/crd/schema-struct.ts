import { plainField, type Field, type Struct, type Type } from "../../objects/notation.js";
import { structNamed } from "../../objects/structs.js";
import { isObject, objectAt, stringAt, type JsonObject } from "../../objects/value.js";
import { strings } from "../strategy.js";

const any: Type = { of: "scalar", name: "any" };

/** What may stand where a schema is, as field tables know it. Types that they don't know are checked by the schema alone. */
function typeOf(schema: JsonObject, name: string): Type {
  if (schema["x-kubernetes-int-or-string"] === true) return { of: "scalar", name: "intstr" };
  switch (stringAt(schema, "type")) {
    case "string":
      return { of: "scalar", name: "string" };
    case "boolean":
      return { of: "scalar", name: "bool" };
    case "integer":
      return { of: "scalar", name: "int64" };
    case "number":
      return { of: "scalar", name: "double" };
    case "array":
      return { of: "list", item: typeOf(objectAt(schema, "items"), name) };
    case "object": {
      if (schema["x-kubernetes-embedded-resource"] === true) return any;
      const more = schema["additionalProperties"];
      if (schema["properties"] === undefined && isObject(more)) return { of: "map", value: typeOf(more, name) };
      return { of: "struct", struct: structOf(schema, name) };
    }
    case undefined:
    default:
      return any;
  }
}

function fieldOf(key: string, schema: JsonObject, name: string): Field {
  const base = plainField(key, typeOf(schema, name));
  const list = stringAt(schema, "x-kubernetes-list-type") ?? stringAt(schema, "x-kubernetes-map-type");
  return {
    ...base,
    default: schema["default"],
    listType: list === "map" || list === "set" || list === "atomic" ? list : undefined,
    listKeys: strings(schema["x-kubernetes-list-map-keys"]),
  };
}

function structOf(schema: JsonObject, name: string): Struct {
  const fields = new Map<string, Field>();
  for (const [key, below] of Object.entries(objectAt(schema, "properties"))) {
    if (isObject(below)) fields.set(key, fieldOf(key, below, `${name}.${key}`));
  }
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true;
  return { name, fields, ...(open ? { open } : {}) };
}

/** The structural schema of a custom kind as a struct, so that one decoder, one defaulting, one apply serve all kinds. */
export function customStruct(schema: JsonObject, name: string): Struct {
  const { fields, open } = structOf(schema, name);
  const all = new Map(fields);
  all.set("apiVersion", plainField("apiVersion", { of: "scalar", name: "string" }));
  all.set("kind", plainField("kind", { of: "scalar", name: "string" }));
  all.set("metadata", plainField("metadata", { of: "struct", struct: structNamed("meta.ObjectMeta") }));
  return { name, fields: all, ...(open === true ? { open } : {}) };
}
