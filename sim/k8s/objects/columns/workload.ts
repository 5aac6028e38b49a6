import { listAt, numberAt, objectAt, stringAt, type KubeObject, show } from "../value.js";
import { humanDuration, parseTime } from "../time.js";
import {
  age,
  ago,
  column,
  condition,
  containers,
  count,
  join,
  labelText,
  name,
  selectorCell,
  size,
  text,
  wide,
  type Column,
} from "./column.js";

const selector = wide("Selector", (object) => selectorCell(objectAt(object, "spec", "selector")));

const replicas: readonly Column[] = [
  name,
  column("Desired", count("spec.replicas"), "integer"),
  column("Current", count("status.replicas"), "integer"),
  column("Ready", count("status.readyReplicas"), "integer"),
  age,
  ...containers,
];

function jobDuration(job: KubeObject, now: number): string {
  const from = parseTime(stringAt(job, "status", "startTime") ?? "");
  if (from === undefined) return "";
  const to = parseTime(stringAt(job, "status", "completionTime") ?? "");
  return humanDuration((to ?? now) - from);
}

function completions(job: KubeObject): string {
  const done = numberAt(job, "status", "succeeded") ?? 0;
  const wanted = numberAt(job, "spec", "completions");
  if (wanted !== undefined) return `${done}/${wanted}`;
  const parallel = numberAt(job, "spec", "parallelism") ?? 0;
  return parallel > 1 ? `${done}/1 of ${parallel}` : `${done}/1`;
}

const jobStatus = (job: KubeObject): string =>
  condition(job, "Complete") === "True"
    ? "Complete"
    : condition(job, "Failed") === "True"
      ? "Failed"
      : job.metadata.deletionTimestamp !== undefined
        ? "Terminating"
        : condition(job, "Suspended") === "True"
          ? "Suspended"
          : condition(job, "FailureTarget") === "True"
            ? "FailureTarget"
            : condition(job, "SuccessCriteriaMet") === "True"
              ? "SuccessCriteriaMet"
              : "Running";

/** `cpu: 12%/80%` for each metric (kubernetes, `formatHPAMetrics`). */
function metrics(object: KubeObject): string {
  const current = listAt(object, "status", "currentMetrics");
  const all = listAt(object, "spec", "metrics").map((metric, i) => {
    const type = stringAt(metric, "type") ?? "";
    const key = type === "" ? "" : type.charAt(0).toLowerCase() + type.slice(1);
    const now = objectAt(current[i], key, "current");
    const target = objectAt(metric, key, "target");
    const label = stringAt(metric, key, "name") === undefined ? "" : `${stringAt(metric, key, "name") ?? ""}: `;
    if (target["averageUtilization"] !== undefined) {
      const share = now["averageUtilization"];
      return `${label}${typeof share === "number" ? `${share}%` : "<unknown>"}/${show(target["averageUtilization"])}%`;
    }
    const field = target["averageValue"] === undefined ? "value" : "averageValue";
    const value = now[field];
    return `${label}${value === undefined ? "<unknown>" : show(value)}/${show(target[field])}${field === "averageValue" && key !== "resource" ? " (avg)" : ""}`;
  });
  const shown = all.slice(0, 2).join(", ");
  return all.length > 2 ? `${shown} + ${all.length - 2} more...` : join(all.length === 0 ? [] : [shown]);
}

export const workloadColumns: Readonly<Record<string, readonly Column[]>> = {
  Deployment: [
    name,
    column(
      "Ready",
      (object) => `${numberAt(object, "status", "readyReplicas") ?? 0}/${numberAt(object, "spec", "replicas") ?? 0}`,
    ),
    column("Up-to-date", count("status.updatedReplicas"), "integer"),
    column("Available", count("status.availableReplicas"), "integer"),
    age,
    ...containers,
    selector,
  ],
  ReplicaSet: [...replicas, selector],
  ReplicationController: [...replicas, wide("Selector", (object) => labelText(objectAt(object, "spec", "selector")))],
  StatefulSet: [
    name,
    column(
      "Ready",
      (object) => `${numberAt(object, "status", "readyReplicas") ?? 0}/${numberAt(object, "spec", "replicas") ?? 0}`,
    ),
    age,
    ...containers,
  ],
  DaemonSet: [
    name,
    column("Desired", count("status.desiredNumberScheduled"), "integer"),
    column("Current", count("status.currentNumberScheduled"), "integer"),
    column("Ready", count("status.numberReady"), "integer"),
    column("Up-to-date", count("status.updatedNumberScheduled"), "integer"),
    column("Available", count("status.numberAvailable"), "integer"),
    column("Node Selector", (object) => labelText(objectAt(object, "spec", "template", "spec", "nodeSelector"))),
    age,
    ...containers,
    selector,
  ],
  ControllerRevision: [
    name,
    column("Controller", (object) => {
      const owner = object.metadata.ownerReferences?.find((each) => each.controller === true);
      return owner === undefined
        ? "<none>"
        : `${owner.kind.toLowerCase()}.${owner.apiVersion.split("/")[0] ?? ""}/${owner.name}`;
    }),
    column("Revision", count("revision"), "integer"),
    age,
  ],
  Job: [
    name,
    column("Status", jobStatus),
    column("Completions", completions),
    column("Duration", jobDuration),
    age,
    ...containers,
    selector,
  ],
  CronJob: [
    name,
    column("Schedule", text("spec.schedule")),
    column("Timezone", text("spec.timeZone")),
    column("Suspend", (object) => (objectAt(object, "spec")["suspend"] === true ? "True" : "False"), "boolean"),
    column("Active", (object) => size(listAt(object, "status", "active")), "integer"),
    column("Last Schedule", (object, now) => {
      const last = stringAt(object, "status", "lastScheduleTime");
      return last === undefined ? "<none>" : ago(last, now);
    }),
    age,
    ...containers,
  ],
  HorizontalPodAutoscaler: [
    name,
    column(
      "Reference",
      (object) =>
        `${stringAt(object, "spec", "scaleTargetRef", "kind") ?? ""}/${stringAt(object, "spec", "scaleTargetRef", "name") ?? ""}`,
    ),
    column("Targets", metrics),
    column("MinPods", (object) => String(numberAt(object, "spec", "minReplicas") ?? "<unset>")),
    column("MaxPods", count("spec.maxReplicas"), "integer"),
    column("Replicas", count("status.currentReplicas"), "integer"),
    age,
  ],
  PodDisruptionBudget: [
    name,
    column("Min Available", text("spec.minAvailable", "N/A")),
    column("Max Unavailable", text("spec.maxUnavailable", "N/A")),
    column("Allowed Disruptions", count("status.disruptionsAllowed"), "integer"),
    age,
  ],
};
