import { UsageError } from "../../core/index.js";
import type { NodeId } from "./node-id.js";
import type { Voters } from "./quorum.js";

/** Who takes part, as plain data. */
export interface ConfState {
  readonly voters: readonly NodeId[];
  /** The voters of the configuration that is being left; empty unless it is joint. */
  readonly outgoing: readonly NodeId[];
  /** They get the log and count nowhere (thesis, 4.2.1). */
  readonly learners: readonly NodeId[];
  /** Outgoing voters that become learners when the joint configuration is left: nobody is both. */
  readonly learnersNext: readonly NodeId[];
  /** Whether the leader leaves the joint configuration as soon as it may. */
  readonly autoLeave: boolean;
}

export interface ConfChange {
  /** No changes: leave the joint configuration. */
  readonly changes: readonly { readonly type: "addVoter" | "addLearner" | "remove"; readonly id: NodeId }[];
  /**
   * `auto`: one change is made directly, since majorities before and after overlap (thesis, 4.1); more go through a joint
   * configuration that is left by itself. `joint` always takes that way; `explicit` stays joint until it is told to leave.
   */
  readonly transition?: "auto" | "joint" | "explicit";
  /** Whatever the proposer wants to find again where it is applied. */
  readonly context?: unknown;
}

export const simpleConf = (voters: readonly NodeId[]): ConfState => ({
  voters,
  outgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
});

export const isJoint = (conf: ConfState): boolean => conf.outgoing.length > 0;

export const votersOf = (conf: ConfState): Voters => ({
  incoming: new Set(conf.voters),
  outgoing: new Set(conf.outgoing),
});

/** Everyone who gets the log, in the order of their numbers. */
export function membersOf(conf: ConfState): NodeId[] {
  return [...new Set([...conf.voters, ...conf.outgoing, ...conf.learners])].sort((a, b) => a - b);
}

/** Why a change can't be made now; undefined where it can. Decided by the leader, before the change enters its log. */
export function refusalOf(conf: ConfState, change: ConfChange): string | undefined {
  const leaving = change.changes.length === 0;
  if (isJoint(conf) && !leaving) return "the configuration is joint: leave it first";
  if (!isJoint(conf) && leaving) return "the configuration is not joint";
  return leaving || changed(conf, change).voters.length > 0 ? undefined : "that would remove all voters";
}

function changed(conf: ConfState, change: ConfChange): ConfState {
  const [voters, learners, learnersNext] = [new Set(conf.voters), new Set(conf.learners), new Set<NodeId>()];
  const joint = jointly(change);
  for (const { type, id } of change.changes) {
    const wasVoter = conf.voters.includes(id);
    voters.delete(id);
    learners.delete(id);
    learnersNext.delete(id);
    if (type === "addVoter") voters.add(id);
    else if (type === "addLearner") (joint && wasVoter ? learnersNext : learners).add(id);
  }
  const ordered = (ids: Set<NodeId>): NodeId[] => [...ids].sort((a, b) => a - b);
  return {
    voters: ordered(voters),
    outgoing: joint ? conf.voters : [],
    learners: ordered(learners),
    learnersNext: ordered(learnersNext),
    autoLeave: joint && change.transition !== "explicit",
  };
}

const jointly = (change: ConfChange): boolean =>
  change.changes.length > 1 || (change.transition !== undefined && change.transition !== "auto");

/**
 * The configuration behind a change that was committed.
 * @throws UsageError for one that `refusalOf` refuses
 */
export function applyChange(conf: ConfState, change: ConfChange): ConfState {
  const refusal = refusalOf(conf, change);
  if (refusal !== undefined) throw new UsageError(refusal, "Make one change after the other, and keep a voter.");
  if (change.changes.length > 0) return changed(conf, change);
  return {
    ...simpleConf(conf.voters),
    learners: [...conf.learners, ...conf.learnersNext].sort((a, b) => a - b),
  };
}
