import {
  isObject,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../value.js";
import { age, ago, column, condition, name, text, wide, type Column } from "./column.js";

const restartable = (container: Json | undefined): boolean => stringAt(container, "restartPolicy") === "Always";

/** What a pod's Status column says: the phase, or what keeps it from being more (kubernetes, `printPod`). */
function podStatus(pod: KubeObject): string {
  let reason = stringAt(pod, "status", "reason") ?? stringAt(pod, "status", "phase") ?? "";
  const gate = listAt(pod, "status", "conditions").find((each) => stringAt(each, "type") === "PodScheduled");
  if (stringAt(gate, "reason") === "SchedulingGated") reason = "SchedulingGated";
  const specs = listAt(pod, "spec", "initContainers");
  const inits = listAt(pod, "status", "initContainerStatuses");
  let initializing = false;
  for (const [i, each] of inits.entries()) {
    const spec = specs.find((other) => stringAt(other, "name") === stringAt(each, "name"));
    const ended = objectAt(each, "state", "terminated");
    if (numberAt(ended, "exitCode") === 0) continue;
    if (restartable(spec) && objectAt(each)["started"] === true) continue;
    const waiting = stringAt(each, "state", "waiting", "reason") ?? "";
    if (Object.keys(ended).length > 0) {
      const signal = numberAt(ended, "signal") ?? 0;
      const why = stringAt(ended, "reason") ?? "";
      reason =
        why !== ""
          ? `Init:${why}`
          : signal !== 0
            ? `Init:Signal:${signal}`
            : `Init:ExitCode:${numberAt(ended, "exitCode") ?? 0}`;
    } else if (waiting !== "" && waiting !== "PodInitializing") reason = `Init:${waiting}`;
    else reason = `Init:${i}/${specs.length}`;
    initializing = true;
    break;
  }
  if (!initializing || condition(pod, "Initialized") === "True") {
    let running = false;
    for (const each of [...listAt(pod, "status", "containerStatuses")].reverse()) {
      const waiting = stringAt(each, "state", "waiting", "reason") ?? "";
      const ended = objectAt(each, "state", "terminated");
      if (waiting !== "") reason = waiting;
      else if (Object.keys(ended).length > 0) {
        const why = stringAt(ended, "reason") ?? "";
        const signal = numberAt(ended, "signal") ?? 0;
        reason = why !== "" ? why : signal !== 0 ? `Signal:${signal}` : `ExitCode:${numberAt(ended, "exitCode") ?? 0}`;
      } else if (objectAt(each)["ready"] === true && isObject(objectAt(each, "state")["running"])) running = true;
    }
    if (reason === "Completed" && running) reason = condition(pod, "Ready") === "True" ? "Running" : "NotReady";
  }
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  return stringAt(pod, "status", "reason") === "NodeLost" ? "Unknown" : "Terminating";
}

const sidecars = (pod: KubeObject): string[] =>
  listAt(pod, "spec", "initContainers").flatMap((each) => (restartable(each) ? [stringAt(each, "name") ?? ""] : []));

function ready(pod: KubeObject): string {
  const beside = sidecars(pod);
  const of = (list: string, all: boolean): JsonObject[] =>
    listAt(pod, "status", list)
      .filter(isObject)
      .filter((each) => all || beside.includes(stringAt(each, "name") ?? ""));
  const running = [...of("containerStatuses", true), ...of("initContainerStatuses", false)].filter(
    (each) => each["ready"] === true,
  );
  return `${running.length}/${listAt(pod, "spec", "containers").length + beside.length}`;
}

function restarts(pod: KubeObject, now: number): string {
  const all = [...listAt(pod, "status", "containerStatuses"), ...listAt(pod, "status", "initContainerStatuses")];
  const total = all.reduce<number>((sum, each) => sum + (numberAt(each, "restartCount") ?? 0), 0);
  const last = all
    .flatMap((each) => stringAt(each, "lastState", "terminated", "finishedAt") ?? [])
    .sort()
    .at(-1);
  return total > 0 && last !== undefined ? `${total} (${ago(last, now)} ago)` : String(total);
}

function gates(pod: KubeObject): string {
  const all = listAt(pod, "spec", "readinessGates");
  if (all.length === 0) return "<none>";
  const met = all.filter((gate) => condition(pod, stringAt(gate, "conditionType") ?? "") === "True");
  return `${met.length}/${all.length}`;
}

export const podColumns: readonly Column[] = [
  name,
  column("Ready", ready),
  column("Status", podStatus),
  column("Restarts", restarts),
  age,
  wide(
    "IP",
    (pod) => stringAt(listAt(pod, "status", "podIPs")[0], "ip") ?? stringAt(pod, "status", "podIP") ?? "<none>",
  ),
  wide("Node", text("spec.nodeName")),
  wide("Nominated Node", text("status.nominatedNodeName")),
  wide("Readiness Gates", gates),
];
