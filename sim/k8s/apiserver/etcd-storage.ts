import { errors, isEtcdError, type EtcdError } from "../etcd/errors.js";
import type { Etcd } from "../etcd/etcd.js";
import { prefixEnd } from "../etcd/types.js";
import type { KubeObject } from "../objects/value.js";
import { failureOf, keptIn, KeptObject, leaseReuse, mostOfLease, objectIn, type SharedLease } from "./kept-object.js";
import type { Conflict, Ranged, Storage, StorageEvent, StorageFailure, Written } from "./storage.js";

/** An API server's store in one etcd server, which answers at once. What other clients of that etcd write is seen as well. */
export class EtcdStorage implements Storage {
  readonly #etcd: Etcd;
  #lease: SharedLease | undefined;

  constructor(etcd: Etcd) {
    this.#etcd = etcd;
  }

  get revision(): number {
    return this.#etcd.store.revision;
  }

  unreachable(): StorageFailure | undefined {
    return this.#etcd.running ? undefined : failureOf(errors.stopped);
  }

  range(
    from: string,
    to: string,
    { limit = 0, revision = 0 }: { readonly limit?: number; readonly revision?: number } = {},
  ): Ranged | StorageFailure {
    const found = this.#etcd.range({ key: from, rangeEnd: to, limit, revision });
    if (isEtcdError(found)) return failureOf(found);
    const items = found.kvs.map((kv) => ({
      key: kv.key,
      value: objectIn(kv),
      createRevision: kv.createRevision,
      modRevision: kv.modRevision,
    }));
    return { ok: true, revision: found.header.revision, items, more: found.more, count: found.count };
  }

  put(key: string, value: KubeObject, expected: number, ttl?: number): Written | Conflict | StorageFailure {
    const lease = ttl === undefined ? 0 : this.#leaseFor(ttl);
    if (isEtcdError(lease)) return failureOf(lease);
    return this.#write(key, expected, {
      put: { key, value: new KeptObject(value, keptIn(this.#etcd.store.latest(key))), lease },
    });
  }

  delete(key: string, expected: number): Written | Conflict | StorageFailure {
    return this.#write(key, expected, { deleteRange: { key } });
  }

  #write(
    key: string,
    expected: number,
    op: NonNullable<Parameters<Etcd["txn"]>[0]["success"]>[number],
  ): Written | Conflict | StorageFailure {
    const done = this.#etcd.txn({
      compare: [{ key, target: "mod", result: "equal", operand: expected }],
      success: [op],
    });
    if (isEtcdError(done)) return failureOf(done);
    return done.succeeded ? { ok: true, revision: done.header.revision } : { ok: false, failure: "conflict" };
  }

  #leaseFor(ttl: number): number | EtcdError {
    const now = this.#etcd.world.engine.now / 1e9;
    const shared = this.#lease;
    if (shared !== undefined && shared.ttl === ttl && now < shared.until && shared.keys < mostOfLease) {
      shared.keys++;
      return shared.id;
    }
    // Keys that join later shall still live for all of their time.
    const lease = this.#etcd.grant(ttl + leaseReuse);
    if (isEtcdError(lease)) return lease;
    this.#lease = { id: lease.id, ttl, until: now + leaseReuse, keys: 1 };
    return lease.id;
  }

  watch(prefix: string, from: number, listener: (event: StorageEvent) => void): (() => void) | StorageFailure {
    if (from <= this.#etcd.store.compactRevision) return failureOf(errors.compacted);
    const watcher = this.#etcd.watch(
      { key: prefix, rangeEnd: prefixEnd(prefix), startRevision: from },
      ({ events }) => {
        for (const { type, kv } of events) {
          const value = type === "put" ? objectIn(kv) : undefined;
          listener({ type, key: kv.key, revision: kv.modRevision, value });
        }
      },
    );
    if (isEtcdError(watcher)) return failureOf(watcher);
    return () => {
      watcher.cancel();
    };
  }

  compact(revision: number): StorageFailure | undefined {
    const done = this.#etcd.compact(revision);
    return isEtcdError(done) ? failureOf(done) : undefined;
  }
}
