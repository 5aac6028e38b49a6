import type { Cgroup } from "../cgroup/cgroup.js";
import { pageSize } from "../vfs/content.js";
import { countBits, LruLists, type Batch, type BatchList } from "./lru.js";

/** Pages of a file that a control group pays for. */
export type CachedPages = Batch<Cgroup>;

const listsOf = (cgroup: Cgroup): LruLists<Cgroup> => (cgroup.lru ??= new LruLists());
const listOf = (batch: CachedPages): BatchList<Cgroup> => listsOf(batch.owner)[batch.active ? "active" : "inactive"];

/** Changes what a batch has, and its place on the lists. */
export function setPresent(batch: CachedPages, present: number): void {
  const before = batch.present;
  const list = listOf(batch);
  const bytes = (countBits(present) - countBits(before)) * pageSize;
  if (before !== 0 && present !== 0) list.pages += bytes / pageSize;
  else if (before !== 0) list.remove(batch);
  batch.present = present;
  if (before === 0 && present !== 0) list.push(batch);
  if (batch.active) batch.owner.note("active", bytes);
}

/** Puts a batch at the head of a list. */
export function requeue(batch: CachedPages, active: boolean): void {
  listOf(batch).remove(batch);
  if (active !== batch.active) {
    const bytes = countBits(batch.present) * pageSize;
    batch.owner.note("active", active ? bytes : -bytes);
    batch.owner.happenedTo(active ? "pgactivate" : "pgdeactivate", bytes / pageSize);
  }
  batch.active = active;
  batch.referenced = false;
  listOf(batch).push(batch);
}

/** A batch is used once more: the second time it becomes active. mark_page_accessed() in mm/swap.c. */
export function markAccessed(batch: CachedPages): void {
  if (batch.active || !batch.referenced) batch.referenced = true;
  else requeue(batch, true);
}
