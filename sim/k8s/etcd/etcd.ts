import { createWorld, minutes, withDefaults, type Activity, type Nanos, type World } from "../../core/index.js";
import { applyCommand, refused, type Command, type Results } from "./command.js";
import { version, type EtcdEndpoint, type Member, type Status, type TimeToLive } from "./endpoint.js";
import { errors, isEtcdError, type EtcdError } from "./errors.js";
import { Lessor, shortestLease } from "./lessor.js";
import { MvccStore } from "./store.js";
import type { StoreOptions, StoreState } from "./store-state.js";
import type * as api from "./types.js";

export interface EtcdOptions extends StoreOptions {
  readonly world: World;
  readonly name: string;
}

/** How long nothing may happen until a watcher that asks for it is told the revision (etcd: 10 minutes). */
const progressInterval: Nanos = minutes(10);

/**
 * etcd in one process without Raft: a call is answered at once. It is what a cluster of thousands of nodes stands on; for
 * what happens when servers fail, see `EtcdCluster`, which answers the same.
 */
export class Etcd {
  readonly world: World;
  readonly name: string;
  readonly store: MvccStore;
  readonly #lessor: Lessor;
  #index = 0;
  #running = true;

  /** @throws UsageError for an unknown option */
  constructor(options?: Partial<EtcdOptions>) {
    const store = new MvccStore();
    const defaults = { world: options?.world ?? createWorld(), name: "etcd", quota: store.quota };
    const { world, name, quota } = withDefaults<EtcdOptions>("Etcd", options, defaults);
    this.world = world;
    this.name = name;
    this.store = new MvccStore({ quota });
    this.#lessor = new Lessor(world.engine, (id) => {
      this.revoke(id);
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** The process ends: whatever it is asked it refuses. Its data stay. */
  stop(): void {
    this.#running = false;
    this.#lessor.stop();
  }

  /** It comes back with its data; leases have their whole time again. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    for (const lease of this.store.leases) this.#lessor.begin(lease);
  }

  #do<T extends Command["type"]>(command: Extract<Command, { type: T }>): Results[T] | EtcdError {
    if (!this.#running) return errors.stopped;
    this.#index++;
    // A command of one type has that type's result: what the compiler can't see through the union.
    return refused(command) ?? (applyCommand(this.store, command) as Results[T] | EtcdError);
  }

  range(request: api.RangeRequest): api.RangeResponse | EtcdError {
    return this.#running ? this.store.range(request) : errors.stopped;
  }

  put(request: api.PutRequest): api.PutResponse | EtcdError {
    return this.#do<"put">({ type: "put", request });
  }

  deleteRange(request: api.DeleteRangeRequest): api.DeleteRangeResponse | EtcdError {
    return this.#do<"deleteRange">({ type: "deleteRange", request });
  }

  txn(request: api.TxnRequest): api.TxnResponse | EtcdError {
    return this.#do<"txn">({ type: "txn", request });
  }

  compact(revision: number): api.Header | EtcdError {
    return this.#do<"compact">({ type: "compact", revision });
  }

  /** @param ttl seconds; less than etcd's shortest becomes that @param id 0: one is chosen */
  grant(ttl: number, id = 0): api.Lease | EtcdError {
    const chosen = id === 0 ? chooseLease(this.world, this.name) : id;
    const lease = this.#do<"leaseGrant">({ type: "leaseGrant", id: chosen, ttl: Math.max(ttl, shortestLease) });
    if (!isEtcdError(lease)) this.#lessor.begin(lease);
    return lease;
  }

  revoke(id: number): api.Header | EtcdError {
    this.#lessor.end(id);
    return this.#do<"leaseRevoke">({ type: "leaseRevoke", id });
  }

  /** @returns the seconds that it has again */
  keepAlive(id: number): number | EtcdError {
    if (!this.#running) return errors.stopped;
    const held = this.store.lease(id);
    if (held === undefined) return errors.leaseNotFound;
    this.#lessor.renew(held.lease);
    return held.lease.ttl;
  }

  timeToLive(id: number): TimeToLive {
    const held = this.store.lease(id);
    if (held === undefined) return { id, ttl: -1, grantedTtl: 0, keys: [] };
    return { id, ttl: this.#lessor.remaining(id) ?? held.lease.ttl, grantedTtl: held.lease.ttl, keys: held.keys };
  }

  /** The receiver is called within the call that changes something, when that is done. */
  watch(request: api.WatchRequest, receive: (response: api.WatchResponse) => void): api.Watcher | EtcdError {
    return this.#running ? watchWithProgress(this.world, this.store, request, receive) : errors.stopped;
  }

  disarm(alarm: api.AlarmType): readonly api.AlarmType[] {
    this.store.disarm(alarm);
    return this.store.alarms;
  }

  status(): Status {
    const { total: dbSize, inUse: dbSizeInUse } = this.store.size;
    const raft = { leader: 1, raftIndex: this.#index, raftTerm: 1, raftAppliedIndex: this.#index };
    const told = this.store.alarms.map((alarm) => `memberID:1 alarm:${alarm} `);
    return { clusterId: 1, memberId: 1, version, dbSize, dbSizeInUse, ...raft, errors: told, isLearner: false };
  }

  /** All of it, as plain data. */
  snapshot(): StoreState {
    return this.store.save();
  }

  /** Goes on from a snapshot; leases have their whole time again. */
  restore(state: StoreState): void {
    this.#lessor.stop();
    this.store.restore(state);
    for (const lease of this.store.leases) this.#lessor.begin(lease);
  }

  /** This server as clients see those of a cluster. */
  endpoint(): EtcdEndpoint {
    const member: Member = { id: 1, name: this.name, peerUrls: [], clientUrls: [], isLearner: false };
    return {
      world: this.world,
      range: (request) => at(() => this.range(request)),
      put: (request) => at(() => this.put(request)),
      deleteRange: (request) => at(() => this.deleteRange(request)),
      txn: (request) => at(() => this.txn(request)),
      compact: (revision) => at(() => this.compact(revision)),
      leaseGrant: (ttl, id) => at(() => this.grant(ttl, id)),
      leaseRevoke: (id) => at(() => this.revoke(id)),
      leaseKeepAlive: (id) => at(() => (this.store.lease(id) === undefined ? 0 : this.keepAlive(id))),
      leaseTimeToLive: (id) => at(() => this.timeToLive(id)),
      leases: () => at(() => this.store.leases.map((lease) => lease.id)),
      watch: (request, receive) => this.watch(request, receive),
      members: () => at(() => [member]),
      status: () => this.status(),
      alarms: () => at(() => this.store.alarms),
      disarm: (alarm) => at(() => this.disarm(alarm)),
      defragment: () => {
        this.store.defragment();
        return undefined;
      },
      hashKv: (revision) => this.store.hashKv(revision),
      moveLeader: () => at(() => errors.badTransferee),
    };
  }
}

/** An activity that is over at once. */

function at<T>(answer: () => T): Activity<T> {
  return (function* (): Activity<T> {
    yield* [];
    return answer();
  })();
}

/** A number for a lease that nobody has chosen. */
export const chooseLease = (world: World, name: string): number =>
  1 + world.rng.stream(`${name}.leases`).integer(Number.MAX_SAFE_INTEGER - 1);

/** Watches, and tells the revision where nothing has happened for a while, if that is asked for. */
export function watchWithProgress(
  world: World,
  store: MvccStore,
  request: api.WatchRequest,
  receive: (response: api.WatchResponse) => void,
): api.Watcher | EtcdError {
  if (request.progressNotify !== true) return store.watch(request, receive);
  let told = world.engine.now;
  const watcher = store.watch(request, (response) => {
    told = world.engine.now;
    receive(response);
  });
  if (isEtcdError(watcher)) return watcher;
  let cancelled = false;
  const look = (): void => {
    if (cancelled) return;
    if (world.engine.now - told >= progressInterval) watcher.requestProgress();
    world.engine.after((told + progressInterval - world.engine.now) as Nanos, look, {
      name: "watch progress",
      background: true,
    });
  };
  world.engine.after(progressInterval, look, { name: "watch progress", background: true });
  return {
    requestProgress: () => {
      watcher.requestProgress();
    },
    cancel: () => {
      cancelled = true;
      watcher.cancel();
    },
  };
}
