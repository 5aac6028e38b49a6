import { child, type FieldErrors } from "../field-error.js";
import { matches, parseLabelSelector } from "../selectors.js";
import { equal, isObject, listAt, objectAt, stringAt, withAt, type Json, type JsonObject } from "../value.js";
import { fixed } from "./pod.js";
import type { Rule, Rules, UpdateRule } from "./rule.js";

const labels = (value: JsonObject): Record<string, string> => {
  const found: Record<string, string> = {};
  for (const [key, label] of Object.entries(value)) if (typeof label === "string") found[key] = label;
  return found;
};

/** A workload's selector selects its own template's pods. */
function selects(spec: JsonObject, path: string, errors: FieldErrors): void {
  const selector = spec["selector"];
  if (!isObject(selector)) return;
  const parsed = parseLabelSelector(selector);
  const empty =
    Object.keys(objectAt(selector, "matchLabels")).length === 0 && selector["matchExpressions"] === undefined;
  if (empty) errors.invalid(child(path, "selector"), selector, "empty selector is invalid for deployment");
  const found = objectAt(spec, "template", "metadata", "labels");
  if (!matches(parsed, labels(found))) {
    errors.invalid(child(path, "template.metadata.labels"), found, "`selector` does not match template `labels`");
  }
}

const always =
  (allowed: readonly string[]): Rule =>
  (spec, path, errors) => {
    const policy = stringAt(spec, "template", "spec", "restartPolicy");
    if (policy !== undefined && !allowed.includes(policy)) {
      errors.notSupported(child(path, "template.spec.restartPolicy"), policy, allowed);
    }
  };

const both =
  (...all: readonly Rule[]): Rule =>
  (spec, path, errors) => {
    for (const rule of all) rule(spec, path, errors);
  };

const replicationController: Rule = (spec, path, errors) => {
  const selector = labels(objectAt(spec, "selector"));
  if (Object.keys(selector).length === 0) errors.required(child(path, "selector"));
  const found = labels(objectAt(spec, "template", "metadata", "labels"));
  if (!Object.entries(selector).every(([key, value]) => found[key] === value)) {
    errors.invalid(child(path, "template.metadata.labels"), found, "`selector` does not match template `labels`");
  }
};

const labelSelector: Rule = (requirement, path, errors) => {
  const operator = stringAt(requirement, "operator") ?? "";
  const count = Array.isArray(requirement["values"]) ? requirement["values"].length : 0;
  if ((operator === "In" || operator === "NotIn") && count === 0) {
    errors.required(child(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'");
  }
  if ((operator === "Exists" || operator === "DoesNotExist") && count > 0) {
    errors.forbidden(child(path, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  }
};

/** What may change of a StatefulSet. */
const statefulSet: UpdateRule = (object, old, errors) => {
  const free = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
  ];
  const strip = (spec: JsonObject): JsonObject => free.reduce((rest, key) => withAt(rest, [key], undefined), spec);
  if (equal(strip(objectAt(object, "spec")), strip(objectAt(old, "spec")))) return;
  errors.forbidden(
    "spec",
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  );
};

const job: UpdateRule = (object, old, errors) => {
  fixed(object, old, ["spec", "selector"], errors);
  fixed(object, old, ["spec", "template"], errors);
  fixed(object, old, ["spec", "completionMode"], errors);
  if (stringAt(object, "spec", "completionMode") !== "Indexed") fixed(object, old, ["spec", "completions"], errors);
};

/** Claims of its own are volumes of a StatefulSet's pods: so they are in the template that is checked. */
function withClaims(spec: JsonObject): JsonObject {
  const claims = listAt(spec, "volumeClaimTemplates");
  if (claims.length === 0) return spec;
  const names = claims.flatMap((claim) => stringAt(claim, "metadata", "name") ?? []);
  const volumes = listAt(spec, "template", "spec", "volumes");
  const own = volumes.filter((volume) => !names.includes(stringAt(volume, "name") ?? ""));
  const made = names.map((name): Json => ({ name, persistentVolumeClaim: { claimName: name } }));
  return withAt(spec, ["template", "spec", "volumes"], [...own, ...made]);
}

const apps = "io.k8s.api.apps.v1";
const restarting = both(selects, always(["Always"]));
export const workloadRules: Rules<Rule> = [
  [`${apps}.DeploymentSpec`, restarting],
  [`${apps}.ReplicaSetSpec`, restarting],
  [`${apps}.StatefulSetSpec`, restarting],
  [`${apps}.DaemonSetSpec`, restarting],
  ["io.k8s.api.core.v1.ReplicationControllerSpec", both(replicationController, always(["Always"]))],
  ["io.k8s.api.batch.v1.JobSpec", always(["OnFailure", "Never"])],
  ["io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement", labelSelector],
];
/** What is checked in the place of a struct. */
export const workloadViews: Rules<(value: JsonObject) => JsonObject> = [[`${apps}.StatefulSetSpec`, withClaims]];
export const workloadUpdate: Rules<UpdateRule> = [
  [`${apps}.StatefulSet`, statefulSet],
  ["io.k8s.api.batch.v1.Job", job],
];
