import type { Resource } from "../kinds.js";
import type { Json, JsonObject, KubeObject } from "../value.js";
import { clusterColumns } from "./cluster.js";
import { age, name, type Column } from "./column.js";
import { customColumns } from "./custom.js";
import { podColumns } from "./pod.js";
import { workloadColumns } from "./workload.js";

/** The columns of a kind; name and age where nothing else is known. */
function columnsOf(resource: Resource): readonly Column[] {
  if (resource.custom !== undefined) return customColumns(resource.custom.columns);
  if (resource.kind === "Pod") return podColumns;
  return workloadColumns[resource.kind] ?? clusterColumns[resource.kind] ?? [name, age];
}

export interface TableOptions {
  /** The API's version of the table: `v1`, `v1beta1`. */
  readonly version: string;
  /** What each row carries of its object. */
  readonly include: string;
  /** Seconds since 1970. */
  readonly now: number;
  /** Without the columns' definitions: in a watch, from the second event on. */
  readonly bare?: boolean;
}

/** Objects as rows (meta/v1, `Table`): what kubectl prints. */
export function table(
  resource: Resource,
  items: readonly KubeObject[],
  metadata: JsonObject,
  options: TableOptions,
): JsonObject {
  const columns = columnsOf(resource);
  const definitions = columns.map(({ title, type, priority }): Json => ({
    name: title,
    type,
    format: title === "Name" ? "name" : "",
    description: "",
    priority,
  }));
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: options.bare === true ? [] : definitions,
    rows: items.map((object): Json => ({
      cells: columns.map(({ cell }) => cell(object, options.now)),
      ...(options.include === "None"
        ? {}
        : { object: options.include === "Object" ? object : partial(object, options.version) }),
    })),
  };
}

/** An object's metadata alone (meta/v1, `PartialObjectMetadata`). */
export const partial = ({ metadata }: KubeObject, version: string): JsonObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
});
