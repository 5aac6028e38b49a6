import { all, type Activity, type Engine, type Signal } from "../../core/index.js";
import type { Cgroup } from "../cgroup/cgroup.js";
import type { PageUser } from "./page-user.js";
import type { Caller } from "../vfs/caller.js";
import { pageSize } from "../vfs/content.js";
import { markAccessed, setPresent, type CachedPages } from "./aging.js";
import { Batch, batchPages, bitsOf, countBits, type BatchFile } from "./lru.js";
import { dropPages, makeRoom, ReclaimDebt, type Reclaimer } from "./reclaim.js";
import { awaitWritten, DirtyPages, startWriting } from "./writeback.js";

/** Where the bytes of cached files lie. */
export interface BackingStore {
  /** Reads or writes in a group's name. @returns when that is done; undefined where it takes no time */
  submit(cgroup: Cgroup, op: "read" | "write", bytes: number): Signal<unknown> | undefined;
}

/** Has a group pay, and kills where nothing can be freed. @throws ENOMEM */
type ChargeFile = (payer: Cgroup, bytes: number) => void;

const batchBytes = batchPages * pageSize;

/** The pages of files that a kernel keeps in memory: Documentation/admin-guide/mm/concepts.rst, "Page cache". */
export class PageCache implements Reclaimer {
  readonly debt: ReclaimDebt = new ReclaimDebt();
  readonly dirty: DirtyPages;
  readonly #charge: ChargeFile;

  constructor(engine: Engine, root: Cgroup, charge: ChargeFile) {
    this.dirty = new DirtyPages(engine, root);
    this.#charge = charge;
  }

  /**
   * Has a group pay for pages that come in. Where the group can't hold so many at once, the last page alone stays: the others
   * went through, one after the other.
   * @returns the bits of those that stay
   */
  admit(user: PageUser, bits: number): number {
    const pages = countBits(bits);
    if (makeRoom(user.cgroup, pages * pageSize, this) === undefined) {
      user.cgroup.count(pages * pageSize, "file");
      user.chargedPages += pages;
      return bits;
    }
    this.#charge(user.cgroup, pageSize);
    user.chargedPages += pages;
    return 1 << (31 - Math.clz32(bits));
  }

  /** drop_caches: what is clean goes. */
  drop(cgroup: Cgroup): void {
    for (const group of cgroup.subtree()) {
      for (const list of [group.lru?.inactive, group.lru?.active])
        for (let at = list?.last; at !== undefined;) {
          const { previous } = at;
          dropPages(at, at.present & ~(at.dirty | at.writing), this.dirty);
          at = previous?.file === undefined ? undefined : previous;
        }
    }
  }

  /** sync(2). */
  sync(user: PageUser): Activity<undefined> | undefined {
    const pending = this.dirty.flush();
    return pending.length === 0 ? undefined : awaitWritten(user, () => this.dirty.flush());
  }
}

/**
 * A file's pages in the cache. Who touches a page first pays for it; the kernel's own reading and writing isn't cached.
 * Simplification: what is being read in counts as there: a second reader doesn't wait for it.
 */
export class CachedFile implements BatchFile<Cgroup> {
  private readonly cache: PageCache;
  private readonly store: BackingStore;
  private readonly batches: (CachedPages | undefined)[];
  /** Where the last access ended: one that begins there is part of the same. */
  private lastEnd: number;

  constructor(cache: PageCache, store: BackingStore) {
    this.cache = cache;
    this.store = store;
    this.batches = [];
    this.lastEnd = 0;
  }

  submit(cgroup: Cgroup, pages: number): Signal<unknown> | undefined {
    return this.store.submit(cgroup, "write", pages * pageSize);
  }

  forget(batch: CachedPages): void {
    const first = this.batches[batch.number];
    if (first === batch) this.batches[batch.number] = batch.beside;
    for (let at = first; at !== undefined; at = at.beside) if (at.beside === batch) at.beside = batch.beside;
    batch.beside = undefined;
  }

  /**
   * Somebody reads. Where reading goes on from where it was, pages up to the end of the batch come along (read-ahead).
   * @param size of the file
   * @returns the wait for the disk, if there is one
   */
  read({ pageUser: user }: Caller, offset: number, length: number, size: number): Activity<undefined> | undefined {
    if (user === undefined || length === 0) return undefined;
    const sequential = offset === 0 || offset === this.lastEnd;
    const end = Math.ceil((offset + length) / pageSize);
    const last = Math.ceil(size / pageSize);
    let waits: Signal<unknown>[] | undefined;
    for (let number = Math.floor(offset / batchBytes); number * batchPages < end; number++) {
      const first = number * batchPages;
      const from = Math.max(0, Math.floor(offset / pageSize) - first);
      const present = this.presentAt(number);
      let missing = bitsOf(from, Math.min(batchPages, end - first)) & ~present;
      if (missing === 0) {
        this.accessed(number, offset);
        continue;
      }
      if (sequential) missing = bitsOf(from, Math.min(batchPages, last - first)) & ~present;
      this.insert(user, number, missing, false);
      const done = this.store.submit(user.cgroup, "read", countBits(missing) * pageSize);
      if (done !== undefined) (waits ??= []).push(done);
    }
    this.lastEnd = offset + length;
    return waits === undefined ? undefined : waitFor(user, waits);
  }

  /**
   * Somebody writes: the pages are dirty until the flusher has been there. A page that is written in part is read before, where
   * the file had it.
   * @param size of the file before
   * @returns the wait for the disk, if there is one
   * @throws ENOMEM
   */
  write({ pageUser: user }: Caller, offset: number, length: number, size: number): Activity<undefined> | undefined {
    if (user === undefined || length === 0) return undefined;
    const end = offset + length;
    const lastPage = Math.ceil(end / pageSize);
    let waits: Signal<unknown>[] | undefined;
    for (let number = Math.floor(offset / batchBytes); number * batchPages < lastPage; number++) {
      const first = number * batchPages;
      const from = Math.max(0, Math.floor(offset / pageSize) - first);
      const to = Math.min(batchPages, lastPage - first);
      const bits = bitsOf(from, to);
      const missing = bits & ~this.presentAt(number);
      if (missing === 0) this.accessed(number, offset);
      else {
        const partial = partialPages(first, from, to, missing, { offset, end, size });
        const done = partial === 0 ? undefined : this.store.submit(user.cgroup, "read", partial * pageSize);
        if (done !== undefined) (waits ??= []).push(done);
        this.insert(user, number, missing, true);
      }
      for (let at = this.batches[number]; at !== undefined; at = at.beside)
        this.cache.dirty.mark(at, bits & at.present);
    }
    this.lastEnd = end;
    const balance = this.cache.dirty.balance(user);
    if (waits === undefined) return balance;
    return (function* () {
      yield* waitFor(user, waits);
      if (balance !== undefined) yield* balance;
      return undefined;
    })();
  }

  /** Reading or writing past the cache: what it has of the pages is written back and dropped. */
  direct(
    { pageUser: user }: Caller,
    op: "read" | "write",
    offset: number,
    length: number,
  ): Activity<undefined> | undefined {
    if (user === undefined || length === 0) return undefined;
    const waits: Signal<unknown>[] = [];
    const [from, to] = [Math.floor(offset / pageSize), Math.ceil((offset + length) / pageSize)];
    for (let number = Math.floor(from / batchPages); number * batchPages < to; number++) {
      const first = number * batchPages;
      const going = bitsOf(Math.max(0, from - first), Math.min(batchPages, to - first));
      for (let at = this.batches[number]; at !== undefined;) {
        const { beside } = at;
        if ((at.dirty & going) !== 0) startWriting(at, this.cache.dirty);
        if (at.written !== undefined) waits.push(at.written);
        dropPages(at, going, this.cache.dirty);
        at = beside;
      }
    }
    const done = this.store.submit(user.cgroup, op, length);
    if (done !== undefined) waits.push(done);
    return waits.length === 0 ? undefined : waitFor(user, waits);
  }

  /** Waits until what was written is on the disk. */
  sync({ pageUser: user }: Caller): Activity<undefined> | undefined {
    const next = (): Signal<unknown>[] => this.flush();
    return user === undefined || next().length === 0 ? undefined : awaitWritten(user, next);
  }

  /** What lies behind an end goes, dirty or not. @param size bytes that stay: 0 for a file that is gone */
  truncate(size: number): void {
    const pages = Math.ceil(size / pageSize);
    for (let number = Math.floor(pages / batchPages); number < this.batches.length; number++) {
      const going = bitsOf(Math.max(0, pages - number * batchPages), batchPages);
      for (let at = this.batches[number]; at !== undefined;) {
        const { beside } = at;
        dropPages(at, going, this.cache.dirty);
        at = beside;
      }
    }
  }

  private flush(): Signal<unknown>[] {
    const pending: Signal<unknown>[] = [];
    for (const first of this.batches)
      for (let at = first; at !== undefined; at = at.beside) {
        startWriting(at, this.cache.dirty);
        if (at.written !== undefined) pending.push(at.written);
      }
    return pending;
  }

  private presentAt(number: number): number {
    let present = 0;
    for (let at = this.batches[number]; at !== undefined; at = at.beside) present |= at.present;
    return present;
  }

  private insert(user: PageUser, number: number, missing: number, isWrite: boolean): void {
    const bits = this.cache.admit(user, missing);
    const { cgroup } = user;
    let batch = this.batches[number];
    while (batch !== undefined && batch.owner !== cgroup) batch = batch.beside;
    if (batch === undefined) {
      batch = new Batch<Cgroup>(this, number, cgroup);
      batch.beside = this.batches[number];
      this.batches[number] = batch;
    }
    setPresent(batch, batch.present | bits);
    if (bits === missing) batch.referenced = true;
    // What went through was written on its way.
    else if (isWrite) this.store.submit(cgroup, "write", countBits(missing & ~bits) * pageSize);
  }

  /** Pages are used that are there. */
  private accessed(number: number, offset: number): void {
    if (offset === this.lastEnd && offset % batchBytes !== 0 && Math.floor(offset / batchBytes) === number) return;
    for (let at = this.batches[number]; at !== undefined; at = at.beside) markAccessed(at);
  }
}

/** How many pages of a batch, not there yet, are written in part and have something: the first, the last. */
function partialPages(
  first: number,
  from: number,
  to: number,
  missing: number,
  { offset, end, size }: { readonly offset: number; readonly end: number; readonly size: number },
): number {
  let count = 0;
  for (const page of from === to - 1 ? [from] : [from, to - 1]) {
    const begin = (first + page) * pageSize;
    const inPart = begin < offset || (begin + pageSize > end && end < size);
    if ((missing & (1 << page)) !== 0 && inPart && begin < size) count++;
  }
  return count;
}

function* waitFor(user: PageUser, signals: readonly Signal<unknown>[]): Activity<undefined> {
  const [first] = signals;
  yield* user.waitForDisk(signals.length === 1 && first !== undefined ? first : all(signals), "folio_wait_bit");
  return undefined;
}
