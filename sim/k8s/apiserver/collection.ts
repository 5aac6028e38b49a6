import { invariant } from "../../core/index.js";
import { fieldText } from "../objects/selectors.js";
import type { Draft, KubeObject } from "../objects/value.js";
import { OrderedKeys } from "../etcd/ordered-keys.js";
import { prefixEnd } from "../etcd/types.js";
import type { WatchEvent } from "./request.js";
import { internal } from "./status.js";
import type { Storage, StorageEvent, StorageFailure } from "./storage.js";

/** One write to a collection. Of a deletion, `object` is what was deleted, at the revision of the deletion. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: string;
  readonly revision: number;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
  /** As watchers hear of it, made when the first one does. */
  told: WatchEvent | undefined;
}

/** A field's value that objects are selected by. */
export interface Trigger {
  readonly path: string;
  readonly value: string;
}

export interface Follower {
  /** Sees only changes of objects, or from objects, with this field value, where given. */
  readonly trigger: Trigger | undefined;
  change(change: Change): void;
}

/** How many changes a collection remembers for watches that begin in the past (as `--default-watch-cache-size`, which grows). */
const remembered = 10_000;

/** A failure of the store, as an answer. */
export function storageError({ failure, why }: StorageFailure): Error {
  return internal(why ?? `etcdserver: mvcc: required revision is ${failure}`);
}

/**
 * All objects of one kind, as the store has them: the watch cache. One watch of the store feeds it; clients' lists and watches
 * read it. Whether a write was the client's or another API server's makes no difference here.
 */
export class Collection {
  readonly prefix: string;
  /** Ends the watch of the store. */
  readonly stop: () => void;
  readonly #objects = new Map<string, KubeObject>();
  #ordered: OrderedKeys<string> | undefined;
  #changes: Change[] = [];
  /** The revision behind which changes are remembered. */
  #since: number;
  readonly #followers = new Set<Follower>();
  readonly #triggered = new Map<string, Map<string, Set<Follower>>>();
  /** The changes that are remembered by the fields that watches select by, as far as they have been looked at. */
  readonly #past = new Map<string, { looked: number; readonly byValue: Map<string, Change[]> }>();

  constructor(storage: Storage, prefix: string) {
    this.prefix = prefix;
    const ranged = storage.range(prefix, prefixEnd(prefix));
    if (!ranged.ok) throw storageError(ranged);
    for (const { key, value, modRevision } of ranged.items) {
      stamp(value, modRevision);
      this.#objects.set(key, value);
    }
    this.#since = ranged.revision;
    const stop = storage.watch(prefix, ranged.revision + 1, (event) => {
      this.#take(event);
    });
    invariant(typeof stop === "function", "a store refused to watch its present revision");
    this.stop = stop;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  values(): IterableIterator<KubeObject> {
    return this.#objects.values();
  }

  /** Kept from the first time on that the order is asked for. */
  get #order(): OrderedKeys<string> {
    if (this.#ordered === undefined) {
      this.#ordered = new OrderedKeys<string>((): boolean => true);
      for (const key of [...this.#objects.keys()].sort((a, b) => (a < b ? -1 : 1))) this.#ordered.insert(key, key);
    }
    return this.#ordered;
  }

  /** How many keys begin so. */
  count(prefix: string): number {
    return this.#order.count(prefix, prefixEnd(prefix));
  }

  /** Objects whose keys begin so, in the order of keys. @param most so many at most */
  under(prefix: string, most?: number): KubeObject[] {
    const found: KubeObject[] = [];
    this.#order.each(prefix, prefixEnd(prefix), (key) => {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
      return found.length !== most;
    });
    return found;
  }

  /**
   * The changes behind a revision, or undefined where they are forgotten.
   * @param trigger only those of objects, or from objects, with this field value
   */
  changesSince(revision: number, trigger?: Trigger): readonly Change[] | undefined {
    if (revision < this.#since) return undefined;
    const changes = trigger === undefined ? this.#changes : this.#changesOf(trigger);
    let low = 0;
    let high = changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return changes.slice(low);
  }

  /** Looked up: thousands of kubelets begin to watch, each its own node, when thousands of nodes have just been made. */
  #changesOf({ path, value }: Trigger): readonly Change[] {
    let past = this.#past.get(path);
    if (past === undefined) this.#past.set(path, (past = { looked: 0, byValue: new Map<string, Change[]>() }));
    const { byValue } = past;
    for (; past.looked < this.#changes.length; past.looked++) {
      const change = this.#changes[past.looked];
      if (change === undefined) continue;
      const now = fieldText(change.object, path);
      const before = change.previous === undefined ? now : fieldText(change.previous, path);
      for (const each of now === before ? [now] : [now, before]) {
        const found = byValue.get(each);
        if (found === undefined) byValue.set(each, [change]);
        else found.push(change);
      }
    }
    return byValue.get(value) ?? [];
  }

  /** The oldest revision from which changes are remembered. */
  get since(): number {
    return this.#since;
  }

  /** Forgets changes up to a revision, as a compaction of the store does. */
  forget(revision: number): void {
    this.#since = Math.max(this.#since, revision);
    this.#changes = this.#changes.filter((change) => change.revision > revision);
    this.#past.clear();
  }

  /** @returns what ends it */
  follow(follower: Follower): () => void {
    const { trigger } = follower;
    if (trigger === undefined) {
      this.#followers.add(follower);
      return () => this.#followers.delete(follower);
    }
    let byValue = this.#triggered.get(trigger.path);
    if (byValue === undefined) this.#triggered.set(trigger.path, (byValue = new Map<string, Set<Follower>>()));
    let set = byValue.get(trigger.value);
    if (set === undefined) byValue.set(trigger.value, (set = new Set()));
    const all = set;
    all.add(follower);
    return () => {
      all.delete(follower);
      if (all.size === 0) byValue.delete(trigger.value);
    };
  }

  #take({ key, revision, value }: StorageEvent): void {
    const previous = this.#objects.get(key);
    let change: Change;
    if (value === undefined) {
      if (previous === undefined) return;
      this.#objects.delete(key);
      this.#ordered?.delete(key);
      const last = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } };
      change = { type: "DELETED", key, revision, object: last, previous, told: undefined };
    } else {
      stamp(value, revision);
      if (previous === undefined) this.#ordered?.insert(key, key);
      this.#objects.set(key, value);
      const type = previous === undefined ? "ADDED" : "MODIFIED";
      change = { type, key, revision, object: value, previous, told: undefined };
    }
    this.#changes.push(change);
    if (this.#changes.length >= 2 * remembered) {
      this.#changes = this.#changes.slice(-remembered);
      this.#past.clear();
      this.#since = (this.#changes[0]?.revision ?? revision) - 1;
    }
    // A copy: who is told may begin or end to follow.
    if (this.#followers.size > 0) for (const follower of [...this.#followers]) follower.change(change);
    for (const [path, byValue] of this.#triggered) {
      if (byValue.size === 0) continue;
      const now = fieldText(change.object, path);
      const before = previous === undefined ? now : fieldText(previous, path);
      for (const follower of [...(byValue.get(now) ?? [])]) follower.change(change);
      if (before !== now) for (const follower of [...(byValue.get(before) ?? [])]) follower.change(change);
    }
  }
}

/** The revision of its last write is an object's resourceVersion; it isn't known before, so it is written into it then. */
function stamp(object: KubeObject, revision: number): void {
  (object.metadata as Draft)["resourceVersion"] = String(revision);
}
