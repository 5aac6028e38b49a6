import { s, type Activity, type Nanos } from "../../../core/index.js";
import type { Client } from "../../client/client.js";
import { seconds } from "../../client/clock.js";
import type { EventRecorder } from "../../client/event-recorder.js";
import { ApiFailure, isNotFound } from "../../client/failure.js";
import type { Pod } from "../../client/pod-types.js";
import { taintsOf, type Taint } from "../../controllers/nodes/taints.js";
import { asked, type NodeGroup } from "../provider.js";
import { toBeDeletedKey } from "../taints.js";
import type { Candidate } from "./scale-down.js";

/** Between looks at what a drained node still has, and tries to evict (`actuation/drain.go`). */
const retry = s(10);
const lookAgain = s(5);

/** Has a node's taints be these besides all others. */
export function* setTaint(client: Client, name: string, key: string, taint: Taint | undefined): Activity<void> {
  const node = yield* client.get("nodes", "", name);
  const rest = taintsOf(node).filter((each) => each.key !== key);
  const taints = taint === undefined ? rest : [...rest, taint];
  const { resourceVersion } = node.metadata;
  const spec = { taints: taints.length === 0 ? null : taints };
  yield* client.patch("nodes", "", name, { metadata: { resourceVersion }, spec });
}

/**
 * Takes a node away: keeps pods from it, evicts those that it has, as budgets allow, and gives the machine back (`actuation`). The node
 * itself is deleted by the cloud's controller, which finds no machine any more.
 * @throws ApiFailure where it isn't rid of its pods in time; then it stays, as it was
 */
export function* deleteNode(
  { node, pods }: Candidate,
  group: NodeGroup,
  client: Client,
  events: EventRecorder,
  patience: Nanos,
): Activity<void> {
  const { name = "" } = node.metadata;
  const value = String(Math.floor(seconds(client.world)));
  yield* setTaint(client, name, toBeDeletedKey, { key: toBeDeletedKey, value, effect: "NoSchedule" });
  events.event(node, "Normal", "ScaleDown", "marked the node as toBeDeleted/unschedulable");
  try {
    yield* drain(pods, client, events, patience);
    yield* asked(group.remove([node.spec?.providerID ?? ""]));
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    events.event(node, "Warning", "ScaleDownFailed", "failed to drain the node, aborting ScaleDown");
    yield* setTaint(client, name, toBeDeletedKey, undefined);
    throw error;
  }
  events.event(node, "Normal", "ScaleDown", "node removed by cluster autoscaler");
}

function* drain(pods: readonly Pod[], client: Client, events: EventRecorder, patience: Nanos): Activity<void> {
  const { engine } = client.world;
  const end = engine.now + patience;
  for (const pod of pods) {
    const { namespace = "", name = "" } = pod.metadata;
    events.event(pod, "Normal", "ScaleDown", "deleting pod for node scale down");
    for (;;) {
      try {
        const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
        yield* client.post("pods", namespace, name, "eviction", body);
        break;
      } catch (error) {
        if (isNotFound(error)) break;
        if (!(error instanceof ApiFailure) || engine.now + retry > end) throw error;
        yield* engine.delay(retry);
      }
    }
  }
  for (const { metadata } of pods) {
    while (yield* isThere(client, metadata)) {
      if (engine.now > end) throw new ApiFailure(0, undefined, `pod ${metadata.name ?? ""} remains after timeout`);
      yield* engine.delay(lookAgain);
    }
  }
}

function* isThere(client: Client, { namespace = "", name = "", uid }: Pod["metadata"]): Activity<boolean> {
  try {
    const pod = yield* client.get("pods", namespace, name);
    return pod.metadata.uid === uid;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return false;
  }
}
