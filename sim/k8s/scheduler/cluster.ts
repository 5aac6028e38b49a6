import { equal, labelsOf, objectAt, type KubeObject } from "../objects/value.js";
import type { ClusterView, NodeChanges } from "./framework.js";
import { NodeInfo } from "./node-info.js";
import type { PodInfo } from "./pod-info.js";

/** The cluster as a few nodes have it, for a single decision. */
export function viewOf(nodes: readonly NodeInfo[]): ClusterView {
  return {
    nodes,
    withAffinity: nodes.filter(({ withAffinity }) => withAffinity.size > 0),
    namespace: () => ({}),
    imageNodes: (name) => nodes.filter(({ images }) => images.has(name)).length,
  };
}

const zoneOf = ({ labels }: NodeInfo): string =>
  `${labels["topology.kubernetes.io/region"] ?? ""}:${labels["topology.kubernetes.io/zone"] ?? ""}`;

/** Changes that are remembered at the least. */
const remembered = 4096;

class Changes implements NodeChanges {
  #places: number[] = [];
  /** How many went before those. */
  #forgotten = 0;

  get end(): number {
    return this.#forgotten + this.#places.length;
  }

  note(place: number): void {
    this.#places.push(place);
    if (this.#places.length < 2 * remembered) return;
    this.#places = this.#places.slice(remembered);
    this.#forgotten += remembered;
  }

  since(end: number): readonly number[] | undefined {
    return end < this.#forgotten ? undefined : this.#places.slice(end - this.#forgotten);
  }
}

/**
 * The scheduler's cache (kubernetes, `backend/cache`): nodes with their pods, those that it has only assumed to be there included.
 * It changes with each event, so that a decision needs no snapshot: nothing else happens while one is made.
 */
export class Cluster implements ClusterView {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Where each pod is. */
  readonly #places = new Map<string, NodeInfo>();
  readonly #assumed = new Set<string>();
  /** Pods of nodes that aren't known yet. */
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  readonly #withAffinity = new Set<NodeInfo>();
  readonly #images = new Map<string, number>();
  readonly #namespaces = new Map<string, KubeObject>();
  #order: readonly NodeInfo[] | undefined;
  /** Where each is in that order. */
  readonly #placeOf = new Map<NodeInfo, number>();
  readonly changes: Changes = new Changes();

  /** One of each zone in turn, so that a search that ends early has looked into all of them (`node_tree.go`). */
  get nodes(): readonly NodeInfo[] {
    if (this.#order === undefined) {
      const byZone = new Map<string, NodeInfo[]>();
      for (const node of this.#nodes.values()) {
        const zone = zoneOf(node);
        const others = byZone.get(zone);
        if (others === undefined) byZone.set(zone, [node]);
        else others.push(node);
      }
      const zones = [...byZone.values()];
      const longest = Math.max(0, ...zones.map(({ length }) => length));
      this.#order = Array.from({ length: longest }, (_, i) => zones.flatMap((zone) => zone[i] ?? [])).flat();
      this.#placeOf.clear();
      for (const [place, node] of this.#order.entries()) this.#placeOf.set(node, place);
    }
    return this.#order;
  }

  /** A node is another than it was. While there is no order, nobody remembers anything of its places. */
  #touched(node: NodeInfo): void {
    const place = this.#order === undefined ? undefined : this.#placeOf.get(node);
    if (place !== undefined) this.changes.note(place);
  }

  get withAffinity(): Iterable<NodeInfo> {
    return this.#withAffinity;
  }

  readonly namespace = (name: string): Readonly<Record<string, string>> => {
    const found = this.#namespaces.get(name);
    return found === undefined ? {} : labelsOf(found);
  };

  readonly imageNodes = (name: string): number => this.#images.get(name) ?? 0;

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  putNode(node: KubeObject): void {
    const { name = "" } = node.metadata;
    const known = this.#nodes.get(name);
    if (known === undefined) {
      const info = new NodeInfo(node);
      this.#nodes.set(name, info);
      this.#countImages(info, 1);
      this.#order = undefined;
      for (const pod of this.#homeless.get(name)?.values() ?? []) this.#place(pod, info);
      this.#homeless.delete(name);
      return;
    }
    const zone = zoneOf(known);
    this.#countImages(known, -1);
    known.update(node);
    this.#touched(known);
    this.#countImages(known, 1);
    if (zoneOf(known) !== zone) this.#order = undefined;
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    this.#countImages(info, -1);
    this.#nodes.delete(name);
    this.#withAffinity.delete(info);
    this.#order = undefined;
    if (info.pods.size > 0) this.#homeless.set(name, new Map(info.pods));
    for (const key of info.pods.keys()) this.#places.delete(key);
  }

  putNamespace(namespace: KubeObject): void {
    this.#namespaces.set(namespace.metadata.name ?? "", namespace);
  }

  /** A pod is on a node, as the API says. */
  putPod(pod: PodInfo, node: string): void {
    this.removePod(pod.key);
    const info = this.#nodes.get(node);
    if (info !== undefined) this.#place(pod, info);
    else {
      const waiting = this.#homeless.get(node) ?? new Map<string, PodInfo>();
      this.#homeless.set(node, waiting.set(pod.key, pod));
    }
  }

  /** A pod that is on a node has another status, and is else as it was. @returns whether it is on a node */
  refresh(key: string, pod: KubeObject): boolean {
    const info = this.#places.get(key)?.pods.get(key);
    if (info === undefined || this.#assumed.has(key)) return false;
    info.pod = pod;
    return true;
  }

  /**
   * A pod is on the node that was assumed, and is else what it was: binding puts a node's name into a spec whose other parts stay the very
   * objects that they were. @returns whether that is so
   */
  confirm(key: string, pod: KubeObject, node: string): boolean {
    const place = this.#places.get(key);
    const info = place?.pods.get(key);
    if (place?.name !== node || info === undefined || !this.#assumed.has(key) || !onlyBound(pod, info.pod))
      return false;
    this.#assumed.delete(key);
    info.pod = pod;
    return true;
  }

  removePod(key: string): void {
    this.#assumed.delete(key);
    const info = this.#places.get(key);
    if (info === undefined) {
      for (const pods of this.#homeless.values()) pods.delete(key);
      return;
    }
    info.remove(key);
    this.#touched(info);
    this.#places.delete(key);
    if (info.withAffinity.size === 0) this.#withAffinity.delete(info);
  }

  /** A pod will be on a node, if nothing goes wrong; it takes its room from now on. */
  assume(pod: PodInfo, node: NodeInfo): void {
    this.#place(pod, node);
    this.#assumed.add(pod.key);
  }

  /** Something went wrong: unless the API says otherwise meanwhile, the pod isn't there. */
  forget(key: string): void {
    if (this.#assumed.has(key)) this.removePod(key);
  }

  /** Whether the pod is on a node, or is assumed to be. */
  has(key: string): boolean {
    return this.#places.has(key);
  }

  #place(pod: PodInfo, node: NodeInfo): void {
    node.add(pod);
    this.#touched(node);
    this.#places.set(pod.key, node);
    if (node.withAffinity.size > 0) this.#withAffinity.add(node);
  }

  #countImages({ images }: NodeInfo, change: number): void {
    for (const name of images.keys()) this.#images.set(name, (this.#images.get(name) ?? 0) + change);
  }
}

function onlyBound(pod: KubeObject, before: KubeObject): boolean {
  const spec = objectAt(pod, "spec");
  const old = objectAt(before, "spec");
  for (const key in spec) if (key !== "nodeName" && spec[key] !== old[key]) return false;
  const { labels, deletionTimestamp } = before.metadata;
  return (
    equal(pod.metadata.labels, labels) &&
    pod.metadata.deletionTimestamp === deletionTimestamp &&
    Object.keys(old).every((key) => Object.hasOwn(spec, key))
  );
}

/** The cluster with one node in another state: what would be if pods were gone from it. */
export function withNode(cluster: ClusterView, changed: NodeInfo): ClusterView {
  const replaced = (node: NodeInfo): NodeInfo => (node.name === changed.name ? changed : node);
  return {
    nodes: cluster.nodes.map(replaced),
    withAffinity: [...cluster.withAffinity].map(replaced),
    namespace: cluster.namespace,
    imageNodes: cluster.imageNodes,
  };
}
