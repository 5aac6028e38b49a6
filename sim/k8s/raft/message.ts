import type { ConfChange, ConfState } from "./membership.js";
import type { NodeId } from "./node-id.js";

export type { NodeId };

/** One place of the log. `data` means something to the state machine alone; an entry without it changes nothing. */
export type Entry =
  | { readonly index: number; readonly term: number; readonly type: "normal"; readonly data?: unknown }
  | { readonly index: number; readonly term: number; readonly type: "configuration"; readonly change: ConfChange };

/** What an entry holds before the leader has given it a place. */
export type Proposal =
  | { readonly type: "normal"; readonly data?: unknown }
  | { readonly type: "configuration"; readonly change: ConfChange };

/** What takes the place of the log up to `index`. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly conf: ConfState;
  /** The state machine's state, as it gave it. */
  readonly data: unknown;
}

/** What a server must know again after a crash, beside its log (figure 2 of the paper: "persistent state"). */
export interface HardState {
  readonly term: number;
  readonly vote: NodeId;
  /** Not required for safety; saves a restarted server the wait for its leader's word. */
  readonly commit: number;
}

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /** The sender's term; of a pre-vote, the term that it would have. 0 on requests that a follower passes on. */
  readonly term: number;
}

/** What servers tell one another. The names are those of etcd's raft, without "Msg". */
export type MessageBody =
  /** RequestVote. `transfer`: by the old leader's wish, so that its lease is no reason to refuse (thesis, 4.2.3). */
  | {
      readonly type: "vote" | "preVote";
      readonly lastIndex: number;
      readonly lastTerm: number;
      readonly transfer: boolean;
    }
  | { readonly type: "voteResponse" | "preVoteResponse"; readonly granted: boolean }
  /** AppendEntries. */
  | {
      readonly type: "append";
      readonly previousIndex: number;
      readonly previousTerm: number;
      readonly entries: readonly Entry[];
      readonly commit: number;
    }
  /** `index`: the last place that agrees; of a rejection, the place that was refused. */
  | {
      readonly type: "appendResponse";
      readonly index: number;
      /** Up to where the logs may agree, and the term there: the leader skips whole terms (paper, section 5.3). */
      readonly rejected?: { readonly hintIndex: number; readonly hintTerm: number };
    }
  | { readonly type: "heartbeat"; readonly commit: number; readonly context: string }
  | { readonly type: "heartbeatResponse"; readonly context: string }
  /** InstallSnapshot, in one piece. */
  | { readonly type: "snapshot"; readonly snapshot: Snapshot }
  /** The leader's wish that its follower campaigns at once. */
  | { readonly type: "timeoutNow" }
  | { readonly type: "propose"; readonly proposals: readonly Proposal[] }
  | { readonly type: "readIndex"; readonly context: string }
  | { readonly type: "readIndexResponse"; readonly context: string; readonly index: number }
  | { readonly type: "transferLeader"; readonly target: NodeId };

export type Message = Envelope & MessageBody;
export type MessageType = Message["type"];
/** A message of one type. */
export type MessageOf<T extends MessageType> = Extract<Message, { readonly type: T }>;
