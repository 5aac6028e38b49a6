import { qosClass } from "../apiserver/strategy.js";
import { forbidden } from "../apiserver/status.js";
import type { Resource } from "../objects/kinds.js";
import { formatQuantity, parseQuantity } from "../objects/quantity.js";
import { listAt, objectAt, stringAt, type Json, type JsonObject, type KubeObject, show } from "../objects/value.js";
import type { AdmissionPlugin } from "./admission.js";

const one = 1_000_000_000n;
export type Usage = Map<string, bigint>;

const add = (usage: Usage, key: string, value: bigint): void => {
  usage.set(key, (usage.get(key) ?? 0n) + value);
};

const amount = (value: Json | undefined): bigint => (typeof value === "string" ? (parseQuantity(value) ?? 0n) : 0n);

/** What an object takes of each quota's resource (kubernetes, `pkg/quota/v1/evaluator`). */
export function usageOf(resource: Pick<Resource, "group" | "plural" | "kind">, object: JsonObject): Usage {
  const usage: Usage = new Map();
  const full = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
  add(usage, `count/${full}`, one);
  if (resource.group === "") add(usage, resource.plural, one);
  if (resource.kind === "Pod") {
    // One that has ended takes nothing.
    if (["Succeeded", "Failed"].includes(stringAt(object, "status", "phase") ?? "")) return new Map();
    for (const container of listAt(object, "spec", "containers")) {
      for (const [name, value] of Object.entries(objectAt(container, "resources", "requests"))) {
        add(usage, `requests.${name}`, amount(value));
        if (["cpu", "memory", "ephemeral-storage"].includes(name)) add(usage, name, amount(value));
      }
      for (const [name, value] of Object.entries(objectAt(container, "resources", "limits")))
        add(usage, `limits.${name}`, amount(value));
    }
  }
  if (resource.kind === "Service") {
    const type = stringAt(object, "spec", "type");
    if (type === "LoadBalancer") add(usage, "services.loadbalancers", one);
    if (type === "NodePort" || type === "LoadBalancer")
      add(usage, "services.nodeports", BigInt(listAt(object, "spec", "ports").length) * one);
  }
  if (resource.kind === "PersistentVolumeClaim")
    add(usage, "requests.storage", amount(objectAt(object, "spec", "resources", "requests")["storage"]));
  return usage;
}

/** Whether a quota counts an object at all. */
export function inScope(quota: KubeObject, resource: Pick<Resource, "kind">, object: JsonObject): boolean {
  const scopes = listAt(quota, "spec", "scopes");
  const selectors = listAt(quota, "spec", "scopeSelector", "matchExpressions");
  if (scopes.length === 0 && selectors.length === 0) return true;
  if (resource.kind !== "Pod") return false;
  const spec = objectAt(object, "spec");
  const holds = (scope: string): boolean => {
    switch (scope) {
      case "Terminating":
        return spec["activeDeadlineSeconds"] !== undefined;
      case "NotTerminating":
        return spec["activeDeadlineSeconds"] === undefined;
      case "BestEffort":
        return qosClass(spec) === "BestEffort";
      case "NotBestEffort":
        return qosClass(spec) !== "BestEffort";
      case "PriorityClass":
        return (stringAt(spec, "priorityClassName") ?? "") !== "";
      default:
        return false;
    }
  };
  return (
    scopes.every((scope) => typeof scope === "string" && holds(scope)) &&
    selectors.every((selector) => {
      const scope = stringAt(selector, "scopeName") ?? "";
      const values = listAt(selector, "values");
      const own = stringAt(spec, "priorityClassName") ?? "";
      switch (stringAt(selector, "operator")) {
        case "In":
          return scope === "PriorityClass" ? values.includes(own) : holds(scope);
        case "NotIn":
          return !values.includes(own);
        case "DoesNotExist":
          return !holds(scope);
        case undefined:
        default:
          return holds(scope);
      }
    })
  );
}

/** Of what a quota limits by amount, every container must say how much it takes. */
const mustSay = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

function unsaid(hard: JsonObject, object: JsonObject): string[] {
  return mustSay.filter((key) => {
    if (hard[key] === undefined) return false;
    const [part, name = part] = key.includes(".") ? key.split(".") : ["requests", key];
    return listAt(object, "spec", "containers").some(
      (container) => objectAt(container, "resources", part ?? "")[name ?? ""] === undefined,
    );
  });
}

/** What is used already, if no controller has counted it yet. */
function counted(quota: KubeObject, key: string): bigint {
  return amount(objectAt(quota, "status", "used")[key]);
}

/** Namespaces' budgets: an object that would exceed one is refused, one that doesn't is charged. */
export const resourceQuota: AdmissionPlugin = {
  name: "ResourceQuota",
  validate({ operation, resource, namespace, name, object, old, dryRun, subresource }, view) {
    if (object === undefined || subresource !== "" || (operation !== "CREATE" && operation !== "UPDATE")) return;
    if (!resource.namespaced || resource.kind === "Event" || resource.kind === "ResourceQuota") return;
    const quotas = view.list("resourcequotas", namespace);
    if (quotas.length === 0) return;
    const now = usageOf(resource, object);
    const before = old === undefined ? new Map<string, bigint>() : usageOf(resource, old);
    const charges: { quota: KubeObject; used: JsonObject }[] = [];
    for (const quota of quotas) {
      if (!inScope(quota, resource, object)) continue;
      // Before the quota's controller has seen it, what is asked for counts.
      const hard = { ...objectAt(quota, "spec", "hard"), ...objectAt(quota, "status", "hard") };
      const quotaName = quota.metadata.name ?? "";
      if (resource.kind === "Pod" && operation === "CREATE") {
        const missing = unsaid(hard, object);
        if (missing.length > 0)
          throw forbidden(
            resource,
            name,
            `failed quota: ${quotaName}: must specify ${missing
              .map(
                (key) =>
                  `${key} for: ${listAt(object, "spec", "containers")
                    .map((each) => stringAt(each, "name") ?? "")
                    .join(",")}`,
              )
              .join("; ")}`,
          );
      }
      const delta = Object.keys(hard).flatMap((key): [string, bigint][] => {
        const more = (now.get(key) ?? 0n) - (before.get(key) ?? 0n);
        return more === 0n ? [] : [[key, more]];
      });
      const over = delta.filter(([key, more]) => more > 0n && counted(quota, key) + more > amount(hard[key]));
      if (over.length > 0) {
        const list = (of: (key: string, more: bigint) => string): string =>
          over.map(([key, more]) => `${key}=${of(key, more)}`).join(",");
        const like = (key: string): string => show(hard[key]);
        throw forbidden(
          resource,
          name,
          `exceeded quota: ${quotaName}, requested: ${list((key, more) => formatQuantity(more, like(key)))}, used: ${list((key) => formatQuantity(counted(quota, key), like(key)))}, limited: ${list(like)}`,
        );
      }
      if (delta.length > 0) {
        const used = Object.fromEntries(
          delta.map(([key, more]) => [key, formatQuantity(counted(quota, key) + more, show(hard[key]))]),
        );
        charges.push({ quota, used });
      }
    }
    if (dryRun) return;
    for (const { quota, used } of charges) {
      const status = objectAt(quota, "status");
      view.setStatus("resourcequotas", quota, {
        hard: objectAt(quota, "spec", "hard"),
        ...status,
        used: { ...objectAt(status, "used"), ...used },
      });
    }
  },
};
