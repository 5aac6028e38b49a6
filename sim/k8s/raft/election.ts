import { appendOwn } from "./replication.js";
import { broadcastAppend } from "./sending.js";
import type { Message, MessageOf } from "./message.js";
import { everyVoter, voteResult } from "./quorum.js";
import type { RaftServer } from "./server.js";

/** Elections: paper, sections 5.2 and 5.4; pre-votes and leases: thesis, sections 9.6 and 6.4.1. */

/** The time is up, or the leader asked for it (`transfer`). */
export function campaign(server: RaftServer, transfer: boolean): void {
  if (server.role === "leader" || !server.promotable) return;
  const { applied, committed } = server.log;
  // Who votes may be about to change, and this server doesn't go by that yet.
  if (server.log.slice(applied + 1, committed).some((entry) => entry.type === "configuration")) {
    server.electionElapsed = 0;
    return;
  }
  if (server.options.preVote && !transfer) {
    server.becomePreCandidate();
    ask(server, "preVote", server.term + 1, false);
  } else stand(server, transfer);
}

function stand(server: RaftServer, transfer: boolean): void {
  server.becomeCandidate();
  ask(server, "vote", server.term, transfer);
}

function ask(server: RaftServer, type: "vote" | "preVote", term: number, transfer: boolean): void {
  const { lastIndex, lastTerm } = server.log;
  for (const id of everyVoter(server.voters)) {
    // The own vote counts when it is on the disk, as anyone's.
    if (id === server.id) server.promise(id, { type: `${type}Response`, granted: true }, term);
    else server.send(id, { type, lastIndex, lastTerm, transfer }, term);
  }
}

export function handleVote(server: RaftServer, message: MessageOf<"vote" | "preVote">): void {
  const { from, term, type } = message;
  const votesTwice = server.options.flaw === "votes-twice";
  const free =
    server.vote === from ||
    (server.vote === 0 && server.leader === 0) ||
    (type === "preVote" && term > server.term) ||
    votesTwice;
  const holdsAll =
    server.log.isUpToDate(message.lastIndex, message.lastTerm) || server.options.flaw === "votes-for-any-log";
  const granted = free && holdsAll;
  if (granted && type === "vote") {
    server.electionElapsed = 0;
    server.vote = from;
  }
  // A pre-vote is granted in the term that it asks for, and refused in the own one, which may be news to the candidate.
  server.promise(from, { type: `${type}Response`, granted }, granted ? term : server.term);
}

export function handleVoteResponse(server: RaftServer, message: MessageOf<"voteResponse" | "preVoteResponse">): void {
  const asked = server.role === "preCandidate" ? "preVoteResponse" : "voteResponse";
  if ((server.role !== "preCandidate" && server.role !== "candidate") || message.type !== asked) return;
  if (!server.votes.has(message.from)) server.votes.set(message.from, message.granted);
  switch (voteResult(server.voters, server.votes)) {
    case "won":
      if (server.role === "preCandidate") stand(server, false);
      else win(server);
      break;
    case "lost":
      server.yieldTo(server.term);
      break;
    case "pending":
  }
}

function win(server: RaftServer): void {
  server.becomeLeader();
  // Entries of earlier terms are committed with one of this term only (paper, section 5.4.2): there is one at once.
  appendOwn(server, [{ type: "normal" }]);
  broadcastAppend(server);
}

/**
 * What terms say, before anything else is looked at.
 * @returns whether the message is to be handled
 */
export function heedTerm(server: RaftServer, message: Message): boolean {
  const { type, term, from } = message;
  if (term > server.term) {
    if (type === "vote" || type === "preVote") {
      const inLease =
        server.options.checkQuorum && server.leader !== 0 && server.electionElapsed < server.options.electionTicks;
      if (inLease && !message.transfer) return false;
    }
    const hypothetical = type === "preVote" || (type === "preVoteResponse" && message.granted);
    if (!hypothetical) {
      const fromLeader = type === "append" || type === "heartbeat" || type === "snapshot";
      if (fromLeader || server.role === "leader") server.becomeFollower(term, fromLeader ? from : 0);
      else server.yieldTo(term);
    }
    return true;
  }
  if (term === server.term) return true;
  const { checkQuorum, preVote } = server.options;
  if ((checkQuorum || preVote) && (type === "append" || type === "heartbeat")) {
    // A leader of the past, to be told of the present: else this server, whose campaigns nobody heeds, would be stuck.
    server.send(from, { type: "appendResponse", index: 0, rejected: { hintIndex: 0, hintTerm: 0 } });
  } else if (type === "preVote") {
    server.promise(from, { type: "preVoteResponse", granted: false });
  }
  return false;
}
