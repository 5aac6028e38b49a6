import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { SpawnedKernel } from "./spawned-kernel.js";

/**
 * Milliseconds that the threads of a process were ready to run and waited for a processor, so far: the second figure of
 * /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats), which counts nanoseconds. 0 where there is none.
 */
function queued(pid: number | "self"): number {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return 0;
  return readdirSync(tasks).reduce((sum, thread) => {
    try {
      return sum + Number(readFileSync(`${tasks}/${thread}/schedstat`, "utf8").split(" ")[1]) / 1e6;
    } catch {
      // The thread has just ended, or the system doesn't tell.
      return sum;
    }
  }, 0);
}

/** @returns milliseconds since this call in which threads of this process and the kernel waited for a processor */
export function watchQueue({ process: { pid = 0 } }: SpawnedKernel): () => number {
  const now = (): number => queued("self") + queued(pid);
  const before = now();
  return () => Math.max(0, now() - before);
}

/**
 * Milliseconds that an action of this process and a kernel took, less what their threads waited for a processor: what
 * other work on the machine takes away is none of the kernel's doing. On a quiet machine there is next to nothing of it.
 */
export async function undisturbed(kernel: SpawnedKernel, action: () => Promise<unknown>): Promise<number> {
  const waited = watchQueue(kernel);
  const start = performance.now();
  await action();
  return performance.now() - start - waited();
}
