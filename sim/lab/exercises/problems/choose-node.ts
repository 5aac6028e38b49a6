import type { Problem } from "../problem.js";

/** An amount of both: thousandths of a CPU, MiB of memory. */
export type CpuAndMemory = { readonly cpu: number; readonly memory: number };

/** What a pod requests, and what else it asks of its node. */
export type PodNeeds = CpuAndMemory & {
  /** Labels that the node must have. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Taints that the pod tolerates. */
  readonly tolerates?: readonly string[];
};

/** A node, and what its pods have requested so far. */
export type NodeRequests = CpuAndMemory & {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Taints that keep pods away (NoSchedule). */
  readonly taints?: readonly string[];
};

/**
 * Which node a pod gets.
 * @param size what pods may request of each node together
 * @returns its name, the first of those with the best score; undefined where none fits
 */
export type ChooseNode = (pod: PodNeeds, nodes: readonly NodeRequests[], size: CpuAndMemory) => string | undefined;

type Filter = (pod: PodNeeds, node: NodeRequests, size: CpuAndMemory) => boolean;
type Score = (cpu: number, memory: number) => number;

const fits: Filter = (pod, node, size) => node.cpu + pod.cpu <= size.cpu && node.memory + pod.memory <= size.memory;
const selected: Filter = ({ nodeSelector = {} }, { labels = {} }) =>
  Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
const tolerated: Filter = ({ tolerates = [] }, { taints = [] }) => taints.every((taint) => tolerates.includes(taint));

/** Kubernetes 1.32, `plugins/noderesources`: LeastAllocated and BalancedAllocation, of the shares taken. */
const left = (share: number): number => Math.floor((1 - share) * 100);
const least: Score = (cpu, memory) => Math.floor((left(cpu) + left(memory)) / 2);
const balanced: Score = (cpu, memory) => Math.floor((1 - Math.abs(cpu - memory) / 2) * 100);

/** The scheduler's two steps, with some filters and scores. @param own whether the pod's own requests count in the score */
const by =
  (filters: readonly Filter[], scores: readonly Score[], own = true): ChooseNode =>
  (pod, nodes, size) => {
    let best: { readonly name: string; readonly score: number } | undefined;
    for (const node of nodes) {
      if (!filters.every((asks) => asks(pod, node, size))) continue;
      const cpu = (node.cpu + (own ? pod.cpu : 0)) / size.cpu;
      const memory = (node.memory + (own ? pod.memory : 0)) / size.memory;
      const score = scores.reduce((sum, each) => sum + each(cpu, memory), 0);
      if (best === undefined || score > best.score) best = { name: node.name, score };
    }
    return best?.name;
  };

const filters = [fits, selected, tolerated];
const scores = [least, balanced];

const plain: PodNeeds = { cpu: 500, memory: 512 };
const size = { cpu: 4000, memory: 8192 };
const room = (name: string, cpu: number, memory: number, more: Partial<NodeRequests> = {}): NodeRequests => ({
  name,
  cpu,
  memory,
  ...more,
});
const empty = room("a", 0, 0, { taints: ["db"] });
const half = room("b", 2000, 4096);
const ssd = { disk: "ssd" };
const selective = [room("a", 0, 0, { labels: { disk: "hdd" } }), room("b", 2000, 4096, { labels: ssd })];

export const chooseNode: Problem<ChooseNode> = {
  title: "Be the scheduler",
  statement:
    "Return the name of the node that a pod gets, or undefined where none fits. A node's cpu and memory are what its pods have requested so far, size is what they may request together. Filter: the pod fits beside them; the node has the labels of nodeSelector; the pod tolerates each of the node's taints. Score: let c and m be the shares of CPU and memory that are requested once the pod is there. LeastAllocated is floor((floor((1 − c)·100) + floor((1 − m)·100)) / 2), BalancedAllocation floor((1 − |c − m| / 2)·100); add both. The best wins, the first of equals.",
  hints: [
    "Two steps: throw out what does not fit, then keep the best of the rest.",
    "c = (node.cpu + pod.cpu) / size.cpu: the pod's own request counts.",
    "Begin with no node and replace it when a score is larger, not when it is as large.",
  ],
  examples: [
    { about: "the emptier one", args: [plain, [room("a", 2000, 4096), room("b", 1000, 2048)], size] },
    { about: "no CPU left", args: [plain, [room("a", 3600, 0), room("b", 3000, 6000)], size] },
    { about: "it fits exactly", args: [plain, [room("a", 3500, 7680)], size] },
    { about: "none fits", args: [plain, [room("a", 3600, 0), room("b", 0, 7900)], size] },
    { about: "a label is asked for", args: [{ ...plain, nodeSelector: ssd }, selective, size] },
    { about: "a taint", args: [plain, [empty, half], size] },
    { about: "a taint that is tolerated", args: [{ ...plain, tolerates: ["db"] }, [empty, half], size] },
    { about: "more room, all on one side", args: [plain, [room("a", 1500, 3072), room("b", 0, 5800)], size] },
    {
      about: "a lopsided pod",
      args: [{ cpu: 2000, memory: 0 }, [room("a", 500, 1024), room("b", 400, 3000)], size],
    },
    { about: "equals", args: [plain, [room("a", 1000, 2048), room("b", 1000, 2048)], size] },
  ],
  reference: by(filters, scores),
  slips: [
    { step: "filter: what does not fit is out", solution: by([selected, tolerated], scores) },
    { step: "filter: nodeSelector", solution: by([fits, tolerated], scores) },
    { step: "filter: taints", solution: by([fits, selected], scores) },
    {
      step: "filter: a taint that is tolerated does no harm",
      solution: by([fits, selected, (_pod, { taints = [] }) => taints.length === 0], scores),
    },
    { step: "score: both count, not the emptiness alone", solution: by(filters, [least]) },
    { step: "score: both count, not the balance alone", solution: by(filters, [balanced]) },
    { step: "score: the pod's own requests count", solution: by(filters, scores, false) },
    { step: "score: the best is the largest", solution: by(filters, [(c, m) => -least(c, m) - balanced(c, m)]) },
  ],
};
