import { errors, type EtcdError } from "./errors.js";
import type { MvccStore } from "./store.js";
import type * as api from "./types.js";

/** What changes a store: an entry of the log, behind Raft. Which lease, and when it ends, is decided before. */
export type Command =
  | { readonly type: "put"; readonly request: api.PutRequest }
  | { readonly type: "deleteRange"; readonly request: api.DeleteRangeRequest }
  | { readonly type: "txn"; readonly request: api.TxnRequest }
  | { readonly type: "compact"; readonly revision: number }
  | { readonly type: "leaseGrant"; readonly id: number; readonly ttl: number }
  | { readonly type: "leaseRevoke"; readonly id: number }
  | { readonly type: "leaseCheckpoint"; readonly id: number; readonly remaining: number }
  | { readonly type: "alarm"; readonly action: "raise" | "disarm"; readonly alarm: api.AlarmType };

/** What each command is answered with, where it is not an error. */
export interface Results {
  readonly put: api.PutResponse;
  readonly deleteRange: api.DeleteRangeResponse;
  readonly txn: api.TxnResponse;
  readonly compact: api.Header;
  readonly leaseGrant: api.Lease;
  readonly leaseRevoke: api.Header;
  readonly leaseCheckpoint: api.Header;
  readonly alarm: readonly api.AlarmType[];
}

export type Result = Results[Command["type"]] | EtcdError;

export function applyCommand(store: MvccStore, command: Command): Result {
  switch (command.type) {
    case "put":
      return store.put(command.request);
    case "deleteRange":
      return store.deleteRange(command.request);
    case "txn":
      return store.txn(command.request);
    case "compact":
      return store.compact(command.revision);
    case "leaseGrant":
      return store.grant(command.id, command.ttl);
    case "leaseRevoke":
      return store.revoke(command.id);
    case "leaseCheckpoint":
      return store.checkpoint(command.id, command.remaining);
    case "alarm":
      if (command.action === "raise") store.raise(command.alarm);
      else store.disarm(command.alarm);
      return store.alarms;
  }
}

/** etcd's default of --max-request-bytes. */
const maxRequestBytes = 1.5 * 1024 * 1024;

function bytesOf(op: api.RequestOp): number {
  if ("put" in op) return op.put.key.length + (op.put.value ?? "").length;
  return "txn" in op ? bytesOfTxn(op.txn) : 0;
}

function bytesOfTxn({ success = [], failure = [] }: api.TxnRequest): number {
  let sum = 0;
  for (const op of success) sum += bytesOf(op);
  for (const op of failure) sum += bytesOf(op);
  return sum;
}

/** What a server says before it looks at its store. */
export function refused(command: Command): EtcdError | undefined {
  const { type } = command;
  const bytes = type === "put" ? bytesOf({ put: command.request }) : type === "txn" ? bytesOfTxn(command.request) : 0;
  if (bytes > maxRequestBytes) return errors.requestTooLarge;
  // Nine thousand million seconds: 285 years.
  return type === "leaseGrant" && command.ttl > 9_000_000_000 ? errors.leaseTtlTooLarge : undefined;
}
