import type { Problem } from "../problem.js";

/** What a pod asks of its node. */
export type PodNeeds = {
  /** Requested, in thousandths of a CPU. */
  readonly cpu: number;
  /** Requested, in MiB. */
  readonly memory: number;
  /** Labels that the node must have. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Taints that the pod tolerates. */
  readonly tolerates: readonly string[];
};

/** A node as the scheduler sees it. */
export type NodeRoom = {
  readonly name: string;
  /** What pods may have: thousandths of a CPU, MiB. */
  readonly allocatable: { readonly cpu: number; readonly memory: number };
  /** What its pods have requested so far. */
  readonly requested: { readonly cpu: number; readonly memory: number };
  readonly labels: Readonly<Record<string, string>>;
  /** Taints that keep pods away (NoSchedule). */
  readonly taints: readonly string[];
};

/**
 * Which node a pod gets.
 * @returns its name, the first of those with the best score; undefined where none fits
 */
export type ChooseNode = (pod: PodNeeds, nodes: readonly NodeRoom[]) => string | undefined;

type Filter = (pod: PodNeeds, node: NodeRoom) => boolean;
type Score = (cpu: number, memory: number) => number;

const fits: Filter = ({ cpu, memory }, { allocatable, requested }) =>
  requested.cpu + cpu <= allocatable.cpu && requested.memory + memory <= allocatable.memory;
const selected: Filter = ({ nodeSelector }, { labels }) =>
  Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
const tolerated: Filter = ({ tolerates }, { taints }) => taints.every((taint) => tolerates.includes(taint));

/** Kubernetes 1.32, `plugins/noderesources`: LeastAllocated and BalancedAllocation, of the shares taken. */
const left = (share: number): number => Math.floor((1 - share) * 100);
const least: Score = (cpu, memory) => Math.floor((left(cpu) + left(memory)) / 2);
const balanced: Score = (cpu, memory) => Math.floor((1 - Math.abs(cpu - memory) / 2) * 100);

/** The scheduler's two steps, with some filters and scores. @param own whether the pod's own requests count in the score */
const by =
  (filters: readonly Filter[], scores: readonly Score[], own = true): ChooseNode =>
  (pod, nodes) => {
    let best: { readonly name: string; readonly score: number } | undefined;
    for (const node of nodes) {
      if (!filters.every((asks) => asks(pod, node))) continue;
      const { allocatable, requested } = node;
      const cpu = (requested.cpu + (own ? pod.cpu : 0)) / allocatable.cpu;
      const memory = (requested.memory + (own ? pod.memory : 0)) / allocatable.memory;
      const score = scores.reduce((sum, each) => sum + each(cpu, memory), 0);
      if (best === undefined || score > best.score) best = { name: node.name, score };
    }
    return best?.name;
  };

const filters = [fits, selected, tolerated];
const scores = [least, balanced];

const plain: PodNeeds = { cpu: 500, memory: 512, nodeSelector: {}, tolerates: [] };
const room = (name: string, cpu: number, memory: number, more: Partial<NodeRoom> = {}): NodeRoom => ({
  name,
  allocatable: { cpu: 4000, memory: 8192 },
  requested: { cpu, memory },
  labels: {},
  taints: [],
  ...more,
});
const ssd = { disk: "ssd" };

export const chooseNode: Problem<ChooseNode> = {
  title: "Be the scheduler",
  statement:
    "Return the name of the node that a pod gets, or undefined where none fits. Filter: what the node's pods have requested and what the pod requests fit into allocatable, CPU and memory; the node has the labels of nodeSelector; the pod tolerates each of the node's taints. Score: let c and m be the shares of CPU and memory that are requested once the pod is there. LeastAllocated is floor((floor((1 − c)·100) + floor((1 − m)·100)) / 2), BalancedAllocation floor((1 − |c − m| / 2)·100); add both. The best wins, the first of equals.",
  hints: [
    "Two loops, or a filter and a loop: first throw out what does not fit, then keep the best of the rest.",
    "c = (node.requested.cpu + pod.cpu) / node.allocatable.cpu: the pod's own request counts.",
    "Begin with no node and replace it when a score is larger, not when it is as large.",
  ],
  examples: [
    { about: "the emptier one", args: [plain, [room("a", 2000, 4096), room("b", 1000, 2048)]] },
    { about: "no CPU left", args: [plain, [room("a", 3600, 0), room("b", 3000, 6000)]] },
    { about: "no memory left", args: [plain, [room("a", 0, 7900), room("b", 3000, 6000)]] },
    { about: "it fits exactly", args: [plain, [room("a", 3500, 7680)]] },
    { about: "none fits", args: [plain, [room("a", 3600, 0), room("b", 0, 7900)]] },
    {
      about: "a label is asked for",
      args: [
        { ...plain, nodeSelector: ssd },
        [room("a", 0, 0, { labels: { disk: "hdd" } }), room("b", 2000, 4096, { labels: ssd })],
      ],
    },
    { about: "a taint", args: [plain, [room("a", 0, 0, { taints: ["db"] }), room("b", 2000, 4096)]] },
    {
      about: "a taint that is tolerated",
      args: [{ ...plain, tolerates: ["db"] }, [room("a", 0, 0, { taints: ["db"] }), room("b", 2000, 4096)]],
    },
    { about: "a lopsided node", args: [plain, [room("a", 0, 6000), room("b", 1600, 3277)]] },
    { about: "a little more room, all on one side", args: [plain, [room("a", 1500, 3072), room("b", 0, 5800)]] },
    {
      about: "the pod is lopsided itself",
      args: [{ ...plain, cpu: 2000, memory: 0 }, [room("a", 500, 1024), room("b", 400, 3000)]],
    },
    { about: "equals", args: [plain, [room("a", 1000, 2048), room("b", 1000, 2048)]] },
  ],
  reference: by(filters, scores),
  slips: [
    { step: "filter: what does not fit is out", solution: by([selected, tolerated], scores) },
    { step: "filter: nodeSelector", solution: by([fits, tolerated], scores) },
    { step: "filter: taints", solution: by([fits, selected], scores) },
    {
      step: "filter: a taint that is tolerated does no harm",
      solution: by([fits, selected, (_pod, { taints }) => taints.length === 0], scores),
    },
    { step: "score: both count, not the emptiness alone", solution: by(filters, [least]) },
    { step: "score: both count, not the balance alone", solution: by(filters, [balanced]) },
    { step: "score: the pod's own requests count", solution: by(filters, scores, false) },
    { step: "score: the best is the largest", solution: by(filters, [(c, m) => -least(c, m) - balanced(c, m)]) },
  ],
};
