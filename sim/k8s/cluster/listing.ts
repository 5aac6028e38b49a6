import type { Row, TableView, Value, Viewable } from "../../core/index.js";
import { listAt, omit, show, stringAt, type Json, type JsonObject, type KubeObject } from "../objects/value.js";
import { formatYaml } from "../objects/yaml.js";

/** What was asked for: objects, and the table that the API server prints of them. */
export class Listing implements Viewable {
  readonly items: readonly KubeObject[];
  readonly #table: TableView;

  constructor(items: readonly KubeObject[], table: TableView) {
    this.items = items;
    this.#table = table;
  }

  /** The objects as YAML, without the fields' owners. */
  get yaml(): string {
    return this.items
      .map((item) => formatYaml({ ...item, metadata: omit(item.metadata, "managedFields") }))
      .join("---\n");
  }

  view(): TableView {
    return this.#table;
  }
}

const valueOf = (cell: Json | undefined): Value =>
  typeof cell === "string" || typeof cell === "number" || typeof cell === "boolean" || cell === null
    ? cell
    : show(cell);

/** A table of the API (meta/v1, `Table`) as a view. @param namespaced whether rows say their namespace */
export function tableOf(table: JsonObject, title: string, namespaced: boolean): TableView {
  const names = listAt(table, "columnDefinitions").map((column) => stringAt(column, "name") ?? "");
  const rows = listAt(table, "rows").map((row): Row => {
    const cells = listAt(row, "cells");
    const within = namespaced ? { Namespace: stringAt(row, "object", "metadata", "namespace") ?? "" } : {};
    return { ...within, ...Object.fromEntries(names.map((name, place) => [name, valueOf(cells[place])])) };
  });
  return {
    as: "table",
    title,
    columns: [...(namespaced ? ["Namespace"] : []), ...names].map((key) => ({ key })),
    rows,
  };
}
