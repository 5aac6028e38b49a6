import type { Engine, Nanos, Rng } from "../../core/index.js";
import type { Durable, Entry, HardState, Snapshot, Write } from "../raft/index.js";

/** What is appended to the write-ahead log. */
export interface DiskRecord {
  readonly hard?: HardState | undefined;
  /** In the place of the whole log (the leader's), or of its part up to there (the own one). */
  readonly snapshot?: Snapshot | undefined;
  readonly own?: boolean;
  readonly entries: readonly Entry[];
}

/** What the records, read in their order, amount to. */
function fold(base: Durable, records: readonly DiskRecord[]): Durable {
  let { hard, snapshot } = base;
  const entries = [...base.entries];
  for (const record of records) {
    hard = record.hard ?? hard;
    if (record.snapshot !== undefined && record.snapshot.index > snapshot.index) {
      entries.splice(0, record.own === true ? record.snapshot.index - snapshot.index : Infinity);
      snapshot = record.snapshot;
    }
    const first = record.entries[0];
    if (first !== undefined) entries.splice(first.index - snapshot.index - 1, Infinity, ...record.entries);
  }
  const last = snapshot.index + entries.length;
  return { hard: { ...hard, commit: Math.min(Math.max(hard.commit, snapshot.index), last) }, snapshot, entries };
}

/**
 * A server's disk: a write-ahead log of records. A record that was appended lies in the system's cache until a sync has
 * taken it along; what comes while one is under way waits for the next, which takes all of it (group commit). A crash
 * keeps what was synced and, of what was not, a random beginning: the order of writes is kept, as by a checksummed log.
 *
 * Not a disk of `sim/storage`: a log that is appended to asks of a disk how long a sync takes, and which writes survive.
 */
export class LogDisk {
  readonly #engine: Engine;
  readonly #rng: Rng;
  readonly #sync: () => Nanos;
  #durable: Durable;
  /** Appended, the first `#syncing` of them being synced now. */
  #cache: { readonly record: DiskRecord; readonly done: (() => void) | undefined }[] = [];
  #syncing = 0;
  /** Counts crashes, so that a sync that one cut off is known. */
  #life = 0;
  syncs = 0;

  constructor(engine: Engine, rng: Rng, initial: Durable, sync: () => Nanos) {
    this.#engine = engine;
    this.#rng = rng;
    this.#durable = initial;
    this.#sync = sync;
  }

  /** Appends a record and has it synced. */
  append(write: Write | DiskRecord, done?: () => void): void {
    this.#cache.push({ record: write, done });
    if (this.#syncing === 0) this.#begin();
  }

  #begin(): void {
    this.#syncing = this.#cache.length;
    const life = this.#life;
    this.#engine.after(this.#sync(), () => {
      if (life === this.#life) this.#end();
    });
  }

  #end(): void {
    this.syncs++;
    const synced = this.#cache.splice(0, this.#syncing);
    this.#syncing = 0;
    this.#durable = fold(
      this.#durable,
      synced.map(({ record }) => record),
    );
    const life = this.#life;
    for (const { done } of synced) if (life === this.#life) done?.();
    if (life === this.#life && this.#syncing === 0 && this.#cache.length > 0) this.#begin();
  }

  /** Power fails. */
  crash(): void {
    this.#life++;
    const survivors = this.#rng.integer(this.#cache.length + 1);
    const kept = this.#cache.slice(0, survivors).map(({ record }) => record);
    this.#durable = fold(this.#durable, kept);
    this.#cache = [];
    this.#syncing = 0;
  }

  /** What a server finds when it starts. */
  read(): Durable {
    return this.#durable;
  }
}
