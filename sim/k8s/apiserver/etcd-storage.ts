import { encodeUtf8 } from "../../core/index.js";
import { errors, isEtcdError, type EtcdError } from "../etcd/errors.js";
import type { Etcd } from "../etcd/etcd.js";
import { heldIn, type LateValue } from "../etcd/late-value.js";
import { prefixEnd, type KeyValue } from "../etcd/types.js";
import { decodeUtf8 } from "../objects/text.js";
import type { Draft, KubeObject } from "../objects/value.js";
import type { Conflict, Ranged, Storage, StorageEvent, StorageFailure, Written } from "./storage.js";

/** Keys that end soon after one another share a lease: this many seconds (apiserver, `leaseReuseDurationSeconds`). */
const leaseReuse = 60;
/** So many keys at most (`leaseMaxObjectCount`). */
const mostOfLease = 1000;

interface SharedLease {
  readonly id: number;
  readonly ttl: number;
  /** Seconds of virtual time until which it takes further keys. */
  readonly until: number;
  keys: number;
}

/**
 * An API server's store in etcd: an object is kept as JSON, where a real API server writes protobuf, and without its resourceVersion,
 * which is the revision of its last write. The JSON is made when another client of etcd reads it. What others write is seen as well.
 */
export class EtcdStorage implements Storage {
  readonly #etcd: Etcd;
  #lease: SharedLease | undefined;

  constructor(etcd: Etcd) {
    this.#etcd = etcd;
  }

  get revision(): number {
    return this.#etcd.store.revision;
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
      value: decode(kv),
      createRevision: kv.createRevision,
      modRevision: kv.modRevision,
    }));
    return { ok: true, revision: found.header.revision, items, more: found.more, count: found.count };
  }

  put(key: string, value: KubeObject, expected: number, ttl?: number): Written | Conflict | StorageFailure {
    // The object is new and the store's from here on.
    (value.metadata as Draft)["resourceVersion"] = undefined;
    const lease = ttl === undefined ? 0 : this.#leaseFor(ttl);
    if (isEtcdError(lease)) return failureOf(lease);
    return this.#write(key, expected, { put: { key, value: new KeptObject(value), lease } });
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
          listener({ type, key: kv.key, revision: kv.modRevision, value: type === "put" ? decode(kv) : undefined });
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

function failureOf(error: EtcdError): StorageFailure {
  const failure = error === errors.compacted ? "compacted" : error === errors.futureRevision ? "future" : "unavailable";
  return failure === "unavailable" ? { ok: false, failure, why: error.message } : { ok: false, failure };
}

const ascii = /^[\0-\x7f]*$/;

/** A text as etcd's strings of bytes; most texts are one already. */
function bytesOf(text: string): string {
  return ascii.test(text) ? text : Array.from(encodeUtf8(text), (byte) => String.fromCharCode(byte)).join("");
}

function textOf(bytes: string): string {
  return ascii.test(bytes) ? bytes : decodeUtf8(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
}

/** An object that was written through here: whoever reads the key gets that very object, not a copy. */
class KeptObject implements LateValue {
  readonly object: KubeObject;
  readonly length: number;

  constructor(object: KubeObject) {
    this.object = object;
    this.length = bytesOf(JSON.stringify(object)).length;
  }

  /** Without the resourceVersion, which the object has got since. */
  bytes(): string {
    const { metadata } = this.object;
    return bytesOf(JSON.stringify({ ...this.object, metadata: { ...metadata, resourceVersion: undefined } }));
  }
}

/** An object as it was written, with its resourceVersion. */
function decode(record: KeyValue): KubeObject {
  const held = heldIn(record);
  const object = held instanceof KeptObject ? held.object : (JSON.parse(textOf(record.value)) as KubeObject);
  (object.metadata as Draft)["resourceVersion"] = String(record.modRevision);
  return object;
}
