import { refusal, type Plugin } from "../framework.js";

/** An empty share of each, by what is left: 100 for an empty node, 0 for a full one. */
const leastAllocated = (all: number, used: number): number => (used > all ? 0 : Math.floor(((all - used) * 100) / all));

const tooManyPods = refusal("Too many pods");

/** By requests, not by use; the score is that of LeastAllocated, the emptier the better. */
export const nodeResourcesFit: Plugin = {
  name: "NodeResourcesFit",
  weight: 1,
  local: true,
  filter: ({ requests }) => {
    const { cpu, memory } = requests;
    const others = [...requests.others].filter(([, amount]) => amount > 0);
    return (node) => {
      const { allocatable, requested, pods, podLimit } = node;
      const full = pods.size + 1 > podLimit;
      const noCpu = cpu > 0 && cpu > allocatable.cpu - requested.cpu;
      const noMemory = memory > 0 && memory > allocatable.memory - requested.memory;
      if (!full && !noCpu && !noMemory && others.length === 0) return undefined;
      if (full && !noCpu && !noMemory && others.length === 0) return tooManyPods;
      const reasons = full ? ["Too many pods"] : [];
      if (noCpu) reasons.push("Insufficient cpu");
      if (noMemory) reasons.push("Insufficient memory");
      for (const [name, amount] of others) {
        const free = (allocatable.others.get(name) ?? 0) - (requested.others.get(name) ?? 0);
        if (amount > free) reasons.push(`Insufficient ${name}`);
      }
      return reasons.length === 0 ? undefined : refusal(...reasons);
    };
  },
  score: ({ counted }) => ({
    of: (node) => {
      const { allocatable, counted: taken } = node;
      const { cpu, memory } = allocatable;
      const byCpu = cpu === 0 ? 0 : leastAllocated(cpu, taken.cpu + counted.cpu);
      const byMemory = memory === 0 ? 0 : leastAllocated(memory, taken.memory + counted.memory);
      const weights = Number(cpu > 0) + Number(memory > 0);
      return weights === 0 ? 0 : Math.floor((byCpu + byMemory) / weights);
    },
  }),
  wakes: (_pod, { kind, action }) =>
    (kind === "Node" && action !== "delete") || (kind === "AssignedPod" && action !== "add"),
};

/**
 * The nearer the shares of CPU and memory that are taken, the better: 100 less their standard deviation. Pods that ask for
 * nothing are scored, too: 1.33 was the first not to (kubernetes#130260).
 */
export const balancedAllocation: Plugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  local: true,
  score: ({ requests }) => ({
    of: ({ allocatable, requested }) => {
      if (allocatable.cpu === 0 || allocatable.memory === 0) return 100;
      const cpu = Math.min(1, (requested.cpu + requests.cpu) / allocatable.cpu);
      const memory = Math.min(1, (requested.memory + requests.memory) / allocatable.memory);
      return Math.floor((1 - Math.abs(cpu - memory) / 2) * 100);
    },
  }),
};
