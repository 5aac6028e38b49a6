import { invariant, UsageError } from "../../core/index.js";
import { campaign, handleVote, handleVoteResponse, heedTerm } from "./election.js";
import { handleAppend, handleHeartbeat, handleSnapshot } from "./following.js";
import { refusalOf, simpleConf, type ConfState } from "./membership.js";
import type { Entry, HardState, Message, NodeId, Proposal, Snapshot } from "./message.js";
import { voteResult } from "./quorum.js";
import { broadcastHeartbeat, handleHeartbeatResponse, handleReadIndex } from "./reading.js";
import {
  adoptChange,
  appendOwn,
  handleAppendResponse,
  handleTransfer,
  leaveJoint,
  reportSnapshot,
} from "./replication.js";
import { broadcastAppend } from "./sending.js";
import { RaftServer, type Durable, type RaftOptions, type ReadState } from "./server.js";

/** What the disk is to keep. Writes are made durable in their order. An entry replaces all from its index on. */
export interface Write {
  readonly id: number;
  readonly hard: HardState | undefined;
  /** In the place of the whole log. */
  readonly snapshot: Snapshot | undefined;
  readonly entries: readonly Entry[];
}

/** What is to be done since the last time it was asked for. */
export interface Ready {
  readonly messages: readonly Message[];
  /** To be made durable, and acknowledged by `persisted(write.id)`. */
  readonly write: Write | undefined;
  /** The state machine's state is replaced by this one, before anything is applied. */
  readonly restored: Snapshot | undefined;
  /** To be applied, in this order. */
  readonly committed: readonly Entry[];
  readonly reads: readonly ReadState[];
}

interface PendingWrite {
  readonly id: number;
  readonly last: number;
  /** Entries behind it were replaced since. */
  cap: number;
  readonly snapshot: Snapshot | undefined;
  readonly promises: Message[];
}

/**
 * Raft as a pure state machine, after D. Ongaro and J. Ousterhout, "In search of an understandable consensus
 * algorithm" (extended version, 2014), D. Ongaro's thesis (2014) and etcd's raft library. Ticks, messages, proposals and
 * the disk's acknowledgements go in; messages, writes and committed entries come out of `ready()`. It knows no clock,
 * network or disk, and draws what is random from the function that it is given.
 */
export class Raft {
  readonly #server: RaftServer;
  #pending: PendingWrite[] = [];
  #writes = 0;
  #staged: HardState;
  #restored: Snapshot | undefined;
  #stagedSnapshot: Snapshot | undefined;

  /** @throws UsageError for options that contradict each other */
  constructor(options: RaftOptions, durable: Durable, draw: (below: number) => number) {
    if (options.heartbeatTicks < 1 || options.electionTicks <= options.heartbeatTicks) {
      throw new UsageError(
        `an election timeout of ${options.electionTicks} ticks with a heartbeat every ${options.heartbeatTicks}`,
        "A leader must send several heartbeats within an election timeout: make that ten times as long.",
      );
    }
    if (options.reads === "lease" && !options.checkQuorum) {
      throw new UsageError("reads by lease without checkQuorum", "A lease is what checkQuorum renews: set that, too.");
    }
    this.#server = new RaftServer(options, durable, draw);
    this.#staged = durable.hard;
    this.#server.onTruncated = (from) => {
      for (const write of this.#pending) write.cap = Math.min(write.cap, from - 1);
    };
  }

  /** What may be looked at from outside. */
  get status(): Readonly<
    Pick<RaftServer, "id" | "term" | "vote" | "role" | "leader" | "conf" | "log" | "progress" | "transferee">
  > {
    return this.#server;
  }

  /** How many ticks pass until one of them has an effect. */
  get ticksUntilDue(): number {
    const server = this.#server;
    const { options } = server;
    if (server.role === "leader") {
      const watched = options.checkQuorum || server.transferee !== 0;
      const check = watched ? options.electionTicks - server.electionElapsed : Infinity;
      return Math.min(options.heartbeatTicks - server.heartbeatElapsed, check);
    }
    return server.promotable ? Math.max(1, server.timeout - server.electionElapsed) : Infinity;
  }

  /** Time passes. */
  tick(count: number): void {
    for (let left = count; left > 0;) {
      const step = Math.min(left, this.ticksUntilDue);
      left -= step;
      this.#advance(step);
    }
  }

  #advance(ticks: number): void {
    const server = this.#server;
    const { options } = server;
    server.electionElapsed += ticks;
    if (server.role !== "leader") {
      if (server.promotable && server.electionElapsed >= server.timeout) campaign(server, false);
      return;
    }
    server.heartbeatElapsed += ticks;
    if (server.electionElapsed >= options.electionTicks) {
      server.electionElapsed = 0;
      if (options.checkQuorum && !this.#quorumIsActive()) {
        server.becomeFollower(server.term, 0);
        return;
      }
      server.transferee = 0;
    }
    if (server.heartbeatElapsed >= options.heartbeatTicks) {
      server.heartbeatElapsed = 0;
      broadcastHeartbeat(server);
    }
  }

  #quorumIsActive(): boolean {
    const server = this.#server;
    const active = new Map<NodeId, boolean>();
    for (const [id, progress] of server.progress) {
      active.set(id, progress.recentActive || id === server.id);
      progress.recentActive = false;
    }
    return voteResult(server.voters, active) === "won";
  }

  /** A leader's heartbeats, now and not when they are due. */
  beat(): void {
    if (this.#server.role !== "leader") return;
    this.#server.heartbeatElapsed = 0;
    broadcastHeartbeat(this.#server);
  }

  /** Campaigns now, whatever the time. */
  campaign(): void {
    campaign(this.#server, false);
  }

  /**
   * Asks for places in the log; a follower passes that on to its leader. What becomes of it is seen in what is committed.
   * @returns false where there is nobody to take it
   */
  propose(...proposals: readonly Proposal[]): boolean {
    return this.#propose(proposals);
  }

  #propose(proposals: readonly Proposal[]): boolean {
    const server = this.#server;
    if (server.role === "leader") {
      if (server.transferee !== 0 || !server.progress.has(server.id)) return false;
      appendOwn(server, proposals);
      broadcastAppend(server);
      return true;
    }
    if (server.leader === 0) return false;
    server.send(server.leader, { type: "propose", proposals }, 0);
    return true;
  }

  /** Why a change of the configuration would be ignored now; undefined where it would not. */
  refusalOf(change: Parameters<typeof refusalOf>[1]): string | undefined {
    return refusalOf(this.#server.conf, change);
  }

  /** Asks up to where the log must be applied before a read is up to date. @returns false where nobody can be asked */
  readIndex(context: string): boolean {
    const server = this.#server;
    if (server.role === "leader") handleReadIndex(server, server.id, context);
    else if (server.leader === 0) return false;
    else server.send(server.leader, { type: "readIndex", context }, 0);
    return true;
  }

  /** Hands leadership over to a voter, as soon as that one has the whole log (thesis, section 3.10). */
  transferLeader(target: NodeId): void {
    const server = this.#server;
    if (server.role === "leader") handleTransfer(server, target);
    else if (server.leader !== 0) server.send(server.leader, { type: "transferLeader", target }, 0);
  }

  /** What became of a snapshot that was sent: the transport must tell. */
  reportSnapshot(to: NodeId, delivered: boolean): void {
    reportSnapshot(this.#server, to, delivered);
  }

  /** Puts the state machine's state, with all applied that `ready()` gave, in the place of the log up to there. */
  compact(data: unknown): Snapshot {
    const { log, conf } = this.#server;
    const snapshot: Snapshot = { index: log.applied, term: log.term(log.applied) ?? 0, conf, data };
    log.compact(snapshot);
    return snapshot;
  }

  step(message: Message): void {
    const server = this.#server;
    if (message.type === "propose") this.#propose(message.proposals);
    else if (message.type === "readIndex") {
      if (server.role === "leader") handleReadIndex(server, message.from, message.context);
    } else if (message.type === "transferLeader") handleTransfer(server, message.target);
    else if (heedTerm(server, message)) this.#handle(message);
  }

  #handle(message: Exclude<Message, { type: "propose" | "readIndex" | "transferLeader" }>): void {
    const server = this.#server;
    switch (message.type) {
      case "vote":
      case "preVote":
        handleVote(server, message);
        return;
      case "voteResponse":
      case "preVoteResponse":
        handleVoteResponse(server, message);
        return;
      case "append":
      case "heartbeat":
      case "snapshot":
        this.#heed(message.from);
        if (message.type === "append") handleAppend(server, message);
        else if (message.type === "heartbeat") handleHeartbeat(server, message);
        else handleSnapshot(server, message);
        return;
      case "appendResponse":
        handleAppendResponse(server, message);
        return;
      case "heartbeatResponse":
        handleHeartbeatResponse(server, message);
        return;
      case "timeoutNow":
        campaign(server, true);
        return;
      case "readIndexResponse":
        server.readStates.push({ context: message.context, index: message.index });
    }
  }

  /** The leader of this term was heard. */
  #heed(leader: NodeId): void {
    const server = this.#server;
    if (server.role !== "follower") server.becomeFollower(server.term, leader);
    server.electionElapsed = 0;
    server.leader = leader;
  }

  /** What is to be done now. Committed entries count as applied with it. */
  ready(): Ready {
    const server = this.#server;
    const write = this.#stage();
    const { log } = server;
    const committed = this.#apply();
    const restored = this.#restored;
    this.#restored = undefined;
    // What a configuration just applied has to say may need a write of its own: the next ready has it.
    const messages = server.outbox;
    server.outbox = [];
    const reads = server.readStates;
    server.readStates = [];
    invariant(log.applied <= log.stable, "applied is what the disk has");
    return { messages, write, restored, committed, reads };
  }

  /** Whether `ready()` has something to say. */
  get isReady(): boolean {
    const server = this.#server;
    const { log } = server;
    return (
      server.outbox.length > 0 ||
      server.promises.length > 0 ||
      server.readStates.length > 0 ||
      server.staged < log.lastIndex ||
      this.#restored !== undefined ||
      server.term !== this.#staged.term ||
      server.vote !== this.#staged.vote ||
      log.applied < Math.min(log.committed, log.stable)
    );
  }

  #stage(): Write | undefined {
    const server = this.#server;
    for (;;) {
      const promises = server.promises;
      server.promises = [];
      const write = this.#write();
      if (write !== undefined) {
        const last = write.entries.at(-1)?.index ?? write.snapshot?.index ?? 0;
        this.#pending.push({ id: write.id, last, cap: Infinity, snapshot: write.snapshot, promises });
        return write;
      }
      const before = this.#pending.at(-1);
      if (before !== undefined) {
        before.promises.push(...promises);
        return undefined;
      }
      if (promises.length === 0) return undefined;
      this.#keep(promises);
    }
  }

  #write(): Write | undefined {
    const server = this.#server;
    const { log } = server;
    const hard = { term: server.term, vote: server.vote, commit: log.committed };
    const moved = hard.term !== this.#staged.term || hard.vote !== this.#staged.vote;
    const snapshot = server.incomingSnapshot === this.#stagedSnapshot ? undefined : server.incomingSnapshot;
    const entries = log.slice(server.staged + 1);
    if (!moved && snapshot === undefined && entries.length === 0) return undefined;
    server.staged = log.lastIndex;
    this.#staged = hard;
    this.#stagedSnapshot = snapshot ?? this.#stagedSnapshot;
    return { id: ++this.#writes, hard, snapshot, entries };
  }

  #apply(): readonly Entry[] {
    const server = this.#server;
    const { log } = server;
    const entries = log.slice(log.applied + 1, Math.min(log.committed, log.stable));
    for (const entry of entries) {
      log.applied = entry.index;
      if (entry.type === "configuration") adoptChange(server, entry.change);
    }
    if (entries.length > 0) leaveJoint(server);
    return entries;
  }

  /** The disk has made a write durable, and all before it. What was promised for then is said now. */
  persisted(id: number): void {
    const server = this.#server;
    while ((this.#pending[0]?.id ?? Infinity) <= id) {
      const write = this.#pending.shift();
      if (write === undefined) return;
      server.log.stable = Math.max(server.log.stable, Math.min(write.last, write.cap));
      if (write.snapshot !== undefined && write.snapshot === server.incomingSnapshot) {
        server.incomingSnapshot = undefined;
        this.#restored = write.snapshot;
      }
      this.#keep(write.promises);
    }
  }

  #keep(promises: readonly Message[]): void {
    for (const message of promises) {
      if (message.to === this.#server.id) this.step(message);
      else this.#server.outbox.push(message);
    }
  }
}

/**
 * What the first servers of a cluster begin with: a snapshot that says who they are, so that whoever joins later, with
 * nothing at all, is told by one, too.
 */
export function founded(conf: ConfState, data: unknown): Durable {
  return { hard: { term: 1, vote: 0, commit: 1 }, snapshot: { index: 1, term: 1, conf, data }, entries: [] };
}

/** What a server begins with that is to join: it doesn't campaign before it has heard that it may. */
export function joining(data: unknown): Durable {
  const snapshot = { index: 0, term: 0, conf: simpleConf([]), data };
  return { hard: { term: 0, vote: 0, commit: 0 }, snapshot, entries: [] };
}
