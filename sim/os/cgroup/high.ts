import type { Activity, Nanos } from "../../core/index.js";
import { wait } from "../task/execution.js";
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
 * memory.high: a task that has taken memory in a group over it is held back on its way out of the kernel. Linux tries to reclaim pages first;
 * here there are none to reclaim. A SIGKILL comes through at the end of the wait, in Linux at once.
 */
export function* holdBack(task: Task): Activity<undefined> {
  const delay = highDelay(task.cgroup, task.chargedPages);
  task.chargedPages = 0;
  if (delay > 0)
    yield* wait(
      task,
      task.kernel.engine.delay(delay as Nanos),
      "uninterruptible",
      "mem_cgroup_handle_over_high",
      "memory",
    );
  return undefined;
}
