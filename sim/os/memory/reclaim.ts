import type { Signal } from "../../core/index.js";
import type { Cgroup } from "../cgroup/cgroup.js";
import { pageSize } from "../vfs/content.js";
import { requeue, setPresent, type CachedPages } from "./aging.js";
import { countBits, type LruLists } from "./lru.js";
import { startWriting, type DirtyPages } from "./writeback.js";

/** SWAP_CLUSTER_MAX: at least so many pages at a time. */
const cluster = 32;
/** DEF_PRIORITY: at first 1/4096 of the pages are looked at, then twice as many each time. */
const firstPriority = 12;

/** What reclaim did since somebody was last made to pay for it: who needed the pages works, and waits, for it. */
export class ReclaimDebt {
  /** Pages looked at. */
  scanned = 0;
  /** Pages were given away before they were written: who got them waits for these. */
  waits: Signal<unknown>[] = [];

  get due(): boolean {
    return this.scanned > 0;
  }
}

export interface Reclaimer {
  readonly debt: ReclaimDebt;
  readonly dirty: DirtyPages;
}

/**
 * Frees pages of files in a group and below, those first that weren't used for longest, of each group in proportion to what it
 * has; shrink_lruvec() in mm/vmscan.c. memory.min and memory.low keep a group out, the latter while others have something. Clean
 * pages go first; where there are too few, those that are being written back, too: they are free at once, but who needed them waits
 * until they are written (in Linux they are free only then). Memory of tasks, and of tmpfs, can't be freed without swap.
 * @returns how many bytes were freed
 */
export function reclaim(target: Cgroup, bytes: number, reclaimer: Reclaimer): number {
  const wanted = Math.max(cluster, Math.ceil(bytes / pageSize)) * pageSize;
  let freed = 0;
  for (const [write, heedsLow] of [
    [false, true],
    [true, true],
    [true, false],
  ] as const) {
    const { file, dirty, writeback } = target.memory;
    if (!write && file - dirty - writeback < bytes) continue;
    const share = Math.max(1, file / wanted);
    for (let priority = Math.min(firstPriority, Math.floor(Math.log2(share))); priority >= 0; priority--) {
      if (freed >= wanted || target.memory.file === 0) return freed;
      freed += shrink(target, target, priority, wanted - freed, { ...reclaimer, write, heedsLow });
    }
    if (freed >= bytes) return freed;
  }
  return freed;
}

interface Round extends Reclaimer {
  readonly write: boolean;
  readonly heedsLow: boolean;
}

function shrink(target: Cgroup, cgroup: Cgroup, priority: number, wanted: number, round: Round): number {
  const { memory } = cgroup;
  if (memory.file === 0) return 0;
  // What is reclaimed from has no protection against itself.
  if (cgroup !== target && memory.current <= memory.min) return 0;
  if (cgroup !== target && memory.current <= memory.low) {
    if (round.heedsLow) return 0;
    cgroup.happened("low");
  }
  let freed = cgroup.lru === undefined ? 0 : shrinkLists(cgroup.lru, priority, wanted, round);
  for (const child of cgroup.children.values()) {
    if (freed >= wanted) return freed;
    freed += shrink(target, child, priority, wanted - freed, round);
  }
  return freed;
}

/** Up to 1 GiB as many pages are to be inactive as active; above, a smaller part: inactive_is_low() in mm/vmscan.c. */
function inactiveIsLow({ inactive, active }: LruLists<Cgroup>): boolean {
  const gigabytes = Math.floor(((inactive.pages + active.pages) * pageSize) / 2 ** 30);
  const ratio = gigabytes > 0 ? Math.floor(Math.sqrt(10 * gigabytes)) : 1;
  return inactive.pages * ratio < active.pages;
}

function shrinkLists(lists: LruLists<Cgroup>, priority: number, wanted: number, round: Round): number {
  const { inactive, active } = lists;
  const most = (pages: number): number => Math.max(Math.ceil(pages / 2 ** priority), Math.min(pages, cluster));
  for (let left = most(active.pages); left > 0 && inactiveIsLow(lists);) {
    const oldest = active.last;
    if (oldest === undefined) break;
    left -= countBits(oldest.present);
    requeue(oldest, false);
  }
  let freed = 0;
  for (let left = most(inactive.pages); left > 0 && freed < wanted;) {
    const oldest = inactive.last;
    if (oldest === undefined) break;
    const pages = countBits(oldest.present);
    left -= pages;
    round.debt.scanned += pages;
    const { owner } = oldest;
    owner.happenedTo("pgscan", pages);
    const gone = evict(oldest, round);
    owner.happenedTo("pgsteal", gone);
    freed += gone * pageSize;
    // What stays has a turn on the list.
    if (oldest.present !== 0) requeue(oldest, false);
  }
  return freed;
}

/** What is dirty is written back from now on in any case. @returns how many pages of it are free now */
function evict(batch: CachedPages, { write, dirty, debt }: Round): number {
  startWriting(batch, dirty);
  if (write && batch.written !== undefined) debt.waits.push(batch.written);
  const going = write ? batch.present : batch.present & ~(batch.dirty | batch.writing);
  return dropPages(batch, going, dirty);
}

/** Takes pages out of the cache; what was dirty is lost, what is being written goes on being written. @returns how many */
export function dropPages(batch: CachedPages, bits: number, dirty: DirtyPages): number {
  const going = batch.present & bits;
  if (going === 0) return 0;
  dirty.clean(batch, going);
  const { owner } = batch;
  const pages = countBits(going);
  setPresent(batch, batch.present & ~going);
  owner.count(-pages * pageSize, "file");
  if (batch.present === 0) batch.file?.forget(batch);
  return pages;
}

/** A group that even without the pages that can be freed would be over its limit; undefined where there is room. */
export function makeRoom(payer: Cgroup, bytes: number, reclaimer: Reclaimer): Cgroup | undefined {
  for (;;) {
    const over = payer.overLimit(bytes);
    if (over === undefined) return undefined;
    over.happened("max");
    const { memory } = over;
    if (reclaim(over, memory.current + bytes - memory.max, reclaimer) === 0) return over;
  }
}
