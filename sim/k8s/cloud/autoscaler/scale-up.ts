import type { NodeGroup } from "../provider.js";
import { objectAt } from "../../objects/value.js";
import { resourcesOf, type PodInfo } from "../../scheduler/pod-info.js";
import type { ExpanderName } from "./flags.js";
import type { Snapshot } from "./snapshot.js";

/** A group, how many of its machines would be needed, and which pods they would have room for. */
export interface Option {
  readonly group: NodeGroup;
  readonly count: number;
  readonly pods: readonly PodInfo[];
}

/** Counts the nodes that are tried out, so that their names are no node's. */
const trial = (group: NodeGroup, place: number): string => `${group.name}-template-${place}`;

/** Puts nodes into the cluster that are still to come. @returns their names */
export function addUpcoming(snapshot: Snapshot, group: NodeGroup, count: number): readonly string[] {
  const names = Array.from({ length: count }, (_, i) => `${group.name}-upcoming-${i + 1}`);
  for (const name of names) snapshot.add(group.template(name));
  return names;
}

/** Why a pod could not be on a new node of a group, as a filter says it; undefined where it could. */
export function refusalByTemplate(snapshot: Snapshot, group: NodeGroup, pod: PodInfo): readonly string[] | undefined {
  const name = trial(group, 1);
  snapshot.add(group.template(name));
  const refused = snapshot.refusal(pod, name);
  snapshot.remove(name);
  return refused?.reasons;
}

/**
 * How many new nodes of a group pods need: the largest first, each on the first new node that it fits (cluster-autoscaler,
 * `estimator/binpacking_estimator.go`). The snapshot is afterwards as before.
 */
export function estimate(snapshot: Snapshot, group: NodeGroup, pods: readonly PodInfo[], limit: number): Option {
  const allocatable = resourcesOf(objectAt(group.template(""), "status", "allocatable"));
  const share = ({ requests }: PodInfo): number =>
    requests.cpu / allocatable.cpu + requests.memory / allocatable.memory;
  const names: string[] = [];
  const placed: PodInfo[] = [];
  for (const pod of pods.toSorted((a, b) => share(b) - share(a))) {
    let at = names.find((name) => snapshot.refusal(pod, name) === undefined);
    const last = names.at(-1);
    if (at === undefined) {
      // On an empty one it didn't fit either.
      if (last !== undefined && snapshot.node(last)?.pods.size === 0) continue;
      if (names.length >= limit) continue;
      const name = trial(group, names.length + 1);
      names.push(name);
      snapshot.add(group.template(name));
      if (snapshot.refusal(pod, name) === undefined) at = name;
    }
    if (at === undefined) continue;
    snapshot.put(pod, at);
    placed.push(pod);
  }
  const count = names.filter((name) => (snapshot.node(name)?.pods.size ?? 0) > 0).length;
  snapshot.remove(...names);
  return { group, count, pods: placed };
}

/** The parts of processors and memory that would be left over, together (cluster-autoscaler, `expander/waste`). */
function waste({ group, count, pods }: Option): number {
  const capacity = resourcesOf(objectAt(group.template(""), "status", "capacity"));
  const taken = (resource: "cpu" | "memory"): number =>
    pods.reduce((sum, { requests }) => sum + requests[resource], 0) / (capacity[resource] * count);
  return 1 - taken("cpu") + (1 - taken("memory"));
}

/** By what options are compared: the least is taken. `price`: dollars an hour for each pod, simpler than the real one's. */
const measures: Readonly<Record<ExpanderName, (option: Option) => number>> = {
  "least-waste": waste,
  "most-pods": ({ pods }) => -pods.length,
  price: ({ group, count, pods }) => (group.price * count) / pods.length,
  random: () => 0,
};

/** The best option; among equals any. @param choose a whole number below its argument */
export function bestOption(
  options: readonly Option[],
  expander: ExpanderName,
  choose: (count: number) => number,
): Option | undefined {
  const measured = options.map((option) => ({ option, value: measures[expander](option) }));
  const least = Math.min(...measured.map(({ value }) => value));
  const best = measured.filter(({ value }) => value === least);
  return best.length === 0 ? undefined : best[choose(best.length)]?.option;
}
