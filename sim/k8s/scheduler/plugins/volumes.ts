import { s, type Activity } from "../../../core/index.js";
import type { Client } from "../../client/client.js";
import { ApiFailure } from "../../client/failure.js";
import type { Pod } from "../../client/pod-types.js";
import { labelsOf, listAt, numberAt, stringAt, withAt, type KubeObject } from "../../objects/value.js";
import { claimsOf } from "../../volumes/claims.js";
import { zoneLabel } from "../../volumes/driver.js";
import {
  annotation,
  annotations,
  bestMatch,
  classOf,
  noProvisioner,
  reachable,
  type Claim,
  type StorageClass,
  type Volume,
} from "../../volumes/matching.js";
import { allowedZones } from "../../volumes/provisioner.js";
import { refusal, unresolvable, type ClusterEvent, type NodeFilter, type Plugin } from "../framework.js";
import type { NodeInfo } from "../node-info.js";
import type { PodInfo } from "../pod-info.js";

/** What plugins look up of storage. */
export interface StorageView {
  claim(namespace: string, name: string): Claim | undefined;
  volume(name: string): Volume | undefined;
  volumes(): Iterable<Volume>;
  storageClass(name: string): StorageClass | undefined;
  /** A node's CSINode. */
  nodeDrivers(node: string): KubeObject | undefined;
}

/** VolumeBinding's `bindTimeoutSeconds`, and how often it looks meanwhile. */
const bindTimeout = 600;
const lookEvery = s(1);

const hasClaims = ({ pod }: PodInfo): boolean =>
  listAt(pod, "spec", "volumes").some(
    (volume) => stringAt(volume, "persistentVolumeClaim", "claimName") !== undefined || "ephemeral" in Object(volume),
  );

const namesOf = ({ pod }: PodInfo): readonly string[] => [...claimsOf(pod as Pod).values()];

/** A pod's claims; a word on the first that isn't there. */
function claimsAmong(storage: StorageView, pod: PodInfo): readonly Claim[] | string {
  const found: Claim[] = [];
  for (const name of namesOf(pod)) {
    const claim = storage.claim(pod.namespace, name);
    if (claim === undefined) return `persistentvolumeclaim "${name}" not found`;
    if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
    found.push(claim);
  }
  return found;
}

const all =
  (refused: ReturnType<typeof refusal>): NodeFilter =>
  () =>
    refused;

const isBound = (claim: Claim): boolean =>
  (claim.spec.volumeName ?? "") !== "" && annotation(claim, annotations.completed) !== undefined;

/** What one claim has a node do with it: take a volume that is there, or have one made. */
type Plan = { readonly claim: Claim; readonly volume: Volume } | { readonly claim: Claim; readonly node: string };

/**
 * Nodes from where the pod's volumes can be reached, or can be had (kubernetes, `plugins/volumebinding`). A claim of a class that waits for its
 * first consumer is bound here: the volume is reserved, or the node is named from which the provisioner goes on.
 */
class VolumeBinding implements Plugin {
  readonly name = "VolumeBinding";
  readonly weight = 0;
  readonly #storage: StorageView;
  /** Volumes that are promised to claims, until the binder has written so. */
  readonly #promised = new Map<string, string>();
  readonly #plans = new Map<string, readonly Plan[]>();

  constructor(storage: StorageView) {
    this.#storage = storage;
  }

  filter(pod: PodInfo): NodeFilter | undefined {
    if (!hasClaims(pod)) return undefined;
    const claims = claimsAmong(this.#storage, pod);
    if (typeof claims === "string") return all(unresolvable(claims));
    const unbound = claims.filter((claim) => !isBound(claim));
    const immediate = unbound.some(
      (claim) => this.#storage.storageClass(classOf(claim))?.volumeBindingMode !== "WaitForFirstConsumer",
    );
    if (immediate) return all(unresolvable("pod has unbound immediate PersistentVolumeClaims"));
    const bound = claims.filter(isBound);
    return (node) => {
      for (const claim of bound) {
        const volume = this.#storage.volume(claim.spec.volumeName ?? "");
        if (volume === undefined)
          return unresolvable("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
        if (!reachable(volume, node)) return unresolvable("node(s) had volume node affinity conflict");
      }
      const plan = this.#plan(unbound, node);
      return plan === undefined ? unresolvable("node(s) didn't find available persistent volumes to bind") : undefined;
    };
  }

  #plan(claims: readonly Claim[], node: NodeInfo): readonly Plan[] | undefined {
    const plans: Plan[] = [];
    const taken = new Set<string>();
    for (const claim of claims) {
      const { uid = "" } = claim.metadata;
      const free = [...this.#storage.volumes()].filter(({ metadata: { name = "" } }) => {
        const promised = this.#promised.get(name);
        return !taken.has(name) && (promised === undefined || promised === uid);
      });
      const volume = bestMatch(claim, free, { node });
      if (volume !== undefined) {
        taken.add(volume.metadata.name ?? "");
        plans.push({ claim, volume });
        continue;
      }
      const storageClass = this.#storage.storageClass(classOf(claim));
      if (storageClass === undefined || storageClass.provisioner === noProvisioner) return undefined;
      const zones = allowedZones(storageClass);
      if (zones !== undefined && !zones.includes(node.labels[zoneLabel] ?? "")) return undefined;
      plans.push({ claim, node: node.name });
    }
    return plans;
  }

  reserve(pod: PodInfo, node: NodeInfo): string | undefined {
    if (!hasClaims(pod)) return undefined;
    const claims = claimsAmong(this.#storage, pod);
    if (typeof claims === "string") return claims;
    const plans = this.#plan(
      claims.filter((claim) => !isBound(claim)),
      node,
    );
    if (plans === undefined) return "node(s) didn't find available persistent volumes to bind";
    this.#plans.set(pod.key, plans);
    for (const plan of plans)
      if ("volume" in plan) this.#promised.set(plan.volume.metadata.name ?? "", plan.claim.metadata.uid ?? "");
    return undefined;
  }

  unreserve(pod: PodInfo): void {
    this.#forget(pod);
  }

  *preBind(pod: PodInfo, _node: NodeInfo, client: Client): Activity<void> {
    const plans = this.#plans.get(pod.key) ?? [];
    if (plans.length === 0) {
      this.#plans.delete(pod.key);
      return;
    }
    for (const plan of plans) {
      const { name = "", namespace = "", uid = "" } = plan.claim.metadata;
      if ("volume" in plan) {
        const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid };
        const marked = withAt(plan.volume, ["metadata", "annotations", annotations.byController], "yes");
        yield* client.update("persistentvolumes", withAt(marked, ["spec", "claimRef"], claimRef) as unknown as Volume);
      } else {
        const metadata = { annotations: { [annotations.selectedNode]: plan.node } };
        yield* client.patch("persistentvolumeclaims", namespace, name, { metadata });
      }
    }
    for (let waited = 0; !plans.every(({ claim }) => this.#isDone(claim)); waited++) {
      if (waited >= bindTimeout) throw new ApiFailure(0, undefined, "binding volumes: context deadline exceeded");
      yield* client.world.engine.delay(lookEvery, { background: waited > 60 });
    }
    this.#forget(pod);
  }

  #isDone({ metadata }: Claim): boolean {
    const now = this.#storage.claim(metadata.namespace ?? "", metadata.name ?? "");
    if (now === undefined || now.metadata.uid !== metadata.uid)
      throw new ApiFailure(0, undefined, `binding volumes: persistentvolumeclaim "${metadata.name ?? ""}" not found`);
    return isBound(now);
  }

  #forget(pod: PodInfo): void {
    for (const plan of this.#plans.get(pod.key) ?? [])
      if ("volume" in plan) this.#promised.delete(plan.volume.metadata.name ?? "");
    this.#plans.delete(pod.key);
  }

  wakes(_pod: PodInfo, { kind }: ClusterEvent): boolean {
    return kind !== "AssignedPod";
  }
}

/** One pod alone has a claim that is `ReadWriteOncePod` (kubernetes, `plugins/volumerestrictions`). */
const volumeRestrictions = (storage: StorageView): Plugin => ({
  name: "VolumeRestrictions",
  weight: 0,
  filter: (pod, cluster) => {
    if (!hasClaims(pod)) return undefined;
    const alone = new Set(
      namesOf(pod).filter((name) =>
        (storage.claim(pod.namespace, name)?.spec.accessModes ?? []).includes("ReadWriteOncePod"),
      ),
    );
    if (alone.size === 0) return undefined;
    const uses = (other: PodInfo): boolean =>
      other.namespace === pod.namespace && namesOf(other).some((name) => alone.has(name));
    const taken = cluster.nodes.some(({ pods }) => [...pods.values()].some((other) => hasClaims(other) && uses(other)));
    if (!taken) return undefined;
    return all(refusal("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"));
  },
  wakes: (_pod, { kind, action }) =>
    (kind === "AssignedPod" && action === "delete") || kind === "PersistentVolumeClaim",
});

/** No more volumes of a driver than it can give to a node (kubernetes, `plugins/nodevolumelimits`). */
const nodeVolumeLimits = (storage: StorageView): Plugin => {
  const volumesOf = (pod: PodInfo): readonly (readonly [driver: string, id: string])[] =>
    namesOf(pod).flatMap((name) => {
      const claim = storage.claim(pod.namespace, name);
      if (claim === undefined) return [];
      const csi = storage.volume(claim.spec.volumeName ?? "")?.spec.csi;
      if (csi !== undefined) return [[csi.driver, csi.volumeHandle] as const];
      // One that is yet to be made will take a place, too.
      const driver = storage.storageClass(classOf(claim))?.provisioner;
      return driver === undefined ? [] : [[driver, claim.metadata.uid ?? name] as const];
    });
  return {
    name: "NodeVolumeLimits",
    weight: 0,
    filter: (pod) => {
      if (!hasClaims(pod)) return undefined;
      const wanted = volumesOf(pod);
      if (wanted.length === 0) return undefined;
      const refused = refusal("node(s) exceed max volume count");
      return (node) => {
        for (const driver of listAt(storage.nodeDrivers(node.name), "spec", "drivers")) {
          const name = stringAt(driver, "name") ?? "";
          const most = numberAt(driver, "allocatable", "count");
          const more = wanted.filter(([own]) => own === name);
          if (most === undefined || more.length === 0) continue;
          const there = [...node.pods.values()].filter(hasClaims).flatMap(volumesOf);
          const ids = new Set([...there, ...more].filter(([own]) => own === name).map(([, id]) => id));
          if (ids.size > most) return refused;
        }
        return undefined;
      };
    },
    wakes: (_pod, { kind, action }) => kind === "CSINode" || (kind === "AssignedPod" && action === "delete"),
  };
};

/** A volume that says by a label in which zone it is, is reached from there alone (kubernetes, `plugins/volumezone`). */
const volumeZone = (storage: StorageView): Plugin => ({
  name: "VolumeZone",
  weight: 0,
  filter: (pod) => {
    if (!hasClaims(pod)) return undefined;
    const keys = [zoneLabel, "topology.kubernetes.io/region"];
    const places = namesOf(pod).flatMap((name) => {
      const volume = storage.volume(storage.claim(pod.namespace, name)?.spec.volumeName ?? "");
      return volume === undefined ? [] : keys.flatMap((key) => labelled(volume, key));
    });
    if (places.length === 0) return undefined;
    const refused = unresolvable("node(s) had no available volume zone");
    return ({ labels }) =>
      places.every(({ key, values }) => values.includes(labels[key] ?? "")) ? undefined : refused;
  },
  wakes: (_pod, { kind }) => kind !== "AssignedPod",
});

function labelled(
  volume: Volume,
  key: string,
): readonly { readonly key: string; readonly values: readonly string[] }[] {
  const value = labelsOf(volume)[key];
  return value === undefined ? [] : [{ key, values: value.split("__") }];
}

/** The plugins of the default profile that look at volumes, in its order. */
export const volumePlugins = (storage: StorageView): readonly Plugin[] => [
  volumeRestrictions(storage),
  nodeVolumeLimits(storage),
  new VolumeBinding(storage),
  volumeZone(storage),
];
