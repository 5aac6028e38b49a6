import type { AlarmType, KeyValue, Lease } from "./types.js";

export interface StoreOptions {
  /** Bytes that the database may grow to. Default etcd's: 2 GiB. */
  readonly quota: number;
}

/** A store at rest, as plain data. */
export interface StoreState {
  readonly revision: number;
  readonly compactRevision: number;
  /** Everything kept, in the order of the revisions. */
  readonly records: readonly KeyValue[];
  readonly leases: readonly Lease[];
  readonly alarms: readonly AlarmType[];
  readonly size: number;
}
