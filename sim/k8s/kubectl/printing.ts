import type { Activity } from "../../core/index.js";
import { parseQuantity } from "../objects/quantity.js";
import { listAt, objectAt, show, stringAt, type Json, type JsonObject, type KubeObject } from "../objects/value.js";
import { failure } from "./failure.js";
import { printTemplate, select } from "./jsonpath.js";
import { apiVersionOf, titleOf, type Mapping, type Session } from "./session.js";
import { columns, jsonText, yamlText } from "./text.js";

const formats =
  "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml";

/** How `-o` wants objects; undefined where that is for a table. */
export function printerOf(output: string | undefined): ((value: JsonObject, title: string) => string) | undefined {
  const [format = "", ...rest] = (output ?? "").split("=");
  const argument = rest.join("=");
  switch (format) {
    case "":
    case "wide":
      return undefined;
    case "json":
      return (value) => `${jsonText(value)}\n`;
    case "yaml":
      return (value) => yamlText(value);
    case "name":
      return (value, title) => `${title}/${stringAt(value, "metadata", "name") ?? ""}\n`;
    case "jsonpath":
      if (argument === "") throw failure("template format specified but no template given");
      return (value) => printTemplate(argument, value);
    case "custom-columns":
      if (argument === "") throw failure("custom-columns format specified but no custom columns given");
      return (value) => customColumns(argument, value);
    default:
      throw failure(
        `unable to match a printer suitable for the output format "${format}", allowed formats are: ${formats}`,
      );
  }
}

function customColumns(spec: string, value: JsonObject): string {
  const wanted = spec.split(",").map((column) => {
    const [, title = "", path = ""] = /^([^:]*):(.*)$/s.exec(column) ?? [];
    if (title === "") throw failure(`unexpected custom-columns spec: ${column}, expected <header>:<json-path-expr>`);
    return { title, path: path.replace(/^\{|\}$/g, "").replace(/^(?![.[])/, ".") };
  });
  const items = stringAt(value, "kind") === "List" ? listAt(value, "items") : [value];
  const rows = items.map((item) =>
    wanted.map(({ path }) => {
      const found = select(path, item);
      return found.length === 0 ? "<none>" : found.map(show).join(",");
    }),
  );
  return columns([wanted.map(({ title }) => title), ...rows]);
}

/** What commands that make or change an object print of it. */
export function* printDone(session: Session, mapping: Mapping, object: JsonObject, done: string): Activity<void> {
  const printer = printerOf(session.line.value("output"));
  const name = stringAt(object, "metadata", "name") ?? "";
  yield* session.out(
    printer === undefined
      ? `${titleOf(mapping)}/${name} ${done}${session.dryNote}\n`
      : printer({ apiVersion: apiVersionOf(mapping), kind: mapping.kind, ...object }, titleOf(mapping)),
  );
}

/** What `get` prints of tables of one kind. */
export function tableText(session: Session, mapping: Mapping, tables: readonly JsonObject[], kinds: boolean): string {
  const { line } = session;
  const wide = line.value("output") === "wide";
  const definitions = listAt(tables[0], "columnDefinitions");
  const shown = definitions.flatMap((column, at) => (wide || (objectAt(column)["priority"] ?? 0) === 0 ? [at] : []));
  const everywhere = line.is("all-namespaces") && mapping.namespaced;
  const extra = line.all("label-columns").flatMap((each) => each.split(","));
  const labels = line.is("show-labels");
  const header = [
    ...(everywhere ? ["NAMESPACE"] : []),
    ...shown.map((at) => (stringAt(definitions[at], "name") ?? "").toUpperCase()),
    ...extra.map((label) => label.replace(/^.*\//, "").toUpperCase()),
    ...(labels ? ["LABELS"] : []),
  ];
  const rows = sortedRows(
    tables.flatMap((table) => listAt(table, "rows")),
    line.value("sort-by"),
  ).map((row) => {
    const cells = listAt(row, "cells");
    const found = objectAt(row, "object", "metadata", "labels");
    const names = Object.keys(found).sort();
    return [
      ...(everywhere ? [stringAt(row, "object", "metadata", "namespace") ?? ""] : []),
      ...shown.map((at) => {
        const text = cells[at] === null ? "" : show(cells[at]);
        return kinds && at === 0 ? `${titleOf(mapping)}/${text}` : text;
      }),
      ...extra.map((label) => show(found[label])),
      ...(labels ? [names.length === 0 ? "<none>" : names.map((key) => `${key}=${show(found[key])}`).join(",")] : []),
    ];
  });
  return columns(line.is("no-headers") ? rows : [header, ...rows]);
}

/** @param path what to sort by, of the objects */
function sortedRows(rows: readonly Json[], path: string | undefined): readonly Json[] {
  if (path === undefined) return rows;
  return sorted(rows, path, (row) => objectAt(row, "object"));
}

/** Objects in the order of what stands at a path: numbers and quantities by size, else text. @throws KubectlFailure */
export function sorted<T>(items: readonly T[], path: string, objectOf: (item: T) => Json): readonly T[] {
  const plain = path.replace(/^\{|\}$/g, "").replace(/^(?![.[])/, ".");
  const keys = new Map(items.map((item) => [item, select(plain, objectOf(item))[0]]));
  if (items.length > 0 && [...keys.values()].every((key) => key === undefined))
    throw failure(
      `${
        path
          .replace(/^\{?\.?|\}$/g, "")
          .split(".")
          .at(-1) ?? ""
      } is not found`,
    );
  const compare = (a: Json | undefined, b: Json | undefined): number => {
    if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
    const [x, y] = [quantity(a), quantity(b)];
    if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : 0;
    return show(a) < show(b) ? -1 : show(a) > show(b) ? 1 : 0;
  };
  return [...items].sort((a, b) => compare(keys.get(a), keys.get(b)));
}

const quantity = (value: Json): bigint | undefined =>
  typeof value === "number" || typeof value === "string" ? parseQuantity(value) : undefined;

/** Several objects as one. */
export const listOf = (items: readonly KubeObject[]): JsonObject => ({
  apiVersion: "v1",
  kind: "List",
  metadata: { resourceVersion: "", selfLink: "" },
  items,
});
