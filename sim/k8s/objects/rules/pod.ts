import { child, type FieldErrors } from "../field-error.js";
import { labelKey, labelValue } from "../formats.js";
import { parseQuantity } from "../quantity.js";
import {
  equal,
  isObject,
  listAt,
  objectAt,
  stringAt,
  withAt,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../value.js";
import type { Rule, Rules, UpdateRule } from "./rule.js";

const core = "io.k8s.api.core.v1";

const volumeNames = (spec: JsonObject): Set<string> =>
  new Set(listAt(spec, "volumes").flatMap((volume) => stringAt(volume, "name") ?? []));

/**
 * Containers mount what their pod has. Not so the template of a StatefulSet, whose pods get volumes from its own templates (kubernetes,
 * `ValidatePodTemplateSpecForStatefulSet`).
 */
const mounted: Rule = (spec, path, errors) => {
  const volumes = volumeNames(spec);
  for (const list of ["initContainers", "containers"])
    listAt(spec, list).forEach((container, i) => {
      listAt(container, "volumeMounts").forEach((mount, j) => {
        const volume = stringAt(mount, "name") ?? "";
        const here = `${child(path, list)}[${i}].volumeMounts[${j}].name`;
        if (volume !== "" && !volumes.has(volume)) errors.notFound(here, volume);
      });
    });
};

const podSpec: Rule = (spec, path, errors) => {
  const names = new Set<string>();
  for (const list of ["initContainers", "containers"]) {
    listAt(spec, list).forEach((container, i) => {
      const here = `${child(path, list)}[${i}]`;
      const name = stringAt(container, "name") ?? "";
      if (
        names.has(name) &&
        !listAt(spec, list)
          .slice(0, i)
          .some((other) => stringAt(other, "name") === name)
      ) {
        errors.duplicate(`${here}.name`, name);
      }
      names.add(name);
      if ((stringAt(container, "image") ?? "") === "") errors.required(`${here}.image`);
    });
  }
  for (const [key, value] of Object.entries(objectAt(spec, "nodeSelector"))) {
    for (const complaint of labelKey(key)) errors.invalid(child(path, "nodeSelector"), key, complaint);
    if (typeof value !== "string") continue;
    for (const complaint of labelValue(value)) errors.invalid(child(path, "nodeSelector"), value, complaint);
  }
};

const resources: Rule = (value, path, errors) => {
  for (const list of ["limits", "requests"]) {
    for (const [name, amount] of Object.entries(objectAt(value, list))) {
      const here = `${child(path, list)}[${name}]`;
      const complaints = labelKey(name);
      for (const complaint of complaints) errors.invalid(here, name, complaint);
      if (typeof amount === "string" && (parseQuantity(amount) ?? 0n) < 0n) {
        errors.invalid(here, amount, "must be greater than or equal to 0");
      }
    }
  }
  const limits = objectAt(value, "limits");
  for (const [name, amount] of Object.entries(objectAt(value, "requests"))) {
    const limit = limits[name];
    if (typeof limit !== "string" || typeof amount !== "string") continue;
    if ((parseQuantity(amount) ?? 0n) > (parseQuantity(limit) ?? 0n)) {
      errors.invalid(child(path, "requests"), amount, `must be less than or equal to ${name} limit of ${limit}`);
    }
  }
};

const probe: Rule = (value, path, errors) => {
  const handlers = ["exec", "httpGet", "tcpSocket", "grpc"].filter((key) => value[key] !== undefined);
  if (handlers.length === 0) errors.required(path, "must specify a handler type");
  for (const extra of handlers.slice(1))
    errors.forbidden(child(path, extra), "may not specify more than 1 handler type");
  if (
    /(livenessProbe|startupProbe)$/.test(path) &&
    typeof value["successThreshold"] === "number" &&
    value["successThreshold"] > 1
  ) {
    errors.invalid(child(path, "successThreshold"), value["successThreshold"], "must be 1");
  }
};

const volume: Rule = (value, path, errors) => {
  const sources = Object.keys(value).filter((key) => key !== "name" && value[key] !== undefined);
  for (const extra of sources.slice(1)) errors.forbidden(child(path, extra), "may not specify more than 1 volume type");
};

const toleration: Rule = (value, path, errors) => {
  const key = stringAt(value, "key") ?? "";
  const operator = stringAt(value, "operator") ?? "Equal";
  if (key === "" && operator !== "Exists") {
    errors.invalid(
      child(path, "operator"),
      operator === "Equal" && value["operator"] === undefined ? "" : operator,
      'operator must be Exists when `key` is empty, which means "match all values and all keys"',
    );
  }
  if (operator === "Exists" && (stringAt(value, "value") ?? "") !== "") {
    errors.invalid(
      child(path, "operator"),
      stringAt(value, "value"),
      "value must be empty when `operator` is 'Exists'",
    );
  }
  if (value["tolerationSeconds"] !== undefined && value["effect"] !== "NoExecute") {
    errors.invalid(
      child(path, "effect"),
      stringAt(value, "effect") ?? "",
      "effect must be 'NoExecute' when `tolerationSeconds` is set",
    );
  }
};

const envVar: Rule = (value, path, errors) => {
  const from = value["valueFrom"];
  if (from === undefined) return;
  if ((stringAt(value, "value") ?? "") !== "")
    errors.invalid(child(path, "valueFrom"), "", "may not be specified when `value` is not empty");
  if (isObject(from) && Object.keys(from).length === 0) {
    errors.invalid(
      child(path, "valueFrom"),
      "",
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
    );
  }
};

const withoutImages = (spec: JsonObject): JsonObject => {
  let plain: JsonObject = { ...spec };
  for (const list of ["containers", "initContainers"]) {
    if (spec[list] === undefined) continue;
    plain = withAt(
      plain,
      [list],
      listAt(spec, list).map((each): Json => (isObject(each) ? { ...each, image: "" } : each)),
    );
  }
  return plain;
};

/** Of a pod's spec an update may change images, `activeDeadlineSeconds`, add tolerations; and a gated one its scheduling. */
const podUpdated: UpdateRule = (object, old, errors) => {
  const now = objectAt(object, "spec");
  const was = objectAt(old, "spec");
  const before = listAt(was, "tolerations");
  const kept = before.every((toleration) => listAt(now, "tolerations").some((other) => equal(toleration, other)));
  const gated = listAt(was, "schedulingGates").length > 0;
  const free = [
    "activeDeadlineSeconds",
    "terminationGracePeriodSeconds",
    "schedulingGates",
    ...(kept ? ["tolerations"] : []),
    ...(gated ? ["nodeSelector", "affinity"] : []),
  ];
  const strip = (spec: JsonObject): JsonObject =>
    free.reduce((rest, key) => withAt(rest, [key], undefined), withoutImages(spec));
  if (equal(strip(now), strip(was))) return;
  errors.forbidden(
    "spec",
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
  );
};

/** A value that no update may change once it is set. */
export function fixed(object: KubeObject, old: KubeObject, path: readonly string[], errors: FieldErrors): void {
  const read = (from: KubeObject): Json | undefined =>
    path.reduce<Json | undefined>((value, key) => (isObject(value) ? value[key] : undefined), from);
  const was = read(old);
  if (was !== undefined && !equal(read(object), was))
    errors.invalid(path.join("."), read(object), "field is immutable");
}

/** What `mounted` says of a pod spec within something. */
export const mountedWithin =
  (...way: readonly string[]): Rule =>
  (value, path, errors) => {
    mounted(objectAt(value, ...way), child(path, way.join(".")), errors);
  };

export const podRules: Rules<Rule> = [
  [`${core}.Pod`, mountedWithin("spec")],
  [`${core}.PodTemplate`, mountedWithin("template", "spec")],
  [`${core}.PodSpec`, podSpec],
  [`${core}.ResourceRequirements`, resources],
  [`${core}.Probe`, probe],
  [`${core}.Volume`, volume],
  [`${core}.Toleration`, toleration],
  [`${core}.EnvVar`, envVar],
];
export const podUpdate: Rules<UpdateRule> = [[`${core}.Pod`, podUpdated]];
