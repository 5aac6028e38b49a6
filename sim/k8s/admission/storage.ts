import { forbidden } from "../apiserver/status.js";
import { parseQuantity } from "../objects/quantity.js";
import { at, isObject, mutable, stringAt, type Draft, type JsonObject } from "../objects/value.js";
import { claimFinalizer, volumeFinalizer } from "../volumes/matching.js";
import type { AdmissionPlugin } from "./admission.js";

const finalizers: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: claimFinalizer,
  PersistentVolume: volumeFinalizer,
};

/** A new claim or volume doesn't go while it is used: its protection controller says when. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  mutate({ operation, resource, subresource, object }) {
    const finalizer = finalizers[resource.kind];
    if (operation !== "CREATE" || subresource !== "" || finalizer === undefined || object === undefined) return;
    const given = object["metadata"];
    const metadata: Draft = isObject(given) ? mutable(given) : {};
    const known = metadata["finalizers"];
    const list = Array.isArray(known) ? (known as string[]) : [];
    if (!list.includes(finalizer)) metadata["finalizers"] = [...list, finalizer];
    object["metadata"] = metadata;
  },
};

const size = (claim: JsonObject | undefined): bigint =>
  parseQuantity(stringAt(claim, "spec", "resources", "requests", "storage") ?? "0") ?? 0n;

/** A claim grows only where it is bound and its class lets it (`allowVolumeExpansion`). */
export const claimResize: AdmissionPlugin = {
  name: "PersistentVolumeClaimResize",
  validate({ operation, resource, subresource, name, object, old }, view) {
    if (operation !== "UPDATE" || resource.kind !== "PersistentVolumeClaim" || subresource !== "") return;
    if (size(object) <= size(old)) return;
    if (stringAt(old, "status", "phase") !== "Bound")
      throw forbidden(resource, name, "Only bound persistent volume claims can be expanded");
    const storageClass = view.get("storageclasses", "", stringAt(object, "spec", "storageClassName") ?? "");
    if (at(storageClass, "allowVolumeExpansion") === true) return;
    throw forbidden(
      resource,
      name,
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
    );
  },
};
