import type { Node, Pod } from "../../client/pod-types.js";
import type { KubeObject } from "../../objects/value.js";
import { Cluster } from "../../scheduler/cluster.js";
import { refusalAmong, search } from "../../scheduler/decision.js";
import type { Plugin } from "../../scheduler/framework.js";
import type { RefusedNode } from "../../scheduler/judgement.js";
import type { NodeInfo } from "../../scheduler/node-info.js";
import { PodInfo } from "../../scheduler/pod-info.js";

/** A pod as if it had no node yet. */
export const unplaced = (pod: Pod): PodInfo => {
  const spec = Object.fromEntries(Object.entries(pod.spec).filter(([key]) => key !== "nodeName"));
  return new PodInfo({ ...pod, spec });
};

/** The cluster as it is, to try out what the scheduler would do if it were another: its own filters on a copy of its own cache. */
export class Snapshot {
  readonly #cluster = new Cluster();
  readonly #filters: readonly Plugin[];

  /** @param plugins the scheduler's; their scores aren't asked for */
  constructor(
    plugins: readonly Plugin[],
    nodes: Iterable<Node>,
    pods: Iterable<Pod>,
    namespaces: Iterable<KubeObject>,
  ) {
    this.#filters = plugins.map((plugin) => ({
      ...{ name: plugin.name, weight: plugin.weight },
      ...(plugin.local === undefined ? {} : { local: plugin.local }),
      filter: (pod, cluster) => plugin.filter?.(pod, cluster),
    }));
    for (const namespace of namespaces) this.#cluster.putNamespace(namespace);
    for (const node of nodes) this.#cluster.putNode(node);
    for (const pod of pods) {
      const { nodeName } = pod.spec;
      if (nodeName !== undefined) this.#cluster.putPod(new PodInfo(pod), nodeName);
    }
  }

  node(name: string): NodeInfo | undefined {
    return this.#cluster.node(name);
  }

  add(node: Node): void {
    this.#cluster.putNode(node);
  }

  /** Takes nodes away, with their pods. */
  remove(...names: readonly string[]): void {
    for (const name of names) {
      for (const key of [...(this.#cluster.node(name)?.pods.keys() ?? [])]) this.#cluster.removePod(key);
      this.#cluster.removeNode(name);
    }
  }

  /** Puts a pod on a node. */
  put(pod: PodInfo, node: string): void {
    this.#cluster.putPod(pod, node);
  }

  take(pod: PodInfo): void {
    this.#cluster.removePod(pod.key);
  }

  /** Puts a pod where it fits. @returns the node's name, undefined where none has room */
  place(pod: PodInfo): string | undefined {
    const { node } = search(pod, this.#cluster, { plugins: this.#filters });
    if (node !== undefined) this.put(pod, node);
    return node;
  }

  /** What speaks against a pod on a node. */
  refusal(pod: PodInfo, name: string): RefusedNode | undefined {
    const node = this.#cluster.node(name);
    return node === undefined
      ? { name, plugin: "NodeName", reasons: ["node(s) not found"], resolvable: false }
      : refusalAmong(pod, this.#cluster, this.#filters, node);
  }
}
