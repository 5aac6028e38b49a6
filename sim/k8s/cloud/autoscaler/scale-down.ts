import type { ObjectOf } from "../../client/client.js";
import type { Node, Pod } from "../../client/pod-types.js";
import { matches, parseLabelSelector } from "../../objects/selectors.js";
import { listAt, objectAt } from "../../objects/value.js";
import type { NodeInfo } from "../../scheduler/node-info.js";
import type { AutoscalerFlags } from "./flags.js";
import { unplaced, type Snapshot } from "./snapshot.js";

type Budget = ObjectOf<"poddisruptionbudgets">;

/** A node that could go. */
export interface Candidate {
  readonly node: Node;
  /** 0 to 1: the greater one of processors' and memory's. */
  readonly utilization: number;
  /** What would have to go elsewhere. */
  readonly pods: readonly Pod[];
}

const safeKey = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const mirrorKey = "kubernetes.io/config.mirror";
const ownerOf = ({ metadata }: Pod): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.kind;

/** Which part of a node is asked for (cluster-autoscaler, `simulator/utilization`). */
export const utilizationOf = ({ requested, allocatable }: NodeInfo): number =>
  Math.max(
    allocatable.cpu === 0 ? 0 : requested.cpu / allocatable.cpu,
    allocatable.memory === 0 ? 0 : requested.memory / allocatable.memory,
  );

/** A node's pods that need another place: not those of DaemonSets, of the node itself, or that have ended. */
export const movable = (pods: readonly Pod[]): readonly Pod[] =>
  pods.filter(
    (pod) =>
      ownerOf(pod) !== "DaemonSet" &&
      pod.metadata.annotations?.[mirrorKey] === undefined &&
      pod.status?.phase !== "Succeeded" &&
      pod.status?.phase !== "Failed",
  );

const budgetsOf = (pod: Pod, budgets: readonly Budget[]): readonly Budget[] =>
  budgets.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace &&
      matches(parseLabelSelector(spec?.selector ?? {}), pod.metadata.labels ?? {}),
  );

/** What keeps a pod, and with it its node, as the real one's reasons are called (`simulator/drain.go`); undefined where nothing does. */
export function blocking(pod: Pod, budgets: readonly Budget[], flags: AutoscalerFlags): string | undefined {
  const safe = pod.metadata.annotations?.[safeKey];
  const own = budgetsOf(pod, budgets);
  if (own.some(({ status }) => (status?.disruptionsAllowed ?? 0) < 1)) return "NotEnoughPdb";
  if (safe === "true") return undefined;
  if (safe === "false") return "NotSafeToEvictAnnotation";
  if (ownerOf(pod) === undefined) return "NotReplicated";
  if (flags.skipSystemPods && pod.metadata.namespace === "kube-system" && own.length === 0)
    return "UnmovableKubeSystemPod";
  const isLocal = listAt(pod, "spec", "volumes").some(
    (volume) => Object.hasOwn(objectAt(volume), "emptyDir") || Object.hasOwn(objectAt(volume), "hostPath"),
  );
  return flags.skipLocalStorage && isLocal ? "LocalStorageRequested" : undefined;
}

/**
 * Tries to take a node out of the cluster: with all its pods on others, which then have less room for the next one that is tried.
 * @returns whether that goes; the snapshot is as before where it doesn't
 */
export function tryWithout(snapshot: Snapshot, { node, pods }: Candidate, all: readonly Pod[]): boolean {
  const { name = "" } = node.metadata;
  snapshot.remove(name);
  const moved: ReturnType<typeof unplaced>[] = [];
  for (const pod of pods) {
    const info = unplaced(pod);
    if (snapshot.place(info) !== undefined) {
      moved.push(info);
      continue;
    }
    for (const each of moved) snapshot.take(each);
    snapshot.add(node);
    for (const each of all) snapshot.put(unplaced(each), name);
    return false;
  }
  return true;
}
