import { all, type Activity, type Engine, type Nanos, type Signal } from "../../core/index.js";
import type { Cgroup } from "../cgroup/cgroup.js";
import type { PageUser } from "./page-user.js";
import { pageSize } from "../vfs/content.js";
import type { CachedPages } from "./aging.js";
import { countBits } from "./lru.js";

/** dirty_writeback_centisecs, dirty_expire_centisecs: Documentation/admin-guide/sysctl/vm.rst. */
const every = 5e9;
const oldAge = 30e9;
/** dirty_background_ratio, dirty_ratio: parts of what may be dirty. */
const background = 0.1;
const limit = 0.2;

/** What was written and isn't on its disk yet; the kernel's flusher. */
export class DirtyPages {
  readonly #engine: Engine;
  readonly #root: Cgroup;
  readonly #batches = new Set<CachedPages>();
  readonly #writing = new Set<CachedPages>();
  #timed = false;

  constructor(engine: Engine, root: Cgroup) {
    this.#engine = engine;
    this.#root = root;
  }

  /** Pages were written. */
  mark(batch: CachedPages, bits: number): void {
    const fresh = bits & ~batch.dirty;
    if (fresh === 0) return;
    if (batch.dirty === 0) {
      batch.dirtySince = this.#engine.now;
      this.#batches.add(batch);
    }
    batch.dirty |= fresh;
    batch.owner.note("dirty", countBits(fresh) * pageSize);
    this.#watch();
  }

  /** Pages are clean, or gone. */
  clean(batch: CachedPages, bits: number): void {
    const dirty = batch.dirty & bits;
    if (dirty !== 0) {
      batch.dirty &= ~bits;
      batch.owner.note("dirty", -countBits(dirty) * pageSize);
      if (batch.dirty === 0) this.#batches.delete(batch);
    }
    const writing = batch.writing & bits;
    if (writing === 0) return;
    batch.writing &= ~bits;
    batch.owner.note("writeback", -countBits(writing) * pageSize);
  }

  /** Their write-back has begun, and takes its time. */
  began(batch: CachedPages, bits: number, done: Signal<unknown>): void {
    batch.writing |= bits;
    batch.written = done;
    batch.owner.note("writeback", countBits(bits) * pageSize);
    this.#writing.add(batch);
    done.onSettled(() => {
      if (batch.written === done) batch.written = undefined;
      this.#writing.delete(batch);
      this.clean(batch, batch.writing);
    });
  }

  /** Begins to write back what there is, or what a group and those below have. @returns what to wait for */
  flush(within: Cgroup = this.#root): Signal<unknown>[] {
    for (const batch of [...this.#batches]) if (batch.owner.isWithin(within)) startWriting(batch, this);
    return [...this.#writing].flatMap(({ owner, written }) =>
      written !== undefined && owner.isWithin(within) ? [written] : [],
    );
  }

  /**
   * Who has written waits while too much is dirty, of all or of its group: balance_dirty_pages() in mm/page-writeback.c. From 10 %
   * of what could be on, write-back begins; at 20 % the writer waits for it. (Linux slows it down bit by bit before that.)
   */
  balance(user: PageUser): Activity<undefined> | undefined {
    const crowded = this.#crowded(user.cgroup, background);
    if (crowded === undefined) return undefined;
    this.flush(crowded);
    return this.#crowded(user.cgroup, limit) === undefined ? undefined : this.#hold(user);
  }

  *#hold(user: PageUser): Activity<undefined> {
    for (;;) {
      const crowded = this.#crowded(user.cgroup, limit);
      const [first] = crowded === undefined ? [] : this.flush(crowded);
      if (first === undefined) return undefined;
      yield* user.waitForDisk(first, "balance_dirty_pages");
    }
  }

  /** The lowest group with a limit in which more than a part of what can be dirty is. */
  #crowded(cgroup: Cgroup, part: number): Cgroup | undefined {
    for (let at: Cgroup | undefined = cgroup; at !== undefined; at = at.parent) {
      const { current, max, file, dirty, writeback } = at.memory;
      if (max !== Infinity && dirty + writeback > part * Math.max(0, max - current + file)) return at;
    }
    return undefined;
  }

  /** Has the flusher look every five seconds, while there is something. */
  #watch(): void {
    if (this.#timed) return;
    this.#timed = true;
    const look = (): void => {
      this.#timed = false;
      const { now } = this.#engine;
      // In the order in which they became dirty.
      for (const batch of [...this.#batches]) {
        if (batch.dirtySince + oldAge > now) break;
        startWriting(batch, this);
      }
      if (this.#batches.size > 0) this.#watch();
    };
    this.#engine.after(every as Nanos, look, { name: "flusher", background: true });
  }
}

/** Writes a batch's dirty pages back, unless some of it is being written: then the rest waits for another turn. */
export function startWriting(batch: CachedPages, dirty: DirtyPages): void {
  if (batch.written !== undefined || batch.dirty === 0) return;
  const bits = batch.dirty;
  const done = batch.file?.submit(batch.owner, countBits(bits));
  dirty.clean(batch, bits);
  if (done !== undefined && !done.settled) dirty.began(batch, bits, done);
}

/** Waits until all of it is written: what fsync(2) and sync(2) do. */
export function* awaitWritten(user: PageUser, next: () => readonly Signal<unknown>[]): Activity<undefined> {
  for (;;) {
    const pending = next();
    if (pending.length === 0) return undefined;
    yield* user.waitForDisk(all(pending), "folio_wait_writeback");
  }
}
