import type { NodeId } from "./node-id.js";

/**
 * Those whose majority decides. In a joint configuration two majorities must agree: that of the incoming voters and
 * that of the outgoing ones (paper, section 6); otherwise `outgoing` is empty.
 */
export interface Voters {
  readonly incoming: ReadonlySet<NodeId>;
  readonly outgoing: ReadonlySet<NodeId>;
}

export type VoteResult = "won" | "lost" | "pending";

/** The largest index that a majority has reached; of nobody, every index is reached. */
function majorityIndex(voters: ReadonlySet<NodeId>, reached: (id: NodeId) => number): number {
  if (voters.size === 0) return Infinity;
  const sorted = [...voters].map(reached).sort((a, b) => b - a);
  return sorted[Math.floor(voters.size / 2)] ?? 0;
}

/** The largest index that both majorities have reached. */
export function committedIndex(voters: Voters, reached: (id: NodeId) => number): number {
  return Math.min(majorityIndex(voters.incoming, reached), majorityIndex(voters.outgoing, reached));
}

function majorityResult(voters: ReadonlySet<NodeId>, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  if (voters.size === 0) return "won";
  let [yes, missing] = [0, 0];
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === true) yes++;
    else if (vote === undefined) missing++;
  }
  const quorum = Math.floor(voters.size / 2) + 1;
  if (yes >= quorum) return "won";
  return yes + missing >= quorum ? "pending" : "lost";
}

/** Won where both majorities said yes, lost where one can no longer. */
export function voteResult(voters: Voters, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const results = [majorityResult(voters.incoming, votes), majorityResult(voters.outgoing, votes)];
  if (results.includes("lost")) return "lost";
  return results.includes("pending") ? "pending" : "won";
}

export function isVoter(voters: Voters, id: NodeId): boolean {
  return voters.incoming.has(id) || voters.outgoing.has(id);
}

/** Everyone of both sets, in the order of their numbers. */
export function everyVoter(voters: Voters): NodeId[] {
  return [...new Set([...voters.incoming, ...voters.outgoing])].sort((a, b) => a - b);
}
