import { groupVersion, type Resource } from "./kinds.js";
import {
  isObject,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  type Draft,
  type Json,
  type JsonObject,
  type KubeObject,
} from "./value.js";

/** Names of fields that differ between `v1` and `events.k8s.io/v1`. */
const eventFields: readonly (readonly [core: string, events: string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

function renamed(object: JsonObject, pairs: readonly (readonly [string, string])[]): Draft {
  const draft: Draft = { ...object };
  for (const [from, to] of pairs) {
    if (draft[from] === undefined) continue;
    draft[to] = draft[from];
    Reflect.deleteProperty(draft, from);
  }
  return draft;
}

const annotation = "autoscaling.alpha.kubernetes.io/";

/** `autoscaling/v1` knows one metric, CPU as a share of requests; the others travel in an annotation. */
function autoscalerToV1(object: JsonObject): Draft {
  const spec: Draft = { ...objectAt(object, "spec") };
  const status: Draft = { ...objectAt(object, "status") };
  const metadata: Draft = { ...objectAt(object, "metadata") };
  const isCpu = (metric: Json): boolean => stringAt(metric, "resource", "name") === "cpu";
  const utilization = (metric: Json | undefined, part: string): number | undefined =>
    numberAt(metric, "resource", part, "averageUtilization");
  const metrics = listAt(spec, "metrics");
  const cpu = metrics.find((metric) => isCpu(metric) && utilization(metric, "target") !== undefined);
  const others = metrics.filter((metric) => metric !== cpu);
  const notes: Draft = { ...objectAt(metadata, "annotations") };
  if (others.length > 0) notes[`${annotation}metrics`] = JSON.stringify(others);
  if (spec["behavior"] !== undefined) notes[`${annotation}behavior`] = JSON.stringify(spec["behavior"]);
  if (status["conditions"] !== undefined) notes[`${annotation}conditions`] = JSON.stringify(status["conditions"]);
  const current = utilization(listAt(status, "currentMetrics").find(isCpu), "current");
  for (const key of ["metrics", "behavior"]) Reflect.deleteProperty(spec, key);
  for (const key of ["currentMetrics", "conditions"]) Reflect.deleteProperty(status, key);
  if (cpu !== undefined) spec["targetCPUUtilizationPercentage"] = utilization(cpu, "target");
  if (current !== undefined) status["currentCPUUtilizationPercentage"] = current;
  if (Object.keys(notes).length > 0) metadata["annotations"] = notes;
  return { ...object, metadata, spec, ...(object["status"] === undefined ? {} : { status }) };
}

function autoscalerFromV1(object: JsonObject): Draft {
  const spec: Draft = { ...objectAt(object, "spec") };
  const status: Draft = { ...objectAt(object, "status") };
  const metadata: Draft = { ...objectAt(object, "metadata") };
  const notes: Draft = { ...objectAt(metadata, "annotations") };
  const taken = (key: string): Json | undefined => {
    const text = notes[`${annotation}${key}`];
    Reflect.deleteProperty(notes, `${annotation}${key}`);
    try {
      return typeof text === "string" ? (JSON.parse(text) as Json) : undefined;
    } catch {
      return undefined;
    }
  };
  const resource = (part: string, value: Json): Json => ({
    type: "Resource",
    resource: {
      name: "cpu",
      [part]: part === "target" ? { type: "Utilization", averageUtilization: value } : { averageUtilization: value },
    },
  });
  const target = spec["targetCPUUtilizationPercentage"];
  const current = status["currentCPUUtilizationPercentage"];
  const others = taken("metrics");
  const metrics = [
    ...(Array.isArray(others) ? (others as Json[]) : []),
    ...(target === undefined ? [] : [resource("target", target)]),
  ];
  const behavior = taken("behavior");
  const conditions = taken("conditions");
  if (metrics.length > 0) spec["metrics"] = metrics;
  if (isObject(behavior)) spec["behavior"] = behavior;
  if (Array.isArray(conditions)) status["conditions"] = conditions as Json[];
  if (current !== undefined) status["currentMetrics"] = [resource("current", current)];
  Reflect.deleteProperty(spec, "targetCPUUtilizationPercentage");
  Reflect.deleteProperty(status, "currentCPUUtilizationPercentage");
  if (Object.keys(notes).length > 0) metadata["annotations"] = notes;
  else Reflect.deleteProperty(metadata, "annotations");
  return { ...object, metadata, spec, ...(object["status"] === undefined ? {} : { status }) };
}

/** The same object in another version of its kind. Versions that differ in nothing but their name are only named anew. */
export function convert(object: KubeObject, from: Resource, to: Resource): KubeObject {
  if (from === to) return object;
  let draft: Draft = { ...object };
  if (from.kind === "HorizontalPodAutoscaler")
    draft = to.version === "v1" ? autoscalerToV1(object) : autoscalerFromV1(object);
  else if (from.kind === "Event" && to.group !== from.group) {
    draft = renamed(object, to.group === "" ? eventFields.map(([a, b]) => [b, a] as const) : eventFields);
  }
  draft["apiVersion"] = groupVersion(to);
  return draft as KubeObject;
}
