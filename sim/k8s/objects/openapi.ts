import type { Resource } from "./kinds.js";
import type { Field, Struct, Type } from "./notation.js";
import { structNamed } from "./structs.js";
import type { Draft, Json, JsonObject } from "./value.js";

/** Where schemas refer to one another: `#/definitions/` in version 2, `#/components/schemas/` in version 3. */
type Reference = (name: string) => string;

const scalars: Readonly<Record<string, JsonObject>> = {
  string: { type: "string" },
  bool: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  double: { type: "number", format: "double" },
  duration: { type: "string" },
  bytes: { type: "string", format: "byte" },
};

/** Types of their own name, as Kubernetes defines them. */
const named: Readonly<Record<string, readonly [name: string, schema: JsonObject]>> = {
  quantity: ["io.k8s.apimachinery.pkg.api.resource.Quantity", { type: "string" }],
  intstr: ["io.k8s.apimachinery.pkg.util.intstr.IntOrString", { type: "string", format: "int-or-string" }],
  time: ["io.k8s.apimachinery.pkg.apis.meta.v1.Time", { type: "string", format: "date-time" }],
  microtime: ["io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", { type: "string", format: "date-time" }],
  fields: ["io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", { type: "object" }],
  any: ["io.k8s.apimachinery.pkg.runtime.RawExtension", { type: "object" }],
};

class Schemas {
  readonly all = new Map<string, JsonObject>();
  readonly #reference: Reference;

  constructor(reference: Reference) {
    this.#reference = reference;
  }

  type(type: Type): JsonObject {
    switch (type.of) {
      case "scalar": {
        const own = named[type.name];
        if (own === undefined) return scalars[type.name] ?? {};
        this.all.set(...own);
        return { $ref: this.#reference(own[0]) };
      }
      case "list":
        return { type: "array", items: this.type(type.item) };
      case "map":
        return { type: "object", additionalProperties: this.type(type.value) };
      case "struct":
        return this.struct(type.struct);
    }
  }

  struct(struct: Struct): JsonObject {
    this.define(struct, struct.name);
    return { $ref: this.#reference(struct.name) };
  }

  define(struct: Struct, name: string, extra: JsonObject = {}): void {
    if (this.all.has(name)) return;
    this.all.set(name, {});
    const properties: Draft = {};
    for (const field of struct.fields.values()) properties[field.name] = this.#field(field);
    const required = [...struct.fields.values()].filter((field) => field.required).map((field) => field.name);
    this.all.set(name, {
      type: "object",
      ...(required.length === 0 ? {} : { required }),
      ...(struct.fields.size === 0 ? {} : { properties }),
      ...(struct.open === true ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
      ...extra,
    });
  }

  #field(field: Field): JsonObject {
    const schema: Draft = { ...this.type(field.type) };
    const { listType, listKeys, patchMerge, patchMergeKey, retainKeys } = field;
    const strategy = [...(patchMerge ? ["merge"] : []), ...(retainKeys ? ["retainKeys"] : [])].join(",");
    if (field.default !== undefined) schema["default"] = field.default;
    if (field.enum !== undefined && field.type.of === "scalar") schema["enum"] = [...field.enum];
    if (listType !== undefined)
      schema[field.type.of === "list" ? "x-kubernetes-list-type" : "x-kubernetes-map-type"] = listType;
    if (listKeys.length > 0) schema["x-kubernetes-list-map-keys"] = [...listKeys];
    if (strategy !== "") schema["x-kubernetes-patch-strategy"] = strategy;
    if (patchMergeKey !== undefined) schema["x-kubernetes-patch-merge-key"] = patchMergeKey;
    return schema;
  }
}

const gvk = ({ group, version, kind }: Resource): JsonObject => ({ group, kind, version });

/** A kind served in a version whose fields are another version's is a definition of its own. */
function definitionName(resource: Resource): string {
  const parts = resource.struct.name.split(".");
  const index = parts.length - 2;
  if (parts[index] === resource.version || resource.custom !== undefined) return resource.struct.name;
  return parts.with(index, resource.version).join(".");
}

function schemasOf(resources: readonly Resource[], reference: Reference): Schemas {
  const schemas = new Schemas(reference);
  for (const resource of resources) {
    const name = definitionName(resource);
    const marks = { "x-kubernetes-group-version-kind": [gvk(resource)] };
    schemas.define(resource.struct, name, marks);
    if (resource.virtual) continue;
    const list = name.replace(/[^.]+$/, resource.listKind);
    schemas.struct(structNamed("meta.ListMeta"));
    schemas.all.set(list, {
      type: "object",
      required: ["items"],
      properties: {
        apiVersion: { type: "string" },
        items: { type: "array", items: { $ref: reference(name) } },
        kind: { type: "string" },
        metadata: { $ref: reference("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta") },
      },
      "x-kubernetes-group-version-kind": [{ ...gvk(resource), kind: resource.listKind }],
    });
  }
  schemas.struct(structNamed("meta.DeleteOptions"));
  schemas.struct(structNamed("meta.Status"));
  return schemas;
}

const root = ({ group, version }: Pick<Resource, "group" | "version">): string =>
  group === "" ? `/api/${version}` : `/apis/${group}/${version}`;

/** The actions of a resource's paths, with what newer clients look for: whether `dryRun`, `fieldValidation` are known. */
function paths(resources: readonly Resource[], body: (schema: JsonObject) => JsonObject): Draft {
  const all: Draft = {};
  const query = (name: string): JsonObject => body({ uniqueItems: true, type: "string", name, in: "query" });
  for (const resource of resources) {
    const base = `${root(resource)}/${resource.namespaced ? "namespaces/{namespace}/" : ""}${resource.plural}`;
    const operation = (action: string, responses = "200"): JsonObject => ({
      operationId: `${action}${resource.group}${resource.version}${resource.namespaced ? "Namespaced" : ""}${resource.kind}`,
      ...(["post", "put", "patch"].includes(action)
        ? { parameters: ["dryRun", "fieldManager", "fieldValidation"].map(query) }
        : {}),
      responses: { [responses]: { description: "OK" } },
      "x-kubernetes-action": action,
      "x-kubernetes-group-version-kind": gvk(resource),
    });
    if (resource.virtual) {
      all[base] = { post: operation("post", "201") };
      continue;
    }
    all[base] = { get: operation("list"), post: operation("post", "201"), delete: operation("deletecollection") };
    all[`${base}/{name}`] = {
      get: operation("get"),
      put: operation("put"),
      patch: operation("patch"),
      delete: operation("delete"),
    };
  }
  return all;
}

/** `GET /openapi/v2` (OpenAPI 2.0). */
export function openApiV2(resources: readonly Resource[]): JsonObject {
  const reference: Reference = (name) => `#/definitions/${name}`;
  const { all } = schemasOf(resources, reference);
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: "v1.32.0" },
    paths: paths(resources, (parameter) => parameter),
    definitions: Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** `GET /openapi/v3`: where each group's document is. */
export function openApiV3Index(resources: readonly Resource[], hash: (text: string) => string): JsonObject {
  const roots = [...new Set(resources.map(root))];
  const entries = roots.map((path): [string, Json] => {
    const key = path.slice(1);
    return [
      key,
      {
        serverRelativeURL: `/openapi/v3/${key}?hash=${hash(`${key}${resources.filter((each) => root(each) === path).length}`)}`,
      },
    ];
  });
  return { paths: Object.fromEntries(entries) };
}

/** `GET /openapi/v3/apis/G/V` (OpenAPI 3.0). @param path without the slash before it */
export function openApiV3(resources: readonly Resource[], path: string): JsonObject | undefined {
  const own = resources.filter((resource) => root(resource) === `/${path}`);
  if (own.length === 0) return undefined;
  const reference: Reference = (name) => `#/components/schemas/${name}`;
  const { all } = schemasOf(own, reference);
  const parameter = ({ name = "", in: where = "", type = "" }: JsonObject): JsonObject => ({
    name,
    in: where,
    schema: { type },
  });
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.32.0" },
    paths: paths(own, parameter),
    components: { schemas: Object.fromEntries(all) },
  };
}
