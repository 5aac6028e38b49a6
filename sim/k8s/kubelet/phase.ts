import type { ContainerStatus, Pod } from "../client/pod-types.js";
import { isSidecar } from "./actions.js";

export type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

const exitOf = (status: ContainerStatus | undefined, key: "state" | "lastState"): number | undefined =>
  status?.[key]?.terminated?.exitCode;

/**
 * Where a pod stands in its life, of its containers' states (kubernetes, `kubelet_pods.go`, getPhase).
 * @param over whether it will start nothing any more
 */
export function phaseOf(
  pod: Pod,
  inits: readonly ContainerStatus[],
  statuses: readonly ContainerStatus[],
  over: boolean,
): Phase {
  const { restartPolicy = "Always", containers, initContainers = [] } = pod.spec;
  let initializing = false;
  for (const container of initContainers) {
    const status = inits.find(({ name }) => name === container.name);
    if (isSidecar(container)) {
      const { state } = status ?? {};
      const up = state?.running !== undefined ? status?.started === true : state?.terminated !== undefined;
      if (!up && status?.lastState?.terminated === undefined) initializing = true;
      continue;
    }
    const code =
      exitOf(status, "state") ?? (status?.state?.waiting === undefined ? undefined : exitOf(status, "lastState"));
    if (code === 0) continue;
    if (code !== undefined && restartPolicy === "Never") return "Failed";
    initializing = true;
  }
  let running = 0;
  let waiting = 0;
  let stopped = 0;
  let succeeded = 0;
  for (const container of containers) {
    const status = statuses.find(({ name }) => name === container.name);
    const code = exitOf(status, "state");
    if (status?.state?.running !== undefined) running++;
    else if (code !== undefined) {
      stopped++;
      if (code === 0) succeeded++;
    } else if (status?.lastState?.terminated !== undefined) stopped++;
    else waiting++;
  }
  if (over && running === 0 && stopped > 0) return stopped === succeeded ? "Succeeded" : "Failed";
  const begun = running + stopped > 0;
  if (initializing && !begun) return "Pending";
  if (waiting > 0) return "Pending";
  if (running > 0) return "Running";
  if (stopped === 0) return "Pending";
  if (restartPolicy === "Always") return "Running";
  if (stopped === succeeded) return "Succeeded";
  return restartPolicy === "Never" ? "Failed" : "Running";
}
