import type { NodeId } from "./message.js";
import type { Progress } from "./progress.js";
import type { RaftServer } from "./server.js";

/** What a leader sends of its log, to whom and when: etcd raft, "Progress". */

export function broadcastAppend(server: RaftServer): void {
  for (const id of server.progress.keys()) if (id !== server.id) sendAppend(server, id, true);
}

/** @returns whether something was sent. Without entries, only where `evenEmpty`: that tells what is committed. */
export function sendAppend(server: RaftServer, to: NodeId, evenEmpty: boolean): boolean {
  const progress = server.progress.get(to);
  if (progress === undefined || progress.paused) return false;
  const previousIndex = progress.next - 1;
  const previousTerm = server.log.term(previousIndex);
  if (previousTerm === undefined) return sendSnapshot(server, to, progress);
  const entries = server.log.slice(progress.next, Infinity, server.options.entriesPerMessage);
  if (entries.length === 0 && !evenEmpty) return false;
  server.send(to, { type: "append", previousIndex, previousTerm, entries, commit: server.log.committed });
  progress.sent(entries.at(-1)?.index ?? 0);
  return true;
}

function sendSnapshot(server: RaftServer, to: NodeId, progress: Progress): boolean {
  if (!progress.recentActive) return false;
  const { snapshot } = server.log;
  progress.becomeSnapshot(snapshot.index);
  server.send(to, { type: "snapshot", snapshot });
  return true;
}
