import type { Activity, World } from "../../core/index.js";
import type { EtcdError } from "./errors.js";
import type * as api from "./types.js";

/** The version of etcd whose API this is. */
export const version = "3.4.23";

export interface Member {
  readonly id: number;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface Status {
  readonly clusterId: number;
  readonly memberId: number;
  readonly version: string;
  readonly dbSize: number;
  readonly dbSizeInUse: number;
  /** 0: none that this server knows of. */
  readonly leader: number;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly isLearner: boolean;
}

export interface TimeToLive {
  readonly id: number;
  /** Seconds left; −1 where there is no such lease. */
  readonly ttl: number;
  readonly grantedTtl: number;
  readonly keys: readonly string[];
}

type Answer<T> = Activity<T | EtcdError>;

/** A server as a client sees it: each call takes its time, and is waited for with `yield*`. */
export interface EtcdEndpoint {
  readonly world: World;
  range(request: api.RangeRequest): Answer<api.RangeResponse>;
  put(request: api.PutRequest): Answer<api.PutResponse>;
  deleteRange(request: api.DeleteRangeRequest): Answer<api.DeleteRangeResponse>;
  txn(request: api.TxnRequest): Answer<api.TxnResponse>;
  compact(revision: number): Answer<api.Header>;
  /** @param id 0 or left out: the server chooses one */
  leaseGrant(ttl: number, id?: number): Answer<api.Lease>;
  leaseRevoke(id: number): Answer<api.Header>;
  /** @returns the time it has again; 0 where there is no such lease */
  leaseKeepAlive(id: number): Answer<number>;
  leaseTimeToLive(id: number): Answer<TimeToLive>;
  leases(): Answer<readonly number[]>;
  watch(request: api.WatchRequest, receive: (response: api.WatchResponse) => void): api.Watcher | EtcdError;
  members(): Answer<readonly Member[]>;
  status(): Status | EtcdError;
  alarms(): Answer<readonly api.AlarmType[]>;
  disarm(alarm: api.AlarmType): Answer<readonly api.AlarmType[]>;
  defragment(): EtcdError | undefined;
  hashKv(revision: number): { readonly hash: number; readonly compactRevision: number } | EtcdError;
  moveLeader(target: number): Answer<undefined>;
}
