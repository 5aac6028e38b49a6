import { child, FieldErrors } from "./field-error.js";
import { formats, labelKey, labelValue, dnsSubdomain } from "./formats.js";
import type { Field, Struct, Type } from "./notation.js";
import { equal, isArray, isObject, type Json, type JsonObject, type KubeObject } from "./value.js";
import { rules, updateRules, views } from "./rules/all.js";

/** Reused for structs that are absent and required: Go has a zero value there, whose own fields are checked. */
const empty: JsonObject = {};

function scalar(field: Field, value: Json, path: string, errors: FieldErrors): void {
  if (field.enum !== undefined && typeof value === "string" && !field.enum.includes(value)) {
    if (value === "" && field.required) errors.required(path);
    else errors.notSupported(path, value, field.enum);
    return;
  }
  if (typeof value === "number") {
    const { min = -Infinity, max = Infinity } = field;
    if (value < min || value > max) {
      const range = `must be between ${min} and ${max}, inclusive`;
      errors.invalid(
        path,
        value,
        max !== Infinity
          ? range
          : min === 0
            ? "must be greater than or equal to 0"
            : `must be greater than or equal to ${min}`,
      );
    } else if (field.format === "port" && (value < 1 || value > 65_535)) {
      errors.invalid(path, value, "must be between 1 and 65535, inclusive");
    }
    return;
  }
  const check = field.format === undefined ? undefined : formats.get(field.format);
  if (check === undefined || typeof value !== "string" || (value === "" && !field.required)) return;
  for (const complaint of check(value)) errors.invalid(path, value, complaint);
}

function each(field: Field, type: Type, value: Json, path: string, errors: FieldErrors): void {
  switch (type.of) {
    case "struct":
      if (isObject(value)) validateStruct(type.struct, value, path, errors);
      return;
    case "list":
      if (!isArray(value)) return;
      for (let i = 0; i < value.length; i++) each(field, type.item, value[i] ?? null, `${path}[${i}]`, errors);
      if (field.listType === "map" && value.length > 1) duplicates(field, value, path, errors);
      return;
    case "map":
      if (!isObject(value) || type.value.of !== "struct") return;
      for (const key in value) each(field, type.value, value[key] ?? null, `${path}[${key}]`, errors);
      return;
    case "scalar":
      scalar(field, value, path, errors);
  }
}

/** Items of a list whose keys are to be unique: `spec.containers[1].name: Duplicate value: "a"`. */
function duplicates({ listKeys }: Field, value: readonly Json[], path: string, errors: FieldErrors): void {
  // Names of environment variables may come twice, and the last one counts; ports are unique by their number on the host.
  const [key] = listKeys;
  if (key === undefined || listKeys.length > 1 || /\.env$|ownerReferences$/.test(path)) return;
  const seen = new Set<Json | undefined>();
  value.forEach((item, i) => {
    const name = isObject(item) ? item[key] : undefined;
    if (name !== undefined && seen.has(name)) errors.duplicate(`${path}[${i}].${key}`, name);
    seen.add(name);
  });
}

function validateStruct(struct: Struct, given: JsonObject, path: string, errors: FieldErrors): void {
  const value = views.get(struct.name)?.(given) ?? given;
  for (const field of struct.fields.values()) {
    const { name, type } = field;
    // What controllers say isn't checked; metadata is, in a way of its own.
    if (path === "" && (name === "status" || name === "metadata" || name === "kind" || name === "apiVersion")) continue;
    const found = value[name];
    const here = child(path, name);
    if (found === undefined) {
      if (field.nonempty) errors.required(here);
      else if (field.required || name === "spec") absent(field, here, errors);
      continue;
    }
    if (field.nonempty && (isArray(found) ? found.length : Object.keys(found as object).length) === 0)
      errors.required(here);
    else if (field.required && found === "" && field.enum === undefined) errors.required(here);
    else each(field, type, found, here, errors);
  }
  rules.get(struct.name)?.(value, path, errors);
}

/** In Go an absent number is 0, an absent struct is empty; strings and what is behind a pointer are missing. */
function absent(field: Field, path: string, errors: FieldErrors): void {
  const { type } = field;
  if (type.of === "struct" && !type.struct.name.endsWith("LabelSelector")) {
    if (/ObjectReference$/.test(type.struct.name)) errors.required(path);
    else validateStruct(type.struct, empty, path, errors);
  } else if (type.of === "scalar" && (type.name === "int32" || type.name === "int64")) scalar(field, 0, path, errors);
  else if (type.of === "scalar" && type.name === "bool") return;
  else if (type.of !== "list") errors.required(path);
}

/** How a kind's names look: most are DNS subdomains. */
const nameChecks: ReadonlyMap<string, string> = new Map([
  ["Namespace", "dns-label"],
  ["Service", "dns-1035-label"],
]);

/** Kinds whose names need only be one segment of a path (`IsValidPathSegmentName`). */
const pathNames = new Set(["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]);

function validateMeta(object: KubeObject, namespaced: boolean, errors: FieldErrors): void {
  const { metadata, kind } = object;
  const { name = "", generateName, namespace } = metadata;
  const format = nameChecks.get(kind);
  const check = format === undefined ? dnsSubdomain : (formats.get(format) ?? dnsSubdomain);
  if (name === "") {
    errors.required("metadata.name", "name or generateName is required");
  } else if (pathNames.has(kind)) {
    if (name === "." || name === "..") errors.invalid("metadata.name", name, `may not be '${name}'`);
    for (const mark of ["/", "%"]) {
      if (name.includes(mark)) errors.invalid("metadata.name", name, `may not contain '${mark}'`);
    }
  } else for (const complaint of check(name)) errors.invalid("metadata.name", name, complaint);
  if (generateName !== undefined && generateName !== "" && !pathNames.has(kind)) {
    for (const complaint of check(generateName.replace(/-$/, "a")))
      errors.invalid("metadata.generateName", generateName, complaint);
  }
  if (namespaced && (namespace ?? "") === "") errors.required("metadata.namespace");
  if (!namespaced && (namespace ?? "") !== "") errors.forbidden("metadata.namespace", "not allowed on this type");
  validateLabels(metadata.labels, "metadata.labels", errors);
  let size = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    for (const complaint of labelKey(key.toLowerCase())) errors.invalid("metadata.annotations", key, complaint);
    size += key.length + value.length;
  }
  if (size > 256 * 1024) errors.tooLong("metadata.annotations", 256 * 1024);
  metadata.finalizers?.forEach((finalizer) => {
    for (const complaint of labelKey(finalizer)) errors.invalid("metadata.finalizers", finalizer, complaint);
  });
  let controller = 0;
  metadata.ownerReferences?.forEach((owner, i) => {
    const path = `metadata.ownerReferences[${i}]`;
    for (const [key, word] of [
      ["apiVersion", "version"],
      ["kind", "kind"],
      ["name", "name"],
      ["uid", "uid"],
    ] as const) {
      if (!owner[key]) errors.invalid(`${path}.${key}`, owner[key], `${word} must not be empty`);
    }
    if (owner.controller === true) controller++;
  });
  if (controller > 1) {
    errors.invalid(
      "metadata.ownerReferences",
      metadata.ownerReferences,
      'Only one reference can have Controller set to true. Found "true" in references for several owners',
    );
  }
}

/** Labels wherever they stand. */
function validateLabels(labels: Json | undefined, path: string, errors: FieldErrors): void {
  if (!isObject(labels)) return;
  for (const [key, value] of Object.entries(labels)) {
    for (const complaint of labelKey(key)) errors.invalid(path, key, complaint);
    if (typeof value !== "string") continue;
    for (const complaint of labelValue(value)) errors.invalid(path, value, complaint);
  }
}

function immutable(struct: Struct, value: JsonObject, old: JsonObject, path: string, errors: FieldErrors): void {
  for (const field of struct.fields.values()) {
    const here = child(path, field.name);
    const now = value[field.name];
    if (field.immutable && !equal(now, old[field.name])) {
      errors.invalid(here, now, "field is immutable");
    } else if (field.type.of === "struct" && path === "" && isObject(now)) {
      const was = old[field.name];
      if (isObject(was)) immutable(field.type.struct, now, was, here, errors);
    }
  }
}

/** What is wrong with a new object. */
export function validate(struct: Struct, object: KubeObject, namespaced: boolean): FieldErrors {
  const errors = new FieldErrors();
  validateMeta(object, namespaced, errors);
  validateStruct(struct, object, "", errors);
  return errors;
}

/** What is wrong with an object that is to take another's place. */
export function validateUpdate(struct: Struct, object: KubeObject, old: KubeObject, namespaced: boolean): FieldErrors {
  const errors = validate(struct, object, namespaced);
  const { metadata } = object;
  const was = old.metadata;
  for (const key of ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"] as const) {
    if (metadata[key] !== was[key]) errors.invalid(`metadata.${key}`, metadata[key], "field is immutable");
  }
  if (was.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((name) => was.finalizers?.includes(name) !== true);
    if (added.length > 0) {
      const list = added.map((name) => JSON.stringify(name)).join(", ");
      errors.forbidden(
        "metadata.finalizers",
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      );
    }
  }
  immutable(struct, object, old, "", errors);
  updateRules.get(struct.name)?.(object, old, errors);
  return errors;
}
