import { errors, type EtcdError } from "./errors.js";
import type { KeyHistory } from "./key-history.js";
import type { OrderedKeys } from "./ordered-keys.js";
import type { KeyRange, KeyValue, RangeRequest, RangeResponse, SortTarget } from "./types.js";

/** What a range reads. */
export interface Index {
  readonly byKey: ReadonlyMap<string, KeyHistory>;
  readonly ordered: OrderedKeys<KeyHistory>;
  /** All changes from a revision on, in their order. */
  since(revision: number): readonly KeyValue[];
}

/** Calls `visit` for each key of a range that exists at a revision, in order, until it says false; `now` is the present one. */
export function eachIn(
  index: Index,
  range: KeyRange,
  revision: number,
  now: number,
  visit: (record: KeyValue) => boolean,
): void {
  const { key, rangeEnd = "" } = range;
  const record = (history: KeyHistory): KeyValue | undefined => {
    if (revision < now) return history.at(revision);
    return history.latest.version > 0 ? history.latest : undefined;
  };
  if (rangeEnd === "") {
    const history = index.byKey.get(key);
    const found = history === undefined ? undefined : record(history);
    if (found !== undefined) visit(found);
    return;
  }
  index.ordered.each(key === "\0" ? "" : key, rangeEnd === "\0" ? undefined : rangeEnd, (history) => {
    const found = record(history);
    return found === undefined || visit(found);
  });
}

/**
 * How many keys of a range exist at a revision, without a walk over them: etcd itself walks, and a list in pages then takes time that
 * grows with the square of its length. As of an earlier revision it is today's count, corrected by what has changed since.
 */
function countIn(index: Index, { key, rangeEnd = "" }: KeyRange, revision: number, now: number): number {
  if (rangeEnd === "") {
    const history = index.byKey.get(key);
    return history !== undefined && (revision < now ? history.at(revision) !== undefined : history.exists) ? 1 : 0;
  }
  const from = key === "\0" ? "" : key;
  const to = rangeEnd === "\0" ? undefined : rangeEnd;
  let count = index.ordered.count(from, to);
  if (revision === now) return count;
  const seen = new Set<string>();
  for (const { key: changed } of index.since(revision + 1)) {
    if (changed < from || (to !== undefined && changed >= to) || seen.has(changed)) continue;
    seen.add(changed);
    const history = index.byKey.get(changed);
    if (history !== undefined) count += Number(history.at(revision) !== undefined) - Number(history.exists);
  }
  return count;
}

const sortValues: Readonly<Record<SortTarget, (record: KeyValue) => string | number>> = {
  key: (record) => record.key,
  version: (record) => record.version,
  create: (record) => record.createRevision,
  mod: (record) => record.modRevision,
  value: (record) => record.value,
};

/** Answers a range request as of a revision that is kept. */
export function select(index: Index, request: RangeRequest, revision: number, now: number): RangeResponse {
  const { limit = 0, sortTarget = "key", sortOrder = "none", countOnly = false, keysOnly = false } = request;
  const { minModRevision = 0, maxModRevision = 0, minCreateRevision = 0, maxCreateRevision = 0 } = request;
  const filtered = minModRevision + maxModRevision + minCreateRevision + maxCreateRevision > 0;
  const sorted = sortTarget !== "key" || sortOrder === "descend";
  const enough = limit === 0 || filtered || sorted ? Infinity : limit;
  let kvs: KeyValue[] = [];
  const count = countIn(index, request, revision, now);
  if (!countOnly && count > 0)
    eachIn(index, request, revision, now, (record) => {
      const fits =
        !filtered ||
        (record.modRevision >= minModRevision &&
          (maxModRevision === 0 || record.modRevision <= maxModRevision) &&
          record.createRevision >= minCreateRevision &&
          (maxCreateRevision === 0 || record.createRevision <= maxCreateRevision));
      if (fits) kvs.push(record);
      return kvs.length < enough;
    });
  let more = !countOnly && enough < count;
  if (sorted) {
    const value = sortValues[sortTarget];
    const sign = sortOrder === "descend" ? -1 : 1;
    kvs.sort((a, b) => {
      const [left, right] = [value(a), value(b)];
      return left < right ? -sign : left > right ? sign : 0;
    });
  }
  if (limit > 0 && kvs.length > limit) {
    kvs = kvs.slice(0, limit);
    more = true;
  }
  if (keysOnly) kvs = kvs.map((record) => ({ ...record, value: "" }));
  return { header: { revision: now }, kvs, more, count };
}

/** Whether a range can be read at the revision that it names; the error where it can't. */
export function unreadable(request: RangeRequest, now: number, compacted: number): EtcdError | undefined {
  if (request.key === "") return errors.emptyKey;
  const { revision = 0 } = request;
  if (revision > now) return errors.futureRevision;
  return revision > 0 && revision < compacted ? errors.compacted : undefined;
}
