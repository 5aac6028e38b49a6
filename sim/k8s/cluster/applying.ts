import type { TableView } from "../../core/index.js";
import { stringAt, type JsonObject } from "../objects/value.js";
import type { Kinds } from "./kinds.js";

interface Way {
  request(
    method: string,
    path: string,
    body: JsonObject,
    contentType?: string,
    query?: Readonly<Record<string, string>>,
  ): JsonObject;
  /** undefined for what is refused. */
  ask(method: string, path: string): JsonObject | undefined;
}

/** Applies objects one by one, and says what became of each. @param namespaceOf theirs where they name none */
export function applied(objects: readonly JsonObject[], namespaceOf: string, kinds: Kinds, way: Way): TableView {
  const rows = objects.map((object) => {
    const kind = kinds.of(stringAt(object, "apiVersion") ?? "", stringAt(object, "kind") ?? "");
    const name = stringAt(object, "metadata", "name");
    const namespace = stringAt(object, "metadata", "namespace") ?? namespaceOf;
    const whole = { apiVersion: kind.apiVersion, kind: kind.kind, ...object };
    if (name === undefined) {
      const made = way.request("POST", kind.path(namespace), whole);
      return { object: `${kind.title}/${stringAt(made, "metadata", "name") ?? ""}`, result: "created" };
    }
    const path = kind.path(namespace, name);
    const before = way.ask("GET", path);
    const after = way.request("PATCH", path, whole, "application/apply-patch+yaml", {
      fieldManager: "virtlab",
      force: "true",
    });
    const revision = (each: JsonObject | undefined): string => stringAt(each, "metadata", "resourceVersion") ?? "";
    const result = before === undefined ? "created" : revision(before) === revision(after) ? "unchanged" : "configured";
    return { object: `${kind.title}/${name}`, result };
  });
  return { as: "table", title: "Applied", columns: [{ key: "object" }, { key: "result" }], rows };
}
