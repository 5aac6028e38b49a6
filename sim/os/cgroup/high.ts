import { all, type Activity, type Nanos } from "../../core/index.js";
import { reclaim, type ReclaimDebt } from "../memory/reclaim.js";
import { stalled, wait } from "../task/waiting.js";
import type { Task } from "../task/task.js";
import type { Cgroup } from "./cgroup.js";

/** MEMCG_MAX_HIGH_DELAY_JIFFIES: two seconds. */
const longest = 2e9;
/** What is shorter than a hundredth of a second is spared: mem_cgroup_handle_over_high(). */
const shortest = 1e7;

/**
 * How long a task waits that has just charged `pages` to a group over its memory.high, or below one: the square of the part by which
 * the worst of them is over, in seconds for each page. calculate_high_delay() in mm/memcontrol.c: its shifts by 20 and 14 bits, and
 * its batches of 64 pages, cancel.
 */
function highDelay(cgroup: Cgroup, pages: number): number {
  let worst = 0;
  for (let at: Cgroup | undefined = cgroup; at !== undefined; at = at.parent) {
    const { current, high } = at.memory;
    if (current > high) worst = Math.max(worst, (current - high) / Math.max(high, 1));
  }
  const delay = Math.min(worst * worst * pages * 1e9, longest);
  return delay > shortest ? Math.floor(delay) : 0;
}

/**
 * On its way out of the kernel a task pays for memory that it needed: it works for what reclaim did and waits for dirty pages
 * that were freed; then, in a group over its memory.high, pages are reclaimed there, and where that doesn't help the task is held back.
 * All of that is time lost for want of memory. A SIGKILL comes through at the end of a wait, in Linux at once.
 */
export function* settleMemory(task: Task): Activity<undefined> {
  const { kernel } = task;
  const { pageCache } = kernel;
  const pages = task.chargedPages;
  task.chargedPages = 0;
  if (pages > 0)
    for (let at: Cgroup | undefined = task.cgroup; at !== undefined; at = at.parent) {
      if (at.memory.current <= at.memory.high) continue;
      at.happened("high");
      reclaim(at, at.memory.current - at.memory.high, pageCache);
    }
  if (pageCache.debt.due) yield* payDebt(task, pageCache.debt);
  const delay = highDelay(task.cgroup, pages);
  if (delay > 0)
    yield* wait(task, kernel.engine.delay(delay as Nanos), "uninterruptible", "mem_cgroup_handle_over_high", "memory");
  return undefined;
}

function* payDebt(task: Task, debt: ReclaimDebt): Activity<undefined> {
  const { scanned, waits } = debt;
  debt.scanned = 0;
  debt.waits = [];
  const work = scanned * task.kernel.costs.reclaim;
  task.debt += work;
  task.systemTime += work;
  yield* stalled(task, "memory");
  const open = waits.filter((one) => !one.settled);
  if (open.length > 0) yield* wait(task, all(open), "uninterruptible", "reclaim_throttle", "memory");
  return undefined;
}
