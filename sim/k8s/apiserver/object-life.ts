import type { Resource, Subresource } from "../objects/kinds.js";
import {
  copyOf,
  isObject,
  listAt,
  numberAt,
  omit,
  type Draft,
  type JsonObject,
  type KubeObject,
} from "../objects/value.js";
import type { DeleteOptions } from "./options.js";
import { badRequest } from "./status.js";
import { deletesAtOnce } from "./strategy.js";

/** The metadata of a new object: what clients may not say of themselves is left out. @throws ApiError 400 for a revision */
export function newMetadata(resource: Resource, namespace: string, draft: Draft, suffix: () => string): Draft {
  const metadata: Draft = isObject(draft["metadata"]) ? copyOf(draft["metadata"]) : {};
  const generated = metadata["generateName"];
  if ((metadata["name"] ?? "") === "" && typeof generated === "string" && generated !== "") {
    metadata["name"] = `${generated.slice(0, 58)}${suffix()}`;
  }
  if (resource.namespaced) metadata["namespace"] = namespace;
  else if (metadata["namespace"] === "") Reflect.deleteProperty(metadata, "namespace");
  for (const key of ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "generation"]) {
    Reflect.deleteProperty(metadata, key);
  }
  if ((metadata["resourceVersion"] ?? "") !== "") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  Reflect.deleteProperty(metadata, "resourceVersion");
  return metadata;
}

/** What a client may not change of the metadata is as it was. */
export function keptMetadata(draft: Draft, old: KubeObject, namespace: string | undefined): Draft {
  const given = isObject(draft["metadata"]) ? draft["metadata"] : {};
  const metadata = copyOf(given);
  if (namespace !== undefined) metadata["namespace"] ??= namespace;
  for (const key of [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
  ]) {
    if (old.metadata[key] === undefined) Reflect.deleteProperty(metadata, key);
    else if (key !== "uid" || metadata["uid"] === undefined || metadata["uid"] === "")
      metadata[key] = old.metadata[key];
  }
  metadata["resourceVersion"] = old.metadata.resourceVersion;
  if (metadata["managedFields"] === undefined && old.metadata.managedFields !== undefined) {
    metadata["managedFields"] = old.metadata.managedFields;
  }
  return metadata;
}

/** What of an object a request may change, by the way it came. */
export function changedPart(resource: Resource, draft: Draft, old: KubeObject, subresource: Subresource | ""): Draft {
  if (subresource === "status") {
    const metadata = copyOf(old.metadata);
    const { managedFields } = draft["metadata"] as Draft;
    if (managedFields !== undefined) metadata["managedFields"] = managedFields;
    else Reflect.deleteProperty(metadata, "managedFields");
    for (const key of ["labels", "annotations", "finalizers", "ownerReferences"]) {
      const given = (draft["metadata"] as Draft)[key];
      if (given !== undefined) metadata[key] = given;
    }
    for (const key in metadata) if (metadata[key] === undefined) Reflect.deleteProperty(metadata, key);
    const part = copyOf(old);
    part["metadata"] = metadata;
    if (draft["status"] !== undefined) part["status"] = draft["status"];
    return part;
  }
  if (subresource === "" && resource.subresources.includes("status")) {
    if (old["status"] === undefined) Reflect.deleteProperty(draft, "status");
    else draft["status"] = old["status"];
  }
  return draft;
}

/** How many seconds an object's end may take. */
export function gracePeriod(resource: Resource, object: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  if (resource.kind !== "Pod") return 0;
  if (deletesAtOnce(object)) return 0;
  const asked = gracePeriodSeconds ?? numberAt(object, "spec", "terminationGracePeriodSeconds") ?? 30;
  const already = object.metadata.deletionGracePeriodSeconds;
  if (already !== undefined && gracePeriodSeconds === undefined) return already;
  return Math.max(0, asked);
}

/** All of an object that a client asks for: without metadata and status. */
export const plainOf = (object: JsonObject): JsonObject => omit(object, "metadata", "status");

/** Whether nothing holds an object any more that is to be deleted. */
export function gone({ kind }: Resource, object: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return false;
  if (kind === "Namespace" && listAt(object, "spec", "finalizers").length > 0) return false;
  return (object.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}
