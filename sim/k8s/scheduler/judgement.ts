import type { NodeFilter, Plugin, Refusal } from "./framework.js";
import type { NodeInfo } from "./node-info.js";
import type { PodInfo } from "./pod-info.js";

export interface RefusedNode extends Refusal {
  readonly name: string;
  /** The first plugin that refused it: no other is asked then. */
  readonly plugin: string;
}

/** What local plugins say of one node for pods of one class, as long as the node is what it was. */
export interface Judgement {
  readonly node: NodeInfo;
  readonly version: number;
  readonly refused: RefusedNode | undefined;
  /** By local plugin that scores, not normalized; made when first wanted. */
  scores: readonly number[] | undefined;
}

export interface NamedFilter {
  readonly name: string;
  readonly asks: NodeFilter;
  readonly local: boolean;
}

/** Classes whose judgements are kept. */
const mostClasses = 64;

/**
 * What is remembered between decisions. Pods of one class (of one Deployment, say) come one behind the other, and of the
 * nodes that a decision looks at all but one or two are what they were when the pod before was decided on. What is remembered is what would be
 * found anew: only plugins that look at nothing but the class and the node are taken for it.
 */
export class Judgements {
  readonly #classes = new Map<string, (Judgement | undefined)[]>();

  /** Of a pod's class, by the node's place among all; of a node that has another place by now, it is made anew. */
  of(pod: PodInfo, nodes: number): (Judgement | undefined)[] {
    const key = pod.class;
    let found = this.#classes.get(key);
    if (found?.length !== nodes) {
      this.#classes.delete(key);
      found = new Array<Judgement | undefined>(nodes).fill(undefined);
      if (this.#classes.size >= mostClasses) {
        const [oldest] = this.#classes.keys();
        if (oldest !== undefined) this.#classes.delete(oldest);
      }
      this.#classes.set(key, found);
    }
    return found;
  }
}

/** What the first of some filters says that refuses a node. */
export function firstRefusal(filters: readonly NamedFilter[], node: NodeInfo): RefusedNode | undefined {
  for (const { name, asks } of filters) {
    const refused = asks(node);
    if (refused !== undefined) return { name: node.name, plugin: name, ...refused };
  }
  return undefined;
}

/** A node's judgement, remembered or made. @param lead the local filters that come before all others */
export function judge(
  known: (Judgement | undefined)[],
  place: number,
  lead: readonly NamedFilter[],
  node: NodeInfo,
): Judgement {
  const remembered = known[place];
  if (remembered?.node === node && remembered.version === node.version) return remembered;
  const judgement: Judgement = { node, version: node.version, refused: firstRefusal(lead, node), scores: undefined };
  known[place] = judgement;
  return judgement;
}

/** The scores of local plugins, in the plugins' order. */
export const localScores = (
  scorings: readonly { readonly plugin: Plugin; readonly of: (node: NodeInfo) => number }[],
  node: NodeInfo,
): readonly number[] => scorings.filter(({ plugin }) => plugin.local === true).map(({ of }) => of(node));
