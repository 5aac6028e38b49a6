import type { Problem } from "../problem.js";

/** What an autoscaler looks at. */
export interface Measured {
  /** What each pod uses of a resource, in percent of its request. */
  readonly used: readonly number[];
  /** What it shall be, in percent. */
  readonly target: number;
  /** The bounds (`minReplicas`, `maxReplicas`). */
  readonly least: number;
  readonly most: number;
}

/** How many replicas an autoscaler asks for, windows and policies aside. */
export type Replicas = (measured: Measured) => number;

/** What a wrong solution does otherwise. */
interface Reading {
  readonly ratio?: (measured: Measured) => number;
  readonly tolerance?: number;
  readonly whole?: (value: number) => number;
  readonly bounded?: boolean;
}

const average = ({ used, target }: Measured): number =>
  used.reduce((sum, each) => sum + each, 0) / used.length / target;

/** Kubernetes' documentation, "Horizontal Pod Autoscaling", algorithm details. */
const read =
  ({ ratio = average, tolerance = 0.1, whole = Math.ceil, bounded = true }: Reading): Replicas =>
  (measured) => {
    const { used, least, most } = measured;
    const is = ratio(measured);
    const wanted = Math.abs(is - 1) <= tolerance ? used.length : whole(used.length * is);
    return bounded ? Math.min(most, Math.max(least, wanted)) : wanted;
  };

export const replicas: Problem<Replicas> = {
  title: "How many replicas?",
  statement:
    "used has a number for each pod that runs: what it uses, in percent of its request. Divide their average by target. Within a tenth of 1 (from 0.9 to 1.1) the number of replicas stays as it is. Otherwise it is the number of pods times that ratio, rounded up. In any case it is at least least and at most most.",
  hints: [
    "Write the ratio first: the sum of used, divided by how many there are, divided by target.",
    "The tolerance is asked before anything is rounded: Math.abs(ratio - 1) <= 0.1 means used.length.",
    "Math.ceil, since half a pod serves nobody. The bounds come last: Math.min(most, Math.max(least, wanted)).",
  ],
  examples: [
    { about: "twice the target", args: [{ used: [100, 100, 100], target: 50, least: 1, most: 10 }] },
    { about: "a little more than the target", args: [{ used: [54, 54], target: 50, least: 1, most: 10 }] },
    { about: "one pod is full, the others idle", args: [{ used: [100, 10, 10], target: 50, least: 1, most: 10 }] },
    { about: "nobody asks", args: [{ used: [0, 0, 0, 0], target: 50, least: 2, most: 10 }] },
    { about: "more than is allowed", args: [{ used: [400, 400], target: 50, least: 1, most: 10 }] },
    { about: "a third more", args: [{ used: [80, 80, 80, 80], target: 60, least: 1, most: 10 }] },
    { about: "on target, but too few", args: [{ used: [50], target: 50, least: 3, most: 10 }] },
  ],
  reference: read({}),
  slips: [
    { step: "a part of a pod is a pod: round up", solution: read({ whole: Math.round }) },
    { step: "within a tenth nothing changes", solution: read({ tolerance: 0 }) },
    {
      step: "it is the average that counts, not the fullest pod",
      solution: read({ ratio: ({ used, target }) => Math.max(...used) / target }),
    },
    { step: "the bounds hold always", solution: read({ bounded: false }) },
    {
      step: "the ratio is of the use to the target, not of what is left",
      solution: read({ ratio: (measured) => 1 / average(measured) }),
    },
  ],
};
