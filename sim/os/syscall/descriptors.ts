import { O_CLOEXEC } from "../flags.js";
import type { Task } from "../task/task.js";
import { pageSize } from "../vfs/content.js";
import type { Channel } from "../vfs/inode.js";
import { OpenFile } from "../vfs/open-file.js";

/** Puts a channel that has no name in a file system under a descriptor. @param label what /proc/PID/fd shows */
export function add(task: Task, channel: Channel, flags: number, label: string): number {
  const file = new OpenFile(channel, flags & ~O_CLOEXEC, undefined, label);
  return task.files.add(file, (flags & O_CLOEXEC) !== 0, task.limits.files);
}

/** Memory moved costs time. */
export function moved(task: Task, bytes: number): void {
  const cost = (bytes / pageSize) * task.kernel.costs.page;
  task.debt += Math.round(cost);
  task.systemTime += Math.round(cost);
}
