import { invariant } from "../../core/index.js";
import type { Entry, Snapshot } from "./message.js";

/**
 * A server's log: a snapshot and the entries behind it. Entries up to `stable` are on this server's disk, those up to
 * `committed` will never change, those up to `applied` were handed to the state machine.
 */
export class RaftLog {
  #entries: Entry[];
  snapshot: Snapshot;
  stable: number;
  committed: number;
  applied: number;

  constructor(snapshot: Snapshot, entries: readonly Entry[], committed: number) {
    this.snapshot = snapshot;
    this.#entries = [...entries];
    this.stable = this.lastIndex;
    this.committed = Math.max(committed, snapshot.index);
    this.applied = snapshot.index;
    invariant(this.committed <= this.lastIndex, "a log that lost committed entries");
  }

  /** The first entry that is still here as such. */
  get firstIndex(): number {
    return this.snapshot.index + 1;
  }

  get lastIndex(): number {
    return this.snapshot.index + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.snapshot.term;
  }

  /** The term of a place; undefined for one that is compacted, or not written yet. */
  term(index: number): number | undefined {
    if (index === this.snapshot.index) return this.snapshot.term;
    return this.#entries[index - this.firstIndex]?.term;
  }

  /** The entries from `from` up to and with `to`, as many as are there. */
  slice(from: number, to: number = Infinity, limit: number = Infinity): readonly Entry[] {
    const start = Math.max(from, this.firstIndex) - this.firstIndex;
    return this.#entries.slice(start, Math.min(to + 1 - this.firstIndex, start + limit));
  }

  /** Whether a log that ends so holds all that is committed here (paper, section 5.4.1). */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }

  /** Puts entries behind the last one. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(entry.index === this.lastIndex + 1, "entries follow one another");
      this.#entries.push(entry);
    }
  }

  /**
   * Takes over a leader's entries, which follow a place where both logs agree: what contradicts them goes.
   * @returns the place from which on the log is another one than before; undefined where it stays as it was
   */
  merge(entries: readonly Entry[]): number | undefined {
    const fresh = entries.findIndex((entry) => this.term(entry.index) !== entry.term);
    const first = entries[fresh];
    if (first === undefined) return undefined;
    invariant(first.index > this.committed, `entry ${first.index} contradicts one that is committed`);
    this.truncate(first.index);
    this.append(entries.slice(fresh));
    return first.index;
  }

  /** Drops the entries from `index` on. */
  truncate(index: number): void {
    this.#entries.length = Math.max(0, Math.min(this.#entries.length, index - this.firstIndex));
    this.stable = Math.min(this.stable, index - 1);
  }

  /** The last place up to `index` whose term is not above `term`: how far two logs may agree; term 0 where unknown. */
  lastWithTerm(index: number, term: number): { readonly index: number; readonly term: number } {
    for (let at = index; at >= this.snapshot.index; at--) {
      const own = this.term(at);
      if (own === undefined) return { index: at, term: 0 };
      if (own <= term) return { index: at, term: own };
    }
    return { index: Math.max(0, this.snapshot.index - 1), term: 0 };
  }

  /** Replaces everything by a snapshot that the leader sent. */
  restore(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.#entries = [];
    this.committed = snapshot.index;
    this.applied = snapshot.index;
    this.stable = snapshot.index;
  }

  /** Puts a snapshot of the own state machine in the place of the entries that it holds the effect of. */
  compact(snapshot: Snapshot): void {
    invariant(snapshot.index <= this.applied, "only what was applied is compacted");
    if (snapshot.index <= this.snapshot.index) return;
    this.#entries = this.#entries.slice(snapshot.index - this.snapshot.index);
    this.snapshot = snapshot;
  }
}
