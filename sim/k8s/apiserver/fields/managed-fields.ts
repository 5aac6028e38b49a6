import { groupVersion, type Resource } from "../../objects/kinds.js";
import type { Type } from "../../objects/notation.js";
import {
  equal,
  isObject,
  listAt,
  omit,
  stringAt,
  type Draft,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../../objects/value.js";
import { ApiError, type Cause } from "../status.js";
import {
  changes,
  common,
  isEmpty,
  merged,
  minus,
  pathsOf,
  present,
  setOf,
  union,
  without,
  type FieldSet,
} from "./field-set.js";

/** Whose fields are whose (kubernetes.io, "Server-Side Apply"). */
interface Entry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly time: string;
  readonly subresource: string;
  readonly fields: FieldSet;
}

const typeOf = (resource: Resource): Type => ({ of: "struct", struct: resource.struct });

function read(object: JsonObject | undefined): Entry[] {
  return listAt(object, "metadata", "managedFields").flatMap((entry): Entry[] => {
    const fields = isObject(entry) ? entry["fieldsV1"] : undefined;
    if (!isObject(fields)) return [];
    return [
      {
        manager: stringAt(entry, "manager") ?? "",
        operation: stringAt(entry, "operation") === "Apply" ? "Apply" : "Update",
        apiVersion: stringAt(entry, "apiVersion") ?? "",
        time: stringAt(entry, "time") ?? "",
        subresource: stringAt(entry, "subresource") ?? "",
        fields,
      },
    ];
  });
}

const write = (entries: readonly Entry[]): JsonObject[] =>
  entries.map(({ manager, operation, apiVersion, time, subresource, fields }) => ({
    manager,
    operation,
    apiVersion,
    time,
    fieldsType: "FieldsV1",
    fieldsV1: fields,
    ...(subresource === "" ? {} : { subresource }),
  }));

/** Whether a write changes nothing but when somebody came to own fields: then it is none (apiserver, `ignoreManagedFieldsTimestamps`). */
export function changesNothing(object: KubeObject, old: KubeObject): boolean {
  const { managedFields } = object.metadata;
  if (managedFields === undefined || old.metadata.managedFields === undefined) return equal(object, old);
  const timeless = (one: KubeObject): JsonObject => ({
    ...one.metadata,
    managedFields: listAt(one, "metadata", "managedFields").map((entry) => omit(entry as JsonObject, "time")),
  });
  return equal(timeless(object), timeless(old)) && equal(omit(object, "metadata"), omit(old, "metadata"));
}

/** What no one owns (apiserver, `stripMeta`). */
function owned(object: JsonObject): JsonObject {
  const metadata: Draft = {};
  const given = isObject(object["metadata"]) ? object["metadata"] : {};
  for (const key of ["labels", "annotations", "finalizers", "ownerReferences", "generateName"]) {
    if (given[key] !== undefined) metadata[key] = given[key];
  }
  const rest = omit(object, "apiVersion", "kind", "metadata");
  return Object.keys(metadata).length === 0 ? rest : { ...rest, metadata };
}

const sameOwner = (a: Entry, b: Pick<Entry, "manager" | "operation" | "subresource">): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource;

function put(draft: Draft, entries: readonly Entry[]): void {
  const metadata = draft["metadata"] as Draft;
  if (entries.length === 0) Reflect.deleteProperty(metadata, "managedFields");
  else metadata["managedFields"] = write(entries);
}

/**
 * Notes in a draft whose fields an update changes. Without a manager's name nothing is tracked anew: components inside the
 * simulation that don't name themselves leave no trace in objects, which keeps 150,000 pods small.
 */
export function trackUpdate(
  resource: Resource,
  old: KubeObject | undefined,
  draft: Draft,
  manager: string,
  subresource: string,
  time: string,
): void {
  if (manager === "" && old?.metadata.managedFields === undefined) return;
  const given = read(draft);
  // A client that sends an empty list gives all ownership up.
  const before = (draft["metadata"] as Draft)["managedFields"] === undefined ? read(old) : given;
  const type = typeOf(resource);
  const now = owned(draft);
  const changed = changes(type, undefined, old === undefined ? {} : owned(old), now);
  const apiVersion = groupVersion(resource);
  const mine = { manager, operation: "Update" as const, subresource };
  const entries: Entry[] = [];
  let added = false;
  for (const entry of before) {
    const still = present(type, undefined, entry.fields, now);
    const left = still === undefined || changed === undefined || sameOwner(entry, mine) ? still : minus(still, changed);
    if (sameOwner(entry, mine) && changed !== undefined && manager !== "") {
      added = true;
      entries.push({ ...entry, apiVersion, time, fields: left === undefined ? changed : union(left, changed) });
    } else if (left !== undefined) entries.push({ ...entry, fields: left });
  }
  if (!added && changed !== undefined && manager !== "") entries.push({ ...mine, apiVersion, time, fields: changed });
  put(draft, entries);
}

/**
 * Applies a configuration over what is there.
 * @param live what is there, or undefined to create
 * @returns the object that comes of it, with its owners noted
 * @throws ApiError 409 naming the fields that others own, unless `force`
 */
export function applyConfiguration(
  resource: Resource,
  live: KubeObject | undefined,
  config: JsonObject,
  {
    manager,
    force,
    subresource,
    time,
  }: { readonly manager: string; readonly force: boolean; readonly subresource: string; readonly time: string },
): Draft {
  const type = typeOf(resource);
  const applied = owned(config);
  const wanted = setOf(type, undefined, applied, false);
  const mine = { manager, operation: "Apply" as const, subresource };
  const entries = read(live);
  const was = live === undefined ? {} : owned(live);
  const next = merged(type, undefined, was, applied) as JsonObject;
  const changed = changes(type, undefined, was, next) ?? {};
  const disputed = isEmpty(changed) ? undefined : common(wanted, changed);
  if (!force && disputed !== undefined) refuse(entries, mine, disputed);
  // What this manager has applied before and now leaves out goes, unless somebody else owns it.
  const before = entries.find((entry) => sameOwner(entry, mine));
  let dropped = before === undefined ? undefined : minus(before.fields, wanted);
  for (const entry of entries) {
    if (dropped !== undefined && !sameOwner(entry, mine)) dropped = minus(dropped, entry.fields);
  }
  const value = dropped === undefined ? next : ((without(type, undefined, next, dropped) ?? {}) as JsonObject);
  const kept: Entry[] = entries.flatMap((entry) => {
    if (sameOwner(entry, mine)) return [];
    const still = present(type, undefined, entry.fields, value);
    const left = still === undefined || disputed === undefined ? still : minus(still, disputed);
    return left === undefined ? [] : [{ ...entry, fields: left }];
  });
  const unchanged =
    before !== undefined && minus(before.fields, wanted) === undefined && minus(wanted, before.fields) === undefined;
  const own: Entry = {
    ...mine,
    apiVersion: groupVersion(resource),
    time: unchanged && isEmpty(changed) ? before.time : time,
    fields: wanted,
  };
  const base = live ?? config;
  const draft: Draft = { ...value, apiVersion: base["apiVersion"], kind: base["kind"] };
  const meta: Draft = { ...(isObject(base["metadata"]) ? base["metadata"] : {}) };
  for (const key of ["labels", "annotations", "finalizers", "ownerReferences"]) {
    const now: Json | undefined = isObject(value["metadata"]) ? value["metadata"][key] : undefined;
    if (now === undefined) Reflect.deleteProperty(meta, key);
    else meta[key] = now;
  }
  draft["metadata"] = meta;
  const index = entries.findIndex((entry) => sameOwner(entry, mine));
  const all = [...kept];
  all.splice(index < 0 ? 0 : Math.min(index, all.length), 0, own);
  put(draft, all);
  return draft;
}

function refuse(
  entries: readonly Entry[],
  mine: Pick<Entry, "manager" | "operation" | "subresource">,
  disputed: FieldSet,
): void {
  const causes: (Cause & { readonly owner: string })[] = [];
  for (const entry of entries) {
    if (sameOwner(entry, mine)) continue;
    const both = common(disputed, entry.fields);
    if (both === undefined) continue;
    const how =
      entry.operation === "Update" ? ` using ${entry.apiVersion}${entry.time === "" ? "" : ` at ${entry.time}`}` : "";
    const sub = entry.subresource === "" ? "" : ` with subresource ${JSON.stringify(entry.subresource)}`;
    const owner = `conflict with ${JSON.stringify(entry.manager)}${sub}${how}`;
    for (const field of pathsOf(both)) causes.push({ reason: "FieldManagerConflict", message: owner, field, owner });
  }
  if (causes.length === 0) return;
  const [only] = causes;
  const owners = new Map<string, string[]>();
  for (const { owner, field = "" } of causes) owners.set(owner, [...(owners.get(owner) ?? []), field]);
  const text =
    causes.length === 1 && only !== undefined
      ? `${only.owner}: ${only.field ?? ""}`
      : [...owners]
          .map(
            ([owner, fields]) =>
              `${owner.replace("conflict", "conflicts")}:\n${fields.map((field) => `- ${field}`).join("\n")}`,
          )
          .join("\n");
  const count = causes.length === 1 ? "1 conflict" : `${causes.length} conflicts`;
  throw new ApiError(409, "Conflict", `Apply failed with ${count}: ${text}`, {
    causes: causes.map(({ reason, message, field }): Cause => ({ reason: reason ?? "", message, field: field ?? "" })),
  });
}
