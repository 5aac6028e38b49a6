import { RaftLog } from "./log.js";
import { membersOf, votersOf, type ConfState } from "./membership.js";
import type { Entry, HardState, Message, MessageBody, NodeId, Snapshot } from "./message.js";
import { Progress } from "./progress.js";
import { isVoter, type Voters } from "./quorum.js";

export type Role = "follower" | "preCandidate" | "candidate" | "leader";

/**
 * Mistakes that can be planted, each in one place, to see what they lead to and whether tests find it:
 * - `commits-old-terms`: entries of earlier terms are committed by counting (what figure 8 of the paper warns of)
 * - `reads-without-quorum`: a leader answers reads without asking whether it still is one
 * - `votes-for-any-log`: votes go to candidates whose logs lack what is committed, too
 * - `votes-twice`: a server forgets within a term whom it voted for
 * - `forgets-behind`: an append cuts off what stands behind its last entry, though that contradicts nothing
 */
export type RaftFlaw =
  "commits-old-terms" | "reads-without-quorum" | "votes-for-any-log" | "votes-twice" | "forgets-behind";

export interface RaftOptions {
  readonly id: NodeId;
  /** A follower that hears nothing for this many ticks and up to `electionSpread − 1` more campaigns. */
  readonly electionTicks: number;
  /** How many timeouts there are to draw from. Default: `electionTicks`, so that they lie in [T, 2T). */
  readonly electionSpread: number;
  readonly heartbeatTicks: number;
  /** A candidate asks first whether it would be elected, so that one that was cut off disturbs nobody (thesis, 9.6). */
  readonly preVote: boolean;
  /** A leader that hears no majority for `electionTicks` steps down, and followers of a live leader vote for nobody. */
  readonly checkQuorum: boolean;
  /** `safe`: the leader asks a majority before each read. `lease`: it trusts clocks instead; needs `checkQuorum`. */
  readonly reads: "safe" | "lease";
  readonly entriesPerMessage: number;
  /** Messages with entries that may be under way to one member. */
  readonly window: number;
  readonly flaw: RaftFlaw | undefined;
}

/** What a server wakes up with: what was on its disk, or for a new one what everybody begins with. */
export interface Durable {
  readonly hard: HardState;
  readonly snapshot: Snapshot;
  readonly entries: readonly Entry[];
}

/** A read that may be answered once the state machine has applied `index`. */
export interface ReadState {
  readonly context: string;
  readonly index: number;
}

/** A read that a leader has not confirmed yet. */
export interface PendingRead {
  readonly context: string;
  readonly from: NodeId;
  readonly index: number;
  readonly acks: Map<NodeId, boolean>;
}

/** A server's state, as section 5 of the paper has it, and what it has to say. The rules are in the files beside. */
export class RaftServer {
  readonly options: RaftOptions;
  /** A random whole number from 0 up to but without its argument. */
  readonly draw: (below: number) => number;
  readonly log: RaftLog;
  term: number;
  vote: NodeId;
  role: Role = "follower";
  leader: NodeId = 0;
  conf: ConfState;
  voters: Voters;

  readonly votes: Map<NodeId, boolean> = new Map();
  readonly progress: Map<NodeId, Progress> = new Map();
  electionElapsed = 0;
  heartbeatElapsed = 0;
  /** When this server campaigns, in ticks without a leader. */
  timeout = 0;
  /** No configuration is proposed before the state machine has come here: the last one may lie so far. */
  pendingConfIndex = 0;
  transferee: NodeId = 0;
  /** Confirmed by the next majority that answers a heartbeat, in order. */
  reads: PendingRead[] = [];
  /** Reads that wait for this leader's first commit: before, it doesn't know what is committed (thesis, 6.4). */
  earlyReads: { readonly context: string; readonly from: NodeId }[] = [];
  readStates: ReadState[] = [];

  /** To be sent at once. */
  outbox: Message[] = [];
  /** To be sent, or heard by this server itself, when what was decided before is on the disk. */
  promises: Message[] = [];
  /** Came from the leader and is not on the disk yet. */
  incomingSnapshot: Snapshot | undefined;
  /** Up to where entries were handed to the disk. */
  staged: number;
  /** Called when entries from an index on were replaced. */
  onTruncated: (from: number) => void = () => undefined;

  constructor(options: RaftOptions, durable: Durable, draw: (below: number) => number) {
    this.options = options;
    this.draw = draw;
    this.log = new RaftLog(durable.snapshot, durable.entries, durable.hard.commit);
    this.staged = this.log.lastIndex;
    this.term = durable.hard.term;
    this.vote = durable.hard.vote;
    this.conf = durable.snapshot.conf;
    this.voters = votersOf(this.conf);
    this.reset(this.term);
  }

  get id(): NodeId {
    return this.options.id;
  }

  /** Whether it may become leader: a voter, and one that is not just being overwritten by a snapshot. */
  get promotable(): boolean {
    return isVoter(this.voters, this.id) && this.incomingSnapshot === undefined;
  }

  send(to: NodeId, body: MessageBody, term: number = this.term): void {
    this.outbox.push({ from: this.id, to, term, ...body });
  }

  /** Sends what may be said only when all that was decided so far will survive a crash. */
  promise(to: NodeId, body: MessageBody, term: number = this.term): void {
    this.promises.push({ from: this.id, to, term, ...body });
  }

  reset(term: number): void {
    if (this.term !== term) {
      this.term = term;
      this.vote = 0;
    }
    this.leader = 0;
    this.electionElapsed = 0;
    this.heartbeatElapsed = 0;
    this.timeout = this.options.electionTicks + this.draw(this.options.electionSpread);
    this.transferee = 0;
    this.votes.clear();
    this.reads = [];
    this.earlyReads = [];
    this.pendingConfIndex = 0;
    this.progress.clear();
    for (const id of membersOf(this.conf)) this.track(id, id === this.id ? this.log.stable : 0, id === this.id);
  }

  track(id: NodeId, match: number, recentActive: boolean): void {
    this.progress.set(id, new Progress(match, this.log.lastIndex + 1, this.options.window, recentActive));
  }

  becomeFollower(term: number, leader: NodeId): void {
    this.reset(term);
    this.role = "follower";
    this.leader = leader;
  }

  /**
   * Becomes a follower without a leader, by a candidate's word alone: its time goes on (paper, figure 2: only a leader's
   * word or a vote that is granted sets that back). etcd's raft begins anew, so that candidates whose log is too short
   * hold up those who could be elected.
   */
  yieldTo(term: number): void {
    const { electionElapsed, timeout } = this;
    this.becomeFollower(term, 0);
    this.electionElapsed = electionElapsed;
    this.timeout = timeout;
  }

  becomePreCandidate(): void {
    // Neither term nor vote change: nothing has been decided.
    this.role = "preCandidate";
    this.leader = 0;
    this.votes.clear();
    this.electionElapsed = 0;
    this.timeout = this.options.electionTicks + this.draw(this.options.electionSpread);
  }

  becomeCandidate(): void {
    this.reset(this.term + 1);
    this.role = "candidate";
    this.vote = this.id;
  }

  becomeLeader(): void {
    this.reset(this.term);
    this.role = "leader";
    this.leader = this.id;
    // What is in the log and not applied may be a configuration.
    this.pendingConfIndex = this.log.lastIndex;
  }
}
