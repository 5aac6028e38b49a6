/**
 * Requests and responses, with the names of etcd's API (api/etcdserverpb/rpc.proto, mvccpb/kv.proto) in camel case. Keys and values
 * are strings of bytes: one character for each, below U+0100; `utf8` makes one of a text. Revisions, versions, leases and sizes are
 * whole numbers below 2^53, where etcd has 64 bits.
 */

/**
 * A value whose bytes are made when somebody wants them, of something that is never changed: whoever wrote it reads it back without
 * them. Bytes that nobody asks for would be most of what a store holds.
 */
export interface LateValue {
  /** How many bytes there are. */
  readonly length: number;
  bytes(): string;
}

/** A key at a revision. Where it was deleted then, `version` is 0 and only `key` and the revision say something. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** The revision since which it exists. */
  readonly createRevision: number;
  /** The revision that wrote this. */
  readonly modRevision: number;
  /** Which of the changes of that revision it was: a transaction makes several. */
  readonly sub: number;
  /** How often it was written since it exists, from 1. */
  readonly version: number;
  /** 0: none. */
  readonly lease: number;
}

/** Keys from `key` up to but without `rangeEnd`; "\0" as an end means all behind; without an end, that key alone. */
export interface KeyRange {
  readonly key: string;
  readonly rangeEnd?: string;
}

export interface Header {
  readonly revision: number;
}

export interface RangeRequest extends KeyRange {
  /** 0: no limit. */
  readonly limit?: number;
  /** 0: the present. */
  readonly revision?: number;
  readonly sortOrder?: "none" | "ascend" | "descend";
  readonly sortTarget?: SortTarget;
  readonly serializable?: boolean;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

export type SortTarget = "key" | "version" | "create" | "mod" | "value";

export interface RangeResponse {
  readonly header: Header;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  /** How many keys the range holds, whatever the limit. */
  readonly count: number;
}

export interface PutRequest {
  readonly key: string;
  readonly value?: string | LateValue;
  readonly lease?: number;
  readonly prevKv?: boolean;
  /** Keeps the value; with `ignoreLease`, the lease. The key must exist. */
  readonly ignoreValue?: boolean;
  readonly ignoreLease?: boolean;
}

export interface PutResponse {
  readonly header: Header;
  readonly prevKv: KeyValue | undefined;
}

export interface DeleteRangeRequest extends KeyRange {
  readonly prevKv?: boolean;
}

export interface DeleteRangeResponse {
  readonly header: Header;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

export type Compare = KeyRange & {
  readonly result: "equal" | "greater" | "less" | "notEqual";
} & (
    | { readonly target: "version" | "create" | "mod" | "lease"; readonly operand: number }
    | { readonly target: "value"; readonly operand: string }
  );

export type RequestOp =
  | { readonly range: RangeRequest }
  | { readonly put: PutRequest }
  | { readonly deleteRange: DeleteRangeRequest }
  | { readonly txn: TxnRequest };

export type ResponseOp =
  | { readonly range: RangeResponse }
  | { readonly put: PutResponse }
  | { readonly deleteRange: DeleteRangeResponse }
  | { readonly txn: TxnResponse };

export interface TxnRequest {
  readonly compare?: readonly Compare[];
  /** Done where all comparisons hold, else `failure` is. */
  readonly success?: readonly RequestOp[];
  readonly failure?: readonly RequestOp[];
}

export interface TxnResponse {
  readonly header: Header;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface WatchRequest extends KeyRange {
  /** From when on, that revision included; 0: from now on. */
  readonly startRevision?: number;
  /** Events to leave out. */
  readonly filters?: readonly ("noPut" | "noDelete")[];
  readonly prevKv?: boolean;
  /** To be told the revision now and then, where nothing happens. */
  readonly progressNotify?: boolean;
}

export interface WatchEvent {
  readonly type: "put" | "delete";
  readonly kv: KeyValue;
  readonly prevKv?: KeyValue;
}

export interface WatchResponse {
  readonly header: Header;
  /** All of one revision together; none where this is a notice of progress. */
  readonly events: readonly WatchEvent[];
  /** No more will come: what was asked for is compacted up to this revision. */
  readonly compactRevision?: number;
}

export interface Watcher {
  /** Tells the receiver the present revision: it has seen all up to there. */
  requestProgress(): void;
  cancel(): void;
}

export interface Lease {
  readonly id: number;
  /** Seconds. */
  readonly ttl: number;
  /** What was left at the last checkpoint, in seconds; 0: all. */
  readonly remaining: number;
}

export type AlarmType = "NOSPACE" | "CORRUPT";

/** The end of the range of all keys that begin with `prefix`. */
export function prefixEnd(prefix: string): string {
  for (let last = prefix.length - 1; last >= 0; last--) {
    const code = prefix.charCodeAt(last);
    if (code < 0xff) return prefix.slice(0, last) + String.fromCharCode(code + 1);
  }
  return "\0";
}
