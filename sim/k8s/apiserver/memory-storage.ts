import type { KubeObject } from "../objects/value.js";
import type { Conflict, Ranged, Storage, StorageEvent, StorageFailure, Stored, Written } from "./storage.js";

interface Version {
  readonly revision: number;
  readonly createRevision: number;
  readonly value: KubeObject | undefined;
}

const fail = (failure: StorageFailure["failure"]): StorageFailure => ({ ok: false, failure });

/** A store in memory with etcd's semantics: versions of each key, a log for watches, compaction. */
export class MemoryStorage implements Storage {
  revision = 1;
  #compacted = 0;
  readonly #keys = new Map<string, Version[]>();
  #sorted: string[] | undefined = [];
  #log: StorageEvent[] = [];
  readonly #watches = new Set<{ readonly prefix: string; readonly listener: (event: StorageEvent) => void }>();

  get(key: string): Stored | undefined {
    const last = this.#keys.get(key)?.at(-1);
    return last?.value === undefined
      ? undefined
      : { key, value: last.value, createRevision: last.createRevision, modRevision: last.revision };
  }

  range(
    from: string,
    to: string,
    options: { readonly limit?: number; readonly revision?: number } = {},
  ): Ranged | StorageFailure {
    const { limit = Infinity, revision = this.revision } = options;
    if (revision > this.revision) return fail("future");
    if (revision < this.#compacted) return fail("compacted");
    const items: Stored[] = [];
    let count = 0;
    const sorted = (this.#sorted ??= [...this.#keys.keys()].sort((a, b) => (a < b ? -1 : 1)));
    for (let i = lowerBound(sorted, from); i < sorted.length; i++) {
      const key = sorted[i] ?? "";
      if (key >= to) break;
      const version = this.#keys.get(key)?.findLast((each) => each.revision <= revision);
      if (version?.value === undefined) continue;
      count++;
      if (items.length < limit) {
        items.push({
          key,
          value: version.value,
          createRevision: version.createRevision,
          modRevision: version.revision,
        });
      }
    }
    return { ok: true, revision: this.revision, items, more: count > items.length, count };
  }

  put(key: string, value: KubeObject, expected: number): Written | Conflict | StorageFailure {
    return this.#write(key, value, expected);
  }

  delete(key: string, expected: number): Written | Conflict | StorageFailure {
    return this.#write(key, undefined, expected);
  }

  watch(prefix: string, from: number, listener: (event: StorageEvent) => void): (() => void) | StorageFailure {
    if (from <= this.#compacted) return fail("compacted");
    for (const event of this.#log) if (event.revision >= from && event.key.startsWith(prefix)) listener(event);
    const watch = { prefix, listener };
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  compact(revision: number): StorageFailure | undefined {
    if (revision > this.revision) return fail("future");
    if (revision <= this.#compacted) return fail("compacted");
    this.#compacted = revision;
    this.#log = this.#log.filter((event) => event.revision > revision);
    for (const [key, versions] of this.#keys) {
      const last = versions.findLastIndex((version) => version.revision <= revision);
      if (last > 0) versions.splice(0, last);
      if (versions.length === 1 && versions[0]?.value === undefined) {
        this.#keys.delete(key);
        this.#sorted = undefined;
      }
    }
    return undefined;
  }

  #write(key: string, value: KubeObject | undefined, expected: number): Written | Conflict {
    const versions = this.#keys.get(key);
    const last = versions?.at(-1);
    const current = last?.value === undefined ? 0 : last.revision;
    if (current !== expected) return { ok: false, failure: "conflict", current: this.get(key) };
    const revision = ++this.revision;
    const version = { revision, createRevision: current === 0 ? revision : (last?.createRevision ?? revision), value };
    if (versions === undefined) {
      this.#keys.set(key, [version]);
      this.#sorted = undefined;
    } else versions.push(version);
    const type = value === undefined ? ("delete" as const) : ("put" as const);
    const event = { type, key, revision, value, previous: last?.value };
    this.#log.push(event);
    for (const { prefix, listener } of this.#watches) if (key.startsWith(prefix)) listener(event);
    return { ok: true, revision };
  }
}

function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
