import { GiB, type Persist } from "../../core/index.js";
import { crc32c } from "./crc.js";
import { errors, type EtcdError } from "./errors.js";
import { KeyHistory } from "./key-history.js";
import { plainRecord, recordOf, valueOf } from "./late-value.js";
import { OrderedKeys } from "./ordered-keys.js";
import { eachIn, select, unreadable, type Index } from "./range.js";
import type { StoreOptions, StoreState } from "./store-state.js";
import { holds, malformedPut, malformedTxn, puts } from "./txn.js";
import type * as api from "./types.js";
import { WatchHub, type Change } from "./watch.js";
import { weight, weightOf } from "./weight.js";

/** A revision that is being made. */
interface Writing {
  readonly revision: number;
  readonly changes: Change[];
}

/**
 * etcd's multi-version store: every change has a revision, and the past can be read and watched until it is compacted.
 * It is one state machine without a clock: the same requests in the same order give the same answers, so that it may
 * stand alone or behind Raft. What can't be done is answered by an `EtcdError` and changes nothing.
 *
 * After etcd 3.4 (etcd.io/docs/v3.4/learning/api, server/mvcc). The size is that of bbolt's file: it grows when more is kept than
 * ever before; what compaction frees is used again, and given back by `defragment`.
 */
export class MvccStore implements Persist<StoreState> {
  readonly quota: number;
  #byKey = new Map<string, KeyHistory>();
  #ordered = ordered();
  /** All changes later than the compaction, in their order. */
  #log: api.KeyValue[] = [];
  /** etcd's first revision is 1; the first change makes 2. */
  #revision = 1;
  #compactRevision = 0;
  #inUse = 0;
  #size = 0;
  readonly #leases = new Map<number, { readonly lease: api.Lease; readonly keys: Set<string> }>();
  readonly #alarms = new Set<api.AlarmType>();
  readonly #hub = new WatchHub();

  constructor(options: Partial<StoreOptions> = {}) {
    this.quota = options.quota ?? GiB(2);
  }

  get revision(): number {
    return this.#revision;
  }

  get compactRevision(): number {
    return this.#compactRevision;
  }

  /** Bytes of the database, and of those in use. */
  get size(): { readonly total: number; readonly inUse: number } {
    return { total: this.#size, inUse: this.#inUse };
  }

  get #index(): Index {
    return {
      byKey: this.#byKey,
      ordered: this.#ordered,
      since: (revision) => this.#log.slice(this.#placeInLog(revision)),
    };
  }

  get #header(): api.Header {
    return { revision: this.#revision };
  }

  /** The last write of a key; a deletion has version 0. */
  latest(key: string): api.KeyValue | undefined {
    return this.#byKey.get(key)?.latest;
  }

  range(request: api.RangeRequest): api.RangeResponse | EtcdError {
    const wrong = unreadable(request, this.#revision, this.#compactRevision);
    if (wrong !== undefined) return wrong;
    return select(this.#index, request, (request.revision ?? 0) || this.#revision, this.#revision);
  }

  put(request: api.PutRequest): api.PutResponse | EtcdError {
    const wrong = malformedPut(request) ?? this.#unputtable(request) ?? this.#full(weightOf(request));
    if (wrong !== undefined) return wrong;
    const writing = this.#begin();
    const prevKv = this.#put(request, writing);
    this.#commit(writing);
    return { header: this.#header, prevKv: request.prevKv === true ? prevKv : undefined };
  }

  deleteRange(request: api.DeleteRangeRequest): api.DeleteRangeResponse | EtcdError {
    if (request.key === "") return errors.emptyKey;
    const writing = this.#begin();
    const prevKvs = this.#delete(request, writing);
    this.#commit(writing);
    return { header: this.#header, deleted: prevKvs.length, prevKvs: request.prevKv === true ? prevKvs : [] };
  }

  /** All operations of the branch that is taken make one revision, and see what those before them did. */
  txn(request: api.TxnRequest): api.TxnResponse | EtcdError {
    let wrong = malformedTxn(request);
    const plan = new Map<api.TxnRequest, boolean>();
    wrong ??= this.#plan(request, plan);
    if (wrong === undefined && puts(request)) wrong = this.#full(0);
    if (wrong !== undefined) return wrong;
    const writing = this.#begin();
    const response = this.#execute(request, plan, writing);
    this.#commit(writing);
    return response;
  }

  /** Decides all branches before anything is done, by the store as it is, and looks whether each operation can be done. */
  #plan(request: api.TxnRequest, plan: Map<api.TxnRequest, boolean>): EtcdError | undefined {
    const succeeded = (request.compare ?? []).every((compare) => holds(this.#index, compare, this.#revision));
    plan.set(request, succeeded);
    for (const op of (succeeded ? request.success : request.failure) ?? []) {
      let wrong: EtcdError | undefined;
      if ("txn" in op) wrong = this.#plan(op.txn, plan);
      else if ("put" in op) wrong = this.#unputtable(op.put);
      else if ("range" in op) wrong = unreadable(op.range, this.#revision, this.#compactRevision);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #execute(request: api.TxnRequest, plan: ReadonlyMap<api.TxnRequest, boolean>, writing: Writing): api.TxnResponse {
    const succeeded = plan.get(request) === true;
    const responses = ((succeeded ? request.success : request.failure) ?? []).map((op): api.ResponseOp => {
      if ("txn" in op) return { txn: this.#execute(op.txn, plan, writing) };
      const now = this.#revision + (writing.changes.length > 0 ? 1 : 0);
      const header = { revision: now };
      if ("range" in op) return { range: select(this.#index, op.range, (op.range.revision ?? 0) || now, now) };
      if ("put" in op) {
        const prevKv = this.#put(op.put, writing);
        return { put: { header: { revision: writing.revision }, prevKv: op.put.prevKv === true ? prevKv : undefined } };
      }
      const prevKvs = this.#delete(op.deleteRange, writing);
      const told = op.deleteRange.prevKv === true ? prevKvs : [];
      return { deleteRange: { header, deleted: prevKvs.length, prevKvs: told } };
    });
    const revision = this.#revision + (writing.changes.length > 0 ? 1 : 0);
    return { header: { revision }, succeeded, responses };
  }

  /** What the store has against a put. */
  #unputtable(request: api.PutRequest): EtcdError | undefined {
    const { lease = 0, ignoreValue, ignoreLease } = request;
    if (lease !== 0 && !this.#leases.has(lease)) return errors.leaseNotFound;
    const keeps = ignoreValue === true || ignoreLease === true;
    return keeps && this.#byKey.get(request.key)?.exists !== true ? errors.keyNotFound : undefined;
  }

  /** Raises the alarm where `more` bytes don't fit; until that is taken back, nothing is put. */
  #full(more: number): EtcdError | undefined {
    if (this.#inUse + more > this.quota || this.#size > this.quota) this.#alarms.add("NOSPACE");
    return this.#alarms.has("NOSPACE") ? errors.noSpace : undefined;
  }

  #begin(): Writing {
    return { revision: this.#revision + 1, changes: [] };
  }

  #put(request: api.PutRequest, writing: Writing): api.KeyValue | undefined {
    const history = this.#byKey.get(request.key);
    // One text for all revisions of a key.
    const key = history?.latest.key ?? request.key;
    const before = history?.exists === true ? history.latest : undefined;
    const lease = request.ignoreLease === true ? (before?.lease ?? 0) : (request.lease ?? 0);
    const kv = recordOf(
      {
        key,
        createRevision: before?.createRevision ?? writing.revision,
        modRevision: writing.revision,
        sub: writing.changes.length,
        version: (before?.version ?? 0) + 1,
        lease,
      },
      request.ignoreValue === true && before !== undefined ? valueOf(before) : (request.value ?? ""),
    );
    if (before !== undefined && before.lease !== 0 && before.lease !== lease) this.#detach(before);
    if (lease !== 0) this.#leases.get(lease)?.keys.add(key);
    this.#write(kv, before, history, writing);
    return before;
  }

  #delete(range: api.KeyRange, writing: Writing): readonly api.KeyValue[] {
    const found: api.KeyValue[] = [];
    // What the transaction itself has put is there, too.
    eachIn(this.#index, range, writing.revision, writing.revision, (record) => {
      found.push(record);
      return true;
    });
    for (const before of found) {
      const { key } = before;
      const { revision: modRevision } = writing;
      const sub = writing.changes.length;
      if (before.lease !== 0) this.#detach(before);
      const gone = { key, value: "", createRevision: 0, modRevision, sub, version: 0, lease: 0 };
      this.#write(gone, before, this.#byKey.get(key), writing);
    }
    return found;
  }

  #detach(record: api.KeyValue): void {
    this.#leases.get(record.lease)?.keys.delete(record.key);
  }

  #write(kv: api.KeyValue, before: api.KeyValue | undefined, history: KeyHistory | undefined, writing: Writing): void {
    this.#keep(kv, history);
    writing.changes.push({ kv, before });
    this.#log.push(kv);
  }

  #keep(kv: api.KeyValue, history: KeyHistory | undefined = this.#byKey.get(kv.key)): void {
    if (history === undefined) {
      const first = new KeyHistory(kv);
      this.#byKey.set(kv.key, first);
      this.#ordered.insert(kv.key, first);
    } else {
      const change = Number(kv.version > 0) - Number(history.exists);
      history.add(kv);
      if (change === 1 || change === -1) this.#ordered.recount(kv.key, change);
    }
    this.#inUse += weight(kv);
    if (this.#inUse > this.#size) this.#size = this.#inUse;
  }

  #commit(writing: Writing): void {
    if (writing.changes.length === 0) return;
    this.#revision = writing.revision;
    this.#hub.publish(writing.revision, writing.changes);
  }

  /** Forgets what was over at `revision`. */
  compact(revision: number): api.Header | EtcdError {
    if (revision <= this.#compactRevision) return errors.compacted;
    if (revision > this.#revision) return errors.futureRevision;
    this.#compactRevision = revision;
    for (const [key, history] of this.#byKey) {
      const empty = history.compact(revision, (record) => {
        this.#inUse -= weight(record);
      });
      if (!empty) continue;
      this.#byKey.delete(key);
      this.#ordered.delete(key);
    }
    this.#log.splice(0, this.#placeInLog(revision + 1));
    return this.#header;
  }

  /** Where the changes of a revision begin in the log. */
  #placeInLog(revision: number): number {
    let [low, high] = [0, this.#log.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.modRevision ?? Infinity) < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What was changed from one revision up to another, both included. */
  #changes(from: number, to: number): readonly Change[] {
    const records = this.#log.slice(this.#placeInLog(from), this.#placeInLog(to + 1));
    return records.map((kv) => ({ kv, before: this.#byKey.get(kv.key)?.before(kv) }));
  }

  /** Gives space back that nothing uses. */
  defragment(): void {
    this.#size = this.#inUse;
  }

  /** Of everything kept up to a revision: equal where two stores are. @param revision 0: the present */
  hashKv(revision = 0): { readonly hash: number; readonly compactRevision: number } | EtcdError {
    if (revision > this.#revision) return errors.futureRevision;
    if (revision > 0 && revision < this.#compactRevision) return errors.compacted;
    let hash = 0;
    const last = revision === 0 ? this.#revision : revision;
    for (const record of this.#records()) {
      if (record.modRevision > last) continue;
      hash = crc32c(`${record.modRevision}/${record.sub} ${record.version} ${record.lease} ${record.key}\0`, hash);
      hash = crc32c(record.value, hash);
    }
    return { hash, compactRevision: this.#compactRevision };
  }

  /**
   * Watches a range: first all changes from `startRevision` on, then each as it happens.
   * Where that is compacted, the receiver is told so, and of nothing else.
   */
  watch(request: api.WatchRequest, receive: (response: api.WatchResponse) => void): api.Watcher | EtcdError {
    const { startRevision = 0 } = request;
    if (startRevision > 0 && startRevision < this.#compactRevision) {
      receive({ header: this.#header, events: [], compactRevision: this.#compactRevision });
      return { requestProgress: () => undefined, cancel: () => undefined };
    }
    const history = startRevision === 0 ? [] : this.#changes(startRevision, this.#revision);
    return this.#hub.add(request, receive, () => this.#revision, history);
  }

  /** @param id a number that no lease has */
  grant(id: number, ttl: number): api.Lease | EtcdError {
    if (this.#alarms.has("NOSPACE")) return errors.noSpace;
    if (this.#leases.has(id)) return errors.leaseExists;
    const lease = { id, ttl, remaining: 0 };
    this.#leases.set(id, { lease, keys: new Set() });
    return lease;
  }

  /** Ends a lease and deletes its keys, in one revision. */
  revoke(id: number): api.Header | EtcdError {
    const held = this.#leases.get(id);
    if (held === undefined) return errors.leaseNotFound;
    const writing = this.#begin();
    for (const key of [...held.keys].sort()) this.#delete({ key }, writing);
    this.#leases.delete(id);
    this.#commit(writing);
    return this.#header;
  }

  /** Notes what is left of a lease, so that a new leader doesn't begin it anew. */
  checkpoint(id: number, remaining: number): api.Header | EtcdError {
    const held = this.#leases.get(id);
    if (held === undefined) return errors.leaseNotFound;
    this.#leases.set(id, { ...held, lease: { ...held.lease, remaining } });
    return this.#header;
  }

  /** A lease and its keys. */
  lease(id: number): { readonly lease: api.Lease; readonly keys: readonly string[] } | undefined {
    const held = this.#leases.get(id);
    return held === undefined ? undefined : { lease: held.lease, keys: [...held.keys].sort() };
  }

  get leases(): readonly api.Lease[] {
    return [...this.#leases.values()].map(({ lease }) => lease);
  }

  get alarms(): readonly api.AlarmType[] {
    return [...this.#alarms];
  }

  raise(alarm: api.AlarmType): void {
    this.#alarms.add(alarm);
  }

  /** A NOSPACE alarm comes back with the next put, where there still is no space. */
  disarm(alarm: api.AlarmType): void {
    this.#alarms.delete(alarm);
  }

  /** Everything kept, in the order of the revisions. */
  #records(): readonly api.KeyValue[] {
    const old: api.KeyValue[] = [];
    for (const history of this.#byKey.values()) {
      for (const record of history.records()) if (record.modRevision <= this.#compactRevision) old.push(record);
    }
    return [...old.sort((a, b) => a.modRevision - b.modRevision || a.sub - b.sub), ...this.#log];
  }

  save(): StoreState {
    return {
      revision: this.#revision,
      compactRevision: this.#compactRevision,
      records: this.#records().map(plainRecord),
      leases: this.leases,
      alarms: this.alarms,
      size: this.#size,
    };
  }

  /** Watchers stay, and are told what has changed since the state before; where that is compacted, they are told so. */
  restore(state: StoreState): void {
    const seen = this.#revision;
    this.#byKey = new Map();
    this.#ordered = ordered();
    this.#log = state.records.filter((record) => record.modRevision > state.compactRevision);
    this.#inUse = 0;
    this.#revision = state.revision;
    this.#compactRevision = state.compactRevision;
    this.#leases.clear();
    for (const lease of state.leases) this.#leases.set(lease.id, { lease, keys: new Set() });
    for (const record of state.records) this.#keep(record);
    for (const [key, { latest }] of this.#byKey) {
      if (latest.version > 0 && latest.lease !== 0) this.#leases.get(latest.lease)?.keys.add(key);
    }
    this.#size = state.size;
    this.#alarms.clear();
    for (const alarm of state.alarms) this.#alarms.add(alarm);
    if (this.#hub.size === 0) return;
    if (this.#compactRevision > seen + 1) this.#hub.end(this.#compactRevision, this.#revision);
    else
      for (let revision = seen + 1; revision <= this.#revision; revision++)
        this.#hub.publish(revision, this.#changes(revision, revision));
  }
}

const ordered = (): OrderedKeys<KeyHistory> => new OrderedKeys<KeyHistory>(({ exists }) => exists);
