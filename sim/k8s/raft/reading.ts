import type { MessageOf, NodeId } from "./message.js";
import { voteResult } from "./quorum.js";
import { sendAppend } from "./sending.js";
import type { RaftServer } from "./server.js";

/** Reads that need no place in the log: thesis, section 6.4; heartbeats, which confirm them, too. */

/** Heartbeats carry the last read that waits, so that one that was lost is made good by the next. */
export function broadcastHeartbeat(server: RaftServer): void {
  const context = server.reads.at(-1)?.context ?? "";
  for (const [id, { match }] of server.progress) {
    if (id === server.id) continue;
    server.send(id, { type: "heartbeat", commit: Math.min(match, server.log.committed), context });
  }
}

export function handleHeartbeatResponse(server: RaftServer, message: MessageOf<"heartbeatResponse">): void {
  const { from, context } = message;
  const progress = server.progress.get(from);
  if (server.role !== "leader" || progress === undefined) return;
  progress.recentActive = true;
  progress.resume();
  if (progress.match < server.log.lastIndex || progress.state === "probe") sendAppend(server, from, true);
  if (context === "") return;
  const heard = server.reads.findIndex((read) => read.context === context);
  // Who answers a later question has answered the earlier ones.
  for (const read of server.reads.slice(0, heard + 1)) read.acks.set(from, true);
  while (server.reads[0] !== undefined && voteResult(server.voters, server.reads[0].acks) === "won") {
    const read = server.reads.shift();
    if (read !== undefined) answer(server, read.from, read.context, read.index);
  }
}

/** A leader is asked up to where a read must see the log. */
export function handleReadIndex(server: RaftServer, from: NodeId, context: string): void {
  const { log, options } = server;
  if (options.flaw === "reads-without-quorum") {
    answer(server, from, context, log.committed);
    return;
  }
  if (log.term(log.committed) !== server.term) {
    server.earlyReads.push({ from, context });
    return;
  }
  const acks = new Map([[server.id, true]]);
  if (options.reads === "lease" || voteResult(server.voters, acks) === "won") {
    answer(server, from, context, log.committed);
    return;
  }
  server.reads.push({ context, from, index: log.committed, acks });
  broadcastHeartbeat(server);
}

/** This leader has committed an entry of its own, and so knows what is committed. */
export function releaseEarlyReads(server: RaftServer): void {
  if (server.log.term(server.log.committed) !== server.term) return;
  for (const { from, context } of server.earlyReads.splice(0)) handleReadIndex(server, from, context);
}

function answer(server: RaftServer, to: NodeId, context: string, index: number): void {
  if (to === server.id) server.readStates.push({ context, index });
  else server.send(to, { type: "readIndexResponse", context, index });
}
