import type { World } from "../../core/index.js";
import { badRequest } from "../apiserver/status.js";
import { microTimeText, seconds } from "../client/clock.js";
import type { Pod } from "../client/pod-types.js";
import { epoch, parseTime } from "../objects/time.js";
import type { ContainerRuntime, PodState } from "./runtime.js";

/**
 * What a container has printed, as `pods/log` answers (core/v1, PodLogOptions): `container`, `previous`, `tailLines`, `sinceSeconds`,
 * `sinceTime`, `timestamps`, `limitBytes`.
 * @returns the container, and its log as it stands when it is asked for; `all` of it as a log that is followed goes on
 * @throws ApiError 400 in the kubelet's words where there is none
 */
export function logOf(
  runtime: ContainerRuntime,
  pod: Pod,
  state: PodState,
  query: Readonly<Record<string, string>>,
  world: World,
): { readonly id: string; readonly text: (all?: boolean) => string } {
  const name = query["container"] ?? pod.spec.containers[0]?.name ?? "";
  const found = state.containers.filter((each) => each.name === name);
  const previous = query["previous"] === "true";
  const container = found[previous ? 1 : 0];
  if (container === undefined) {
    const text = JSON.stringify(name);
    const { name: podName = "" } = pod.metadata;
    if (previous) throw badRequest(`previous terminated container ${text} in pod ${JSON.stringify(podName)} not found`);
    const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
    const reason = all.find((each) => each.name === name)?.state?.waiting?.reason ?? "ContainerCreating";
    throw badRequest(`container ${text} in pod ${JSON.stringify(podName)} is waiting to start: ${reason}`);
  }
  const { sinceSeconds, sinceTime, tailLines, limitBytes, timestamps } = query;
  const since = Math.max(
    sinceSeconds === undefined ? 0 : seconds(world) - Number(sinceSeconds),
    sinceTime === undefined ? 0 : (parseTime(sinceTime) ?? 0),
  );
  const stamp = timestamps === "true";
  const text = (all = false): string => {
    let lines = runtime.logs(container.id).filter(({ time }) => all || epoch + time / 1e9 >= since);
    if (!all && tailLines !== undefined && Number(tailLines) >= 0)
      lines = Number(tailLines) === 0 ? [] : lines.slice(-Number(tailLines));
    const whole = lines
      .map(({ time, text: line }) => `${stamp ? `${microTimeText(epoch + time / 1e9)} ` : ""}${line}\n`)
      .join("");
    return all || limitBytes === undefined ? whole : whole.slice(0, Number(limitBytes));
  };
  return { id: container.id, text };
}
