import { child } from "../field-error.js";
import { formats } from "../formats.js";
import { parseQuantity } from "../quantity.js";
import { equal, listAt, objectAt, stringAt, withAt } from "../value.js";
import { fixed } from "./pod.js";
import type { Rule, Rules, UpdateRule } from "./rule.js";

const core = "io.k8s.api.core.v1";
const keyCheck = formats.get("config-key");

const configMap: Rule = (value, path, errors) => {
  for (const part of ["data", "binaryData"]) {
    for (const key of Object.keys(objectAt(value, part))) {
      for (const complaint of keyCheck?.(key) ?? []) errors.invalid(`${child(path, part)}[${key}]`, key, complaint);
    }
  }
};

const frozen: UpdateRule = (object, old, errors) => {
  if (old["immutable"] !== true) return;
  if (object["immutable"] !== true) errors.forbidden("immutable", "field is immutable when `immutable` is set");
  for (const part of ["data", "binaryData"]) {
    if (!equal(object[part], old[part])) errors.forbidden(part, "field is immutable when `immutable` is set");
  }
};

const secretKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
]);
const secret: Rule = (value, path, errors) => {
  configMap(value, path, errors);
  const data = objectAt(value, "data");
  for (const key of secretKeys.get(stringAt(value, "type") ?? "") ?? []) {
    if (data[key] === undefined) errors.required(`data[${key}]`);
  }
};

/** A claim may grow, and its class may not change. */
const claim: UpdateRule = (object, old, errors) => {
  const size = (quantity: string | undefined): bigint => parseQuantity(quantity ?? "0") ?? 0n;
  const wanted = size(stringAt(object, "spec", "resources", "requests", "storage"));
  if (
    wanted < size(stringAt(old, "status", "capacity", "storage")) &&
    wanted < size(stringAt(old, "spec", "resources", "requests", "storage"))
  )
    errors.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
  const strip = (from: typeof object): object =>
    [
      "resources",
      "volumeAttributesClassName",
      ...(stringAt(old, "spec", "volumeName") === undefined ? ["volumeName"] : []),
    ].reduce((rest, key) => withAt(rest, [key], undefined), objectAt(from, "spec"));
  if (JSON.stringify(strip(object)) === JSON.stringify(strip(old))) return;
  errors.forbidden(
    "spec",
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
  );
};

const budget: Rule = (spec, path, errors) => {
  if (spec["minAvailable"] !== undefined && spec["maxUnavailable"] !== undefined) {
    errors.invalid(path, spec, "minAvailable and maxUnavailable cannot be both set");
  }
};

const autoscaler: Rule = (spec, path, errors) => {
  const { minReplicas, maxReplicas } = spec;
  if (typeof minReplicas === "number" && typeof maxReplicas === "number" && maxReplicas < minReplicas) {
    errors.invalid(child(path, "maxReplicas"), maxReplicas, "must be greater than or equal to `minReplicas`");
  }
};

const policyRule: Rule = (value, path, errors) => {
  const urls = listAt(value, "nonResourceURLs").length > 0;
  if (urls) return;
  if (listAt(value, "apiGroups").length === 0)
    errors.required(child(path, "apiGroups"), "resource rules must supply at least one api group");
  if (listAt(value, "resources").length === 0)
    errors.required(child(path, "resources"), "resource rules must supply at least one resource");
};

const definition: Rule = (value, path, errors) => {
  const { metadata } = value;
  const expected = `${stringAt(value, "spec", "names", "plural") ?? ""}.${stringAt(value, "spec", "group") ?? ""}`;
  if (stringAt(metadata, "name") !== expected) {
    errors.invalid("metadata.name", stringAt(metadata, "name"), `must be spec.names.plural+"."+spec.group`);
  }
  const versions = listAt(value, "spec", "versions");
  if (versions.filter((version) => objectAt(version)["storage"] === true).length !== 1) {
    errors.invalid(
      child(path, "spec.versions"),
      value["versions"] ?? null,
      "must have exactly one version marked as storage version",
    );
  }
  versions.forEach((version, i) => {
    if (objectAt(version)["schema"] === undefined) {
      errors.required(`spec.versions[${i}].schema.openAPIV3Schema`, "schemas are required");
    }
  });
};

export const otherRules: Rules<Rule> = [
  [`${core}.ConfigMap`, configMap],
  [`${core}.Secret`, secret],
  ["io.k8s.api.policy.v1.PodDisruptionBudgetSpec", budget],
  ["io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", autoscaler],
  ["io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec", autoscaler],
  ["io.k8s.api.rbac.v1.PolicyRule", policyRule],
  ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition", definition],
];
export const otherUpdate: Rules<UpdateRule> = [
  [`${core}.ConfigMap`, frozen],
  [`${core}.Secret`, frozen],
  [`${core}.PersistentVolumeClaim`, claim],
  [
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    (object, old, errors): void => {
      fixed(object, old, ["spec", "scope"], errors);
      fixed(object, old, ["spec", "names", "kind"], errors);
    },
  ],
];
