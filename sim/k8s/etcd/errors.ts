/** gRPC's names of what went wrong (grpc.io, "Status codes and their use"). */
export type StatusCode =
  | "InvalidArgument"
  | "DeadlineExceeded"
  | "NotFound"
  | "ResourceExhausted"
  | "FailedPrecondition"
  | "OutOfRange"
  | "Unavailable";

/** What etcd answers where it can't do what it is asked: a value. The words are etcd's own (api/v3rpc/rpctypes). */
export class EtcdError {
  readonly code: StatusCode;
  readonly message: string;

  constructor(code: StatusCode, message: string) {
    this.code = code;
    this.message = message;
  }

  toString(): string {
    return this.message;
  }
}

export function isEtcdError(value: unknown): value is EtcdError {
  return value instanceof EtcdError;
}

const error = (code: StatusCode, message: string): EtcdError => new EtcdError(code, `etcdserver: ${message}`);

type ErrorName =
  | "emptyKey"
  | "keyNotFound"
  | "valueProvided"
  | "leaseProvided"
  | "tooManyOps"
  | "duplicateKey"
  | "requestTooLarge"
  | "compacted"
  | "futureRevision"
  | "noSpace"
  | "leaseNotFound"
  | "leaseExists"
  | "leaseTtlTooLarge"
  | "memberNotFound"
  | "memberExists"
  | "memberNotLearner"
  | "learnerNotReady"
  | "notLeader"
  | "badTransferee"
  | "noLeader"
  | "stopped"
  | "timeout";

export const errors: Readonly<Record<ErrorName, EtcdError>> = {
  emptyKey: error("InvalidArgument", "key is not provided"),
  keyNotFound: error("InvalidArgument", "key not found"),
  valueProvided: error("InvalidArgument", "value is provided"),
  leaseProvided: error("InvalidArgument", "lease is provided"),
  tooManyOps: error("InvalidArgument", "too many operations in txn request"),
  duplicateKey: error("InvalidArgument", "duplicate key given in txn request"),
  requestTooLarge: error("InvalidArgument", "request is too large"),
  compacted: error("OutOfRange", "mvcc: required revision has been compacted"),
  futureRevision: error("OutOfRange", "mvcc: required revision is a future revision"),
  noSpace: error("ResourceExhausted", "mvcc: database space exceeded"),
  leaseNotFound: error("NotFound", "requested lease not found"),
  leaseExists: error("FailedPrecondition", "lease already exists"),
  leaseTtlTooLarge: error("OutOfRange", "too large lease TTL"),
  memberNotFound: error("NotFound", "member not found"),
  memberExists: error("FailedPrecondition", "member ID already exist"),
  memberNotLearner: error("FailedPrecondition", "can only promote a learner member"),
  learnerNotReady: error("FailedPrecondition", "can only promote a learner member which is in sync with leader"),
  notLeader: error("FailedPrecondition", "not leader"),
  badTransferee: error("FailedPrecondition", "bad leader transferee"),
  noLeader: error("Unavailable", "no leader"),
  stopped: error("Unavailable", "server stopped"),
  timeout: error("Unavailable", "request timed out"),
};
