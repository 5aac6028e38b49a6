import { humanDuration, parseTime } from "../time.js";
import {
  isObject,
  listAt,
  objectAt,
  stringAt,
  type Json,
  type JsonArray,
  type JsonObject,
  type KubeObject,
  show,
} from "../value.js";

/** How a kind is shown in a table (kubernetes, `pkg/printers/internalversion`): a column's title and what stands in it. */
export interface Column {
  readonly title: string;
  readonly type: "string" | "integer" | "boolean" | "date" | "number";
  /** 1 is shown with `-o wide` alone. */
  readonly priority: 0 | 1;
  readonly cell: (object: KubeObject, now: number) => Json;
}

type Cell = Column["cell"];

export const column = (title: string, cell: Cell, type: Column["type"] = "string"): Column => ({
  title,
  type,
  priority: 0,
  cell,
});
export const wide = (title: string, cell: Cell, type: Column["type"] = "string"): Column => ({
  title,
  type,
  priority: 1,
  cell,
});

/** How long ago; `<unknown>` without a time. @param now seconds since 1970 */
export function ago(time: Json | undefined, now: number): string {
  const then = typeof time === "string" ? parseTime(time) : undefined;
  return then === undefined ? "<unknown>" : humanDuration(now - then);
}

export const name: Column = column("Name", (object) => object.metadata.name ?? "");
export const age: Column = column("Age", (object, now) => ago(object.metadata.creationTimestamp, now));

/** Text at a path, or a word where there is none. */
export const text =
  (path: string, otherwise = "<none>"): Cell =>
  (object) => {
    const found = path
      .split(".")
      .reduce<Json | undefined>((value, key) => (isObject(value) ? value[key] : undefined), object);
    return found === undefined || found === null || found === "" || typeof found === "object"
      ? otherwise
      : String(found);
  };

/** A number at a path, 0 where there is none. */
export const count =
  (path: string): Cell =>
  (object) => {
    const found = path
      .split(".")
      .reduce<Json | undefined>((value, key) => (isObject(value) ? value[key] : undefined), object);
    return typeof found === "number" ? found : 0;
  };

export const join = (values: readonly string[], otherwise = "<none>"): string =>
  values.length === 0 ? otherwise : values.join(",");

/** `a=b,c=d` */
export const labelText = (labels: JsonObject): string =>
  join(
    Object.keys(labels)
      .sort()
      .map((key) => `${key}=${show(labels[key])}`),
  );

/** A `LabelSelector` as kubectl shows it. */
export function selectorCell(selector: JsonObject): string {
  const equalities = objectAt(selector, "matchLabels");
  const expressions = listAt(selector, "matchExpressions").map((each) => {
    const key = stringAt(each, "key") ?? "";
    const values = listAt(each, "values").map(String).join(",");
    switch (stringAt(each, "operator")) {
      case "In":
        return `${key} in (${values})`;
      case "NotIn":
        return `${key} notin (${values})`;
      case "Exists":
        return key;
      case undefined:
      default:
        return `!${key}`;
    }
  });
  const all = [
    ...Object.keys(equalities)
      .sort()
      .map((key) => `${key}=${show(equalities[key])}`),
    ...expressions,
  ];
  return join(all);
}

const podSpecOf = (object: KubeObject): JsonObject =>
  object.kind === "CronJob"
    ? objectAt(object, "spec", "jobTemplate", "spec", "template", "spec")
    : objectAt(object, "spec", "template", "spec");

/** Names and images of a template's containers. */
export const containers: readonly Column[] = [
  wide("Containers", (object) =>
    join(listAt(podSpecOf(object), "containers").map((each) => stringAt(each, "name") ?? "")),
  ),
  wide("Images", (object) =>
    join(listAt(podSpecOf(object), "containers").map((each) => stringAt(each, "image") ?? "")),
  ),
];

/** Whether a condition of an object is true. */
export const condition = (object: KubeObject, type: string): string | undefined =>
  listAt(object, "status", "conditions").flatMap((each) =>
    stringAt(each, "type") === type ? [stringAt(each, "status") ?? ""] : [],
  )[0];

export const size = (list: JsonArray): number => list.length;
