import { forbidden } from "../apiserver/status.js";
import { formatQuantity, parseQuantity } from "../objects/quantity.js";
import {
  isObject,
  listAt,
  objectAt,
  stringAt,
  type Draft,
  type Json,
  type JsonObject,
  type KubeObject,
  show,
} from "../objects/value.js";
import type { AdmissionPlugin } from "./admission.js";
import { newPodSpec } from "./pod-defaults.js";

const amount = (value: Json | undefined): bigint | undefined =>
  typeof value === "string" ? parseQuantity(value) : undefined;

const items = (ranges: readonly KubeObject[], type: string): JsonObject[] =>
  ranges.flatMap((range) => listAt(range, "spec", "limits").filter(isObject)).filter((item) => item["type"] === type);

/** What a container doesn't ask for it gets from the range. */
function fill(container: Draft, item: JsonObject): void {
  const resources: Draft = { ...objectAt(container, "resources") };
  const limits = { ...objectAt(item, "default"), ...objectAt(resources, "limits") };
  const requests = { ...objectAt(item, "defaultRequest"), ...objectAt(resources, "requests") };
  if (Object.keys(limits).length > 0) resources["limits"] = limits;
  if (Object.keys(requests).length > 0) resources["requests"] = requests;
  container["resources"] = resources;
}

/** What of an amount a range forbids, in the words of the real plugin. */
function complaints(item: JsonObject, resources: JsonObject, type: string): string[] {
  const found: string[] = [];
  const of = (part: string): [string, Json | undefined][] => Object.entries(objectAt(item, part));
  for (const [name, least] of of("min")) {
    const request = objectAt(resources, "requests")[name];
    const need = `minimum ${name} usage per ${type} is ${show(least)}`;
    if (request === undefined) found.push(`${need}.  No request is specified`);
    else if ((amount(request) ?? 0n) < (amount(least) ?? 0n)) found.push(`${need}, but request is ${show(request)}`);
  }
  for (const [name, most] of of("max")) {
    const limit = objectAt(resources, "limits")[name];
    const need = `maximum ${name} usage per ${type} is ${show(most)}`;
    if (limit === undefined) found.push(`${need}.  No limit is specified`);
    else if ((amount(limit) ?? 0n) > (amount(most) ?? 0n)) found.push(`${need}, but limit is ${show(limit)}`);
  }
  for (const [name, most] of of("maxLimitRequestRatio")) {
    const limit = amount(objectAt(resources, "limits")[name]);
    const request = amount(objectAt(resources, "requests")[name]);
    if (limit === undefined || request === undefined || request === 0n) {
      found.push(
        `${name} max limit to request ratio per ${type} is ${show(most)}, but no request is specified or request is 0`,
      );
    } else if (limit * 1_000_000_000n > (amount(most) ?? 0n) * request) {
      found.push(
        `${name} max limit to request ratio per ${type} is ${show(most)}, but provided ratio is ${(Number(limit) / Number(request)).toFixed(6)}`,
      );
    }
  }
  return found;
}

/** All containers' amounts together. */
function sum(spec: JsonObject): JsonObject {
  const total: Record<string, Record<string, string>> = { limits: {}, requests: {} };
  for (const part of ["limits", "requests"]) {
    const all = listAt(spec, "containers").map((container) => objectAt(container, "resources", part));
    const into: Record<string, string> = {};
    for (const name of new Set(all.flatMap((each) => Object.keys(each)))) {
      const given = all.map((each) => amount(each[name]));
      if (given.every((each) => each !== undefined))
        into[name] = formatQuantity(
          given.reduce((a, b) => a + b, 0n),
          "i",
        );
    }
    total[part] = into;
  }
  return total;
}

/** Namespaces' limits on single objects (kubernetes, `plugin/pkg/admission/limitranger`). */
export const limitRanger: AdmissionPlugin = {
  name: "LimitRanger",
  mutate(call, view) {
    const spec = newPodSpec(call);
    if (spec === undefined) return;
    for (const item of items(view.list("limitranges", call.namespace), "Container")) {
      for (const list of ["initContainers", "containers"]) {
        for (const container of listAt(spec, list)) if (isObject(container)) fill(container, item);
      }
    }
  },
  validate(call, view) {
    const { operation, resource, namespace, name, object } = call;
    const claim = operation === "CREATE" && resource.kind === "PersistentVolumeClaim";
    const spec = newPodSpec(call);
    if (!claim && spec === undefined) return;
    const ranges = view.list("limitranges", namespace);
    if (ranges.length === 0) return;
    const found: string[] = [];
    if (spec !== undefined) {
      for (const item of items(ranges, "Container")) {
        for (const container of [...listAt(spec, "initContainers"), ...listAt(spec, "containers")]) {
          found.push(...complaints(item, objectAt(container, "resources"), "Container"));
        }
      }
      for (const item of items(ranges, "Pod")) found.push(...complaints(item, sum(spec), "Pod"));
    } else {
      for (const item of items(ranges, "PersistentVolumeClaim")) {
        const requests = objectAt(object, "spec", "resources", "requests");
        found.push(...complaints(item, { requests, limits: requests }, "PersistentVolumeClaim"));
      }
    }
    if (found.length > 0)
      throw forbidden(
        resource,
        stringAt(object, "metadata", "name") ?? name,
        found.length === 1 ? (found[0] ?? "") : `[${found.join(", ")}]`,
      );
  },
};
