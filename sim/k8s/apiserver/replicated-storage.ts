import { invariant, s, type Activity, type Cancel } from "../../core/index.js";
import type { EtcdCluster, EtcdMember } from "../etcd/cluster.js";
import { errors, isEtcdError, type EtcdError } from "../etcd/errors.js";
import { prefixEnd, type Compare, type RangeResponse, type RequestOp } from "../etcd/types.js";
import type { Draft, KubeObject } from "../objects/value.js";
import { failureOf, KeptObject, leaseReuse, mostOfLease, objectIn, type SharedLease } from "./kept-object.js";
import type { Conflict, Ranged, Staged, Storage, StorageEvent, StorageFailure, Written } from "./storage.js";

/** How often the API server looks whether its etcd server is still there and has a leader (apiserver, `keepaliveTime` is 30 s; etcd's client needs 1 s). */
const lookPeriod = s(1);

interface Subscription {
  readonly prefix: string;
  /** The next revision that it wants. */
  next: number;
  readonly listener: (event: StorageEvent) => void;
  /** What the listener knows to be there: what is gone when changes were missed that are compacted. */
  readonly known: Set<string>;
  stop: () => void;
}

/**
 * An API server's store in several etcd servers. What is read comes from the server that it has chosen, as far as that has applied the
 * log; a write is staged while a request is handled, and then goes through Raft as one transaction, which takes its time or fails. Where
 * the server is down, or has no leader, another is chosen, and watches go on there from where they stood.
 *
 * Simplification: a request that writes two objects (a pod and the quota that it is charged to) writes both or none.
 */
export class ReplicatedStorage implements Storage {
  readonly #cluster: EtcdCluster;
  readonly #subscriptions = new Set<Subscription>();
  readonly #look: Cancel[] = [];
  #member: EtcdMember;
  #staged: Staged[] | undefined;
  #lease: SharedLease | undefined;
  /** The greatest revision that was seen: a server that is chosen later may be behind it. */
  #seen = 0;

  constructor(cluster: EtcdCluster) {
    this.#cluster = cluster;
    const [first] = cluster.members;
    invariant(first !== undefined, "a cluster has servers");
    this.#member = cluster.leader ?? first;
    const look = (): void => {
      if (!usable(this.#member)) this.#choose();
      this.#look[0] = cluster.world.engine.after(lookPeriod, look, { name: "etcd client", background: true });
    };
    look();
  }

  /** The etcd server that it asks now. */
  get member(): EtcdMember {
    return this.#member;
  }

  /** Ends all watches. */
  stop(): void {
    for (const cancel of this.#look) cancel();
    for (const each of this.#subscriptions) each.stop();
    this.#subscriptions.clear();
  }

  get revision(): number {
    return (this.#seen = Math.max(this.#seen, this.#member.store.revision));
  }

  range(
    from: string,
    to: string,
    { limit = 0, revision = 0 }: { readonly limit?: number; readonly revision?: number } = {},
  ): Ranged | StorageFailure {
    const found = this.#member.store.range({ key: from, rangeEnd: to, limit, revision });
    if (isEtcdError(found)) return failureOf(found);
    const items = found.kvs.map((kv) => ({
      key: kv.key,
      value: objectIn(kv),
      createRevision: kv.createRevision,
      modRevision: kv.modRevision,
    }));
    return { ok: true, revision: found.header.revision, items, more: found.more, count: found.count };
  }

  put(key: string, value: KubeObject, expected: number, ttl?: number): Written | StorageFailure {
    return this.#stage({ key, value, expected, ttl });
  }

  delete(key: string, expected: number): Written | StorageFailure {
    return this.#stage({ key, value: undefined, expected, ttl: undefined });
  }

  #stage(write: Staged): Written {
    const staged = this.#staged;
    invariant(staged !== undefined, "a replicated store is written by requests alone");
    const before = staged.findIndex(({ key }) => key === write.key);
    // A second write of what the same request has just made: both become one.
    const first = staged[before];
    if (first === undefined) staged.push(write);
    else staged[before] = { ...write, expected: first.expected };
    return { ok: true, revision: this.revision };
  }

  begin(): void {
    this.#staged = [];
  }

  end(): readonly Staged[] {
    const staged = this.#staged ?? [];
    this.#staged = undefined;
    return staged;
  }

  *current(): Activity<StorageFailure | undefined> {
    if (!usable(this.#member)) this.#choose();
    const asked = this.#member;
    const found = yield* asked.range({ key: "\0", rangeEnd: "\0", countOnly: true });
    return isEtcdError(found) ? this.#failed(asked, found) : undefined;
  }

  *commit(staged: readonly Staged[]): Activity<Written | Conflict | StorageFailure> {
    if (!usable(this.#member)) this.#choose();
    const asked = this.#member;
    const compare: Compare[] = [];
    const success: RequestOp[] = [];
    for (const { key, value, expected, ttl } of staged) {
      compare.push({ key, target: "mod", result: "equal", operand: expected });
      if (value === undefined) {
        success.push({ deleteRange: { key } });
        continue;
      }
      const lease = ttl === undefined ? 0 : yield* this.#leaseFor(asked, ttl);
      if (isEtcdError(lease)) return this.#failed(asked, lease);
      success.push({ put: { key, value: new KeptObject(value), lease } });
    }
    const done = yield* asked.txn({ compare, success });
    if (isEtcdError(done)) return this.#failed(asked, done);
    if (!done.succeeded) return { ok: false, failure: "conflict" };
    const { revision } = done.header;
    for (const { value } of staged)
      if (value !== undefined) (value.metadata as Draft)["resourceVersion"] = String(revision);
    return { ok: true, revision };
  }

  *#leaseFor(asked: EtcdMember, ttl: number): Activity<number | EtcdError> {
    const { engine } = this.#cluster.world;
    const shared = this.#lease;
    if (shared?.ttl === ttl && engine.now / 1e9 < shared.until && shared.keys < mostOfLease) {
      shared.keys++;
      return shared.id;
    }
    const lease = yield* asked.leaseGrant(ttl + leaseReuse);
    if (isEtcdError(lease)) return lease;
    this.#lease = { id: lease.id, ttl, until: engine.now / 1e9 + leaseReuse, keys: 1 };
    return lease.id;
  }

  #failed(asked: EtcdMember, error: EtcdError): StorageFailure {
    if (error === errors.timeout || error === errors.stopped || error === errors.noLeader)
      if (asked === this.#member) this.#choose();
    // A lease may have gone with its term; the next write gets another.
    if (error === errors.leaseNotFound) this.#lease = undefined;
    return failureOf(error);
  }

  watch(prefix: string, from: number, listener: (event: StorageEvent) => void): (() => void) | StorageFailure {
    if (from <= this.#member.store.compactRevision) return failureOf(errors.compacted);
    const known = new Set(this.#all(prefix).kvs.map(({ key }) => key));
    const subscription: Subscription = { prefix, next: from, listener, known, stop: () => undefined };
    this.#subscriptions.add(subscription);
    this.#attach(subscription);
    return () => {
      subscription.stop();
      this.#subscriptions.delete(subscription);
    };
  }

  #all(prefix: string): RangeResponse {
    const found = this.#member.store.range({ key: prefix, rangeEnd: prefixEnd(prefix) });
    invariant(!isEtcdError(found), "the present can be read");
    return found;
  }

  compact(revision: number): StorageFailure | undefined {
    const { engine } = this.#cluster.world;
    engine.spawn(this.#member.compact(revision), { name: "compaction", background: true });
    return undefined;
  }

  /** Goes on to the next server that is up and has a leader; stays where there is none. */
  #choose(): void {
    const { members } = this.#cluster;
    const at = members.indexOf(this.#member);
    const others = [...members.slice(at + 1), ...members.slice(0, at)];
    const next = others.find(usable);
    if (next === undefined) return;
    this.#member = next;
    for (const each of this.#subscriptions) {
      each.stop();
      this.#attach(each);
    }
  }

  #attach(subscription: Subscription): void {
    const { prefix, listener, known } = subscription;
    const range = { key: prefix, rangeEnd: prefixEnd(prefix) };
    const tell = (event: StorageEvent): void => {
      subscription.next = Math.max(subscription.next, event.revision + 1);
      if (event.type === "put") known.add(event.key);
      else known.delete(event.key);
      listener(event);
    };
    const watcher = this.#member.watch(
      { ...range, startRevision: subscription.next },
      ({ events, compactRevision }) => {
        for (const { type, kv } of events)
          tell({ type, key: kv.key, revision: kv.modRevision, value: type === "put" ? objectIn(kv) : undefined });
        if (compactRevision !== undefined) this.#compare(subscription, tell);
      },
    );
    subscription.stop = isEtcdError(watcher)
      ? (): void => undefined
      : (): void => {
          watcher.cancel();
        };
  }

  /** What was missed is compacted: what is there now is compared with what was known. */
  #compare(subscription: Subscription, tell: (event: StorageEvent) => void): void {
    const { prefix, known, next } = subscription;
    const { kvs, header } = this.#all(prefix);
    const { revision } = header;
    const there = new Set(kvs.map(({ key }) => key));
    for (const key of [...known]) if (!there.has(key)) tell({ type: "delete", key, revision, value: undefined });
    for (const kv of kvs)
      if (kv.modRevision >= next) tell({ type: "put", key: kv.key, revision: kv.modRevision, value: objectIn(kv) });
    subscription.next = revision + 1;
    this.#attach(subscription);
  }
}

/** Whether a server is up and knows a leader: what etcd's clients require. */
function usable(member: EtcdMember): boolean {
  const status = member.node.up && !member.node.paused ? member.status() : errors.stopped;
  return !isEtcdError(status) && status.leader !== 0;
}
