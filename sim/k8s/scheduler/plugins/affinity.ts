import { matches } from "../../objects/selectors.js";
import { refusal, unresolvable, type ClusterView, type Plugin } from "../framework.js";
import type { NodeInfo } from "../node-info.js";
import type { AffinityTerm, PodInfo } from "../pod-info.js";

/** What a pod's required affinity adds to the score of a pod that it means (`hardPodAffinityWeight`, by default). */
const hardWeight = 1;

function means(term: AffinityTerm, pod: PodInfo, cluster: ClusterView): boolean {
  const { namespaces, namespaceSelector, selector } = term;
  if (selector === undefined || !matches(selector, pod.labels)) return false;
  if (namespaces.has(pod.namespace)) return true;
  return namespaceSelector !== undefined && matches(namespaceSelector, cluster.namespace(pod.namespace));
}

/** Numbers by topology key and domain. */
class Domains {
  readonly #byKey = new Map<string, Map<string, number>>();

  get empty(): boolean {
    return this.#byKey.size === 0;
  }

  add(key: string, { labels }: NodeInfo, amount: number): void {
    const domain = labels[key];
    if (domain === undefined) return;
    let domains = this.#byKey.get(key);
    if (domains === undefined) this.#byKey.set(key, (domains = new Map<string, number>()));
    domains.set(domain, (domains.get(domain) ?? 0) + amount);
  }

  at(key: string, { labels }: NodeInfo): number {
    const domain = labels[key];
    return domain === undefined ? 0 : (this.#byKey.get(key)?.get(domain) ?? 0);
  }

  sum(node: NodeInfo): number {
    let sum = 0;
    for (const key of this.#byKey.keys()) sum += this.at(key, node);
    return sum;
  }

  /** Whether the node is in a domain that has any. */
  touches(node: NodeInfo): boolean {
    for (const key of this.#byKey.keys()) if (this.at(key, node) > 0) return true;
    return false;
  }
}

/** Pods that want to be near others, or away from them (kubernetes, `plugins/interpodaffinity`). */
export const interPodAffinity: Plugin = {
  name: "InterPodAffinity",
  weight: 2,
  filter: (pod, cluster) => {
    const near = pod.affinity.required;
    const away = pod.antiAffinity.required;
    const existing = new Domains();
    for (const node of cluster.withAffinity) {
      for (const other of node.withAffinity)
        for (const term of other.antiAffinity.required)
          if (means(term, pod, cluster)) existing.add(term.topologyKey, node, 1);
    }
    if (near.length + away.length === 0 && existing.empty) return undefined;
    const attracting = new Domains();
    const repelling = new Domains();
    for (const node of near.length + away.length === 0 ? [] : cluster.nodes) {
      for (const other of node.pods.values()) {
        if (near.length > 0 && near.every((term) => means(term, other, cluster)))
          for (const { topologyKey } of near) attracting.add(topologyKey, node, 1);
        for (const term of away) if (means(term, other, cluster)) repelling.add(term.topologyKey, node, 1);
      }
    }
    // The first of a group that wants to be near each other has to begin somewhere.
    const first = attracting.empty && near.every((term) => means(term, pod, cluster));
    return (node) => {
      const labelled = near.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);
      if (!labelled || (!first && near.some(({ topologyKey }) => attracting.at(topologyKey, node) === 0)))
        return unresolvable("node(s) didn't match pod affinity rules");
      if (repelling.touches(node)) return refusal("node(s) didn't match pod anti-affinity rules");
      if (existing.touches(node)) return refusal("node(s) didn't satisfy existing pods anti-affinity rules");
      return undefined;
    };
  },
  score: (pod, cluster) => {
    const near = pod.affinity.preferred;
    const away = pod.antiAffinity.preferred;
    const sums = new Domains();
    for (const node of near.length + away.length === 0 ? [] : cluster.nodes) {
      for (const other of node.pods.values()) {
        for (const term of near) if (means(term, other, cluster)) sums.add(term.topologyKey, node, term.weight);
        for (const term of away) if (means(term, other, cluster)) sums.add(term.topologyKey, node, -term.weight);
      }
    }
    for (const node of cluster.withAffinity) {
      for (const { affinity, antiAffinity } of node.withAffinity) {
        for (const term of affinity.required)
          if (means(term, pod, cluster)) sums.add(term.topologyKey, node, hardWeight);
        for (const term of affinity.preferred)
          if (means(term, pod, cluster)) sums.add(term.topologyKey, node, term.weight);
        for (const term of antiAffinity.preferred)
          if (means(term, pod, cluster)) sums.add(term.topologyKey, node, -term.weight);
      }
    }
    if (sums.empty) return undefined;
    return {
      of: (node) => sums.sum(node),
      normalize: (scores) => {
        const most = scores.reduce((a, b) => Math.max(a, b), -Infinity);
        const least = scores.reduce((a, b) => Math.min(a, b), Infinity);
        for (let i = 0; i < scores.length; i++)
          scores[i] = most === least ? 0 : Math.floor((100 * ((scores[i] ?? 0) - least)) / (most - least));
      },
    };
  },
};
