import { errors, isEtcdError, type EtcdError } from "./errors.js";
import { eachIn, type Index } from "./range.js";
import type { Compare, KeyRange, KeyValue, PutRequest, RequestOp, TxnRequest } from "./types.js";

/** etcd's default of --max-txn-ops. */
const maxOps = 128;

/** What a list of operations writes. */
interface Footprint {
  readonly puts: ReadonlySet<string>;
  readonly deletes: readonly KeyRange[];
}

const covers = ({ key, rangeEnd = "" }: KeyRange, other: string): boolean =>
  rangeEnd === "" ? key === other : other >= key && (rangeEnd === "\0" || other < rangeEnd);

/**
 * A transaction may write a key once: not put it twice, nor put and delete it. The two branches of a nested one never both
 * happen, and may write the same.
 */
function footprint(ops: readonly RequestOp[]): Footprint | EtcdError {
  const puts = new Set<string>();
  const deletes: KeyRange[] = [];
  for (const op of ops) {
    const parts: Footprint[] = [];
    if ("put" in op) parts.push({ puts: new Set([op.put.key]), deletes: [] });
    else if ("deleteRange" in op) parts.push({ puts: new Set(), deletes: [op.deleteRange] });
    else if ("txn" in op) {
      const branches = [footprint(op.txn.success ?? []), footprint(op.txn.failure ?? [])];
      const both = new Set<string>();
      const ranges: KeyRange[] = [];
      for (const branch of branches) {
        if (isEtcdError(branch)) return branch;
        for (const key of branch.puts) both.add(key);
        ranges.push(...branch.deletes);
      }
      parts.push({ puts: both, deletes: ranges });
    }
    for (const part of parts) {
      for (const key of part.puts)
        if (puts.has(key) || deletes.some((range) => covers(range, key))) return errors.duplicateKey;
      for (const range of part.deletes) for (const key of puts) if (covers(range, key)) return errors.duplicateKey;
      for (const key of part.puts) puts.add(key);
      deletes.push(...part.deletes);
    }
  }
  return { puts, deletes };
}

/** What is wrong with a put, whatever the store holds. */
export function malformedPut(put: PutRequest): EtcdError | undefined {
  if (put.key === "") return errors.emptyKey;
  if (put.ignoreValue === true && (put.value ?? "") !== "") return errors.valueProvided;
  return put.ignoreLease === true && (put.lease ?? 0) !== 0 ? errors.leaseProvided : undefined;
}

const none: readonly never[] = [];

/** What is wrong with a transaction, whatever the store holds. */
export function malformedTxn(txn: TxnRequest): EtcdError | undefined {
  const { compare = none, success = none, failure = none } = txn;
  if (Math.max(compare.length, success.length, failure.length) > maxOps) return errors.tooManyOps;
  if (compare.some(({ key }) => key === "")) return errors.emptyKey;
  for (const branch of [success, failure]) {
    for (const op of branch) {
      const wrong = malformedOp(op);
      if (wrong !== undefined) return wrong;
    }
    // One operation alone can't meet another.
    const [only] = branch;
    if (branch.length < 2 && (only === undefined || !("txn" in only))) continue;
    const written = footprint(branch);
    if (isEtcdError(written)) return written;
  }
  return undefined;
}

function malformedOp(op: RequestOp): EtcdError | undefined {
  if ("put" in op) return malformedPut(op.put);
  if ("txn" in op) return malformedTxn(op.txn);
  const { key } = "range" in op ? op.range : op.deleteRange;
  return key === "" ? errors.emptyKey : undefined;
}

/** Whether a transaction, in any branch, puts something: that needs space. */
export function puts(txn: TxnRequest): boolean {
  const any = (ops: readonly RequestOp[] = []): boolean =>
    ops.some((op) => "put" in op || ("txn" in op && puts(op.txn)));
  return any(txn.success) || any(txn.failure);
}

/** What a key that doesn't exist compares as. */
const absent: KeyValue = { key: "", value: "", createRevision: 0, modRevision: 0, sub: 0, version: 0, lease: 0 };

/** Whether a comparison holds: for a range, for each of its keys. */
export function holds(index: Index, compare: Compare, now: number): boolean {
  if ((compare.rangeEnd ?? "") === "") {
    const { latest } = index.byKey.get(compare.key) ?? {};
    const exists = latest !== undefined && latest.version > 0;
    return exists ? matches(compare, latest) : compare.target !== "value" && matches(compare, absent);
  }
  const records: KeyValue[] = [];
  eachIn(index, compare, now, now, (record) => {
    records.push(record);
    return true;
  });
  // What doesn't exist has no value to compare, yet its versions and revisions are 0.
  if (records.length === 0) return compare.target !== "value" && matches(compare, absent);
  return records.every((record) => matches(compare, record));
}

const order = (left: string | number, right: string | number): number => (left < right ? -1 : left > right ? 1 : 0);

function matches(compare: Compare, record: KeyValue): boolean {
  const sign = ((): number => {
    switch (compare.target) {
      case "value":
        return order(record.value, compare.operand);
      case "version":
        return order(record.version, compare.operand);
      case "create":
        return order(record.createRevision, compare.operand);
      case "mod":
        return order(record.modRevision, compare.operand);
      case "lease":
        return order(record.lease, compare.operand);
    }
  })();
  switch (compare.result) {
    case "equal":
      return sign === 0;
    case "notEqual":
      return sign !== 0;
    case "greater":
      return sign > 0;
    case "less":
      return sign < 0;
  }
}
