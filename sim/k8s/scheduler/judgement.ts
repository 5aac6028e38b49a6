import type { ClusterView, NodeChanges, NodeFilter, Plugin, Refusal, Scoring } from "./framework.js";
import type { NodeInfo } from "./node-info.js";
import type { PodInfo } from "./pod-info.js";

export interface RefusedNode extends Refusal {
  readonly name: string;
  /** The first plugin that refused it: no other is asked then. */
  readonly plugin: string;
}

/** What local plugins say of one node for pods of one class, as long as the node is what it was. */
export interface Judgement {
  readonly refused: RefusedNode | undefined;
  /** By local plugin that scores, not normalized; empty where it is refused. */
  readonly scores: readonly number[];
}

export interface NamedFilter {
  readonly name: string;
  readonly asks: NodeFilter;
  readonly local: boolean;
}

/** A plugin that scores nodes for a pod. */
export interface NamedScoring extends Scoring {
  readonly plugin: Plugin;
}

/** What a class's judgement of a node came to: it isn't made since the node changed last, or the node fits, or it is refused. */
export const verdicts = { unknown: 0, fits: 1, refused: 2 } as const;

/**
 * What local plugins say of all nodes for pods of one class, by the nodes' places. A decision among thousands of nodes reads numbers that lie
 * one behind the other: to look at the nodes themselves would take most of its time.
 */
export class ClassJudgements {
  readonly nodes: readonly NodeInfo[];
  readonly verdicts: Uint8Array;
  readonly kept: (Judgement | undefined)[];
  /** Of scores that aren't normalized, the weighted sum. */
  readonly sums: Float64Array;
  /** Scores that are, by local plugin that scores; undefined for the others. */
  readonly raw: (Float64Array | undefined)[] = [];
  /** For a decision to write into: the places of the nodes that are left, their totals, a plugin's scores of them. */
  readonly fitting: number[] = [];
  readonly totals: Float64Array;
  readonly values: number[] = [];
  /** How far the cluster's changes have been looked at. */
  #read: number;

  constructor(nodes: readonly NodeInfo[], read: number) {
    this.nodes = nodes;
    this.verdicts = new Uint8Array(nodes.length);
    this.kept = new Array<Judgement | undefined>(nodes.length).fill(undefined);
    this.sums = new Float64Array(nodes.length);
    this.totals = new Float64Array(nodes.length);
    this.#read = read;
  }

  /** Forgets what it knows of nodes that have changed. @returns false where too many have since it last did */
  follow(changes: NodeChanges): boolean {
    const places = changes.since(this.#read);
    if (places === undefined) return false;
    for (const place of places) this.verdicts[place] = verdicts.unknown;
    this.#read = changes.end;
    return true;
  }

  /**
   * Makes the judgement of a node.
   * @param lead the local filters that come before all others
   * @param scorings those of local plugins
   */
  judge(place: number, lead: readonly NamedFilter[], scorings: readonly NamedScoring[]): number {
    const node = this.nodes[place];
    if (node === undefined) return verdicts.refused;
    const refused = firstRefusal(lead, node);
    const scores = refused === undefined ? scorings.map(({ of }) => of(node)) : [];
    this.kept[place] = { refused, scores };
    let sum = 0;
    for (const [i, score] of scores.entries()) {
      const { normalize, plugin } = scorings[i] ?? {};
      if (normalize === undefined) sum += score * (plugin?.weight ?? 0);
      else (this.raw[i] ??= new Float64Array(this.nodes.length))[place] = score;
    }
    this.sums[place] = sum;
    return (this.verdicts[place] = refused === undefined ? verdicts.fits : verdicts.refused);
  }
}

/** Classes whose judgements are kept. */
const mostClasses = 64;

/**
 * What is remembered between decisions. Pods of one class (of one Deployment, say) come one behind the other, and of the
 * nodes that a decision looks at all but one or two are what they were when the pod before was decided on. What is remembered is what would be
 * found anew: only plugins that look at nothing but the class and the node are taken for it.
 */
export class Judgements {
  readonly #classes = new Map<string, ClassJudgements>();

  /** Of a pod's class: what holds still of the cluster's nodes. */
  of(pod: PodInfo, { nodes, changes }: ClusterView): ClassJudgements {
    const key = pod.class;
    const found = this.#classes.get(key);
    if (found?.nodes === nodes && changes !== undefined && found.follow(changes)) return found;
    const made = new ClassJudgements(nodes, changes?.end ?? 0);
    this.#classes.delete(key);
    if (this.#classes.size >= mostClasses) {
      const [oldest] = this.#classes.keys();
      if (oldest !== undefined) this.#classes.delete(oldest);
    }
    this.#classes.set(key, made);
    return made;
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
