import type { KeyValue } from "./types.js";

const few = 6;

/** All that is kept of a key: what it is, and what it was at earlier revisions. */
export class KeyHistory {
  latest: KeyValue;
  /** Oldest first; most keys have none. */
  #older: KeyValue[] | undefined;

  constructor(first: KeyValue) {
    this.latest = first;
  }

  get exists(): boolean {
    return this.latest.version > 0;
  }

  add(next: KeyValue): void {
    if (this.#older === undefined) this.#older = [this.latest];
    // What grows by one leaves room for 16 more, and most keys are written four times.
    else if (this.#older.length < few) this.#older = this.#older.concat(this.latest);
    else this.#older.push(this.latest);
    this.latest = next;
  }

  /** What the key was at a revision, behind all of that revision's changes; undefined where it did not exist. */
  at(revision: number): KeyValue | undefined {
    const record = this.latest.modRevision <= revision ? this.latest : this.#olderAt(revision);
    return record === undefined || record.version === 0 ? undefined : record;
  }

  #olderAt(revision: number): KeyValue | undefined {
    const older = this.#older ?? [];
    let [low, high] = [0, older.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((older[middle]?.modRevision ?? Infinity) <= revision) low = middle + 1;
      else high = middle;
    }
    return older[low - 1];
  }

  /** What stood before a change of this key; undefined where nothing did, or it is compacted. */
  before(record: KeyValue): KeyValue | undefined {
    const records = [...(this.#older ?? []), this.latest];
    const previous = records[records.indexOf(record) - 1];
    return previous === undefined || previous.version === 0 ? undefined : previous;
  }

  /**
   * Forgets what was over at `revision`: kept is what the key was then, and all later changes.
   * @param forgotten called for each record that goes
   * @returns whether nothing is left of the key
   */
  compact(revision: number, forgotten: (record: KeyValue) => void): boolean {
    const records = [...(this.#older ?? []), this.latest];
    let first = records.findLastIndex((record) => record.modRevision <= revision);
    // A deletion is over at once.
    if (first >= 0 && records[first]?.version === 0) first++;
    if (first > 0) for (const record of records.slice(0, first)) forgotten(record);
    if (first >= records.length) return true;
    if (first > 0) this.#older = first === records.length - 1 ? undefined : records.slice(first, -1);
    return false;
  }

  /** Everything kept, oldest first. */
  records(): readonly KeyValue[] {
    return [...(this.#older ?? []), this.latest];
  }
}
