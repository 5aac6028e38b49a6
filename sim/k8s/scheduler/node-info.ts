import { labelsOf, listAt, numberAt, objectAt, stringAt, at, type KubeObject } from "../objects/value.js";
import { addTo, noResources, PodInfo, resourcesOf, type Resources } from "./pod-info.js";

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** A node and what its pods take of it, kept up to date pod by pod. */
export class NodeInfo {
  readonly name: string;
  readonly requested: Resources = noResources();
  /** As `requested`, where containers that ask for nothing count too: what scores go by. */
  readonly counted: Resources = noResources();
  readonly pods: Map<string, PodInfo> = new Map<string, PodInfo>();
  /** Those of its pods that have terms of affinity or anti-affinity. */
  readonly withAffinity: Set<PodInfo> = new Set<PodInfo>();
  #node: KubeObject;
  #version = 0;
  labels: Readonly<Record<string, string>> = {};
  allocatable: Resources = noResources();
  podLimit = 0;
  unschedulable = false;
  /** Taints that refuse a pod, and those that only speak against the node. */
  hardTaints: readonly Taint[] = [];
  softTaints: readonly Taint[] = [];
  /** Sizes in bytes of the images that are there, by each of their names. */
  images: ReadonlyMap<string, number> = new Map<string, number>();

  constructor(node: KubeObject, pods: Iterable<KubeObject | PodInfo> = []) {
    this.name = node.metadata.name ?? "";
    this.#node = node;
    this.update(node);
    for (const pod of pods) this.add(pod);
  }

  get node(): KubeObject {
    return this.#node;
  }

  /** Another number after every change. */
  get version(): number {
    return this.#version;
  }

  /** Takes the node as it is now; its pods stay. */
  update(node: KubeObject): void {
    this.#version++;
    this.#node = node;
    this.labels = labelsOf(node);
    this.allocatable = resourcesOf(objectAt(node, "status", "allocatable"));
    this.podLimit = this.allocatable.others.get("pods") ?? 0;
    this.unschedulable = at(node, "spec", "unschedulable") === true;
    const taints = listAt(node, "spec", "taints").map((taint) => ({
      key: stringAt(taint, "key") ?? "",
      value: stringAt(taint, "value") ?? "",
      effect: stringAt(taint, "effect") ?? "",
    }));
    this.hardTaints = taints.filter(({ effect }) => effect !== "PreferNoSchedule");
    this.softTaints = taints.filter(({ effect }) => effect === "PreferNoSchedule");
    this.images = new Map(
      listAt(node, "status", "images").flatMap((image) =>
        listAt(image, "names").flatMap((name) =>
          typeof name === "string" ? [[name, numberAt(image, "sizeBytes") ?? 0] as const] : [],
        ),
      ),
    );
  }

  /** Adds a pod, or takes it as it is now. */
  add(pod: KubeObject | PodInfo): void {
    const info = pod instanceof PodInfo ? pod : new PodInfo(pod);
    this.remove(info.key);
    this.#version++;
    this.pods.set(info.key, info);
    if (info.hasAffinity) this.withAffinity.add(info);
    addTo(this.requested, info.requests);
    addTo(this.counted, info.counted);
  }

  /** @param key `namespace/name` */
  remove(key: string): PodInfo | undefined {
    const info = this.pods.get(key);
    if (info === undefined) return undefined;
    this.#version++;
    this.pods.delete(key);
    this.withAffinity.delete(info);
    addTo(this.requested, info.requests, -1);
    addTo(this.counted, info.counted, -1);
    return info;
  }
}
