import { isAvailable, type Pod } from "../pods.js";
import { revisionLabel } from "../revisions.js";
import { part } from "../shares.js";
import type { DaemonSet } from "./placement.js";

export interface Changes {
  /** Nodes that are to get a daemon. */
  readonly create: string[];
  readonly remove: Pod[];
}

export const isOf = (hash: string, { metadata }: Pod): boolean => metadata.labels?.[revisionLabel] === hash;

/** How many nodes may be without, and how many may have two, while a new template is rolled out. */
export function limits(set: DaemonSet, desired: number): { readonly unavailable: number; readonly surge: number } {
  const { maxUnavailable, maxSurge } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const surge = part(maxSurge, desired, Math.ceil);
  const unavailable = part(maxUnavailable, desired, Math.ceil);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/**
 * The next step of a rollout (kubernetes, `pkg/controller/daemon/update.go`). Without a surge an old daemon goes before its successor comes:
 * at most `maxUnavailable` nodes are without one that works. With a surge the successor comes first, beside it.
 *
 * @param now in seconds since 1970
 */
export function nextStep(
  set: DaemonSet,
  byNode: ReadonlyMap<string, readonly Pod[]>,
  hash: string,
  desired: number,
  now: number,
): Changes {
  const { surge, unavailable } = limits(set, desired);
  const available = (pod: Pod): boolean => isAvailable(pod, set.spec.minReadySeconds ?? 0, now);
  const pairs = [...byNode].map(([node, pods]) => ({
    node,
    fresh: pods.find((pod) => isOf(hash, pod)),
    old: pods.find((pod) => !isOf(hash, pod)),
  }));
  if (surge > 0) {
    const remove: Pod[] = [];
    const broken: string[] = [];
    const next: string[] = [];
    let doubled = 0;
    for (const { node, fresh, old } of pairs) {
      if (old === undefined) continue;
      if (fresh === undefined) (available(old) ? next : broken).push(node);
      else if (available(fresh) && old.metadata.deletionTimestamp === undefined) remove.push(old);
      else if (!available(fresh)) doubled++;
    }
    return { create: [...broken, ...next.slice(0, Math.max(0, surge - doubled))], remove };
  }
  const broken: Pod[] = [];
  const next: Pod[] = [];
  let without = 0;
  for (const { fresh, old } of pairs) {
    if (fresh !== undefined || old === undefined) without += fresh !== undefined && available(fresh) ? 0 : 1;
    else if (old.metadata.deletionTimestamp !== undefined) without++;
    else if (!available(old)) {
      // It serves nobody: it costs nothing to replace it, beyond what is lost already.
      without++;
      broken.push(old);
    } else next.push(old);
  }
  return { create: [], remove: [...broken, ...next.slice(0, Math.max(0, unavailable - without))] };
}
