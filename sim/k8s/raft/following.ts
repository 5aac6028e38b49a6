import type { MessageOf } from "./message.js";
import { adoptConf } from "./replication.js";
import type { RaftServer } from "./server.js";

/** A follower's side of the log: paper, sections 5.3 and 7. */

export function handleAppend(server: RaftServer, message: MessageOf<"append">): void {
  const { from, previousIndex, previousTerm, entries, commit } = message;
  const { log } = server;
  if (previousIndex < log.committed) {
    server.promise(from, { type: "appendResponse", index: log.committed });
    return;
  }
  if (log.term(previousIndex) !== previousTerm) {
    const hint = log.lastWithTerm(Math.min(previousIndex, log.lastIndex), previousTerm);
    const rejected = { hintIndex: hint.index, hintTerm: hint.term };
    server.promise(from, { type: "appendResponse", index: previousIndex, rejected });
    return;
  }
  const last = previousIndex + entries.length;
  const changed = log.merge(entries) ?? (server.options.flaw === "forgets-behind" ? last + 1 : undefined);
  if (changed !== undefined) {
    if (server.options.flaw === "forgets-behind") log.truncate(last + 1);
    server.staged = Math.min(server.staged, changed - 1);
    server.onTruncated(changed);
  }
  log.committed = Math.max(log.committed, Math.min(commit, last));
  server.promise(from, { type: "appendResponse", index: last });
}

export function handleHeartbeat(server: RaftServer, message: MessageOf<"heartbeat">): void {
  const { from, commit, context } = message;
  // The leader tells no more than it knows to agree here, so that is there; more cautious than necessary costs nothing.
  server.log.committed = Math.max(server.log.committed, Math.min(commit, server.log.lastIndex));
  server.send(from, { type: "heartbeatResponse", context });
}

export function handleSnapshot(server: RaftServer, message: MessageOf<"snapshot">): void {
  const { from, snapshot } = message;
  const { log } = server;
  if (snapshot.index <= log.committed) {
    server.promise(from, { type: "appendResponse", index: log.committed });
    return;
  }
  if (log.term(snapshot.index) === snapshot.term) {
    // It has all of that as entries: only what is committed is news.
    log.committed = snapshot.index;
    server.promise(from, { type: "appendResponse", index: log.committed });
    return;
  }
  // It may be older than the change that made this server a member: that follows as an entry.
  log.restore(snapshot);
  server.staged = snapshot.index;
  server.onTruncated(0);
  server.incomingSnapshot = snapshot;
  server.conf = snapshot.conf;
  adoptConf(server);
  server.promise(from, { type: "appendResponse", index: snapshot.index });
}
