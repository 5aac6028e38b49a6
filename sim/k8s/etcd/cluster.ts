import {
  invariant,
  ms,
  ns,
  s,
  UsageError,
  type Activity,
  type Nanos,
  type Signal,
  type World,
} from "../../core/index.js";
import { RaftCluster, type RaftClusterOptions } from "../consensus/cluster.js";
import type { Outcome, RaftNode, StateMachine } from "../consensus/node.js";
import { membersOf, type ConfChange, type Entry, type NodeId } from "../raft/index.js";
import { applyCommand, refused, type Command, type Result, type Results } from "./command.js";
import { version, type EtcdEndpoint, type Member, type Status, type TimeToLive } from "./endpoint.js";
import { errors, isEtcdError, type EtcdError } from "./errors.js";
import { chooseLease, watchWithProgress } from "./etcd.js";
import { Lessor, shortestLease } from "./lessor.js";
import { MvccStore } from "./store.js";
import type { StoreState } from "./store-state.js";
import type * as api from "./types.js";

/** A store as the state machine behind Raft. */
class StoreMachine implements StateMachine<Command, Result> {
  readonly store: MvccStore;

  constructor(quota: number | undefined) {
    this.store = new MvccStore(quota === undefined ? {} : { quota });
  }

  apply(command: Command): Result {
    return applyCommand(this.store, command);
  }

  save(): StoreState {
    return this.store.save();
  }

  restore(state: unknown): void {
    this.store.restore(state as StoreState);
  }
}

export interface EtcdClusterOptions extends RaftClusterOptions {
  /** Bytes that each database may grow to; etcd's 2 GiB where it isn't given. */
  readonly quota: number | undefined;
  /** How often the leader notes what is left of long leases; 0: never, as etcd 3.4 by default; else 5 minutes there. */
  readonly leaseCheckpoint: Nanos;
}

/** etcd servers that hold the same store by Raft, and what may befall them: `raft` has crashes, partitions, views. */
export class EtcdCluster {
  readonly raft: RaftCluster<Command, Result>;
  readonly #members = new Map<NodeId, EtcdMember>();
  readonly #checkpoint: Nanos;

  /** @throws UsageError for an unknown option */
  constructor(options: Partial<EtcdClusterOptions> = {}) {
    const { quota, leaseCheckpoint = ns(0), ...others } = options;
    this.raft = new RaftCluster<Command, Result>(() => new StoreMachine(quota), { name: "etcd", ...others });
    this.#checkpoint = leaseCheckpoint;
    for (const { id } of this.raft.nodes) this.#enrol(id);
    this.raft.onApplied = (id, entry) => this.#members.get(id)?.applied(entry);
    this.raft.onRole = (id, role) => this.#members.get(id)?.leads(role === "leader");
  }

  get world(): World {
    return this.raft.world;
  }

  #enrol(id: NodeId): EtcdMember {
    const member = new EtcdMember(this, id, this.#checkpoint);
    this.#members.set(id, member);
    return member;
  }

  /** Runs the world until there is a leader. @throws UsageError where there is none within a minute */
  start(): this {
    const { engine } = this.world;
    const elected = this.raft.elected();
    engine.after(s(60), () => elected.fire(0), { background: true });
    engine.run(elected);
    if (this.raft.leader !== undefined) return this;
    throw new UsageError("no leader within a minute", "A majority of the servers must be up and reach one another.");
  }

  /** @throws UsageError where there is no such member */
  member(id: NodeId): EtcdMember {
    const member = this.#members.get(id);
    if (member !== undefined) return member;
    throw new UsageError(`there is no member ${id}`, `There are ${[...this.#members.keys()].join(", ")}.`);
  }

  get members(): readonly EtcdMember[] {
    return [...this.#members.values()];
  }

  /** The member that leads; undefined where none does. */
  get leader(): EtcdMember | undefined {
    const { leader } = this.raft;
    return leader === undefined ? undefined : this.#members.get(leader.id);
  }

  /** Starts a server and makes it a member, or a learner that is promoted later. */
  *add(id: NodeId, options: { readonly learner?: boolean } = {}): Activity<EtcdMember | EtcdError> {
    if (this.#members.has(id)) return errors.memberExists;
    this.raft.join(id);
    const member = this.#enrol(id);
    const type = options.learner === true ? "addLearner" : "addVoter";
    const wrong = yield* this.#change({ changes: [{ type, id }] });
    return wrong ?? member;
  }

  *promote(id: NodeId): Activity<EtcdError | undefined> {
    const status = this.raft.leader?.raft?.status;
    if (status === undefined) return errors.noLeader;
    if (!this.#members.has(id)) return errors.memberNotFound;
    if (!status.conf.learners.includes(id)) return errors.memberNotLearner;
    // etcd: a learner is ready at nine tenths of the leader's log.
    if ((status.progress.get(id)?.match ?? 0) < 0.9 * status.log.lastIndex) return errors.learnerNotReady;
    return yield* this.#change({ changes: [{ type: "addVoter", id }] });
  }

  /** The server itself goes on running; it is told nothing more. */
  *remove(id: NodeId): Activity<EtcdError | undefined> {
    if (!this.#members.has(id)) return errors.memberNotFound;
    const wrong = yield* this.#change({ changes: [{ type: "remove", id }] });
    if (wrong === undefined) this.#members.delete(id);
    return wrong;
  }

  *#change(change: ConfChange): Activity<EtcdError | undefined> {
    const outcome = yield* this.raft.change(change);
    return outcome.outcome === "done" ? undefined : errorOf(outcome);
  }
}

function errorOf(outcome: Exclude<Outcome<unknown>, { outcome: "done" }>): EtcdError {
  return outcome.outcome === "unknown" || outcome.reason === "no leader" ? errors.timeout : errors.stopped;
}

/** One server of a cluster, as clients see it. */
export class EtcdMember implements EtcdEndpoint {
  readonly id: NodeId;
  readonly #cluster: EtcdCluster;
  readonly #lessor: Lessor;
  readonly #checkpoint: Nanos;
  #leading = false;

  constructor(cluster: EtcdCluster, id: NodeId, checkpoint: Nanos) {
    this.id = id;
    this.#cluster = cluster;
    this.#checkpoint = checkpoint;
    this.#lessor = new Lessor(cluster.world.engine, (lease) => {
      this.#revokeEnded(lease);
    });
  }

  get world(): World {
    return this.#cluster.world;
  }

  get name(): string {
    return `${this.#cluster.raft.name}-${this.id}`;
  }

  get node(): RaftNode<Command, Result> {
    return this.#cluster.raft.node(this.id);
  }

  /** What this server has applied. */
  get store(): MvccStore {
    const { machine } = this.node;
    invariant(machine instanceof StoreMachine, "etcd's servers keep stores");
    return machine.store;
  }

  /** Told when this server begins or ceases to lead. */
  leads(leads: boolean): void {
    if (leads === this.#leading) return;
    this.#leading = leads;
    this.#lessor.stop();
    if (!leads) return;
    for (const lease of this.store.leases) this.#lessor.begin(lease);
    this.#scheduleCheckpoint();
  }

  /** Told of what this server has applied. */
  applied(entry: Entry): void {
    if (!this.#leading || entry.type !== "normal" || entry.data === undefined) return;
    const { command } = entry.data as { readonly command: Command };
    if (command.type === "leaseGrant") {
      const held = this.store.lease(command.id);
      if (held !== undefined && this.#lessor.remaining(command.id) === undefined) this.#lessor.begin(held.lease);
    } else if (command.type === "leaseRevoke") this.#lessor.end(command.id);
  }

  #revokeEnded(id: number): void {
    if (!this.#leading || this.store.lease(id) === undefined) return;
    this.node.propose({ type: "leaseRevoke", id });
    // Should that get lost, it is tried again (etcd: every half second).
    this.world.engine.after(
      ms(500),
      () => {
        if (this.#lessor.remaining(id) === undefined) this.#revokeEnded(id);
      },
      { name: "lease", background: true },
    );
  }

  #scheduleCheckpoint(): void {
    if (this.#checkpoint === 0) return;
    const note = (): void => {
      if (!this.#leading) return;
      for (const { id, ttl } of this.store.leases) {
        const remaining = this.#lessor.remaining(id) ?? 0;
        if (remaining > 0 && remaining < ttl) this.node.propose({ type: "leaseCheckpoint", id, remaining });
      }
      this.#scheduleCheckpoint();
    };
    this.world.engine.after(this.#checkpoint, note, { name: "lease checkpoint", background: true });
  }

  *#propose<T extends Command["type"]>(command: Extract<Command, { type: T }>): Activity<Results[T] | EtcdError> {
    const wrong = refused(command);
    if (wrong !== undefined) return wrong;
    const outcome = yield* this.#whenLed(() => this.node.propose(command));
    // A command of one type has that type's result: what the compiler can't see through the union.
    return outcome.outcome === "done" ? (outcome.value as Results[T] | EtcdError) : errorOf(outcome);
  }

  /** As etcd's servers do, keeps a request until there is a leader to send it to, for as long as a request may take. */
  *#whenLed<T>(ask: () => Signal<Outcome<T>>): Activity<Outcome<T>> {
    const { engine } = this.world;
    const until = engine.now + this.#cluster.raft.requestTimeout;
    for (;;) {
      const outcome = yield* ask();
      const led = outcome.outcome !== "refused" || outcome.reason !== "no leader";
      if (led || engine.now >= until) return outcome;
      yield* engine.delay(ms(20));
    }
  }

  /** Linearizable: waits until this server has applied all that was done before; `serializable` reads what is here. */
  *range(request: api.RangeRequest): Activity<api.RangeResponse | EtcdError> {
    const wrong = yield* this.#current(request.serializable ?? false);
    return wrong ?? this.store.range(request);
  }

  *#current(serializable: boolean): Activity<EtcdError | undefined> {
    if (serializable) return this.node.up ? undefined : errors.stopped;
    const outcome = yield* this.#whenLed(() => this.node.readIndex());
    return outcome.outcome === "done" ? undefined : errorOf(outcome);
  }

  put(request: api.PutRequest): Activity<api.PutResponse | EtcdError> {
    return this.#propose<"put">({ type: "put", request });
  }

  deleteRange(request: api.DeleteRangeRequest): Activity<api.DeleteRangeResponse | EtcdError> {
    return this.#propose<"deleteRange">({ type: "deleteRange", request });
  }

  /** Also of a transaction that only reads: it takes its place in the log, where etcd spares itself that. */
  txn(request: api.TxnRequest): Activity<api.TxnResponse | EtcdError> {
    return this.#propose<"txn">({ type: "txn", request });
  }

  compact(revision: number): Activity<api.Header | EtcdError> {
    return this.#propose<"compact">({ type: "compact", revision });
  }

  leaseGrant(ttl: number, id = 0): Activity<api.Lease | EtcdError> {
    const chosen = id === 0 ? chooseLease(this.world, this.name) : id;
    return this.#propose<"leaseGrant">({ type: "leaseGrant", id: chosen, ttl: Math.max(ttl, shortestLease) });
  }

  leaseRevoke(id: number): Activity<api.Header | EtcdError> {
    return this.#propose<"leaseRevoke">({ type: "leaseRevoke", id });
  }

  /** Whoever watches over leases, and the way there and back. */
  *#primary(): Activity<EtcdMember | EtcdError> {
    const { leader, raft } = this.#cluster;
    if (!this.node.up) return errors.stopped;
    if (leader === undefined) return errors.noLeader;
    if (leader === this) return this;
    yield* this.world.engine.delay(ns(2 * raft.network.options.latency));
    return raft.network.carries(this.id, leader.id) && leader.node.up ? leader : errors.timeout;
  }

  *leaseKeepAlive(id: number): Activity<number | EtcdError> {
    const primary = yield* this.#primary();
    if (isEtcdError(primary)) return primary;
    const held = primary.store.lease(id);
    if (held === undefined) return 0;
    primary.#lessor.renew(held.lease);
    return held.lease.ttl;
  }

  *leaseTimeToLive(id: number): Activity<TimeToLive | EtcdError> {
    const primary = yield* this.#primary();
    if (isEtcdError(primary)) return primary;
    const held = primary.store.lease(id);
    if (held === undefined) return { id, ttl: -1, grantedTtl: 0, keys: [] };
    const ttl = primary.#lessor.remaining(id) ?? 0;
    return { id, ttl, grantedTtl: held.lease.ttl, keys: held.keys };
  }

  *leases(): Activity<readonly number[] | EtcdError> {
    const wrong = yield* this.#current(false);
    return wrong ?? this.store.leases.map((lease) => lease.id);
  }

  /** Watches what this server applies. A crash ends that, and tells nobody: a client's stream breaks. */
  watch(request: api.WatchRequest, receive: (response: api.WatchResponse) => void): api.Watcher | EtcdError {
    return this.node.up ? watchWithProgress(this.world, this.store, request, receive) : errors.stopped;
  }

  *members(): Activity<readonly Member[] | EtcdError> {
    const wrong = yield* this.#current(true);
    const conf = this.node.raft?.status.conf;
    if (wrong !== undefined || conf === undefined) return wrong ?? errors.stopped;
    return membersOf(conf).map((id) => ({
      id,
      name: `${this.#cluster.raft.name}-${id}`,
      // etcd's ports for its peers and its clients.
      peerUrls: [`http://${this.#cluster.raft.name}-${id}:2380`],
      clientUrls: [`http://${this.#cluster.raft.name}-${id}:2379`],
      isLearner: conf.learners.includes(id),
    }));
  }

  status(): Status | EtcdError {
    const raft = this.node.raft?.status;
    if (raft === undefined) return errors.stopped;
    const { total: dbSize, inUse: dbSizeInUse } = this.store.size;
    return {
      clusterId: 1,
      memberId: this.id,
      version,
      dbSize,
      dbSizeInUse,
      leader: raft.leader,
      raftIndex: raft.log.committed,
      raftTerm: raft.term,
      raftAppliedIndex: raft.log.applied,
      errors: [
        ...(raft.leader === 0 ? [errors.noLeader.message] : []),
        ...this.store.alarms.map((alarm) => `memberID:${this.id} alarm:${alarm} `),
      ],
      isLearner: raft.conf.learners.includes(this.id),
    };
  }

  *alarms(): Activity<readonly api.AlarmType[] | EtcdError> {
    const wrong = yield* this.#current(false);
    return wrong ?? this.store.alarms;
  }

  disarm(alarm: api.AlarmType): Activity<readonly api.AlarmType[] | EtcdError> {
    return this.#propose<"alarm">({ type: "alarm", action: "disarm", alarm });
  }

  defragment(): EtcdError | undefined {
    if (!this.node.up) return errors.stopped;
    this.store.defragment();
    return undefined;
  }

  hashKv(revision: number): { readonly hash: number; readonly compactRevision: number } | EtcdError {
    return this.node.up ? this.store.hashKv(revision) : errors.stopped;
  }

  *moveLeader(target: number): Activity<undefined | EtcdError> {
    const raft = this.node.raft?.status;
    if (raft === undefined) return errors.stopped;
    if (raft.role !== "leader") return errors.notLeader;
    if (!raft.conf.voters.includes(target)) return errors.badTransferee;
    this.node.transferLeader(target);
    const before = this.world.engine.now;
    while (this.#cluster.raft.node(target).raft?.status.role !== "leader") {
      // etcd asks as often, for as long as an election may take.
      yield* this.world.engine.delay(ms(10));
      if (this.world.engine.now - before > s(2)) return errors.timeout;
    }
    return undefined;
  }
}
