import type { Activity } from "../../../core/index.js";
import type { Client } from "../../client/client.js";
import { timeText } from "../../client/clock.js";
import { isNotFound } from "../../client/failure.js";
import type { Condition } from "../../client/pod-types.js";
import type { Pod } from "../pods.js";

/** A pod's conditions with one of them as given; since when it holds is kept where it held before. */
export function withPodCondition(client: Client, pod: Pod, next: Condition): readonly Condition[] {
  const old = pod.status?.conditions ?? [];
  const before = old.find(({ type }) => type === next.type);
  const since = before?.status === next.status ? before.lastTransitionTime : undefined;
  const condition = { ...next, lastTransitionTime: since ?? timeText(client.world) };
  return before === undefined ? [...old, condition] : old.map((each) => (each === before ? condition : each));
}

/**
 * Deletes a pod that loses its place through no fault of its own: first it is noted why, so that a Job needn't count it as a failure
 * (KEP-3329, `DisruptionTarget`).
 * @param options `failed`: nobody will tell of its end, so it is noted as failed
 */
export function* disrupt(
  client: Client,
  pod: Pod,
  reason: string,
  message: string,
  options: { readonly failed?: boolean; readonly gracePeriodSeconds?: number } = {},
): Activity<void> {
  const { namespace = "", name = "", uid = "" } = pod.metadata;
  const { failed = false, gracePeriodSeconds } = options;
  const conditions = withPodCondition(client, pod, { type: "DisruptionTarget", status: "True", reason, message });
  const phase = pod.status?.phase;
  const ended = phase === "Succeeded" || phase === "Failed";
  const status = { conditions, ...(failed && !ended ? { phase: "Failed" } : {}) };
  try {
    if (!ended) yield* client.patch("pods", namespace, name, { metadata: { uid }, status }, "status");
    const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    yield* client.delete("pods", namespace, name, { uid, ...grace });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
