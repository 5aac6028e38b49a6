import { partial, table } from "../objects/columns/table.js";
import { convert } from "../objects/conversion.js";
import { groupVersion, type Resource } from "../objects/kinds.js";
import type { JsonObject, KubeObject } from "../objects/value.js";
import type { Listed } from "./listing.js";
import type { Form } from "./negotiation.js";
import type { Present } from "./watching.js";

interface Forming {
  readonly resource: Resource;
  /** The version in which objects are kept. */
  readonly kept: Resource;
  readonly form: Form;
  readonly query: Readonly<Record<string, string>>;
  readonly now: number;
}

const include = (query: Readonly<Record<string, string>>): string => query["includeObject"] ?? "Metadata";

/** One object in the form and the version that a client wants. */
export function formObject(object: KubeObject, { resource, kept, form, query, now }: Forming): JsonObject {
  switch (form.as) {
    case "Table": {
      const { resourceVersion = "" } = object.metadata;
      const converted = include(query) === "Object" ? convert(object, kept, resource) : object;
      return table(kept, [converted], { resourceVersion }, { version: form.version, include: include(query), now });
    }
    case "PartialObjectMetadata":
    case "PartialObjectMetadataList":
      return partial(object, form.version);
    case "object":
    case "APIGroupDiscoveryList":
      return convert(object, kept, resource);
  }
}

/** A list in the form and the version that a client wants. */
export function formList({ items, metadata }: Listed, { resource, kept, form, query, now }: Forming): JsonObject {
  switch (form.as) {
    case "Table":
      return table(kept, items, metadata, { version: form.version, include: include(query), now });
    case "PartialObjectMetadata":
    case "PartialObjectMetadataList":
      return {
        kind: "PartialObjectMetadataList",
        apiVersion: `meta.k8s.io/${form.version}`,
        metadata,
        items: items.map((item) => partial(item, form.version)),
      };
    case "object":
    case "APIGroupDiscoveryList":
      return {
        kind: resource.listKind,
        apiVersion: groupVersion(resource),
        metadata,
        items: resource === kept ? items : items.map((item) => convert(item, kept, resource)),
      };
  }
}

/** How a watch shows objects; undefined where as they are. Of a table only the first event defines the columns. */
export function presentation(forming: Forming): Present | undefined {
  const { resource, kept, form, query } = forming;
  if (form.as === "Table") {
    let first = true;
    return (object) => {
      const bare = !first;
      first = false;
      const { resourceVersion = "" } = object.metadata;
      // A bookmark has nothing to show in columns that look deeper.
      const shown =
        object["spec"] === undefined && object.metadata.name === undefined
          ? { ...object, metadata: { ...object.metadata, name: "" } }
          : object;
      return table(
        kept,
        [shown],
        { resourceVersion },
        { version: form.version, include: include(query), now: forming.now, bare },
      );
    };
  }
  if (form.as === "PartialObjectMetadata" || form.as === "PartialObjectMetadataList")
    return (object) => partial(object, form.version);
  return resource === kept ? undefined : (object) => convert(object, kept, resource);
}
