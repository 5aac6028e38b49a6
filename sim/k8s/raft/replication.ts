import { applyChange, isJoint, membersOf, refusalOf, votersOf, type ConfChange } from "./membership.js";
import type { Entry, MessageOf, NodeId, Proposal } from "./message.js";
import { committedIndex, isVoter } from "./quorum.js";
import { releaseEarlyReads } from "./reading.js";
import { broadcastAppend, sendAppend } from "./sending.js";
import type { RaftServer } from "./server.js";

/** The leader's side of the log: paper, sections 5.3, 5.4.2 and 7; flow control: etcd raft, "Progress". */

/** Puts entries into the leader's own log. A configuration that can't be changed now becomes an empty entry. */
export function appendOwn(server: RaftServer, proposals: readonly Proposal[]): void {
  let index = server.log.lastIndex;
  const { term } = server;
  const entries = proposals.map((proposal): Entry => {
    index++;
    if (proposal.type === "normal") return { index, term, ...proposal };
    const early = server.pendingConfIndex > server.log.applied;
    if (early || refusalOf(server.conf, proposal.change) !== undefined) return { index, term, type: "normal" };
    server.pendingConfIndex = index;
    return { index, term, ...proposal };
  });
  server.log.append(entries);
  // Its own disk is one among the others (thesis, 10.2.1).
  server.promise(server.id, { type: "appendResponse", index });
}

export function handleAppendResponse(server: RaftServer, message: MessageOf<"appendResponse">): void {
  const { from, index, rejected } = message;
  const progress = server.progress.get(from);
  if (server.role !== "leader" || progress === undefined) return;
  progress.recentActive = true;
  if (rejected !== undefined) {
    const { hintIndex, hintTerm } = rejected;
    const hint = hintTerm > 0 ? server.log.lastWithTerm(hintIndex, hintTerm).index : hintIndex;
    if (!progress.reject(index, hint)) return;
    if (progress.state === "replicate") progress.becomeProbe();
    sendAppend(server, from, true);
    return;
  }
  const paused = progress.paused;
  if (!progress.acknowledge(index) && !(progress.match === index && progress.state === "probe")) return;
  if (progress.state === "replicate") progress.free(index);
  else if (progress.state === "probe" || progress.match + 1 >= server.log.firstIndex) progress.becomeReplicate();
  if (advanceCommit(server)) {
    releaseEarlyReads(server);
    broadcastAppend(server);
  } else if (paused && from !== server.id) sendAppend(server, from, true);
  if (from === server.id) return;
  while (sendAppend(server, from, false));
  if (from === server.transferee && progress.match === server.log.lastIndex) server.send(from, { type: "timeoutNow" });
}

/** @returns whether more is committed than before */
function advanceCommit(server: RaftServer): boolean {
  const { log } = server;
  const index = committedIndex(server.voters, (id) => server.progress.get(id)?.match ?? 0);
  const ofThisTerm = log.term(index) === server.term || server.options.flaw === "commits-old-terms";
  if (index <= log.committed || !ofThisTerm) return false;
  log.committed = index;
  return true;
}

/** The transport says what became of a snapshot. It goes on with the next heartbeat's answer. */
export function reportSnapshot(server: RaftServer, to: NodeId, delivered: boolean): void {
  const progress = server.progress.get(to);
  if (server.role !== "leader" || progress?.state !== "snapshot") return;
  if (!delivered) progress.pendingSnapshot = 0;
  progress.becomeProbe();
  progress.sent(0);
}

export function handleTransfer(server: RaftServer, target: NodeId): void {
  if (server.role !== "leader") return;
  const progress = server.progress.get(target);
  if (progress === undefined || target === server.id || !isVoter(server.voters, target)) return;
  if (server.transferee === target) return;
  server.transferee = target;
  // It is given up after an election's time.
  server.electionElapsed = 0;
  if (progress.match === server.log.lastIndex) server.send(target, { type: "timeoutNow" });
  else sendAppend(server, target, true);
}

/** Goes by a configuration from where it is committed on. */
export function adoptChange(server: RaftServer, change: ConfChange): void {
  server.conf = applyChange(server.conf, change);
  adoptConf(server);
  if (server.role !== "leader") return;
  if (!isVoter(server.voters, server.id)) {
    // A leader that is no voter any more lets the others elect one (paper, section 6).
    server.becomeFollower(server.term, 0);
    return;
  }
  if (advanceCommit(server)) broadcastAppend(server);
  else for (const id of server.progress.keys()) if (id !== server.id) sendAppend(server, id, false);
  if (server.transferee !== 0 && !isVoter(server.voters, server.transferee)) server.transferee = 0;
}

/** The leader of a joint configuration that is left by itself does that as soon as no other change is under way. */
export function leaveJoint(server: RaftServer): void {
  if (server.role !== "leader" || !isJoint(server.conf) || !server.conf.autoLeave) return;
  // Still under way; asked again when that is applied.
  if (server.pendingConfIndex > server.log.applied) return;
  appendOwn(server, [{ type: "configuration", change: { changes: [] } }]);
  broadcastAppend(server);
}

/** Who votes and who gets the log follow from `conf`. */
export function adoptConf(server: RaftServer): void {
  server.voters = votersOf(server.conf);
  const members = membersOf(server.conf);
  for (const id of [...server.progress.keys()]) if (!members.includes(id)) server.progress.delete(id);
  for (const id of members) if (!server.progress.has(id)) server.track(id, 0, true);
}
