import type { Kinds } from "../../client/types.js";
import { requiredNodes } from "../../scheduler/plugins/node.js";
import { at, labelsOf, listAt, stringAt, type JsonObject, type KubeObject } from "../../objects/value.js";
import { ownedBy } from "../../client/client.js";
import { tolerates, taintsOf, type Node } from "../nodes/taints.js";
import type { Pod } from "../pods.js";
import { revisionLabel } from "../revisions.js";

export type DaemonSet = Kinds["daemonsets"];

const exists = (key: string, effect: string): JsonObject => ({
  key: `node.kubernetes.io/${key}`,
  operator: "Exists",
  effect,
});

/** What every daemon tolerates (kubernetes, `AddOrUpdateDaemonPodTolerations`): it belongs to its node, whatever ails that. */
const always = [
  exists("not-ready", "NoExecute"),
  exists("unreachable", "NoExecute"),
  exists("disk-pressure", "NoSchedule"),
  exists("memory-pressure", "NoSchedule"),
  exists("pid-pressure", "NoSchedule"),
  exists("unschedulable", "NoSchedule"),
];

const tolerationsOf = (spec: JsonObject): readonly JsonObject[] => [
  ...(listAt(spec, "tolerations") as readonly JsonObject[]),
  ...always,
  ...(spec["hostNetwork"] === true ? [exists("network-unavailable", "NoSchedule")] : []),
];

/** Whether a node should have a daemon, and whether one that is there may stay (kubernetes, `NodeShouldRunDaemonPod`). */
export function placement(set: DaemonSet): (node: Node) => { readonly run: boolean; readonly stay: boolean } {
  const { spec } = set.spec.template;
  const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: {}, spec };
  const fits = requiredNodes(pod);
  const tolerations = tolerationsOf(spec) as Parameters<typeof tolerates>[0][];
  return (node) => {
    const name = node.metadata.name ?? "";
    const named = spec.nodeName === undefined || spec.nodeName === "" || spec.nodeName === name;
    if (!named || (fits !== undefined && !fits({ labels: labelsOf(node), name }))) return { run: false, stay: false };
    const refused = taintsOf(node).filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)));
    const stay = !refused.some(({ effect }) => effect === "NoExecute");
    return { run: stay && !refused.some(({ effect }) => effect === "NoSchedule"), stay };
  };
}

/**
 * A daemon for a node: the scheduler binds it, as every pod, but its affinity lets it no choice. So it can wait for room, or preempt, and
 * only one component ever decides what a node still holds.
 */
export function daemonPod(set: DaemonSet, node: string, hash: string): JsonObject {
  const { metadata = {}, spec } = set.spec.template;
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] };
  const nodeAffinity = {
    ...(at(spec, "affinity", "nodeAffinity") as JsonObject | undefined),
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
  };
  return {
    metadata: {
      generateName: `${set.metadata.name ?? ""}-`,
      labels: { ...metadata.labels, [revisionLabel]: hash },
      annotations: metadata.annotations,
      ownerReferences: [ownedBy("daemonsets", set)],
    },
    spec: { ...spec, affinity: { ...spec.affinity, nodeAffinity }, tolerations: [...tolerationsOf(spec)] },
  };
}

/** The node that a daemon is on, or is meant for. */
export function nodeOf({ spec }: Pod): string {
  if (spec.nodeName !== undefined && spec.nodeName !== "") return spec.nodeName;
  const required = at(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
  for (const term of listAt(required, "nodeSelectorTerms")) {
    for (const field of listAt(term, "matchFields")) {
      const [value] = listAt(field, "values");
      if (stringAt(field, "key") === "metadata.name" && typeof value === "string") return value;
    }
  }
  return "";
}
