import type { Activity } from "../../core/index.js";
import type { KubeObject } from "../objects/value.js";

/**
 * What the API server needs of the store under it: etcd's semantics (etcd.io, "API guarantees", "KV API"). Revisions count all
 * writes to the store, a transaction is one of them. Keys are ordered by their code units.
 *
 * A store holds JSON: an adapter may keep the object, which is never changed, or its text.
 */
export interface Storage {
  /** The revision of the last write. */
  readonly revision: number;
  /**
   * Keys from `from`, inclusive, up to `to`, exclusive, as they were at a revision, the present one where absent.
   * @returns a failure where that revision is compacted or still to come
   */
  range(
    from: string,
    to: string,
    options?: { readonly limit?: number; readonly revision?: number },
  ): Ranged | StorageFailure;
  /**
   * Puts, if the key's last write was at `expected`; 0 is for a key that isn't there.
   * @param ttl seconds until the store forgets the key by itself; without one it never does
   */
  put(key: string, value: KubeObject, expected: number, ttl?: number): Written | Conflict | StorageFailure;
  /** Deletes, if the key's last write was at `expected`. */
  delete(key: string, expected: number): Written | Conflict | StorageFailure;
  /**
   * Tells of every write under a prefix from a revision on, those that have been first. Called within the write.
   * @returns what ends it, or a failure where that revision is compacted
   */
  watch(prefix: string, from: number, listener: (event: StorageEvent) => void): (() => void) | StorageFailure;
  /** Forgets what was before a revision. */
  compact(revision: number): StorageFailure | undefined;
  /** Why it can't be asked now, where it can't: reads of the newest state are refused then, though a cache would have an answer. */
  unreachable?(): StorageFailure | undefined;
  /**
   * Of a store whose writes take time: begins to gather what one request writes. `put` and `delete` then say yes to everything;
   * `end` gives what came together, and `commit` has it written, all or nothing.
   */
  begin?(): void;
  end?(): readonly Staged[];
  commit?(staged: readonly Staged[]): Activity<Written | Conflict | StorageFailure>;
  /** Waits until what is read here is no older than this call. */
  current?(): Activity<StorageFailure | undefined>;
  /** Ends its watches, and what it does by itself. */
  stop?(): void;
}

/** A write that waits for its request's end. Without a value it is a deletion. */
export interface Staged {
  readonly key: string;
  readonly value: KubeObject | undefined;
  readonly expected: number;
  readonly ttl: number | undefined;
}

export interface Stored {
  readonly key: string;
  readonly value: KubeObject;
  readonly createRevision: number;
  readonly modRevision: number;
}

export interface Ranged {
  readonly ok: true;
  readonly revision: number;
  readonly items: readonly Stored[];
  /** Whether a limit cut the range off. */
  readonly more: boolean;
  /** How many keys there are in the range, limit or not. */
  readonly count: number;
}

export interface Written {
  readonly ok: true;
  readonly revision: number;
}

/** The key's last write was another. */
export interface Conflict {
  readonly ok: false;
  readonly failure: "conflict";
}

export interface StorageFailure {
  readonly ok: false;
  /** `compacted`, `future`: the revision is not to be had. `unavailable`: the store refuses, `why` in its own words. */
  readonly failure: "compacted" | "future" | "unavailable";
  readonly why?: string;
}

export interface StorageEvent {
  readonly type: "put" | "delete";
  readonly key: string;
  readonly revision: number;
  /** What was put; for a delete, undefined. */
  readonly value: KubeObject | undefined;
}
