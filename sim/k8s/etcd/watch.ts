import type { KeyRange, KeyValue, Watcher, WatchEvent, WatchRequest, WatchResponse } from "./types.js";

/** Who is told of what. */
interface Subscription {
  readonly receive: (response: WatchResponse) => void;
  readonly puts: boolean;
  readonly deletes: boolean;
  readonly prevKv: boolean;
  /** Nothing of an earlier revision is told. */
  readonly from: number;
  cancelled: boolean;
}

/** Those who watch the same range. */
interface Group {
  readonly key: string;
  /** undefined: without end. */
  readonly end: string | undefined;
  readonly members: Set<Subscription>;
}

/** A change and what it replaced. */
export interface Change {
  readonly kv: KeyValue;
  readonly before: KeyValue | undefined;
}

/**
 * Tells watchers of changes, in the order of the revisions, and all changes of a revision together. A receiver may change
 * the store: what that leads to is told when all have heard what went before.
 */
export class WatchHub {
  readonly #single = new Map<string, Group>();
  /** Compared one by one: there are few ranges, though each may have many watchers. */
  readonly #ranges = new Map<string, Group>();
  #queue: { readonly to: Subscription; readonly response: WatchResponse }[] = [];
  #telling = false;

  /** How many watch. */
  get size(): number {
    let count = 0;
    for (const group of [...this.#single.values(), ...this.#ranges.values()]) count += group.members.size;
    return count;
  }

  /** @param history the changes from `startRevision` on that have happened already */
  add(
    request: WatchRequest,
    receive: (response: WatchResponse) => void,
    now: () => number,
    history: readonly Change[],
  ): Watcher {
    const { filters = [], startRevision = 0 } = request;
    const subscription: Subscription = {
      receive,
      puts: !filters.includes("noPut"),
      deletes: !filters.includes("noDelete"),
      prevKv: request.prevKv ?? false,
      from: startRevision,
      cancelled: false,
    };
    const group = this.#group(request);
    group.members.add(subscription);
    const events = eventsOf(history, group, subscription);
    if (events.length > 0) this.#enqueue(subscription, { header: { revision: now() }, events });
    this.#tell();
    return {
      requestProgress: () => {
        this.#enqueue(subscription, { header: { revision: now() }, events: [] });
        this.#tell();
      },
      cancel: () => {
        subscription.cancelled = true;
        group.members.delete(subscription);
        if (group.members.size > 0) return;
        if (request.rangeEnd === undefined || request.rangeEnd === "") this.#single.delete(request.key);
        else this.#ranges.delete(`${request.key}\uffff${request.rangeEnd}`);
      },
    };
  }

  #group(request: KeyRange): Group {
    const { key, rangeEnd = "" } = request;
    const [groups, name] = rangeEnd === "" ? [this.#single, key] : [this.#ranges, `${key}\uffff${rangeEnd}`];
    let group = groups.get(name);
    if (group === undefined) {
      const end = rangeEnd === "" ? `${key}\0` : rangeEnd === "\0" ? undefined : rangeEnd;
      group = { key, end, members: new Set() };
      groups.set(name, group);
    }
    return group;
  }

  /** The changes of one revision. */
  publish(revision: number, changes: readonly Change[]): void {
    if (this.#single.size === 0 && this.#ranges.size === 0) return;
    if (this.#single.size > 0) {
      const told = new Set<string>();
      for (const { kv } of changes) {
        const group = this.#single.get(kv.key);
        if (group === undefined || told.has(kv.key)) continue;
        told.add(kv.key);
        this.#publishTo(group, revision, changes);
      }
    }
    for (const group of this.#ranges.values()) this.#publishTo(group, revision, changes);
    this.#tell();
  }

  /** What watchers missed is compacted: they are told so, and of nothing more. */
  end(compactRevision: number, revision: number): void {
    for (const group of [...this.#single.values(), ...this.#ranges.values()]) {
      for (const member of group.members) this.#enqueue(member, { header: { revision }, events: [], compactRevision });
    }
    this.#single.clear();
    this.#ranges.clear();
    this.#tell();
  }

  #publishTo(group: Group, revision: number, changes: readonly Change[]): void {
    let touched = false;
    for (const { kv } of changes) touched ||= within(group, kv.key);
    if (!touched) return;
    // Watchers that ask for the same get the same object.
    let shared: { readonly kind: number; readonly response: WatchResponse | undefined } | undefined;
    for (const member of group.members) {
      if (revision < member.from) continue;
      const kind = (member.puts ? 1 : 0) + (member.deletes ? 2 : 0) + (member.prevKv ? 4 : 0);
      if (shared?.kind !== kind) {
        const events = eventsOf(changes, group, member);
        shared = { kind, response: events.length === 0 ? undefined : { header: { revision }, events } };
      }
      if (shared.response !== undefined) this.#enqueue(member, shared.response);
    }
  }

  #enqueue(to: Subscription, response: WatchResponse): void {
    this.#queue.push({ to, response });
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      while (this.#queue.length > 0) {
        const queue = this.#queue;
        this.#queue = [];
        for (const { to, response } of queue) if (!to.cancelled) to.receive(response);
      }
    } finally {
      this.#telling = false;
    }
  }
}

const within = (group: Group, key: string): boolean => key >= group.key && (group.end === undefined || key < group.end);

function eventsOf(changes: readonly Change[], group: Group, wanted: Subscription): readonly WatchEvent[] {
  const events: WatchEvent[] = [];
  for (const { kv, before } of changes) {
    const type = kv.version === 0 ? "delete" : "put";
    if (!(type === "put" ? wanted.puts : wanted.deletes) || !within(group, kv.key)) continue;
    events.push(wanted.prevKv && before !== undefined ? { type, kv, prevKv: before } : { type, kv });
  }
  return events;
}
