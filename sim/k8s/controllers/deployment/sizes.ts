import { byAge } from "../pods.js";
import {
  availableIn,
  desiredKey,
  fenceposts,
  isRolling,
  maxKey,
  wanted,
  wantedBy,
  type Deployment,
  type ReplicaSet,
} from "./replica-sets.js";

/** How many replicas ReplicaSets are to have. */
export type Sizes = ReadonlyMap<ReplicaSet, number>;

/** How large the new ReplicaSet may be now: as many more as `maxSurge` leaves room for beside the old ones (`NewRSNewReplicas`). */
export function newSize(deployment: Deployment, fresh: ReplicaSet | undefined, all: readonly ReplicaSet[]): number {
  const replicas = wanted(deployment);
  if (!isRolling(deployment)) return replicas;
  const own = fresh === undefined ? 0 : wanted(fresh);
  if (own >= replicas) return replicas;
  const room = replicas + fenceposts(deployment).surge - wantedBy(all);
  return room <= 0 ? own : own + Math.min(room, replicas - own);
}

/**
 * How far the old ReplicaSets may shrink (`reconcileOldReplicaSets`): first by pods that aren't available, which nobody misses, then by
 * others as long as enough are available.
 *
 * Pods of the new one that aren't available yet count as if they were never to be: to count them as on their way would let a
 * broken image take down all that works.
 */
export function oldSizes(deployment: Deployment, fresh: ReplicaSet, old: readonly ReplicaSet[]): Sizes {
  const sizes = new Map(old.map((set) => [set, wanted(set)]));
  const least = wanted(deployment) - fenceposts(deployment).unavailable;
  const freshMissing = wanted(fresh) - (fresh.status?.availableReplicas ?? 0);
  let spare = wanted(fresh) + wantedBy(old) - least - freshMissing;
  if (wantedBy(old) === 0 || spare <= 0) return sizes;
  const oldest = [...old].sort(byAge);
  for (const set of oldest) {
    const dead = Math.max(0, wanted(set) - (set.status?.availableReplicas ?? 0));
    const less = Math.min(spare, dead);
    spare -= less;
    sizes.set(set, wanted(set) - less);
  }
  let surplus = availableIn([fresh, ...old]) - least;
  for (const set of oldest) {
    const size = sizes.get(set) ?? 0;
    const less = Math.max(0, Math.min(surplus, size));
    surplus -= less;
    sizes.set(set, size - less);
  }
  return sizes;
}

/** Whether a new ReplicaSet has all that the Deployment asks for, by its own notes too (`IsSaturated`). */
function isSaturated(deployment: Deployment, fresh: ReplicaSet | undefined): boolean {
  const replicas = wanted(deployment);
  return (
    fresh !== undefined &&
    Number(fresh.metadata.annotations?.[desiredKey] ?? -1) === replicas &&
    wanted(fresh) === replicas &&
    fresh.status?.availableReplicas === replicas
  );
}

/**
 * What each ReplicaSet gets when the Deployment itself grows or shrinks, also amidst a rollout (kubernetes, `scale` of
 * `pkg/controller/deployment/sync.go`): a share of the change by its size. To give all to the new one would be wrong: while its image is
 * broken, none of what was asked for would run.
 */
export function scaledSizes(deployment: Deployment, fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): Sizes {
  const replicas = wanted(deployment);
  const all = fresh === undefined ? old : [...old, fresh];
  const active = all.filter((set) => wanted(set) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? fresh ?? [...old].sort(byAge).at(-1);
    return new Map(only === undefined ? [] : [[only, replicas]]);
  }
  if (isSaturated(deployment, fresh)) {
    return new Map(active.filter((set) => set !== fresh).map((set) => [set, 0]));
  }
  if (!isRolling(deployment)) return new Map();
  const allowed = replicas > 0 ? replicas + fenceposts(deployment).surge : 0;
  const change = allowed - wantedBy(active);
  // The largest first; of those of one size the newest where it grows, the oldest where it shrinks.
  const order = [...active].sort((a, b) => wanted(b) - wanted(a) || (change > 0 ? byAge(b, a) : byAge(a, b)));
  const sizes = new Map<ReplicaSet, number>();
  let given = 0;
  for (const set of order) {
    const share = change === 0 ? 0 : shareOf(deployment, set, change - given);
    given += share;
    sizes.set(set, wanted(set) + share);
  }
  // What rounding leaves over is the largest one's.
  const [first] = order;
  if (first !== undefined) sizes.set(first, Math.max(0, (sizes.get(first) ?? 0) + change - given));
  return sizes;
}

/** A ReplicaSet's share, no more than is left to share out (`GetReplicaSetProportion`). */
function shareOf(deployment: Deployment, set: ReplicaSet, left: number): number {
  if (wanted(set) === 0 || left === 0) return 0;
  const replicas = wanted(deployment);
  if (replicas === 0) return Math.max(-wanted(set), left);
  const before = Number(set.metadata.annotations?.[maxKey] ?? 0) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  const most = replicas + fenceposts(deployment).surge;
  const share = Math.round((wanted(set) * most) / before) - wanted(set);
  return left > 0 ? Math.min(share, left) : Math.max(share, left);
}
